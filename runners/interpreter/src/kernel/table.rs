//! Hash tables over the rows of a column, for `group`, `distinct`, `contains` and joins.
//!
//! Rows are hashed with a seed of the execution. What a table compares counts as steps, and it asks the budget for its
//! memory before it takes it.

mod buckets;
mod groups;
mod hash;
mod integers;
mod members;

use runner_core::Result;

use self::{
    buckets::{Buckets, Work},
    hash::Hashes,
    integers::Direct,
};
pub(crate) use self::{groups::Groups, hash::Seed, members::Members};
use super::order::compare_rows;
use crate::{
    budget::Budget,
    column::{Buffer, Column, Vector},
    limits::BATCH,
};

/// Which rows are equal.
pub(crate) struct Classes {
    /// For each row the number of its class; classes are numbered in order of first appearance.
    pub(crate) of_row: Vector<u32>,
    /// For each class its first row.
    pub(crate) first: Vector<u32>,
}

/// Rows by their value.
pub(crate) struct Index {
    classes: Lookup,
    /// The rows of class `i` are `rows[offsets[i]..offsets[i + 1]]`.
    offsets: Vector<u32>,
    rows: Vector<u32>,
}

/// Classes by their value.
enum Lookup {
    Direct(Direct),
    /// By the first row of each.
    Hashed {
        keys: Column,
        buckets: Buckets,
    },
}

impl Classes {
    /// Classes within each segment: rows of two segments are never of one class.
    ///
    /// # Errors
    /// Those of the budget.
    pub(crate) fn new(
        keys: &Column,
        segments: impl Iterator<Item = (usize, usize)>,
        seed: &Seed,
        budget: &Budget,
    ) -> Result<Self> {
        Self::within(keys, segments, seed, budget, &mut Buckets::new(budget)?)
    }

    fn within(
        keys: &Column,
        segments: impl Iterator<Item = (usize, usize)>,
        seed: &Seed,
        budget: &Budget,
        buckets: &mut Buckets,
    ) -> Result<Self> {
        let hashes = seed.hash(keys, budget)?;
        let mut classes =
            Self { of_row: Vector::with_capacity(keys.len(), budget)?, first: Vector::new(budget)? };
        let mut work = Work::new(budget);
        for (segment, range) in segments.enumerate() {
            if segment > 0 {
                buckets.clear(range.1 - range.0);
            }
            classes.add(keys, &hashes, range, buckets, &mut work)?;
        }
        work.finish()?;
        Ok(classes)
    }

    fn add(
        &mut self,
        keys: &Column,
        hashes: &Hashes,
        range: (usize, usize),
        buckets: &mut Buckets,
        work: &mut Work<'_>,
    ) -> Result<()> {
        macro_rules! dispatch {
            ($($variant:ident),*) => {
                match keys {
                    $(Column::$variant(values) => {
                        self.insert(hashes, range, buckets, work, |a, b, _| values.get(a) == values.get(b))
                    })*
                    Column::Text(text) => self.insert(hashes, range, buckets, work, |a, b, work| {
                        same_text(text.get(a), text.get(b), work)
                    }),
                    _ => self.insert(hashes, range, buckets, work, |a, b, work| equal_rows(keys, a, keys, b, work)),
                }
            };
        }
        dispatch!(Bool, I8, I16, I32, I64, U8, U16, U32, U64)
    }

    #[inline]
    fn insert(
        &mut self,
        hashes: &Hashes,
        (start, end): (usize, usize),
        buckets: &mut Buckets,
        work: &mut Work<'_>,
        equal: impl Fn(usize, usize, &mut Work<'_>) -> bool,
    ) -> Result<()> {
        for (row, hash) in hashes.iter().enumerate().take(end).skip(start) {
            work.row()?;
            let first = &self.first;
            let same = |class: u32, work: &mut Work<'_>| {
                first.get(class as usize).is_some_and(|first| equal(*first as usize, row, work))
            };
            match buckets.find(*hash, work, same) {
                Some(class) => self.of_row.push(class)?,
                None => {
                    let class = self.first.len() as u32;
                    buckets.insert(*hash, class, work)?;
                    self.first.push(row as u32)?;
                    self.of_row.push(class)?;
                }
            }
        }
        Ok(())
    }

    /// The rows class by class, in order within each, and where each class begins.
    ///
    /// # Errors
    /// Those of the budget.
    pub(crate) fn rows(&self, budget: &Budget) -> Result<(Vector<u32>, Vector<u32>)> {
        let mut offsets = Vector::filled(0u32, self.first.len() + 1, budget)?;
        for classes in self.of_row.chunks(BATCH) {
            budget.check()?;
            for class in classes {
                if let Some(count) = offsets.get_mut(*class as usize + 1) {
                    *count += 1;
                }
            }
        }
        let mut sum = 0;
        for offsets in offsets.chunks_mut(BATCH) {
            budget.check()?;
            for offset in offsets {
                sum += *offset;
                *offset = sum;
            }
        }
        let mut next = Vector::with_capacity(offsets.len(), budget)?;
        next.append_slice(&offsets)?;
        let mut rows = Vector::filled(0u32, self.of_row.len(), budget)?;
        for (batch, classes) in self.of_row.chunks(BATCH).enumerate() {
            budget.check()?;
            for (row, class) in ((batch * BATCH) as u32..).zip(classes) {
                if let Some(place) = next.get_mut(*class as usize) {
                    if let Some(slot) = rows.get_mut(*place as usize) {
                        *slot = row;
                    }
                    *place += 1;
                }
            }
        }
        Ok((rows, offsets))
    }
}

impl Index {
    /// # Errors
    /// Those of the budget.
    pub(crate) fn new(keys: &Column, seed: &Seed, budget: &Budget) -> Result<Self> {
        let (classes, lookup) = match Direct::new(keys, budget)? {
            Some((direct, classes)) => (classes, Lookup::Direct(direct)),
            None => {
                let mut buckets = Buckets::with_capacity(keys.len(), budget)?;
                let all = core::iter::once((0, keys.len()));
                let classes = Classes::within(keys, all, seed, budget, &mut buckets)?;
                (classes, Lookup::Hashed { keys: keys.clone(), buckets })
            }
        };
        let (rows, offsets) = classes.rows(budget)?;
        Ok(Self { classes: lookup, offsets, rows })
    }

    /// Calls `found` with each row of `probes`, in order, and the rows that are equal to it, in order.
    ///
    /// # Errors
    /// Those of the budget and of `found`.
    pub(crate) fn look_up(
        &self,
        probes: &Column,
        seed: &Seed,
        budget: &Budget,
        mut found: impl FnMut(usize, &[u32]) -> Result<()>,
    ) -> Result<()> {
        let (known, buckets) = match &self.classes {
            Lookup::Direct(direct) => {
                return direct.look_up(probes, budget, |row, class| {
                    found(row, class.map(|class| self.of(class)).unwrap_or_default())
                });
            }
            Lookup::Hashed { keys, buckets } => (keys, buckets),
        };
        let hashes = seed.hash(probes, budget)?;
        let work = Work::new(budget);
        macro_rules! dispatch {
            ($($variant:ident),*) => {
                match (known, probes) {
                    $((Column::$variant(keys), Column::$variant(values)) => {
                        self.probe(buckets, &hashes, work, |a, b, _| keys.get(a) == values.get(b), &mut found)
                    })*
                    (Column::Text(keys), Column::Text(texts)) => {
                        let equal = |a, b, work: &mut Work<'_>| same_text(keys.get(a), texts.get(b), work);
                        self.probe(buckets, &hashes, work, equal, &mut found)
                    }
                    (keys, _) => {
                        let equal = |a, b, work: &mut Work<'_>| equal_rows(keys, a, probes, b, work);
                        self.probe(buckets, &hashes, work, equal, &mut found)
                    }
                }
            };
        }
        dispatch!(Bool, I8, I16, I32, I64, U8, U16, U32, U64)
    }

    #[inline]
    fn probe(
        &self,
        buckets: &Buckets,
        hashes: &Hashes,
        mut work: Work<'_>,
        equal: impl Fn(usize, usize, &mut Work<'_>) -> bool,
        found: &mut impl FnMut(usize, &[u32]) -> Result<()>,
    ) -> Result<()> {
        for (probe, hash) in hashes.iter().enumerate() {
            work.row()?;
            let same = |class: u32, work: &mut Work<'_>| {
                self.of(class).first().is_some_and(|first| equal(*first as usize, probe, work))
            };
            match buckets.find(*hash, &mut work, same) {
                Some(class) => found(probe, self.of(class))?,
                None => found(probe, &[])?,
            }
        }
        work.finish()
    }

    fn of(&self, class: u32) -> &[u32] {
        match (self.offsets.get(class as usize), self.offsets.get(class as usize + 1)) {
            (Some(start), Some(end)) => self.rows.get(*start as usize..*end as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// The first rows of equal ones.
///
/// # Errors
/// Those of the budget.
pub(crate) fn distinct(
    keys: &Column,
    segments: impl Iterator<Item = (usize, usize)>,
    seed: &Seed,
    budget: &Budget,
) -> Result<Buffer<u32>> {
    Ok(Classes::new(keys, segments, seed, budget)?.first.finish())
}

/// Whether rows of two columns of one type are equal.
#[inline]
fn equal_rows(a: &Column, row: usize, b: &Column, other: usize, work: &mut Work<'_>) -> bool {
    macro_rules! dispatch {
        ($($variant:ident),*) => {
            match (a, b) {
                $((Column::$variant(a), Column::$variant(b)) => a.get(row) == b.get(other),)*
                (Column::Text(a), Column::Text(b)) => a.is_same_row(row, b, other) || same_text(a.get(row), b.get(other), work),
                (Column::Tuple(a), Column::Tuple(b)) => {
                    let mut fields = a.fields.iter().zip(b.fields.iter());
                    fields.all(|(a, b)| equal_rows(a, row, b, other, work))
                }
                _ => {
                    work.add(weight(b, other, other + 1));
                    compare_rows(a, row, b, other, work.budget()).is_eq()
                }
            }
        };
    }
    dispatch!(Bool, I8, I16, I32, I64, U8, U16, U32, U64)
}

#[inline]
fn same_text(a: &str, b: &str, work: &mut Work<'_>) -> bool {
    work.add(b.len() / BYTES_PER_STEP);
    a == b
}

/// Steps that it takes to compare rows `start..end` with equal ones, beside the one that each takes anyway.
fn weight(column: &Column, start: usize, end: usize) -> usize {
    match column {
        Column::Text(text) => text.byte_range(start, end) / BYTES_PER_STEP,
        Column::Tuple(tuple) => tuple.fields.iter().map(|field| weight(field, start, end)).sum(),
        Column::Array(array) => {
            let (first, last) = (array.range(start).0, array.range(end.saturating_sub(1)).1);
            (last - first).saturating_add(weight(&array.items, first, last))
        }
        Column::Enum(column) => (start..end)
            .map(|row| {
                let (tag, place) = column.at(row);
                column.payloads.get(tag).map_or(0, |payload| weight(payload, place, place + 1))
            })
            .fold(0, usize::saturating_add),
        _ => 0,
    }
}

/// Bytes of text that are compared in about the time of a step.
const BYTES_PER_STEP: usize = 64;
