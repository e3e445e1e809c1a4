//! Arrays to single values: partial results a row, piece by piece.

use alloc::vec::Vec;
use core::cmp::Ordering;

use runner_core::{Op, Prim, Repr, Result};

use super::{
    Eval, branch,
    env::Env,
    stream::Piece,
    val::{Val, ranges},
};
use crate::{
    column::{Buffer, Column},
    kernel::{mismatch, order},
    plan::{Node, Prims},
    scalar::{Fault, Float},
};

impl Eval<'_> {
    /// The number of items of each array.
    fn counts(&self, source: &Node, env: &Env<'_>) -> Result<Vec<i64>> {
        let mut counts = alloc::vec![0i64; env.rows];
        self.stream(source, env, &mut |piece| {
            for (count, (start, end)) in counts.iter_mut().skip(piece.first).zip(piece.seq.ranges()) {
                *count += (end - start) as i64;
            }
            Ok(())
        })?;
        Ok(counts)
    }

    #[inline(never)]
    pub(super) fn count(&self, source: &Node, env: &Env<'_>) -> Result<Val> {
        Ok(Val::Col(Column::I64(self.counts(source, env)?.into())))
    }

    #[inline(never)]
    pub(super) fn exists(&self, source: &Node, env: &Env<'_>) -> Result<Val> {
        Ok(Val::Col(Column::Bool(self.counts(source, env)?.into_iter().map(|count| count > 0).collect())))
    }

    /// `All` (which starts as true) or `Any`.
    #[inline(never)]
    pub(super) fn all_or_any(&self, all: bool, source: &Node, env: &Env<'_>) -> Result<Val> {
        let mut results = alloc::vec![all; env.rows];
        self.stream(source, env, &mut |piece| {
            let total = piece.seq.total();
            if total == 0 {
                return Ok(());
            }
            let mask = branch::mask_of(&piece.seq.items, total)?;
            for (result, (start, end)) in results.iter_mut().skip(piece.first).zip(piece.seq.ranges()) {
                let decided = start < end
                    && match &mask {
                        branch::Mask::All => !all,
                        branch::Mask::None => all,
                        branch::Mask::Mixed(mask) => mask.get(start..end).unwrap_or_default().contains(&!all),
                    };
                *result ^= decided && *result == all;
            }
            Ok(())
        })?;
        Ok(Val::Col(Column::Bool(results.into())))
    }

    /// `Sum`, or `Mean`. Integers are added exactly, and the sum must fit in the end.
    #[inline(never)]
    pub(super) fn sum(&self, mean: bool, prims: Prims, source: &Node, env: &Env<'_>) -> Result<Val> {
        let repr = prims.first.map(Prim::repr);
        let mut counts = alloc::vec![0u64; if mean { env.rows } else { 0 }];
        let mut exact =
            alloc::vec![0i128; if matches!(repr, Some(Repr::F32 | Repr::F64)) { 0 } else { env.rows }];
        let mut narrow = alloc::vec![0f32; if repr == Some(Repr::F32) { env.rows } else { 0 }];
        let mut wide = alloc::vec![0f64; if repr == Some(Repr::F64) { env.rows } else { 0 }];
        self.stream(source, env, &mut |piece| {
            let total = piece.seq.total();
            if total == 0 {
                return Ok(());
            }
            self.budget.step(total)?;
            if mean {
                for (count, (start, end)) in counts.iter_mut().skip(piece.first).zip(piece.seq.ranges()) {
                    *count += (end - start) as u64;
                }
            }
            let Piece { first, seq } = piece;
            let items = seq.items.column(total)?;
            macro_rules! exact {
                ($values:expr, $sum:expr) => {
                    for (sum, (start, end)) in exact.iter_mut().skip(first).zip(ranges(&seq.offsets)) {
                        *sum += $sum($values.get(start..end).unwrap_or_default());
                    }
                };
            }
            macro_rules! in_order {
                ($values:expr, $sums:expr) => {
                    for (sum, (start, end)) in $sums.iter_mut().skip(first).zip(ranges(&seq.offsets)) {
                        for value in $values.get(start..end).unwrap_or_default() {
                            *sum += *value;
                        }
                    }
                };
            }
            macro_rules! small {
                ($values:expr) => {
                    exact!($values, sum_small)
                };
            }
            match &items {
                Column::I8(values) => small!(values),
                Column::I16(values) => small!(values),
                Column::I32(values) => small!(values),
                Column::U8(values) => small!(values),
                Column::U16(values) => small!(values),
                Column::U32(values) => small!(values),
                Column::I64(values) => exact!(values, sum_i64),
                Column::U64(values) => exact!(values, sum_u64),
                Column::F32(values) => in_order!(values, narrow),
                Column::F64(values) => in_order!(values, wide),
                _ => return Err(mismatch()),
            }
            Ok(())
        })?;
        if mean {
            let sums: Vec<f64> = match repr {
                Some(Repr::F32) => narrow.into_iter().map(f64::from).collect(),
                Some(Repr::F64) => wide,
                _ => exact.into_iter().map(|sum| sum as f64).collect(),
            };
            let means = sums
                .iter()
                .zip(&counts)
                .map(|(sum, count)| if *count == 0 { f64::NAN } else { sum / *count as f64 });
            return Ok(Val::Col(Column::F64(means.collect())));
        }
        macro_rules! fit {
            ($variant:ident $int:ident) => {
                Column::$variant(
                    exact
                        .into_iter()
                        .map(|sum| $int::try_from(sum).map_err(|_| Fault::Overflow("sum").into()))
                        .collect::<Result<Vec<_>>>()?
                        .into(),
                )
            };
        }
        Ok(Val::Col(match repr {
            Some(Repr::I8) => fit!(I8 i8),
            Some(Repr::I16) => fit!(I16 i16),
            Some(Repr::I32) => fit!(I32 i32),
            Some(Repr::I64) => fit!(I64 i64),
            Some(Repr::U8) => fit!(U8 u8),
            Some(Repr::U16) => fit!(U16 u16),
            Some(Repr::U32) => fit!(U32 u32),
            Some(Repr::U64) => fit!(U64 u64),
            Some(Repr::F32) => Column::F32(narrow.into()),
            Some(Repr::F64) => Column::F64(wide.into()),
            _ => return Err(mismatch()),
        }))
    }

    /// `Min` or `Max`: the first of the least, or of the greatest, items.
    #[inline(never)]
    pub(super) fn extreme(&self, op: Op, source: &Node, env: &Env<'_>) -> Result<Val> {
        // The best of each piece first, then the best of those.
        let mut counts = alloc::vec![0usize; env.rows];
        let mut parts = Vec::new();
        self.stream(source, env, &mut |piece| {
            let total = piece.seq.total();
            if total == 0 {
                return Ok(());
            }
            self.budget.step(total)?;
            let items = piece.seq.items.column(total)?;
            for (count, (start, end)) in counts.iter_mut().skip(piece.first).zip(piece.seq.ranges()) {
                *count += usize::from(start < end);
            }
            parts.push(items.gather(&best(op, &items, piece.seq.ranges()))?);
            Ok(())
        })?;
        let some: Vec<bool> = counts.iter().map(|count| *count > 0).collect();
        let mut items = Column::concat(&parts)?;
        if counts.iter().any(|count| *count > 1) {
            let offsets = super::stream::offsets(counts)?;
            items = items.gather(&best(op, &items, ranges(&offsets)))?;
        }
        optional(&some, items).map(Val::Col)
    }
}

/// Options from the payloads of those rows that have one.
pub(super) fn optional(some: &[bool], payload: Column) -> Result<Column> {
    let unit = Column::unit(1);
    let mut next = 0;
    let places: Buffer<u32> = some
        .iter()
        .map(|some| {
            let place = next;
            next += u32::from(*some);
            if *some { place } else { 0 }
        })
        .collect();
    let tags: Buffer<u16> = some.iter().map(|some| u16::from(*some)).collect();
    Column::variants(tags, Some(places), Vec::from([unit, payload]))
}

/// The row of the first best item of each segment that has items.
fn best(op: Op, items: &Column, segments: impl Iterator<Item = (usize, usize)>) -> Vec<u32> {
    let wanted = if op == Op::Min { Ordering::Less } else { Ordering::Greater };
    let mut rows = Vec::new();
    macro_rules! dispatch {
        ($($variant:ident $cmp:expr),*) => {
            match items {
                $(Column::$variant(values) => {
                    for (start, end) in segments {
                        let Some(values) = values.get(start..end) else { continue };
                        let mut values = values.iter().enumerate();
                        let Some((_, mut best)) = values.next() else { continue };
                        let mut at = 0;
                        for (index, value) in values {
                            let cmp: Ordering = $cmp(value, best);
                            if cmp == wanted {
                                (at, best) = (index, value);
                            }
                        }
                        rows.push((start + at) as u32);
                    }
                })*
                _ => {
                    for (start, end) in segments {
                        if start == end {
                            continue;
                        }
                        let mut best = start;
                        for row in start + 1..end {
                            if order::compare_rows(items, row, items, best) == wanted {
                                best = row;
                            }
                        }
                        rows.push(best as u32);
                    }
                }
            }
        };
    }
    dispatch!(
        I8 Ord::cmp, I16 Ord::cmp, I32 Ord::cmp, I64 Ord::cmp, U8 Ord::cmp, U16 Ord::cmp, U32 Ord::cmp, U64 Ord::cmp,
        F32 |a: &f32, b: &f32| a.order(*b), F64 |a: &f64, b: &f64| a.order(*b)
    );
    rows
}

/// Exact: the halves of the numbers are added apart, in loops without carry.
fn sum_i64(values: &[i64]) -> i128 {
    let mut sum = 0i128;
    for values in values.chunks(1 << 20) {
        let (mut high, mut low) = (0i64, 0u64);
        for value in values {
            high += value >> 32;
            low += (*value as u64) & 0xffff_ffff;
        }
        sum += (i128::from(high) << 32) + i128::from(low);
    }
    sum
}

/// A column has at most 2^32 items, of 32 bits each.
fn sum_small<T: Copy + Into<i64>>(values: &[T]) -> i128 {
    values.iter().map(|value| (*value).into()).sum::<i64>().into()
}

fn sum_u64(values: &[u64]) -> i128 {
    values.iter().map(|value| i128::from(*value)).sum()
}
