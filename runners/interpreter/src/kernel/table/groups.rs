//! Classes of rows that come batch by batch.

use runner_core::Result;

use super::{
    Seed,
    buckets::{Buckets, Work},
    equal_rows,
};
use crate::{
    budget::Budget,
    column::{Buffer, Column, Vector},
};

/// The classes of all rows so far, numbered in order of first appearance.
pub(crate) struct Groups {
    buckets: Buckets,
    /// The first rows of classes, of each batch that had some.
    keys: Vector<Column>,
    /// For each class its batch and its row there.
    places: Vector<(u32, u32)>,
}

/// Rows of a batch that are remembered, by their hash.
const RECENT: usize = 64;

impl Groups {
    /// # Errors
    /// Those of the budget.
    pub(crate) fn new(budget: &Budget) -> Result<Self> {
        Ok(Self { buckets: Buckets::new(budget)?, keys: Vector::new(budget)?, places: Vector::new(budget)? })
    }

    /// Number of classes.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The classes of more rows.
    ///
    /// # Errors
    /// Those of the budget.
    pub(crate) fn add(&mut self, keys: &Column, seed: &Seed, budget: &Budget) -> Result<Buffer<u32>> {
        let hashes = seed.hash(keys, budget)?;
        let mut work = Work::new(budget);
        let mut classes = Vector::with_capacity(keys.len(), budget)?;
        let mut fresh = Vector::new(budget)?;
        let batch = self.keys.len() as u32;
        let mut recent = [None; RECENT];
        for (row, hash) in hashes.iter().enumerate() {
            work.row()?;
            // Rows of a class often follow each other, or there are few classes; rows of one batch are soon compared.
            let slot = recent.get_mut((*hash % RECENT as u64) as usize);
            if let Some(Some((other, first, class))) = slot.as_deref()
                && other == hash
                && equal_rows(keys, *first, keys, row, &mut work)
            {
                classes.push(*class)?;
                continue;
            }
            let same = |class: u32, work: &mut Work<'_>| {
                let Some((of, place)) = self.places.get(class as usize) else { return false };
                match self.keys.get(*of as usize) {
                    Some(known) => equal_rows(known, *place as usize, keys, row, work),
                    None => {
                        let first = fresh.get(*place as usize).copied().unwrap_or(0u32);
                        equal_rows(keys, first as usize, keys, row, work)
                    }
                }
            };
            let class = match self.buckets.find(*hash, &mut work, same) {
                Some(class) => class,
                None => {
                    let class = crate::column::row_count(self.places.len())?;
                    self.buckets.insert(*hash, class, &mut work)?;
                    self.places.push((batch, fresh.len() as u32))?;
                    fresh.push(row as u32)?;
                    class
                }
            };
            if let Some(slot) = slot {
                *slot = Some((*hash, row, class));
            }
            classes.push(class)?;
        }
        work.finish()?;
        if !fresh.is_empty() {
            self.keys.push(keys.gather(&fresh, budget)?)?;
        }
        Ok(classes.finish())
    }

    /// The keys of all classes.
    ///
    /// # Errors
    /// Those of the budget.
    pub(crate) fn into_keys(self, budget: &Budget) -> Result<Column> {
        Column::concat(&self.keys, budget)
    }
}
