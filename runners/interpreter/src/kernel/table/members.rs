//! Which values occur among others.

use runner_core::Result;

use super::{
    Classes, Seed,
    buckets::{Buckets, Work},
    equal_rows,
};
use crate::{
    budget::Budget,
    column::{Column, Vector},
};

/// Values to look for.
pub(crate) struct Members(Values);

enum Values {
    /// A bit for each integer from the least value to the greatest.
    Bits {
        least: i64,
        bits: Vector<u64>,
    },
    Hashed {
        keys: Column,
        first: Vector<u32>,
        buckets: Buckets,
    },
}

/// Bits for each value up to which there is one for every integer in between.
const SPREAD: usize = 256;

impl Members {
    /// # Errors
    /// Those of the budget.
    pub(crate) fn new(keys: &Column, seed: &Seed, budget: &Budget) -> Result<Self> {
        if let Some(members) = Self::bits(keys, budget)? {
            return Ok(members);
        }
        let mut buckets = Buckets::with_capacity(0, budget)?;
        let all = core::iter::once((0, keys.len()));
        let classes = Classes::within(keys, all, seed, budget, &mut buckets)?;
        Ok(Self(Values::Hashed { keys: keys.clone(), first: classes.first, buckets }))
    }

    fn bits(keys: &Column, budget: &Budget) -> Result<Option<Self>> {
        macro_rules! integers {
            ($($variant:ident)*) => {
                match keys {
                    $(Column::$variant(values) => {
                        let values = || values.iter().map(|value| i64::from(*value));
                        let (Some(least), Some(most)) = (values().min(), values().max()) else { return Ok(None) };
                        let Ok(range) = usize::try_from(most.abs_diff(least)) else { return Ok(None) };
                        if range / SPREAD > keys.len() {
                            return Ok(None);
                        }
                        let mut bits = Vector::filled(0u64, range / 64 + 1, budget)?;
                        for value in values() {
                            let bit = value.abs_diff(least);
                            if let Some(word) = bits.get_mut((bit / 64) as usize) {
                                *word |= 1 << (bit % 64);
                            }
                            budget.work(1)?;
                        }
                        Ok(Some(Self(Values::Bits { least, bits })))
                    })*
                    _ => Ok(None),
                }
            };
        }
        integers!(I8 I16 I32 I64 U8 U16 U32)
    }

    /// The rows of `probes`, a column of the same type, that are among the values.
    ///
    /// # Errors
    /// Those of the budget.
    pub(crate) fn rows(&self, probes: &Column, seed: &Seed, budget: &Budget) -> Result<Vector<u32>> {
        let mut rows = Vector::filled(0u32, probes.len(), budget)?;
        let mut count = 0;
        // Without a branch, which would be mispredicted.
        let mut put = |row: u32, is_member: bool| {
            if let Some(slot) = rows.get_mut(count) {
                *slot = row;
            }
            count += usize::from(is_member);
        };
        match &self.0 {
            Values::Bits { least, bits } => {
                macro_rules! integers {
                    ($($variant:ident)*) => {
                        match probes {
                            $(Column::$variant(values) => {
                                for (row, value) in (0..).zip(values.iter()) {
                                    let bit = i64::from(*value).wrapping_sub(*least).cast_unsigned();
                                    let word = bits.get((bit / 64) as usize).copied().unwrap_or_default();
                                    put(row, word >> (bit % 64) & 1 == 1);
                                }
                                budget.step(values.len())?;
                            })*
                            _ => {}
                        }
                    };
                }
                integers!(I8 I16 I32 I64 U8 U16 U32);
            }
            Values::Hashed { keys, first, buckets } => {
                let hashes = seed.hash(probes, budget)?;
                let mut work = Work::new(budget);
                for (row, hash) in (0u32..).zip(hashes.iter()) {
                    work.row()?;
                    let same = |class: u32, work: &mut Work<'_>| {
                        let first = first.get(class as usize);
                        first.is_some_and(|first| {
                            equal_rows(keys, *first as usize, probes, row as usize, work)
                        })
                    };
                    put(row, buckets.find(*hash, &mut work, same).is_some());
                }
                work.finish()?;
            }
        }
        rows.truncate(count);
        Ok(rows)
    }
}
