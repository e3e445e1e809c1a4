//! Floats. PostgreSQL fails where IEEE 754 gives infinity, zero or NaN. A statement has either its own operators, which are
//! right unless they fail, or helpers that guard them.

use runner_core::{Op, Prim};

use super::{Floats, prim_type};
use crate::tree::{
    Expr,
    expr::{binary, call, cast, helper, number, template},
};

/// Arithmetic and functions of floats. Those of `Float32` are computed in 64 bits and rounded, which is exact for
/// `+ - * /`.
pub(super) fn arithmetic(floats: Floats, op: Op, prim: Prim, args: &[Expr]) -> Option<Expr> {
    match (op, args) {
        (Op::Neg, [x]) => return Some(template("(- {})", [x])),
        (Op::Abs, _) => return Some(call("abs", args)),
        (Op::Floor, [x]) => return Some(rounded("floor", prim, x)),
        (Op::Ceil, [x]) => return Some(rounded("ceil", prim, x)),
        (_, [a, b]) if floats == Floats::Plain => {
            if let Some(operator) = operator(op) {
                return Some(binary(operator, a, b));
            }
        }
        (_, [x]) if floats == Floats::Plain && prim == Prim::Float64 => {
            if let Some(function) = plain_function(op) {
                return Some(call(function, [x.clone()]));
            }
        }
        _ => {}
    }
    let args: Vec<_> = args.iter().map(|x| wide(prim, x)).collect();
    let value = helper(function(op)?, args);
    Some(if prim == Prim::Float32 { helper("to_float4", [value]) } else { value })
}

/// Conversions from and to floats.
pub(super) fn convert(from: Prim, to: Prim, x: &Expr) -> Expr {
    let wide = wide(from, x);
    let within = |least: i64, most: i64| {
        cast(&helper("to_int", [wide.clone(), number(least), number(most)]), prim_type(to))
    };
    match (from, to) {
        (Prim::Float64, Prim::Float32) => helper("to_float4", [x.clone()]),
        (_, Prim::Float32 | Prim::Float64) => cast(x, prim_type(to)),
        (_, Prim::Int8) => within(i8::MIN.into(), i8::MAX.into()),
        (_, Prim::Int16) => within(i16::MIN.into(), i16::MAX.into()),
        (_, Prim::Int32) => within(i32::MIN.into(), i32::MAX.into()),
        (_, Prim::Uint8) => within(0, u8::MAX.into()),
        (_, Prim::Uint16) => within(0, u16::MAX.into()),
        (_, Prim::Uint32) => within(0, u32::MAX.into()),
        (_, Prim::Uint64) => helper("to_uint64", [wide]),
        _ => helper("to_int64", [wide]),
    }
}

fn wide(prim: Prim, x: &Expr) -> Expr {
    if prim == Prim::Float32 { cast(x, "float8") } else { x.clone() }
}

fn rounded(function: &'static str, prim: Prim, x: &Expr) -> Expr {
    let value = call(function, [wide(prim, x)]);
    if prim == Prim::Float32 { cast(&value, "float4") } else { value }
}

/// PostgreSQL has these in both widths.
fn operator(op: Op) -> Option<&'static str> {
    Some(match op {
        Op::Add => "+",
        Op::Sub => "-",
        Op::Mul => "*",
        Op::Div => "/",
        _ => return None,
    })
}

/// PostgreSQL's own, where it means the same. Its `round` rounds halves to even.
fn plain_function(op: Op) -> Option<&'static str> {
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

/// Helpers.
fn function(op: Op) -> Option<&'static str> {
    Some(match op {
        Op::Add => "float_add",
        Op::Sub => "float_sub",
        Op::Mul => "float_mul",
        Op::Div => "float_div",
        Op::Rem => "float_rem",
        Op::Pow => "float_pow",
        Op::Sqrt => "float_sqrt",
        Op::Exp => "float_exp",
        Op::Ln => "float_ln",
        Op::Log10 => "float_log10",
        Op::Round => "float_round",
        Op::Sin => "float_sin",
        Op::Cos => "float_cos",
        Op::Tan => "float_tan",
        Op::Asin => "float_asin",
        Op::Acos => "float_acos",
        Op::Atan => "float_atan",
        _ => return None,
    })
}
