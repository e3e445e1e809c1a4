//! Sums and means of many rows, which grow batch by batch.

use runner_core::{Prim, Repr, Result};

use crate::{
    budget::Budget,
    column::{Column, Vector},
    kernel::mismatch,
    plan::Prims,
    scalar::Fault,
};

/// A sum for each row. Integers are added exactly, and the sum must fit in the end.
pub(super) struct Sums {
    repr: Option<Repr>,
    /// How many there are in each sum, if means are wanted.
    pub(super) counts: Option<Vector<u64>>,
    pub(super) exact: Vector<i128>,
    pub(super) narrow: Vector<f32>,
    pub(super) wide: Vector<f64>,
}

impl Sums {
    pub(super) fn new(mean: bool, prims: Prims, rows: usize, budget: &Budget) -> Result<Self> {
        let mut sums = Self {
            repr: prims.first.map(Prim::repr),
            counts: mean.then(|| Vector::new(budget)).transpose()?,
            exact: Vector::new(budget)?,
            narrow: Vector::new(budget)?,
            wide: Vector::new(budget)?,
        };
        sums.resize(rows)?;
        Ok(sums)
    }

    /// Makes it as many sums.
    pub(super) fn resize(&mut self, rows: usize) -> Result<()> {
        if let Some(counts) = &mut self.counts {
            counts.resize(rows, 0)?;
        }
        match self.repr {
            Some(Repr::F32) => self.narrow.resize(rows, 0.0),
            Some(Repr::F64) => self.wide.resize(rows, 0.0),
            _ => self.exact.resize(rows, 0),
        }
    }

    /// Adds each value to the sum of its row.
    pub(super) fn add(&mut self, values: &Column, rows: &[u32], budget: &Budget) -> Result<()> {
        macro_rules! add {
            ($values:expr, $sums:expr, $as:ty) => {
                for (value, row) in $values.iter().zip(rows) {
                    if let Some(sum) = $sums.get_mut(*row as usize) {
                        *sum += <$as>::from(*value);
                    }
                }
            };
        }
        if let Some(counts) = &mut self.counts {
            for row in rows {
                if let Some(count) = counts.get_mut(*row as usize) {
                    *count += 1;
                }
            }
        }
        match values {
            Column::Empty => {}
            Column::I8(values) => add!(values, self.exact, i128),
            Column::I16(values) => add!(values, self.exact, i128),
            Column::I32(values) => add!(values, self.exact, i128),
            Column::I64(values) => add!(values, self.exact, i128),
            Column::U8(values) => add!(values, self.exact, i128),
            Column::U16(values) => add!(values, self.exact, i128),
            Column::U32(values) => add!(values, self.exact, i128),
            Column::U64(values) => add!(values, self.exact, i128),
            Column::F32(values) => add!(values, self.narrow, f32),
            Column::F64(values) => add!(values, self.wide, f64),
            _ => return Err(mismatch()),
        }
        budget.step(rows.len())
    }

    /// The sums, or the means.
    pub(super) fn finish(self, budget: &Budget) -> Result<Column> {
        let Self { repr, counts, exact, narrow, wide } = self;
        if let Some(counts) = counts {
            let sums = match repr {
                Some(Repr::F32) => budget.map(&narrow, |sum| f64::from(*sum))?,
                Some(Repr::F64) => wide.finish(),
                _ => budget.map(&exact, |sum| *sum as f64)?,
            };
            let mean = |sum: &f64, count: &u64| if *count == 0 { f64::NAN } else { sum / *count as f64 };
            return Ok(Column::F64(budget.zip(&sums, &counts, mean)?));
        }
        macro_rules! fit {
            ($variant:ident $int:ident) => {
                Column::$variant(budget.try_rows(exact.len(), |row| {
                    let sum = exact.get(row).copied().unwrap_or_default();
                    $int::try_from(sum).map_err(|_| Fault::Overflow("sum").into())
                })?)
            };
        }
        Ok(match repr {
            Some(Repr::I8) => fit!(I8 i8),
            Some(Repr::I16) => fit!(I16 i16),
            Some(Repr::I32) => fit!(I32 i32),
            Some(Repr::I64) => fit!(I64 i64),
            Some(Repr::U8) => fit!(U8 u8),
            Some(Repr::U16) => fit!(U16 u16),
            Some(Repr::U32) => fit!(U32 u32),
            Some(Repr::U64) => fit!(U64 u64),
            Some(Repr::F32) => Column::F32(narrow.finish()),
            Some(Repr::F64) => Column::F64(wide.finish()),
            _ => return Err(mismatch()),
        })
    }
}
