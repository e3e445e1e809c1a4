//! Classes by their hash: a table that asks a budget for its memory and counts what it compares.

use hashbrown::HashTable;
use runner_core::Result;

use crate::{
    budget::{Budget, Charge},
    limits::BATCH,
};

/// Numbers of classes by the hash of their rows.
pub(super) struct Buckets {
    table: HashTable<(u64, u32)>,
    charge: Charge,
}

/// What a table has done since the budget was last asked.
pub(super) struct Work<'b> {
    budget: &'b Budget,
    steps: usize,
}

/// A table this many times larger than what comes is given up: emptying it would take longer than to fill it.
const ROOMY: usize = 8;

/// Classes that are moved to a larger table without a check of the budget, which takes a few milliseconds.
const QUICK: usize = 1 << 18;

/// Bytes of a bucket: an entry and its control byte.
const BUCKET_BYTES: usize = size_of::<(u64, u32)>() + 1;

impl Buckets {
    pub(super) fn new(budget: &Budget) -> Result<Self> {
        Self::with_capacity(0, budget)
    }

    /// With room for this many classes.
    pub(super) fn with_capacity(capacity: usize, budget: &Budget) -> Result<Self> {
        let charge = budget.charge(bytes(capacity))?;
        Ok(Self { table: HashTable::with_capacity(capacity), charge })
    }

    /// Empties the table for this many rows.
    pub(super) fn clear(&mut self, rows: usize) {
        if self.table.capacity() / ROOMY > rows.max(ROOMY) {
            self.table = HashTable::new();
            self.charge.release(usize::MAX);
        } else {
            self.table.clear();
        }
    }

    /// The class of this hash that `is_equal` holds for.
    #[inline]
    pub(super) fn find(
        &self,
        hash: u64,
        work: &mut Work<'_>,
        mut is_equal: impl FnMut(u32, &mut Work<'_>) -> bool,
    ) -> Option<u32> {
        let same = |(other, class): &(u64, u32)| {
            let found = *other == hash && is_equal(*class, work);
            work.steps += usize::from(!found);
            found
        };
        self.table.find(hash, same).map(|(_, class)| *class)
    }

    /// Adds a class.
    ///
    /// # Errors
    /// Those of the budget.
    #[inline]
    pub(super) fn insert(&mut self, hash: u64, class: u32, work: &mut Work<'_>) -> Result<()> {
        if self.table.len() == self.table.capacity() {
            self.grow(work)?;
        }
        self.table.insert_unique(hash, (hash, class), |(hash, _)| *hash);
        Ok(())
    }

    /// Makes room for twice as many.
    #[cold]
    fn grow(&mut self, work: &mut Work<'_>) -> Result<()> {
        let capacity = (self.table.capacity() * 2).max(ROOMY);
        let mut charge = work.budget.charge(bytes(capacity))?;
        if capacity <= QUICK {
            self.table.reserve(capacity - self.table.len(), |(hash, _)| *hash);
        } else {
            let mut table = HashTable::with_capacity(capacity);
            for (moved, (hash, class)) in self.table.drain().enumerate() {
                if moved % BATCH == 0 {
                    work.budget.check()?;
                }
                table.insert_unique(hash, (hash, class), |(hash, _)| *hash);
            }
            self.table = table;
        }
        core::mem::swap(&mut self.charge, &mut charge);
        Ok(())
    }
}

/// Bytes of a table with room for this many classes, as hashbrown has them.
fn bytes(capacity: usize) -> usize {
    match capacity {
        0 => 0,
        _ => (capacity * 8 / 7).next_power_of_two() * BUCKET_BYTES,
    }
}

impl<'b> Work<'b> {
    pub(super) fn new(budget: &'b Budget) -> Self {
        Self { budget, steps: 0 }
    }

    pub(super) fn budget(&self) -> &'b Budget {
        self.budget
    }

    /// Counts steps that are too many to be looked at one by one.
    #[inline]
    pub(super) fn add(&mut self, steps: usize) {
        self.steps = self.steps.saturating_add(steps);
    }

    /// Counts a row, and asks the budget once there are enough.
    #[inline]
    pub(super) fn row(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps >= BATCH { self.finish() } else { Ok(()) }
    }

    /// Hands what has been counted to the budget.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.budget.step(core::mem::take(&mut self.steps))
    }
}
