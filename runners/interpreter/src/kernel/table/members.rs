//! Which values occur among others.

use runner_core::Result;

use super::{
    Classes, Seed,
    buckets::{Buckets, Work},
    equal_rows,
    integers::Span,
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
        span: Span,
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
        let Some(span) = Span::of(keys, budget)?.filter(|span| span.length / SPREAD <= keys.len()) else {
            return Ok(None);
        };
        let mut bits = Vector::filled(0u64, span.length / 64 + 1, budget)?;
        span.distances(keys, budget, |_, distance| {
            if let Some(word) = bits.get_mut(distance / 64) {
                *word |= 1 << (distance % 64);
            }
            Ok(())
        })?;
        Ok(Some(Self(Values::Bits { span, bits })))
    }

    /// The least and the greatest value, if they are known to be integers.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        match &self.0 {
            Values::Bits { span, .. } => {
                Some((span.least, span.least.checked_add(i64::try_from(span.length).ok()?)?))
            }
            Values::Hashed { .. } => None,
        }
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
            Values::Bits { span, bits } => span.distances(probes, budget, |row, distance| {
                let word = bits.get(distance / 64).copied().unwrap_or_default();
                put(row as u32, word >> (distance % 64) & 1 == 1);
                Ok(())
            })?,
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
