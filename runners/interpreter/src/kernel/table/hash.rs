//! The hash of a row: foldhash, seeded anew for each execution, so that nobody can prepare rows that collide.

use alloc::vec::Vec;
use core::{hash::Hasher, ops::Deref};

use foldhash::{SharedSeed, fast::FoldHasher};
use runner_core::Result;

use crate::{
    budget::Budget,
    column::{Column, Text, Vector},
    limits::BATCH,
    scalar::Float,
};

/// What the hash of every row begins with, and of every part of one.
pub(crate) struct Seed {
    /// Of rows.
    rows: u64,
    /// Of payloads and items, each of which is hashed by itself first.
    parts: u64,
    shared: SharedSeed,
}

/// A hash of each row.
pub(super) struct Hashes {
    hashes: Vector<u64>,
}

impl Deref for Hashes {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        &self.hashes
    }
}

/// Bytes of a text that are hashed between two checks of the budget.
const TEXT_BYTES: usize = 1 << 20;

/// Bytes of text that take about as long as another row.
const ROW_BYTES: usize = 64;

impl Seed {
    /// The seed of one execution, from a random number.
    pub(crate) fn new(random: u64) -> Self {
        let shared = SharedSeed::from_u64(random);
        let derive = |number| {
            let mut hasher = FoldHasher::with_seed(random, &shared);
            hasher.write_u64(number);
            hasher.finish()
        };
        Self { rows: derive(1), parts: derive(2), shared }
    }

    /// A hash of each row; equal rows have equal hashes.
    ///
    /// # Errors
    /// Those of the budget.
    pub(super) fn hash(&self, column: &Column, budget: &Budget) -> Result<Hashes> {
        self.of(self.rows, column, budget)
    }

    fn of(&self, seed: u64, column: &Column, budget: &Budget) -> Result<Hashes> {
        let mut hashes = Vector::filled(seed, column.len(), budget)?;
        self.mix(column, &mut hashes, budget)?;
        Ok(Hashes { hashes })
    }

    /// Adds the rows of a column to their hashes.
    fn mix(&self, column: &Column, hashes: &mut [u64], budget: &Budget) -> Result<()> {
        macro_rules! prims {
            ($($variant:ident $as:expr),*) => {
                match column {
                    Column::Empty => Ok(()),
                    $(Column::$variant(values) => {
                        let as_bits = $as;
                        for (hashes, values) in hashes.chunks_mut(BATCH).zip(values.chunks(BATCH)) {
                            budget.check()?;
                            for (hash, value) in hashes.iter_mut().zip(values) {
                                *hash = self.fold(*hash, as_bits(*value));
                            }
                        }
                        Ok(())
                    })*
                    Column::Text(texts) => match texts.dictionary() {
                        Some((values, codes)) if values.len() < codes.len() => {
                            let values = self.values(&values, budget)?;
                            let none = self.text(self.parts, &[], budget)?;
                            for (hashes, codes) in hashes.chunks_mut(BATCH).zip(codes.chunks(BATCH)) {
                                budget.check()?;
                                for (hash, code) in hashes.iter_mut().zip(codes) {
                                    let value = values.get(*code as usize).copied();
                                    *hash = self.fold(*hash, value.unwrap_or(none));
                                }
                            }
                            Ok(())
                        }
                        _ => self.texts(texts, hashes, budget),
                    },
                    Column::Tuple(tuple) => {
                        tuple.fields.iter().try_for_each(|field| self.mix(field, hashes, budget))
                    }
                    Column::Array(array) => {
                        let (first, last) = array.bounds();
                        let items = self.of(self.parts, &array.items.slice(first, last), budget)?;
                        let mut work = 0;
                        for (row, hash) in hashes.iter_mut().enumerate() {
                            let (start, end) = array.range(row);
                            work += 1 + end - start;
                            if work > BATCH {
                                work = 0;
                                budget.check()?;
                            }
                            let items = items.get(start - first..end - first).unwrap_or_default();
                            let start = self.fold(*hash, items.len() as u64);
                            *hash = items.iter().fold(start, |hash, item| self.fold(hash, *item));
                        }
                        Ok(())
                    }
                    Column::Enum(column) => {
                        let payloads = column.payloads.iter();
                        let payloads = payloads.map(|payload| self.of(self.parts, payload, budget));
                        let payloads: Vec<Hashes> = payloads.collect::<Result<_>>()?;
                        for (batch, hashes) in hashes.chunks_mut(BATCH).enumerate() {
                            budget.check()?;
                            for (row, hash) in (batch * BATCH..).zip(hashes) {
                                let (tag, place) = column.at(row);
                                *hash = self.fold(*hash, tag as u64);
                                if let Some(payload) = payloads.get(tag).and_then(|hashes| hashes.get(place)) {
                                    *hash = self.fold(*hash, *payload);
                                }
                            }
                        }
                        Ok(())
                    }
                }
            };
        }
        prims!(
            Bool u64::from, I8 |v: i8| v as u64, I16 |v: i16| v as u64, I32 |v: i32| v as u64, I64 |v: i64| v as u64,
            U8 u64::from, U16 u64::from, U32 u64::from, U64 |v: u64| v,
            F32 Float::key, F64 Float::key
        )
    }

    /// Adds texts, each of which is hashed by itself first, as those of a dictionary are.
    fn texts(&self, texts: &Text, hashes: &mut [u64], budget: &Budget) -> Result<()> {
        for (hash, text) in hashes.iter_mut().zip(texts.iter()) {
            budget.work(1 + text.len() / ROW_BYTES)?;
            let value = self.text(self.parts, text.as_bytes(), budget)?;
            *hash = self.fold(*hash, value);
        }
        Ok(())
    }

    /// A hash of each text.
    fn values(&self, texts: &Text, budget: &Budget) -> Result<Vector<u64>> {
        let mut values = Vector::with_capacity(texts.len(), budget)?;
        for text in texts.iter() {
            budget.work(1 + text.len() / ROW_BYTES)?;
            values.push(self.text(self.parts, text.as_bytes(), budget)?)?;
        }
        Ok(values)
    }

    #[inline]
    fn fold(&self, hash: u64, value: u64) -> u64 {
        let mut hasher = FoldHasher::with_seed(hash, &self.shared);
        hasher.write_u64(value);
        hasher.finish()
    }

    #[inline]
    fn text(&self, hash: u64, bytes: &[u8], budget: &Budget) -> Result<u64> {
        let mut hasher = FoldHasher::with_seed(hash, &self.shared);
        if bytes.len() <= TEXT_BYTES {
            hasher.write(bytes);
            return Ok(hasher.finish());
        }
        for part in bytes.chunks(TEXT_BYTES) {
            budget.check()?;
            hasher.write(part);
        }
        Ok(hasher.finish())
    }
}
