//! Operations on primitives, and aggregates over them.

use runner_core::{Op, Prim, Repr, Result};

use super::{number, prim_type, text};
use crate::{dialect::can_fail, sql::Sql};

pub(super) fn scalar(op: Op, operands: &[Prim], result: Prim, args: &[Sql]) -> Result<Option<Sql>> {
    let Some(operand) = operands.first().copied() else {
        return Ok((op == Op::Concat).then(|| Sql::constant("''")));
    };
    let text = match (op, args) {
        (Op::Wrap | Op::Unwrap, [x]) => Some(reframe(operand, result, x)),
        (Op::Cast, [x]) if operand.is_float() || result.is_float() => Some(float_cast(operand, result, x)),
        (Op::Cast, [x]) => Some(number::cast(operand, result, x)),
        (Op::And, [a, b]) if b.can_fail() => Some(format!("CASE WHEN {a} THEN {b} ELSE false END")),
        (Op::Or, [a, b]) if b.can_fail() => Some(format!("CASE WHEN {a} THEN true ELSE {b} END")),
        (Op::And, [a, b]) => Some(format!("({a} AND {b})")),
        (Op::Or, [a, b]) => Some(format!("({a} OR {b})")),
        (Op::Not, [a]) => Some(format!("(NOT {a})")),
        (_, args) if operand.is_float() && is_arithmetic(op) => float_arithmetic(op, args),
        (Op::Abs, [x]) if operand.is_integer() && !operand.is_signed() => Some(x.text().into()),
        (Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem | Op::Neg | Op::Abs | Op::Pow, args) => {
            number::arithmetic(op, operand, args)
        }
        (_, args) => text::function(op, operand, args),
    };
    let refs: Vec<_> = args.iter().collect();
    Ok(text.map(|text| {
        let sql = Sql::of(text, &refs);
        if can_fail(op, operand, args) { sql.failing() } else { sql }
    }))
}

/// An aggregate. Sums of floats are made of lists, because DuckDB adds in an order of its own and multiplies where
/// numbers repeat.
pub(super) fn aggregate(op: Op, prim: Prim, item: &Sql, order_by: &str, filter: &str) -> Sql {
    let ty = prim_type(prim);
    let in_order = order_by.replacen(" ORDER BY", ",", 1);
    // Its aggregates pass over NULL, and a filter costs as much as they do.
    let skips_null = !prim.is_float() && filter == format!(" FILTER (WHERE ({item} IS NOT NULL))");
    let filter = if skips_null { "" } else { filter };
    let float_sum = || format!("lt_sum(coalesce(list({item}{order_by}){filter}, []::{ty}[]))");
    let text = match op {
        Op::Sum if prim.is_float() => float_sum(),
        Op::Sum => format!("coalesce(sum({item}){filter}, 0)::{ty}"),
        Op::Mean if prim.is_float() => format!("({}::DOUBLE / (count({item}){filter})::DOUBLE)", float_sum()),
        // By way of a text, as the direct conversion of 128 bits rounds twice.
        Op::Mean => format!(
            "coalesce((sum({item}){filter})::VARCHAR::DOUBLE / (count({item}){filter})::DOUBLE, 'NaN'::DOUBLE)"
        ),
        Op::All => format!("coalesce(bool_and({item}){filter}, true)"),
        Op::Any => format!("coalesce(bool_or({item}){filter}, false)"),
        Op::Min if prim == Prim::Bool => format!("bool_and({item}){filter}"),
        Op::Max if prim == Prim::Bool => format!("bool_or({item}){filter}"),
        // Zeros of both signs are equal, and the first one counts.
        Op::Min if prim.is_float() && !in_order.is_empty() => {
            format!("first({item} ORDER BY {item}{in_order}){filter}")
        }
        Op::Max if prim.is_float() && !in_order.is_empty() => {
            format!("first({item} ORDER BY {item} DESC{in_order}){filter}")
        }
        Op::Min => format!("min({item}){filter}"),
        _ => format!("max({item}){filter}"),
    };
    let sql = Sql::of(text, &[item]);
    if op == Op::Sum && !prim.is_float() { sql.failing() } else { sql }
}

fn is_arithmetic(op: Op) -> bool {
    function(op).is_some()
        || matches!(
            op,
            Op::Add
                | Op::Sub
                | Op::Mul
                | Op::Div
                | Op::Rem
                | Op::Neg
                | Op::Abs
                | Op::Floor
                | Op::Ceil
                | Op::Round
                | Op::Pow
        )
}

fn float_arithmetic(op: Op, args: &[Sql]) -> Option<String> {
    Some(match (op, args) {
        (Op::Add, [a, b]) => format!("({a} + {b})"),
        (Op::Sub, [a, b]) => format!("({a} - {b})"),
        (Op::Mul, [a, b]) => format!("({a} * {b})"),
        (Op::Div, [a, b]) => format!("({a} / {b})"),
        (Op::Rem, [a, b]) => format!("({a} % {b})"),
        (Op::Neg, [a]) => format!("(-{a})"),
        (Op::Abs, [a]) => format!("abs({a})"),
        (Op::Floor, [a]) => format!("floor({a})"),
        (Op::Ceil, [a]) => format!("ceil({a})"),
        (Op::Round, [a]) => format!("round({a})"),
        (Op::Pow, [a, b]) => format!("lt_pow({a}, {b})"),
        (_, [a]) => format!("lt_{}({a})", function(op)?),
        _ => return None,
    })
}

/// Functions whose last bit depends on the library, and that DuckDB refuses outside of their domain.
fn function(op: Op) -> Option<&'static str> {
    Some(match op {
        Op::Sqrt => "sqrt",
        Op::Exp => "exp",
        Op::Ln => "ln",
        Op::Log10 => "log10",
        Op::Sin => "sin",
        Op::Cos => "cos",
        Op::Tan => "tan",
        Op::Asin => "asin",
        Op::Acos => "acos",
        Op::Atan => "atan",
        _ => return None,
    })
}

/// Conversions from and to floats: what is out of range saturates, or is infinite.
fn float_cast(from: Prim, to: Prim, x: &Sql) -> String {
    match (from, to) {
        _ if from == to => x.text().into(),
        (Prim::Float64, Prim::Float32) => format!("lt_to_float32({x})"),
        _ if to.is_float() => format!("{x}::{}", prim_type(to)),
        _ => format!("lt_to_{}({x}::DOUBLE)", to.name().to_lowercase()),
    }
}

/// Between a primitive and what it frames: the same number, or the same bits.
fn reframe(from: Prim, to: Prim, x: &Sql) -> String {
    let as_number = |prim: Prim| match prim.repr() {
        Repr::I8 => Prim::Int8,
        Repr::I16 => Prim::Int16,
        Repr::I32 => Prim::Int32,
        Repr::I64 => Prim::Int64,
        Repr::U8 => Prim::Uint8,
        Repr::U16 => Prim::Uint16,
        Repr::U32 => Prim::Uint32,
        Repr::U64 => Prim::Uint64,
        _ => prim,
    };
    match (from, to) {
        _ if from == to => x.text().into(),
        (Prim::Float32 | Prim::Float64, _) => format!("lt_bits({x})"),
        (_, Prim::Float32 | Prim::Float64) => format!("lt_of_bits({x})"),
        _ => number::cast(as_number(from), as_number(to), x),
    }
}
