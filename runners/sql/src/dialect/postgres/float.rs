//! Floats. PostgreSQL fails where IEEE 754 gives infinity or zero, so helpers guard its operators.

use runner_core::{Op, Prim};

use super::prim_type;
use crate::sql::Sql;

/// Arithmetic and functions of floats; `Float32` is computed in 64 bits and rounded, which is exact for `+ - * /`.
pub(super) fn arithmetic(op: Op, prim: Prim, args: &[Sql]) -> Option<String> {
    let wide = |x: &Sql| if prim == Prim::Float32 { format!("{x}::float8") } else { x.text().to_owned() };
    let text = match (op, args) {
        (Op::Neg, [x]) => return Some(format!("(- {x})")),
        (Op::Abs, [x]) => return Some(format!("abs({x})")),
        (Op::Floor, [x]) => return Some(round("floor", prim, x)),
        (Op::Ceil, [x]) => return Some(round("ceil", prim, x)),
        (_, [a, b]) => format!("pg_temp.float_{}({}, {})", binary(op)?, wide(a), wide(b)),
        (_, [x]) => format!("pg_temp.float_{}({})", unary(op)?, wide(x)),
        _ => return None,
    };
    Some(if prim == Prim::Float32 { format!("pg_temp.to_float4({text})") } else { text })
}

/// Conversions from and to floats.
pub(super) fn cast(from: Prim, to: Prim, x: &Sql) -> String {
    match (from, to) {
        (Prim::Float64, Prim::Float32) => format!("pg_temp.to_float4({x})"),
        _ if to.is_float() => format!("{x}::{}", prim_type(to)),
        _ => {
            let wide = if from == Prim::Float32 { format!("{x}::float8") } else { x.text().to_owned() };
            let (least, most) = match to {
                Prim::Int8 => ("-128", "127"),
                Prim::Int16 => ("-32768", "32767"),
                Prim::Int32 => ("-2147483648", "2147483647"),
                Prim::Uint8 => ("0", "255"),
                Prim::Uint16 => ("0", "65535"),
                Prim::Uint32 => ("0", "4294967295"),
                Prim::Uint64 => return format!("pg_temp.to_uint64({wide})"),
                _ => return format!("pg_temp.to_int64({wide})"),
            };
            format!("pg_temp.to_int({wide}, {least}, {most})::{}", prim_type(to))
        }
    }
}

fn round(function: &str, prim: Prim, x: &Sql) -> String {
    if prim == Prim::Float32 {
        format!("{function}({x}::float8)::float4")
    } else {
        format!("{function}({x})")
    }
}

fn binary(op: Op) -> Option<&'static str> {
    Some(match op {
        Op::Add => "add",
        Op::Sub => "sub",
        Op::Mul => "mul",
        Op::Div => "div",
        Op::Rem => "rem",
        Op::Pow => "pow",
        _ => return None,
    })
}

fn unary(op: Op) -> Option<&'static str> {
    Some(match op {
        Op::Sqrt => "sqrt",
        Op::Exp => "exp",
        Op::Ln => "ln",
        Op::Log10 => "log10",
        Op::Round => "round",
        Op::Sin => "sin",
        Op::Cos => "cos",
        Op::Tan => "tan",
        Op::Asin => "asin",
        Op::Acos => "acos",
        Op::Atan => "atan",
        _ => return None,
    })
}
