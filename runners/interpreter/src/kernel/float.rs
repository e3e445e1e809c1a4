use runner_core::{Op, Result};

use super::mismatch;
use crate::{
    budget::Budget,
    column::{Buffer, Column},
    scalar::Float,
};

/// A function of floats.
pub(super) fn unary(op: Op, value: &Column, budget: &Budget) -> Result<Column> {
    Ok(match value {
        Column::F32(values) => Column::F32(all(op, values, budget)?),
        Column::F64(values) => Column::F64(all(op, values, budget)?),
        _ => return Err(mismatch()),
    })
}

fn all<T: Float>(op: Op, values: &[T], budget: &Budget) -> Result<Buffer<T>> {
    let function = match op {
        Op::Sqrt => T::sqrt,
        Op::Exp => T::exp,
        Op::Ln => T::ln,
        Op::Log10 => T::log10,
        Op::Floor => T::floor,
        Op::Ceil => T::ceil,
        Op::Round => T::round,
        Op::Sin => T::sin,
        Op::Cos => T::cos,
        Op::Tan => T::tan,
        Op::Asin => T::asin,
        Op::Acos => T::acos,
        Op::Atan => T::atan,
        _ => return Err(mismatch()),
    };
    budget.map(values, |value| function(*value))
}
