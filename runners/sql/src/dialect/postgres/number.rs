//! Integers. Types without a native counterpart are held in a wider one, and checked by a cast that fails.

use runner_core::{Op, Prim};

use super::prim_type;
use crate::sql::Sql;

/// The result of an operation, which fails if it is beyond the type.
///
/// PostgreSQL checks its own types. The others are shifted into one that it checks: `"char"` is a signed byte.
pub(super) fn checked(prim: Prim, text: &str) -> String {
    match prim {
        Prim::Int8 => format!("({text})::int4::\"char\"::int4::int2"),
        Prim::Uint8 => format!("((({text}) - 128)::int4::\"char\"::int4 + 128)::int2"),
        Prim::Uint16 => format!("((({text}) - 32768)::int2::int4 + 32768)"),
        Prim::Uint32 => format!("((({text}) - 2147483648)::int4::int8 + 2147483648)"),
        Prim::Uint64 | Prim::Time => {
            format!("((({text}) - 9223372036854775808)::int8::numeric + 9223372036854775808)")
        }
        _ => format!("({text})"),
    }
}

/// Arithmetic of integers and of what is held as one.
pub(super) fn arithmetic(op: Op, prim: Prim, args: &[Sql]) -> Option<String> {
    let is_numeric = prim_type(prim) == "numeric";
    let text = match (op, args) {
        (Op::Add, [a, b]) => format!("{a} + {b}"),
        (Op::Sub, [a, b]) => format!("{a} - {b}"),
        (Op::Mul, [a, b]) => format!("{a} * {b}"),
        (Op::Div, [a, b]) if is_numeric => format!("div({a}, {b})"),
        (Op::Div, [a, b]) => format!("{a} / {b}"),
        (Op::Rem, [a, b]) => return Some(format!("({a} % {b})")),
        (Op::Neg, [a]) => format!("- {a}"),
        (Op::Abs, [a]) => format!("abs({a})"),
        (Op::Pow, [a, b]) => return Some(format!("pg_temp.int_pow({a}, {b})")),
        _ => return None,
    };
    Some(checked(prim, &text))
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
    let from_numeric = prim_type(from) == "numeric";
    match bits(to) {
        64 if to.is_signed() => {
            format!("(mod({x} + 9223372036854775808, 18446744073709551616) - 9223372036854775808)::int8")
        }
        64 => format!("mod({x}::numeric + 18446744073709551616, 18446744073709551616)"),
        bits => {
            let (mask, sign) = ((1u64 << bits) - 1, 1u64 << (bits - 1));
            let wide =
                if from_numeric { format!("mod({x}, 4294967296)::int8") } else { format!("{x}::int8") };
            if to.is_signed() {
                format!("(((({wide}) & {mask}) # {sign}) - {sign})::{ty}")
            } else {
                format!("(({wide}) & {mask})::{ty}")
            }
        }
    }
}

pub(super) fn sequence(prim: Prim, start: &Sql, end: &Sql, alias: &str) -> String {
    let ty = prim_type(prim);
    let wide = if ty == "int2" { "int4" } else { ty };
    format!(
        "(SELECT g::{ty} AS v FROM generate_series({start}::{wide}, {end}::{wide}) AS s(g) \
         WHERE g < {end}) AS {alias}"
    )
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
