//! Integers by their distance from the least of them, which need no hash where they lie close together.

use runner_core::Result;

use crate::{
    budget::Budget,
    column::{Column, Vector},
    limits::BATCH,
};

/// The least of some integers, and how far the greatest is from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) least: i64,
    pub(super) length: usize,
}

/// Classes of integers that lie close together.
pub(super) struct Direct {
    span: Span,
    /// For each distance the number of its class and one; 0 if there is none.
    classes: Vector<u32>,
}

/// Distances for each row up to which a class is looked up by its distance: as many bytes as a hash table has, or a few
/// times more.
const SPREAD: usize = 8;

/// Does something with the values of a column of integers that 64 bits with a sign hold, as such.
macro_rules! integers {
    ($column:expr, ($values:ident, $wide:ident) => $body:expr, $other:expr) => {
        match $column {
            Column::I8($values) => {
                let $wide = |value: &i8| i64::from(*value);
                $body
            }
            Column::I16($values) => {
                let $wide = |value: &i16| i64::from(*value);
                $body
            }
            Column::I32($values) => {
                let $wide = |value: &i32| i64::from(*value);
                $body
            }
            Column::I64($values) => {
                let $wide = |value: &i64| *value;
                $body
            }
            Column::U8($values) => {
                let $wide = |value: &u8| i64::from(*value);
                $body
            }
            Column::U16($values) => {
                let $wide = |value: &u16| i64::from(*value);
                $body
            }
            Column::U32($values) => {
                let $wide = |value: &u32| i64::from(*value);
                $body
            }
            _ => $other,
        }
    };
}

impl Span {
    /// The span of a column; `None` if it has none, or no integers that 63 bits hold.
    pub(super) fn of(column: &Column, budget: &Budget) -> Result<Option<Self>> {
        integers!(column, (values, wide) => {
            let (mut least, mut most) = (i64::MAX, i64::MIN);
            for values in values.chunks(BATCH) {
                for value in values {
                    least = least.min(wide(value));
                    most = most.max(wide(value));
                }
                budget.work(values.len())?;
            }
            let length = usize::try_from(most.abs_diff(least)).ok();
            Ok(length.filter(|_| !values.is_empty()).map(|length| Self { least, length }))
        }, Ok(None))
    }

    /// Calls `each` with the distance of each row from the least integer, which may lie beyond the span.
    #[inline]
    pub(super) fn distances(
        self,
        column: &Column,
        budget: &Budget,
        mut each: impl FnMut(usize, usize) -> Result<()>,
    ) -> Result<()> {
        integers!(column, (values, wide) => {
            for (batch, values) in values.chunks(BATCH).enumerate() {
                for (row, value) in (batch * BATCH..).zip(values) {
                    let distance = wide(value).wrapping_sub(self.least).cast_unsigned();
                    each(row, usize::try_from(distance).unwrap_or(usize::MAX))?;
                }
                budget.step(values.len())?;
            }
            Ok(())
        }, Ok(()))
    }
}

impl Direct {
    /// A table for the rows of a column, with the class of each row and the first row of each class; `None` if its
    /// values are no integers, or lie too far apart.
    pub(super) fn new(column: &Column, budget: &Budget) -> Result<Option<(Self, super::Classes)>> {
        let Some(span) = Span::of(column, budget)? else { return Ok(None) };
        if span.length / SPREAD > column.len() {
            return Ok(None);
        }
        let mut classes = Vector::filled(0u32, span.length + 1, budget)?;
        let mut of_row = Vector::with_capacity(column.len(), budget)?;
        let mut first = Vector::new(budget)?;
        span.distances(column, budget, |row, distance| {
            let Some(class) = classes.get_mut(distance) else { return Ok(()) };
            if *class == 0 {
                first.push(row as u32)?;
                *class = first.len() as u32;
            }
            of_row.push(*class - 1)
        })?;
        Ok(Some((Self { span, classes }, super::Classes { of_row, first })))
    }

    /// Calls `found` with each row of a column of the same type and its class.
    #[inline]
    pub(super) fn look_up(
        &self,
        column: &Column,
        budget: &Budget,
        mut found: impl FnMut(usize, Option<u32>) -> Result<()>,
    ) -> Result<()> {
        self.span.distances(column, budget, |row, distance| {
            let class = self.classes.get(distance).copied().unwrap_or_default();
            found(row, class.checked_sub(1))
        })
    }
}
