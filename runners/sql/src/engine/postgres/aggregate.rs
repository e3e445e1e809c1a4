//! Aggregates over primitives.

use runner_core::{Op, Prim};

use super::{Floats, number::checked, prim_type};
use crate::{
    engine::Items,
    tree::{
        Aggregate, Expr, Order,
        expr::{self, binary, cast, coalesce, equal, helper, number, template, text},
    },
};

/// `key` orders as the items do.
pub(super) fn aggregate(floats: Floats, op: Op, prim: Prim, items: Items<'_>, key: &Expr) -> Expr {
    let ty = prim_type(prim);
    let plain = |function: &'static str, item: &Expr| {
        Aggregate::new(function, [item.clone()]).filter(items.filter).over(items.over).expr()
    };
    match op {
        Op::Sum if prim.is_float() => float_sum(floats, prim, items),
        Op::Sum => cast(&checked(prim, &coalesce(&plain("sum", items.item), &number(0))), ty),
        Op::Mean if prim.is_float() => {
            let sum = cast(&float_sum(floats, prim, items), "float8");
            let count = cast(&plain("count", items.item), "float8");
            match floats {
                Floats::Plain => {
                    let none = equal(&count, &number(0));
                    expr::case([(none, cast(&text("NaN"), "float8"))], Some(binary("/", &sum, &count)))
                }
                Floats::Exact => helper("float_div", [sum, count]),
            }
        }
        Op::Mean => {
            let count = plain("count", items.item);
            let mean = binary("/", &cast(&plain("sum", items.item), "float8"), &cast(&count, "float8"));
            let nan = cast(&text("NaN"), "float8");
            expr::case([(equal(&count, &number(0)), nan)], Some(mean))
        }
        Op::All => coalesce(&plain("bool_and", items.item), &expr::bool(true)),
        Op::Any => coalesce(&plain("bool_or", items.item), &expr::bool(false)),
        Op::Min if prim == Prim::Bool => plain("bool_and", items.item),
        Op::Max if prim == Prim::Bool => plain("bool_or", items.item),
        // Zeros of both signs are equal, and the first one counts.
        Op::Min if prim.is_float() && !items.order.is_empty() => first_by_itself(items, false),
        Op::Max if prim.is_float() && !items.order.is_empty() => first_by_itself(items, true),
        Op::Min => plain("min", key),
        _ => plain("max", key),
    }
}

/// A sum in the order of the items, if they have one.
fn float_sum(floats: Floats, prim: Prim, items: Items<'_>) -> Expr {
    let (ty, helper) = match prim {
        Prim::Float32 => ("float4", "sum_float4"),
        _ => ("float8", "sum_float8"),
    };
    let sum = match floats {
        Floats::Plain => Aggregate::new("sum", [items.item.clone()]),
        Floats::Exact => Aggregate { is_helper: true, ..Aggregate::new(helper, [items.item.clone()]) },
    };
    let sum = sum.order(items.order).filter(items.filter).over(items.over).expr();
    let zero = cast(&number(0), ty);
    match floats {
        // A sum begins with a zero, to which a negative one adds nothing.
        Floats::Plain => coalesce(&binary("+", &sum, &zero), &zero),
        Floats::Exact => coalesce(&sum, &zero),
    }
}

fn first_by_itself(items: Items<'_>, is_descending: bool) -> Expr {
    let mut order = vec![Order { key: items.item.clone(), is_descending }];
    order.extend_from_slice(items.order);
    let all = Aggregate::new("array_agg", [items.item.clone()]).order(&order);
    let all = all.filter(items.filter).over(items.over).expr();
    template("({})[1]", [&all])
}
