//! Integers. DuckDB has all types, and checks them.

use runner_core::{Op, Prim};

use super::prim_type;
use crate::{dialect::is_positive, sql::Sql};

/// Arithmetic of integers and of what is held as one.
pub(super) fn arithmetic(op: Op, prim: Prim, args: &[Sql]) -> Option<String> {
    let ty = prim_type(prim);
    Some(match (op, args) {
        // By their names, as DuckDB solves equations of operators with constants, and so misses what overflows.
        (Op::Add, [a, b]) => format!("add({a}, {b})"),
        (Op::Sub, [a, b]) => format!("subtract({a}, {b})"),
        (Op::Mul, [a, b]) => format!("multiply({a}, {b})"),
        (Op::Div, [a, b]) => format!("({a} // {b})"),
        // The least integer has no quotient by -1, but it has a remainder.
        (Op::Rem, [a, b]) if prim.is_signed() && !is_positive(b) => {
            format!("({a}::HUGEINT % {b}::HUGEINT)::{ty}")
        }
        (Op::Rem, [a, b]) => format!("({a} % {b})"),
        (Op::Neg, [a]) => format!("subtract(0::{ty}, {a})"),
        (Op::Abs, [a]) => format!("abs({a})"),
        (Op::Pow, [a, b]) => format!(
            "coalesce(lt_int_pow({a}, {b}), error('overflow, or a negative exponent, in pow')::BIGINT)"
        ),
        _ => return None,
    })
}

/// A conversion between integers: two's complement of the lowest bits.
pub(super) fn cast(from: Prim, to: Prim, x: &Sql) -> String {
    let ty = prim_type(to);
    if from == to {
        return x.text().into();
    }
    if contains(from, to) {
        return format!("{x}::{ty}");
    }
    let modulus = 1u128 << bits(to);
    let half = modulus >> 1;
    match bits(to) {
        64 if to.is_signed() => format!("(({x}::HUGEINT + {half}) % {modulus} - {half})::{ty}"),
        64 => format!("(({x}::HUGEINT + {modulus}) % {modulus})::{ty}"),
        _ => {
            // Bit operations take numbers of 64 bits; those of two's complement are the same for both signs.
            let wide = if prim_type(from) == "UBIGINT" { "UBIGINT" } else { "BIGINT" };
            let low = format!("({x}::{wide} & {}::{wide})", modulus - 1);
            if to.is_signed() {
                format!("(xor({low}::BIGINT, {half}::BIGINT) - {half}::BIGINT)::{ty}")
            } else {
                format!("{low}::{ty}")
            }
        }
    }
}

pub(super) fn sequence(prim: Prim, start: &Sql, end: &Sql, alias: &str) -> String {
    let ty = prim_type(prim);
    format!(
        "(SELECT ({start}::HUGEINT + g)::{ty} AS v \
         FROM range(0, greatest({end}::HUGEINT - {start}::HUGEINT, 0)::BIGINT) AS s(g)) AS {alias}"
    )
}

pub(super) fn bits(prim: Prim) -> u32 {
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
