//! Integers. Types without a native counterpart are held in a wider one, and checked by a cast that fails.

use runner_core::{Op, Prim};

use super::prim_type;
use crate::tree::{
    Expr, From, Ident, Output, Query, Select,
    expr::{self, binary, call, cast, helper, number, template},
};

/// The result of an operation, which fails if it is beyond the type.
///
/// PostgreSQL checks its own types. The others are shifted into one that it checks: `"char"` is a signed byte.
pub(super) fn checked(prim: Prim, value: &Expr) -> Expr {
    let shifted = |by: i64| binary("-", value, &number(by));
    let back = |value: Expr, by: i64| binary("+", &value, &number(by));
    match prim {
        Prim::Int8 => cast(&byte(value), "int2"),
        Prim::Uint8 => cast(&back(byte(&shifted(128)), 128), "int2"),
        Prim::Uint16 => back(cast(&cast(&shifted(32_768), "int2"), "int4"), 32_768),
        Prim::Uint32 => back(cast(&cast(&shifted(2_147_483_648), "int4"), "int8"), 2_147_483_648),
        Prim::Uint64 | Prim::Time => {
            template("(({} - 9223372036854775808)::int8::numeric + 9223372036854775808)", [&grouped(value)])
        }
        _ => value.clone(),
    }
}

/// An `int4` that is checked to be a signed byte.
fn byte(value: &Expr) -> Expr {
    cast(&cast(&cast(value, "int4"), "\"char\""), "int4")
}

/// What may stand beside an operator.
fn grouped(value: &Expr) -> Expr {
    template("({})", [value])
}

/// Arithmetic of integers and of what is held as one.
pub(super) fn arithmetic(op: Op, prim: Prim, args: &[Expr]) -> Option<Expr> {
    let is_numeric = prim_type(prim) == "numeric";
    let value = match (op, args) {
        (Op::Add, [a, b]) => binary("+", a, b),
        (Op::Sub, [a, b]) => binary("-", a, b),
        (Op::Mul, [a, b]) => binary("*", a, b),
        (Op::Div, _) if is_numeric => call("div", args),
        (Op::Div, [a, b]) => binary("/", a, b),
        (Op::Rem, [a, b]) => return Some(binary("%", a, b)),
        (Op::Neg, [a]) => template("(- {})", [a]),
        (Op::Abs, _) => call("abs", args),
        (Op::Pow, _) => return Some(helper("int_pow", args)),
        _ => return None,
    };
    Some(checked(prim, &value))
}

/// A conversion between integers: two's complement of the lowest bits.
pub(super) fn convert(from: Prim, to: Prim, x: &Expr) -> Expr {
    let ty = prim_type(to);
    if from == to {
        return x.clone();
    }
    if contains(from, to) {
        return cast(x, ty);
    }
    match bits(to) {
        64 if to.is_signed() => cast(
            &template("(mod({} + 9223372036854775808, 18446744073709551616) - 9223372036854775808)", [x]),
            "int8",
        ),
        64 => template("mod({} + 18446744073709551616, 18446744073709551616)", [&cast(x, "numeric")]),
        bits => {
            let (mask, sign) = (number((1_i64 << bits) - 1), number(1_i64 << (bits - 1)));
            let wide = match prim_type(from) {
                "numeric" => cast(&call("mod", [x.clone(), number(4_294_967_296_i64)]), "int8"),
                _ => cast(x, "int8"),
            };
            let low = binary("&", &wide, &mask);
            match to.is_signed() {
                true => cast(&binary("-", &binary("#", &low, &sign), &sign), ty),
                false => cast(&low, ty),
            }
        }
    }
}

pub(super) fn sequence(prim: Prim, start: &Expr, end: &Expr, alias: &Ident) -> From {
    let ty = prim_type(prim);
    let wide = if ty == "int2" { "int4" } else { ty };
    let item = expr::name(Ident::Fixed("g"));
    let series = From::Function {
        call: call("generate_series", [cast(start, wide), cast(end, wide)]),
        alias: Ident::Fixed("s"),
        columns: vec![Ident::Fixed("g")],
        is_counted: false,
    };
    let query = Query::select(Select {
        columns: vec![Output::Column(cast(&item, ty), Ident::Fixed("v"))],
        from: Some(series),
        conditions: vec![binary("<", &item, end)],
        ..Select::default()
    });
    From::Query { query: Box::new(query), alias: alias.clone(), columns: Vec::new(), is_lateral: false }
}

fn bits(prim: Prim) -> u32 {
    match prim {
        Prim::Int8 | Prim::Uint8 => 8,
        Prim::Int16 | Prim::Uint16 => 16,
        Prim::Int32 | Prim::Uint32 => 32,
        _ => 64,
    }
}

/// Whether every number of the one type is one of the other.
fn contains(from: Prim, to: Prim) -> bool {
    match (from.is_signed(), to.is_signed()) {
        (true, true) | (false, false) => bits(from) <= bits(to),
        (false, true) => bits(from) < bits(to),
        (true, false) => false,
    }
}
