//! Integers. DuckDB has all types, and checks them.

use runner_core::{Op, Prim};

use super::prim_type;
use crate::tree::{
    Expr, From, Ident, Output, Query, Select,
    expr::{self, binary, call, cast, number, text},
};

/// Arithmetic of integers and of what is held as one.
pub(super) fn arithmetic(op: Op, prim: Prim, args: &[Expr]) -> Option<Expr> {
    let ty = prim_type(prim);
    Some(match (op, args) {
        // By their names, as DuckDB solves equations of operators with constants, and so misses what overflows.
        (Op::Add, _) => call("add", args),
        (Op::Sub, _) => call("subtract", args),
        (Op::Mul, _) => call("multiply", args),
        (Op::Div, [a, b]) => binary("//", a, b),
        // The least integer has no quotient by -1, but it has a remainder.
        (Op::Rem, [a, b]) if prim.is_signed() && b.as_number().is_none_or(|number| number <= 0) => {
            cast(&binary("%", &cast(a, "HUGEINT"), &cast(b, "HUGEINT")), ty)
        }
        (Op::Rem, [a, b]) => binary("%", a, b),
        (Op::Neg, [a]) => call("subtract", [cast(&number(0), ty), a.clone()]),
        (Op::Abs, _) => call("abs", args),
        (Op::Pow, _) => {
            let message = text("overflow, or a negative exponent, in pow");
            expr::coalesce(&call("lt_int_pow", args), &super::fail(&message, "BIGINT"))
        }
        _ => return None,
    })
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
    let modulus = 1_i128 << bits(to);
    let half = modulus >> 1;
    let huge = cast(x, "HUGEINT");
    match bits(to) {
        64 if to.is_signed() => {
            let low = binary("%", &binary("+", &huge, &number(half)), &number(modulus));
            cast(&binary("-", &low, &number(half)), ty)
        }
        64 => cast(&binary("%", &binary("+", &huge, &number(modulus)), &number(modulus)), ty),
        _ => {
            // Bit operations take numbers of 64 bits; those of two's complement are the same for both signs.
            let wide = if prim_type(from) == "UBIGINT" { "UBIGINT" } else { "BIGINT" };
            let low = binary("&", &cast(x, wide), &cast(&number(modulus - 1), wide));
            if to.is_signed() {
                let half = cast(&number(half), "BIGINT");
                cast(&binary("-", &call("xor", [cast(&low, "BIGINT"), half.clone()]), &half), ty)
            } else {
                cast(&low, ty)
            }
        }
    }
}

pub(super) fn sequence(prim: Prim, start: &Expr, end: &Expr, alias: &Ident) -> From {
    let (start, end) = (cast(start, "HUGEINT"), cast(end, "HUGEINT"));
    let length = call("greatest", [binary("-", &end, &start), number(0)]);
    let item = expr::name(Ident::Fixed("g"));
    let range = From::Function {
        call: call("range", [number(0), cast(&length, "BIGINT")]),
        alias: Ident::Fixed("s"),
        columns: vec![Ident::Fixed("g")],
        is_counted: false,
    };
    let value = cast(&binary("+", &start, &item), prim_type(prim));
    let query = Query::select(Select {
        columns: vec![Output::Column(value, Ident::Fixed("v"))],
        from: Some(range),
        ..Select::default()
    });
    From::Query { query: Box::new(query), alias: alias.clone(), columns: Vec::new(), is_lateral: false }
}

fn bits(prim: Prim) -> u32 {
    match prim_type(prim) {
        "TINYINT" | "UTINYINT" => 8,
        "SMALLINT" | "USMALLINT" => 16,
        "INTEGER" | "UINTEGER" => 32,
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
