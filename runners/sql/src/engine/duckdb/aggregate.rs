//! Aggregates over primitives.

use runner_core::{Op, Prim};

use super::prim_type;
use crate::{
    engine::Items,
    tree::{
        Aggregate, Expr, Order,
        expr::{self, binary, call, cast, coalesce, number, text},
    },
};

pub(super) fn aggregate(op: Op, prim: Prim, items: Items<'_>) -> Expr {
    let ty = prim_type(prim);
    let plain = |function: &'static str| of(function, items);
    match op {
        Op::Sum if prim.is_float() => float_sum(prim, items),
        Op::Sum => cast(&coalesce(&plain("sum"), &number(0)), ty),
        Op::Mean if prim.is_float() => {
            binary("/", &cast(&float_sum(prim, items), "DOUBLE"), &cast(&plain("count"), "DOUBLE"))
        }
        Op::Mean => {
            // By way of a text, as the direct conversion of 128 bits rounds twice.
            let sum = cast(&cast(&plain("sum"), "VARCHAR"), "DOUBLE");
            let mean = binary("/", &sum, &cast(&plain("count"), "DOUBLE"));
            coalesce(&mean, &cast(&text("NaN"), "DOUBLE"))
        }
        Op::All => coalesce(&plain("bool_and"), &expr::bool(true)),
        Op::Any => coalesce(&plain("bool_or"), &expr::bool(false)),
        Op::Min if prim == Prim::Bool => plain("bool_and"),
        Op::Max if prim == Prim::Bool => plain("bool_or"),
        // Zeros of both signs are equal, and the first one counts.
        Op::Min if prim.is_float() && !items.order.is_empty() => first_by_itself(prim, items, false),
        Op::Max if prim.is_float() && !items.order.is_empty() => first_by_itself(prim, items, true),
        Op::Min => plain("min"),
        _ => plain("max"),
    }
}

/// The list of all items, or what is meant where there are none.
pub(super) fn list_of(items: Items<'_>, none: &Expr) -> Expr {
    let list = Aggregate::new("list", [items.item.clone()]).order(items.order);
    coalesce(&list.filter(items.filter).over(items.over).expr(), none)
}

/// An aggregate to which the order of the items does not matter.
fn of(function: &'static str, items: Items<'_>) -> Expr {
    Aggregate::new(function, [items.item.clone()]).filter(items.filter).over(items.over).expr()
}

/// A sum in the order of the items, made of a list: DuckDB adds in an order of its own, and multiplies where numbers
/// repeat. Items without an order have its own sum.
fn float_sum(prim: Prim, items: Items<'_>) -> Expr {
    let ty = prim_type(prim);
    if !items.order.is_empty() {
        return call("lt_sum", [list_of(items, &cast(&expr::list([]), ty_array(ty)))]);
    }
    let sum = coalesce(&of("sum", items), &number(0));
    match prim {
        Prim::Float32 => call("lt_to_float32", [cast(&sum, "DOUBLE")]),
        _ => cast(&sum, ty),
    }
}

fn ty_array(ty: &'static str) -> crate::tree::Type {
    crate::tree::Type::from(ty).array()
}

/// The first of the items in their own order. DuckDB keeps a `FLOAT` as a key to sort by, which has no negative zero.
fn first_by_itself(prim: Prim, items: Items<'_>, is_descending: bool) -> Expr {
    let item = match prim {
        Prim::Float32 => cast(items.item, "DOUBLE"),
        _ => items.item.clone(),
    };
    let mut order = vec![Order { key: item.clone(), is_descending }];
    order.extend_from_slice(items.order);
    let first = Aggregate::new("first", [item]).order(&order).filter(items.filter).over(items.over).expr();
    match prim {
        Prim::Float32 => cast(&first, prim_type(prim)),
        _ => first,
    }
}
