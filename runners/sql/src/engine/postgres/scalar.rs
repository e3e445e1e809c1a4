//! Operations on primitives.

use runner_core::{Op, Prim, Repr};

use super::{PostgresSpelling, float, number, text};
use crate::{
    engine::Call,
    tree::{
        Expr,
        expr::{binary, cast, helper, template},
    },
};

pub(super) fn call(spelling: &PostgresSpelling, call: Call<'_>, args: &[Expr]) -> Option<Expr> {
    let texts = spelling.texts;
    let Call { op, operands, result, .. } = call;
    let Some(operand) = operands.first().copied() else {
        return (op == Op::Concat).then(|| texts.literal(""));
    };
    match (op, args) {
        (Op::Wrap | Op::Unwrap, [x]) => Some(reframe(operand, result, x)),
        (Op::Cast, [x]) if operand == result => Some(x.clone()),
        (Op::Cast, [x]) if operand.is_float() || result.is_float() => {
            Some(float::convert(operand, result, x))
        }
        (Op::Cast, [x]) => Some(number::convert(operand, result, x)),
        (Op::DateSub, [a, b]) => {
            Some(template("(({} - {}) * 86400000000)", [&cast(a, "int8"), &cast(b, "int8")]))
        }
        (Op::TimestampSub, [a, b]) => Some(binary("-", a, b)),
        (Op::ToText, _) => text::function(texts, op, operand, args),
        (_, args) if operand.is_float() => float::arithmetic(spelling.floats, op, operand, args),
        (Op::Abs, [x]) if operand.is_integer() && !operand.is_signed() => Some(x.clone()),
        (Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem | Op::Neg | Op::Abs | Op::Pow, args) => {
            number::arithmetic(op, operand, args)
        }
        (_, args) => text::function(texts, op, operand, args),
    }
}

/// Between a primitive and what it frames: the same number, or the same bits.
fn reframe(from: Prim, to: Prim, x: &Expr) -> Expr {
    let function = match (from, to) {
        _ if from == to => return x.clone(),
        (Prim::Float32, _) => "float4_bits",
        (Prim::Float64, _) => "float8_bits",
        (_, Prim::Float32) => "float4_of_bits",
        (_, Prim::Float64) => "float8_of_bits",
        _ => return number::convert(as_number(from), as_number(to), x),
    };
    helper(function, [x.clone()])
}

/// The integer that has the same bits.
fn as_number(prim: Prim) -> Prim {
    match prim.repr() {
        Repr::I8 => Prim::Int8,
        Repr::I16 => Prim::Int16,
        Repr::I32 => Prim::Int32,
        Repr::I64 => Prim::Int64,
        Repr::U8 => Prim::Uint8,
        Repr::U16 => Prim::Uint16,
        Repr::U32 => Prim::Uint32,
        Repr::U64 => Prim::Uint64,
        _ => prim,
    }
}
