//! Hash tables over the rows of a column, for `group`, `distinct`, `contains` and joins.

use alloc::vec::Vec;
use core::cmp::Ordering;

use hashbrown::HashTable;
use runner_core::Result;

use super::order::compare_rows;
use crate::{
    column::{Buffer, Column},
    scalar::Float,
};

/// Which rows are equal.
pub(crate) struct Classes {
    /// For each row the number of its class; classes are numbered in order of first appearance.
    pub(crate) of_row: Vec<u32>,
    /// For each class its first row.
    pub(crate) first: Vec<u32>,
}

/// Rows by their value.
pub(crate) struct Index {
    keys: Column,
    seed: u64,
    table: HashTable<(u64, u32)>,
    /// The rows of class `i` are `rows[offsets[i]..offsets[i + 1]]`.
    offsets: Vec<u32>,
    rows: Vec<u32>,
}

impl Classes {
    /// Classes within each segment: rows of two segments are never of one class.
    pub(crate) fn new(keys: &Column, segments: impl Iterator<Item = (usize, usize)>, seed: u64) -> Self {
        let mut table = HashTable::new();
        Self::within(keys, segments, seed, &mut table)
    }

    fn within(
        keys: &Column,
        segments: impl Iterator<Item = (usize, usize)>,
        seed: u64,
        table: &mut HashTable<(u64, u32)>,
    ) -> Self {
        let hashes = hash(keys, seed);
        let mut classes = Self { of_row: Vec::with_capacity(keys.len()), first: Vec::new() };
        for range in segments {
            table.clear();
            classes.add(keys, &hashes, range, table);
        }
        classes
    }

    fn add(
        &mut self,
        keys: &Column,
        hashes: &[u64],
        range: (usize, usize),
        table: &mut HashTable<(u64, u32)>,
    ) {
        macro_rules! dispatch {
            ($($variant:ident),*) => {
                match keys {
                    $(Column::$variant(values) => {
                        self.insert(hashes, range, table, |a, b| values.get(a) == values.get(b));
                    })*
                    Column::Text(text) => self.insert(hashes, range, table, |a, b| text.get(a) == text.get(b)),
                    _ => self.insert(hashes, range, table, |a, b| {
                        compare_rows(keys, a, keys, b) == Ordering::Equal
                    }),
                }
            };
        }
        dispatch!(Bool, I8, I16, I32, I64, U8, U16, U32, U64)
    }

    #[inline]
    fn insert(
        &mut self,
        hashes: &[u64],
        (start, end): (usize, usize),
        table: &mut HashTable<(u64, u32)>,
        equal: impl Fn(usize, usize) -> bool,
    ) {
        for (row, hash) in hashes.iter().enumerate().take(end).skip(start) {
            let first = &self.first;
            let same = |(other, class): &(u64, u32)| {
                other == hash && first.get(*class as usize).is_some_and(|first| equal(*first as usize, row))
            };
            match table.find(*hash, same) {
                Some((_, class)) => self.of_row.push(*class),
                None => {
                    let class = self.first.len() as u32;
                    table.insert_unique(*hash, (*hash, class), |(hash, _)| *hash);
                    self.first.push(row as u32);
                    self.of_row.push(class);
                }
            }
        }
    }

    /// The rows class by class, in order within each, and where each class begins.
    pub(crate) fn rows(&self) -> (Vec<u32>, Vec<u32>) {
        let mut offsets = alloc::vec![0u32; self.first.len() + 1];
        for class in &self.of_row {
            if let Some(count) = offsets.get_mut(*class as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for offset in &mut offsets {
            sum += *offset;
            *offset = sum;
        }
        let mut next = offsets.clone();
        let mut rows = alloc::vec![0u32; self.of_row.len()];
        for (row, class) in (0..).zip(&self.of_row) {
            if let Some(place) = next.get_mut(*class as usize) {
                if let Some(slot) = rows.get_mut(*place as usize) {
                    *slot = row;
                }
                *place += 1;
            }
        }
        (rows, offsets)
    }
}

impl Index {
    pub(crate) fn new(keys: &Column, seed: u64) -> Self {
        let mut table = HashTable::with_capacity(keys.len());
        let classes = Classes::within(keys, core::iter::once((0, keys.len())), seed, &mut table);
        let (rows, offsets) = classes.rows();
        Self { keys: keys.clone(), seed, table, offsets, rows }
    }

    /// Calls `found` with each row of `probes`, in order, and the rows that are equal to it, in order.
    pub(crate) fn look_up(
        &self,
        probes: &Column,
        mut found: impl FnMut(usize, &[u32]) -> Result<()>,
    ) -> Result<()> {
        let hashes = hash(probes, self.seed);
        macro_rules! dispatch {
            ($($variant:ident),*) => {
                match (&self.keys, probes) {
                    $((Column::$variant(keys), Column::$variant(values)) => {
                        self.probe(&hashes, |a, b| keys.get(a) == values.get(b), &mut found)
                    })*
                    (Column::Text(keys), Column::Text(values)) => {
                        self.probe(&hashes, |a, b| keys.get(a) == values.get(b), &mut found)
                    }
                    (keys, _) => {
                        let equal = |a, b| compare_rows(keys, a, probes, b) == Ordering::Equal;
                        self.probe(&hashes, equal, &mut found)
                    }
                }
            };
        }
        dispatch!(Bool, I8, I16, I32, I64, U8, U16, U32, U64)
    }

    #[inline]
    fn probe(
        &self,
        hashes: &[u64],
        equal: impl Fn(usize, usize) -> bool,
        found: &mut impl FnMut(usize, &[u32]) -> Result<()>,
    ) -> Result<()> {
        for (probe, hash) in hashes.iter().enumerate() {
            let same = |(other, class): &(u64, u32)| {
                other == hash && self.of(*class).first().is_some_and(|first| equal(*first as usize, probe))
            };
            match self.table.find(*hash, same) {
                Some((_, class)) => found(probe, self.of(*class))?,
                None => found(probe, &[])?,
            }
        }
        Ok(())
    }

    fn of(&self, class: u32) -> &[u32] {
        match (self.offsets.get(class as usize), self.offsets.get(class as usize + 1)) {
            (Some(start), Some(end)) => self.rows.get(*start as usize..*end as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// A hash of each row; equal rows have equal hashes.
///
/// Each step multiplies to 128 bits and folds the halves together, as wyhash and foldhash do. The seed differs from
/// process to process, so that nobody can prepare an input of rows that collide.
fn hash(column: &Column, seed: u64) -> Vec<u64> {
    let mut hashes = alloc::vec![seed; column.len()];
    mix(column, &mut hashes);
    hashes
}

fn mix(column: &Column, hashes: &mut [u64]) {
    macro_rules! prims {
        ($($variant:ident $as:expr),*) => {
            match column {
                Column::Empty => {}
                $(Column::$variant(values) => {
                    let as_bits = $as;
                    for (hash, value) in hashes.iter_mut().zip(values.iter()) {
                        *hash = fold(*hash, as_bits(*value));
                    }
                })*
                Column::Text(texts) => {
                    for (hash, text) in hashes.iter_mut().zip(texts.iter()) {
                        *hash = bytes(*hash, text.as_bytes());
                    }
                }
                Column::Tuple(tuple) => tuple.fields.iter().for_each(|field| mix(field, hashes)),
                Column::Array(array) => {
                    let (first, last) = array.bounds();
                    let items = hash(&array.items.slice(first, last), FACTOR);
                    for (row, hash) in hashes.iter_mut().enumerate() {
                        let (start, end) = array.range(row);
                        let items = items.get(start - first..end - first).unwrap_or_default();
                        *hash = items.iter().fold(fold(*hash, items.len() as u64), |hash, item| fold(hash, *item));
                    }
                }
                Column::Enum(column) => {
                    let payloads: Vec<Vec<u64>> =
                        column.payloads.iter().map(|payload| hash(payload, FACTOR)).collect();
                    for (row, hash) in hashes.iter_mut().enumerate() {
                        let (tag, place) = column.at(row);
                        let payload = payloads.get(tag).and_then(|hashes| hashes.get(place)).copied();
                        *hash = fold(fold(*hash, tag as u64), payload.unwrap_or(FACTOR));
                    }
                }
            }
        };
    }
    prims!(
        Bool u64::from, I8 |v: i8| v as u64, I16 |v: i16| v as u64, I32 |v: i32| v as u64, I64 |v: i64| v as u64,
        U8 u64::from, U16 u64::from, U32 u64::from, U64 |v: u64| v,
        F32 Float::key, F64 Float::key
    );
}

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline]
fn fold(hash: u64, value: u64) -> u64 {
    let product = u128::from(hash ^ value) * u128::from(FACTOR);
    (product as u64) ^ ((product >> 64) as u64)
}

#[inline]
fn bytes(mut hash: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        hash = fold(hash, u64::from_le_bytes(*word)).rotate_left(23);
    }
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
    fold(fold(hash, u64::from_le_bytes(last)), bytes.len() as u64)
}

/// The first rows of equal ones.
pub(crate) fn distinct(
    keys: &Column,
    segments: impl Iterator<Item = (usize, usize)>,
    seed: u64,
) -> Buffer<u32> {
    Classes::new(keys, segments, seed).first.into()
}
