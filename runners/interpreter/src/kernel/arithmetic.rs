//! Checked integers and plain floats.
//!
//! Integer loops have no branch: each row's overflow goes into one flag that is looked at afterwards.

use alloc::vec::Vec;

use runner_core::{Error, Op, Result};

use super::{Lane, Operand, division::Divide, mismatch};
use crate::{
    column::Column,
    scalar::{Fault, Float, Int},
};

pub(super) fn binary(op: Op, left: &Operand, right: &Operand, rows: usize) -> Result<Column> {
    macro_rules! integers {
        ($($variant:ident $int:ident),*) => {
            match (&left.column, &right.column) {
                $((Column::$variant(a), Column::$variant(b)) => {
                    let (a, b) = (left.lane(a), right.lane(b));
                    let values = match op {
                        Op::Add => checked(a, b, rows, $int::overflowing_add),
                        Op::Sub => checked(a, b, rows, $int::overflowing_sub),
                        Op::Mul => checked(a, b, rows, $int::overflowing_mul),
                        Op::Div | Op::Rem => {
                            let zero = match b {
                                Lane::One(b) => b == 0,
                                Lane::Many(b) => b.contains(&0),
                            };
                            if zero {
                                return Err(Fault::DivisionByZero.into());
                            }
                            if op == Op::Div {
                                $int::quotients(a, b, rows)
                            } else {
                                Some($int::remainders(a, b, rows))
                            }
                        }
                        _ => return powers(op, left, right, rows),
                    };
                    match values {
                        Some(values) => Ok(Column::$variant(values.into())),
                        None => Err(overflow(op)),
                    }
                })*
                (Column::F32(a), Column::F32(b)) => {
                    let (a, b) = (left.lane(a), right.lane(b));
                    Ok(Column::F32(match op {
                        Op::Add => zip(a, b, rows, |a, b| a + b),
                        Op::Sub => zip(a, b, rows, |a, b| a - b),
                        Op::Mul => zip(a, b, rows, |a, b| a * b),
                        Op::Div => zip(a, b, rows, |a, b| a / b),
                        Op::Rem => zip(a, b, rows, |a, b| a % b),
                        _ => return Err(mismatch()),
                    }.into()))
                }
                (Column::F64(a), Column::F64(b)) => {
                    let (a, b) = (left.lane(a), right.lane(b));
                    Ok(Column::F64(match op {
                        Op::Add => zip(a, b, rows, |a, b| a + b),
                        Op::Sub => zip(a, b, rows, |a, b| a - b),
                        Op::Mul => zip(a, b, rows, |a, b| a * b),
                        Op::Div => zip(a, b, rows, |a, b| a / b),
                        Op::Rem => zip(a, b, rows, |a, b| a % b),
                        _ => return powers(op, left, right, rows),
                    }.into()))
                }
                _ => Err(mismatch()),
            }
        };
    }
    integers!(I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64)
}

fn powers(op: Op, left: &Operand, right: &Operand, rows: usize) -> Result<Column> {
    match (op, &left.column, &right.column) {
        (Op::Pow, Column::I64(a), Column::I64(b)) => {
            let (a, b) = (left.lane(a), right.lane(b));
            let values: Vec<i64> =
                (0..rows).map(|row| Int::pow(a.get(row), b.get(row))).collect::<Result<_, Fault>>()?;
            Ok(Column::I64(values.into()))
        }
        (Op::Pow, Column::F64(a), Column::F64(b)) => {
            Ok(Column::F64(zip(left.lane(a), right.lane(b), rows, Float::pow).into()))
        }
        _ => Err(mismatch()),
    }
}

pub(super) fn unary(op: Op, value: &Column) -> Result<Column> {
    macro_rules! signed {
        ($variant:ident $int:ident $values:ident) => {{
            let mut over = false;
            let least = $values.iter().fold(0, |least, value| least.min(*value));
            over |= least == $int::MIN;
            if over {
                return Err(overflow(op));
            }
            let values = $values.iter();
            Column::$variant(if op == Op::Neg {
                values.map(|value| value.wrapping_neg()).collect()
            } else {
                values.map(|value| value.wrapping_abs()).collect()
            })
        }};
    }
    macro_rules! float {
        ($variant:ident $values:ident) => {{
            let values = $values.iter();
            Column::$variant(if op == Op::Neg {
                values.map(|value| -*value).collect()
            } else {
                values.map(|value| Float::abs(*value)).collect()
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

pub(super) fn not(value: &Column) -> Result<Column> {
    match value {
        Column::Bool(values) => Ok(Column::Bool(values.iter().map(|value| !value).collect())),
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
) -> Vec<R> {
    match (a, b) {
        (Lane::Many(a), Lane::Many(b)) => a.iter().zip(b).map(|(a, b)| f(*a, *b)).collect(),
        (Lane::Many(a), Lane::One(b)) => a.iter().map(|a| f(*a, b)).collect(),
        (Lane::One(a), Lane::Many(b)) => b.iter().map(|b| f(a, *b)).collect(),
        (Lane::One(a), Lane::One(b)) => alloc::vec![f(a, b); rows],
    }
}

#[inline]
pub(super) fn checked<T: Copy>(
    a: Lane<'_, T>,
    b: Lane<'_, T>,
    rows: usize,
    f: impl Fn(T, T) -> (T, bool),
) -> Option<Vec<T>> {
    let over = core::cell::Cell::new(false);
    let values = zip(a, b, rows, |a, b| {
        let (value, overflows) = f(a, b);
        over.set(over.get() | overflows);
        value
    });
    if over.get() { None } else { Some(values) }
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
