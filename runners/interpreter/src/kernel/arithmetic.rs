//! Checked integers and plain floats.
//!
//! Integer loops have no branch: each row's overflow goes into one flag that is looked at afterwards.

use runner_core::{Error, Op, Result};

use super::{Lane, Operand, division::Divide, mismatch};
use crate::{
    budget::Budget,
    column::{Buffer, Column},
    limits::CHECKED_ROWS,
    scalar::{Fault, Float, Int},
};

pub(super) fn binary(
    op: Op,
    left: &Operand,
    right: &Operand,
    rows: usize,
    budget: &Budget,
) -> Result<Column> {
    macro_rules! integers {
        ($($variant:ident $int:ident),*) => {
            match (&left.column, &right.column) {
                $((Column::$variant(a), Column::$variant(b)) => {
                    let (a, b) = (left.lane(a), right.lane(b));
                    let values = match op {
                        Op::Add => checked(a, b, rows, $int::overflowing_add, budget)?,
                        Op::Sub => checked(a, b, rows, $int::overflowing_sub, budget)?,
                        Op::Mul => checked(a, b, rows, $int::overflowing_mul, budget)?,
                        Op::Div | Op::Rem => {
                            let zero = match b {
                                Lane::One(b) => b == 0,
                                Lane::Many(b) => b.contains(&0),
                            };
                            if zero {
                                return Err(Fault::DivisionByZero.into());
                            }
                            if op == Op::Div {
                                $int::quotients(a, b, rows, budget)?
                            } else {
                                Some($int::remainders(a, b, rows, budget)?)
                            }
                        }
                        _ => return powers(op, left, right, rows, budget),
                    };
                    match values {
                        Some(values) => Ok(Column::$variant(values)),
                        None => Err(overflow(op)),
                    }
                })*
                (Column::F32(a), Column::F32(b)) => {
                    let (a, b) = (left.lane(a), right.lane(b));
                    Ok(Column::F32(match op {
                        Op::Add => zip(a, b, rows, |a, b| a + b, budget)?,
                        Op::Sub => zip(a, b, rows, |a, b| a - b, budget)?,
                        Op::Mul => zip(a, b, rows, |a, b| a * b, budget)?,
                        Op::Div => zip(a, b, rows, |a, b| a / b, budget)?,
                        Op::Rem => zip(a, b, rows, |a, b| a % b, budget)?,
                        _ => return Err(mismatch()),
                    }))
                }
                (Column::F64(a), Column::F64(b)) => {
                    let (a, b) = (left.lane(a), right.lane(b));
                    Ok(Column::F64(match op {
                        Op::Add => zip(a, b, rows, |a, b| a + b, budget)?,
                        Op::Sub => zip(a, b, rows, |a, b| a - b, budget)?,
                        Op::Mul => zip(a, b, rows, |a, b| a * b, budget)?,
                        Op::Div => zip(a, b, rows, |a, b| a / b, budget)?,
                        Op::Rem => zip(a, b, rows, |a, b| a % b, budget)?,
                        _ => return powers(op, left, right, rows, budget),
                    }))
                }
                _ => Err(mismatch()),
            }
        };
    }
    integers!(I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64)
}

fn powers(op: Op, left: &Operand, right: &Operand, rows: usize, budget: &Budget) -> Result<Column> {
    match (op, &left.column, &right.column) {
        (Op::Pow, Column::I64(a), Column::I64(b)) => {
            let (a, b) = (left.lane(a), right.lane(b));
            Ok(Column::I64(budget.try_rows(rows, |row| Ok(Int::pow(a.get(row), b.get(row))?))?))
        }
        (Op::Pow, Column::F64(a), Column::F64(b)) => {
            Ok(Column::F64(zip(left.lane(a), right.lane(b), rows, Float::pow, budget)?))
        }
        _ => Err(mismatch()),
    }
}

pub(super) fn unary(op: Op, value: &Column, budget: &Budget) -> Result<Column> {
    macro_rules! signed {
        ($variant:ident $int:ident $values:ident) => {{
            let mut over = false;
            for chunk in $values.chunks(CHECKED_ROWS) {
                let least = chunk.iter().fold(0, |least, value| least.min(*value));
                over |= least == $int::MIN;
                budget.work(chunk.len())?;
            }
            if over {
                return Err(overflow(op));
            }
            Column::$variant(if op == Op::Neg {
                budget.map($values, |value| value.wrapping_neg())?
            } else {
                budget.map($values, |value| value.wrapping_abs())?
            })
        }};
    }
    macro_rules! float {
        ($variant:ident $values:ident) => {{
            Column::$variant(if op == Op::Neg {
                budget.map($values, |value| -*value)?
            } else {
                budget.map($values, |value| Float::abs(*value))?
            })
        }};
    }
    Ok(match value {
        Column::I8(values) => signed!(I8 i8 values),
        Column::I16(values) => signed!(I16 i16 values),
        Column::I32(values) => signed!(I32 i32 values),
        Column::I64(values) => signed!(I64 i64 values),
        Column::F32(values) => float!(F32 values),
        Column::F64(values) => float!(F64 values),
        Column::U8(_) | Column::U16(_) | Column::U32(_) | Column::U64(_) if op == Op::Abs => value.clone(),
        _ => return Err(mismatch()),
    })
}

pub(super) fn not(value: &Column, budget: &Budget) -> Result<Column> {
    match value {
        Column::Bool(values) => Ok(Column::Bool(budget.map(values, |value| !value)?)),
        _ => Err(mismatch()),
    }
}

/// Row by row; `rows` counts only where both are constant.
#[inline]
pub(super) fn zip<T: Copy, R: Clone>(
    a: Lane<'_, T>,
    b: Lane<'_, T>,
    rows: usize,
    f: impl Fn(T, T) -> R,
    budget: &Budget,
) -> Result<Buffer<R>> {
    match (a, b) {
        (Lane::Many(a), Lane::Many(b)) => budget.zip(a, b, |a, b| f(*a, *b)),
        (Lane::Many(a), Lane::One(b)) => budget.map(a, |a| f(*a, b)),
        (Lane::One(a), Lane::Many(b)) => budget.map(b, |b| f(a, *b)),
        (Lane::One(a), Lane::One(b)) => budget.filled(f(a, b), rows),
    }
}

#[inline]
pub(super) fn checked<T: Copy>(
    a: Lane<'_, T>,
    b: Lane<'_, T>,
    rows: usize,
    f: impl Fn(T, T) -> (T, bool),
    budget: &Budget,
) -> Result<Option<Buffer<T>>> {
    let over = core::cell::Cell::new(false);
    let wrapping = |a, b| {
        let (value, overflows) = f(a, b);
        over.set(over.get() | overflows);
        value
    };
    let values = zip(a, b, rows, wrapping, budget)?;
    Ok(if over.get() { None } else { Some(values) })
}

fn overflow(op: Op) -> Error {
    Fault::Overflow(match op {
        Op::Add => "+",
        Op::Sub => "-",
        Op::Mul => "*",
        Op::Div => "/",
        Op::Neg => "neg",
        _ => "abs",
    })
    .into()
}
