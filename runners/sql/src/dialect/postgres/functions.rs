//! Operations on primitives, and aggregates over them.

use runner_core::{Op, Prim, Result};

use super::{Postgres, float, number, prim_type, text};
use crate::{
    dialect::{Dialect, can_fail},
    sql::Sql,
};

pub(super) fn scalar(
    dialect: &Postgres,
    op: Op,
    operands: &[Prim],
    result: Prim,
    args: &[Sql],
) -> Result<Option<Sql>> {
    let Some(operand) = operands.first().copied() else {
        return Ok((op == Op::Concat).then(|| Sql::constant("''::text")));
    };
    let can_fail = can_fail(op, operand, args);
    let mut args = args.to_vec();
    if can_fail
        && args.iter().all(Sql::is_foldable)
        && let Some(first) = args.first_mut()
    {
        *first = dialect.opaque(first);
    }
    let text = match (op, args.as_slice()) {
        (Op::Wrap | Op::Unwrap, [x]) => Some(reframe(operand, result, x)),
        (Op::Cast, [x]) if operand.is_float() || result.is_float() => Some(float::cast(operand, result, x)),
        (Op::Cast, [x]) => Some(number::cast(operand, result, x)),
        (Op::And, [a, b]) if b.can_fail() => Some(format!("CASE WHEN {a} THEN {b} ELSE false END")),
        (Op::Or, [a, b]) if b.can_fail() => Some(format!("CASE WHEN {a} THEN true ELSE {b} END")),
        (Op::And, [a, b]) => Some(format!("({a} AND {b})")),
        (Op::Or, [a, b]) => Some(format!("({a} OR {b})")),
        (Op::Not, [a]) => Some(format!("(NOT {a})")),
        (Op::DateSub, [a, b]) => Some(format!("(({a}::int8 - {b}::int8) * 86400000000)")),
        (Op::TimestampSub, [a, b]) => Some(format!("({a} - {b})")),
        (
            Op::Add
            | Op::Sub
            | Op::Mul
            | Op::Div
            | Op::Rem
            | Op::Neg
            | Op::Abs
            | Op::Pow
            | Op::Sqrt
            | Op::Exp
            | Op::Ln
            | Op::Log10
            | Op::Floor
            | Op::Ceil
            | Op::Round
            | Op::Sin
            | Op::Cos
            | Op::Tan
            | Op::Asin
            | Op::Acos
            | Op::Atan,
            args,
        ) if operand.is_float() => float::arithmetic(op, operand, args),
        (Op::Abs, [x]) if operand.is_integer() && !operand.is_signed() => Some(x.text().into()),
        (Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem | Op::Neg | Op::Abs | Op::Pow, args) => {
            number::arithmetic(op, operand, args)
        }
        (_, args) => text::function(dialect, op, operand, args),
    };
    let refs: Vec<_> = args.iter().collect();
    Ok(text.map(|text| {
        let sql = Sql::of(text, &refs);
        if can_fail { sql.failing() } else { sql }
    }))
}

pub(super) fn aggregate(
    dialect: &Postgres,
    op: Op,
    prim: Prim,
    item: &Sql,
    order_by: &str,
    filter: &str,
) -> Sql {
    let ty = prim_type(prim);
    let key = dialect.sort_key(prim, item);
    let in_order = if order_by.is_empty() { String::new() } else { order_by.replacen(" ORDER BY", ",", 1) };
    let text = match op {
        Op::Sum if prim.is_float() => {
            format!("coalesce(pg_temp.sum_{ty}({item}{order_by}){filter}, 0::{ty})")
        }
        Op::Sum => number::checked(prim, &format!("coalesce(sum({item}){filter}, 0)")) + "::" + ty,
        Op::Mean if prim == Prim::Float32 => format!(
            "pg_temp.float_div(coalesce(pg_temp.sum_{ty}({item}{order_by}){filter}, 0::{ty})::float8, \
             count(*){filter})"
        ),
        Op::Mean if prim.is_float() => format!(
            "pg_temp.float_div(coalesce(pg_temp.sum_{ty}({item}{order_by}){filter}, 0::{ty}), \
             count(*){filter})"
        ),
        Op::Mean => format!(
            "CASE WHEN count(*){filter} = 0 THEN 'NaN'::float8 \
             ELSE sum({item}){filter}::float8 / count(*){filter} END"
        ),
        Op::All => format!("coalesce(bool_and({item}){filter}, true)"),
        Op::Any => format!("coalesce(bool_or({item}){filter}, false)"),
        Op::Min if prim == Prim::Bool => format!("bool_and({item}){filter}"),
        Op::Max if prim == Prim::Bool => format!("bool_or({item}){filter}"),
        // Zeros of both signs are equal, and the first one counts.
        Op::Min if prim.is_float() => format!("(array_agg({item} ORDER BY {item}{in_order}){filter})[1]"),
        Op::Max if prim.is_float() => {
            format!("(array_agg({item} ORDER BY {item} DESC{in_order}){filter})[1]")
        }
        Op::Min => format!("min({key}){filter}"),
        _ => format!("max({key}){filter}"),
    };
    let sql = Sql::of(text, &[item]);
    if op == Op::Sum && !prim.is_float() { sql.failing() } else { sql }
}

/// Between a primitive and what it frames: the same number, or the same bits.
fn reframe(from: Prim, to: Prim, x: &Sql) -> String {
    let as_number = |prim: Prim| match prim.repr() {
        runner_core::Repr::I8 => Prim::Int8,
        runner_core::Repr::I16 => Prim::Int16,
        runner_core::Repr::I32 => Prim::Int32,
        runner_core::Repr::I64 => Prim::Int64,
        runner_core::Repr::U8 => Prim::Uint8,
        runner_core::Repr::U16 => Prim::Uint16,
        runner_core::Repr::U32 => Prim::Uint32,
        runner_core::Repr::U64 => Prim::Uint64,
        _ => prim,
    };
    match (from, to) {
        (Prim::Float32, _) => format!("pg_temp.float4_bits({x})"),
        (Prim::Float64, _) => format!("pg_temp.float8_bits({x})"),
        (_, Prim::Float32) => format!("pg_temp.float4_of_bits({x})"),
        (_, Prim::Float64) => format!("pg_temp.float8_of_bits({x})"),
        _ => number::cast(as_number(from), as_number(to), x),
    }
}
