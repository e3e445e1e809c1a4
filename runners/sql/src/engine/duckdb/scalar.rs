//! Operations on primitives.

use runner_core::{Op, Prim, Repr};

use super::{number, prim_type, text};
use crate::{
    engine::Call,
    tree::{
        Expr,
        expr::{self, binary, call as function, cast, template},
    },
};

pub(super) fn call(call: Call<'_>, args: &[Expr]) -> Option<Expr> {
    let Call { op, operands, result, is_constant } = call;
    let Some(operand) = operands.first().copied() else {
        return (op == Op::Concat).then(|| expr::text(""));
    };
    match (op, args) {
        (Op::Wrap | Op::Unwrap, [x]) => Some(reframe(operand, result, x)),
        (Op::Cast, [x]) if operand.is_float() || result.is_float() => Some(convert_float(operand, result, x)),
        (Op::Cast, [x]) => Some(number::convert(operand, result, x)),
        (Op::Abs, [x]) if operand.is_integer() && !operand.is_signed() => Some(x.clone()),
        (Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem | Op::Neg | Op::Abs | Op::Pow, args)
            if !operand.is_float() =>
        {
            number::arithmetic(op, operand, args)
        }
        (_, args) if operand.is_float() => {
            float(op, args).or_else(|| text::function(op, operand, is_constant, args))
        }
        (_, args) => text::function(op, operand, is_constant, args),
    }
}

fn float(op: Op, args: &[Expr]) -> Option<Expr> {
    Some(match (op, args) {
        (Op::Add, [a, b]) => binary("+", a, b),
        (Op::Sub, [a, b]) => binary("-", a, b),
        (Op::Mul, [a, b]) => binary("*", a, b),
        (Op::Div, [a, b]) => binary("/", a, b),
        (Op::Rem, [a, b]) => binary("%", a, b),
        (Op::Neg, [a]) => template("(-{})", [a]),
        (Op::Abs, _) => function("abs", args),
        (Op::Floor, _) => function("floor", args),
        (Op::Ceil, _) => function("ceil", args),
        (Op::Round, _) => function("round", args),
        (Op::Pow, _) => function("lt_pow", args),
        // The last bit of these depends on the library, and DuckDB refuses them outside of their domain.
        (Op::Sqrt, _) => function("lt_sqrt", args),
        (Op::Exp, _) => function("lt_exp", args),
        (Op::Ln, _) => function("lt_ln", args),
        (Op::Log10, _) => function("lt_log10", args),
        (Op::Sin, _) => function("lt_sin", args),
        (Op::Cos, _) => function("lt_cos", args),
        (Op::Tan, _) => function("lt_tan", args),
        (Op::Asin, _) => function("lt_asin", args),
        (Op::Acos, _) => function("lt_acos", args),
        (Op::Atan, _) => function("lt_atan", args),
        _ => return None,
    })
}

/// Conversions from and to floats: what is out of range saturates, or is infinite.
fn convert_float(from: Prim, to: Prim, x: &Expr) -> Expr {
    match (from, to) {
        _ if from == to => x.clone(),
        (Prim::Float64, Prim::Float32) => function("lt_to_float32", [x.clone()]),
        _ if to.is_float() => cast(x, prim_type(to)),
        _ => function(format!("lt_to_{}", to.name().to_lowercase()), [cast(x, "DOUBLE")]),
    }
}

/// Between a primitive and what it frames: the same number, or the same bits.
fn reframe(from: Prim, to: Prim, x: &Expr) -> Expr {
    match (from, to) {
        _ if from == to => x.clone(),
        (Prim::Float32 | Prim::Float64, _) => function("lt_bits", [x.clone()]),
        (_, Prim::Float32 | Prim::Float64) => function("lt_of_bits", [x.clone()]),
        _ => number::convert(as_number(from), as_number(to), x),
    }
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
