//! Operations that work row by row, over whole columns.

mod arithmetic;
mod cast;
mod compare;
mod date;
mod division;
mod float;
pub(crate) mod order;
pub(crate) mod table;
mod text;

use runner_core::{Error, Op, Result};

use crate::{
    budget::Budget,
    column::{Buffer, Column, Text},
    plan::Prims,
};

/// An argument: a value a row, or one value for all rows.
pub(crate) struct Operand {
    pub(crate) column: Column,
    pub(crate) constant: bool,
}

/// The values of an operand.
#[derive(Clone, Copy)]
pub(crate) enum Lane<'a, T> {
    One(T),
    Many(&'a [T]),
}

impl Operand {
    /// The value at a row of a buffer of this operand.
    #[inline]
    pub(crate) fn lane<'a, T: Copy + Default>(&self, buffer: &'a Buffer<T>) -> Lane<'a, T> {
        if self.constant {
            Lane::One(buffer.first().copied().unwrap_or_default())
        } else {
            Lane::Many(buffer)
        }
    }

    /// The row of the column that stands for a row.
    #[inline]
    pub(crate) fn row(&self, row: usize) -> usize {
        if self.constant { 0 } else { row }
    }

    /// The texts of this operand.
    pub(crate) fn text(&self) -> Result<&Text> {
        match &self.column {
            Column::Text(text) => Ok(text),
            _ => Err(mismatch()),
        }
    }
}

impl<T: Copy + Default> Lane<'_, T> {
    #[inline]
    pub(crate) fn get(&self, row: usize) -> T {
        match self {
            Self::One(value) => *value,
            Self::Many(values) => values.get(row).copied().unwrap_or_default(),
        }
    }
}

/// Applies an operation to `rows` rows, at least one. Where all operands are constant, `rows` is 1.
pub(crate) fn apply(op: Op, prims: Prims, args: &[Operand], rows: usize, budget: &Budget) -> Result<Column> {
    match (op, args) {
        (Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem | Op::Pow, [left, right]) => {
            arithmetic::binary(op, left, right, rows, budget)
        }
        (Op::Neg | Op::Abs, [value]) => arithmetic::unary(op, &value.column, budget),
        (Op::Not, [value]) => arithmetic::not(&value.column, budget),
        (
            Op::Sqrt
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
            [value],
        ) => float::unary(op, &value.column, budget),
        (Op::Cmp | Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte, [left, right]) => {
            compare::compare(op, left, right, rows, budget)
        }
        (Op::Cast, [value]) => cast::cast(&value.column, prims.result, budget),
        (Op::Wrap | Op::Unwrap, [value]) => cast::reinterpret(&value.column, prims.result, budget),
        (Op::ToText, [value]) => text::to_text(&value.column, prims.first, budget),
        (
            Op::Concat
            | Op::TextLength
            | Op::FromAscii
            | Op::Split
            | Op::StartsWith
            | Op::TextContains
            | Op::EndsWith
            | Op::Lower
            | Op::Upper
            | Op::Trim
            | Op::TrimStart
            | Op::TrimEnd
            | Op::Replace
            | Op::TextSlice,
            args,
        ) => text::apply(op, args, rows, budget),
        (
            Op::DateSub
            | Op::DateToYearMonthDay
            | Op::DateToTimestamp
            | Op::TimestampToDate
            | Op::TimestampSub
            | Op::TimeDiff
            | Op::TimeAdd
            | Op::TimeSub
            | Op::TimezoneOffset,
            args,
        ) => date::apply(op, args, rows, budget),
        _ => Err(mismatch()),
    }
}

/// Columns that are not of the types that validation promises: a defect.
#[cold]
pub(crate) fn mismatch() -> Error {
    Error::new(runner_core::Code::Internal, "an operation met a column that is not of its type")
}
