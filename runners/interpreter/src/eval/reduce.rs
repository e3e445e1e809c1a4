//! Arrays to single values: partial results a row, piece by piece.

use alloc::{rc::Rc, vec::Vec};
use core::cmp::Ordering;

use runner_core::{Op, Result};

use super::{
    Eval, branch,
    env::Env,
    stream::Piece,
    sums::Sums,
    val::{Range, Val, ranges},
};
use crate::{
    budget::Budget,
    column::{Column, Vector, offsets},
    kernel::{mismatch, order},
    plan::{Kind, Node, Prims},
    scalar::{Fault, Float},
};

impl Eval<'_> {
    /// The number of items of each array.
    fn counts(&self, source: &Node, env: &Env<'_>) -> Result<Vector<i64>> {
        // A function that can't fail need not be evaluated to be counted.
        let mut source = source;
        while let Kind::Map { source: inner, lambda } = &source.kind
            && !lambda.body.fallible
        {
            source = inner;
        }
        if let Some(range) = self.range(source, env)? {
            let mut counts = Vector::with_capacity(env.rows, &self.budget)?;
            let lengths = range.lengths(env.rows, &self.budget)?;
            for row in 0..env.rows {
                let length = lengths.get(if lengths.len() == 1 { 0 } else { row }).copied().flatten();
                counts.push(length.ok_or(Fault::Overflow("count"))?)?;
                self.budget.work(1)?;
            }
            return Ok(counts);
        }
        let mut counts = Vector::filled(0i64, env.rows, &self.budget)?;
        self.stream(source, env, &mut |piece| {
            for (count, (start, end)) in counts.iter_mut().skip(piece.first).zip(piece.seq.ranges()) {
                *count += (end - start) as i64;
            }
            self.budget.work(piece.seq.rows())
        })?;
        Ok(counts)
    }

    /// The value of an expression, if it is nothing but consecutive integers. No other expression than one that may
    /// be so is evaluated.
    pub(super) fn range(&self, node: &Node, env: &Env<'_>) -> Result<Option<Rc<Range>>> {
        if !may_be_range(node) {
            return Ok(None);
        }
        Ok(match self.eval(node, env)? {
            Val::Range(range) => Some(range),
            _ => None,
        })
    }

    #[inline(never)]
    pub(super) fn count(&self, source: &Node, env: &Env<'_>) -> Result<Val> {
        Ok(Val::Col(Column::I64(self.counts(source, env)?.finish())))
    }

    #[inline(never)]
    pub(super) fn exists(&self, source: &Node, env: &Env<'_>) -> Result<Val> {
        let counts = self.counts(source, env)?;
        Ok(Val::Col(Column::Bool(self.budget.map(&counts, |count| *count > 0)?)))
    }

    /// `All` (which starts as true) or `Any`.
    #[inline(never)]
    pub(super) fn all_or_any(&self, all: bool, source: &Node, env: &Env<'_>) -> Result<Val> {
        let mut results = Vector::filled(all, env.rows, &self.budget)?;
        self.stream(source, env, &mut |piece| {
            let total = piece.seq.total();
            if total == 0 {
                return Ok(());
            }
            let mask = branch::mask_of(&piece.seq.items, total, &self.budget)?;
            for (result, (start, end)) in results.iter_mut().skip(piece.first).zip(piece.seq.ranges()) {
                let decided = start < end
                    && match &mask {
                        branch::Mask::All => !all,
                        branch::Mask::None => all,
                        branch::Mask::Mixed(mask) => mask.get(start..end).unwrap_or_default().contains(&!all),
                    };
                *result ^= decided && *result == all;
            }
            self.budget.work(total + piece.seq.rows())
        })?;
        Ok(Val::Col(Column::Bool(results.finish())))
    }

    /// `Sum`, or `Mean`. Integers are added exactly, and the sum must fit in the end.
    #[inline(never)]
    pub(super) fn sum(&self, mean: bool, prims: Prims, source: &Node, env: &Env<'_>) -> Result<Val> {
        let mut sums = Sums::new(mean, prims, env.rows, &self.budget)?;
        self.stream(source, env, &mut |piece| {
            let total = piece.seq.total();
            if total == 0 {
                return Ok(());
            }
            self.budget.step(total)?;
            if let Some(counts) = &mut sums.counts {
                for (count, (start, end)) in counts.iter_mut().skip(piece.first).zip(piece.seq.ranges()) {
                    *count += (end - start) as u64;
                }
            }
            let Piece { first, seq } = piece;
            let items = seq.items.column(total, &self.budget)?;
            macro_rules! exact {
                ($values:expr, $sum:expr) => {
                    for (sum, (start, end)) in sums.exact.iter_mut().skip(first).zip(ranges(&seq.offsets)) {
                        for values in $values.get(start..end).unwrap_or_default().chunks(SUMMED) {
                            *sum += $sum(values);
                            self.budget.work(values.len())?;
                        }
                    }
                };
            }
            macro_rules! in_order {
                ($values:expr, $sums:expr) => {
                    for (sum, (start, end)) in $sums.iter_mut().skip(first).zip(ranges(&seq.offsets)) {
                        for values in $values.get(start..end).unwrap_or_default().chunks(SUMMED) {
                            for value in values {
                                *sum += *value;
                            }
                            self.budget.work(values.len())?;
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
                Column::F32(values) => in_order!(values, sums.narrow),
                Column::F64(values) => in_order!(values, sums.wide),
                _ => return Err(mismatch()),
            }
            Ok(())
        })?;
        sums.finish(&self.budget).map(Val::Col)
    }

    /// `Min` or `Max`: the first of the least, or of the greatest, items.
    #[inline(never)]
    pub(super) fn extreme(&self, op: Op, source: &Node, env: &Env<'_>) -> Result<Val> {
        // The best of each piece first, then the best of those.
        let mut counts = Vector::filled(0usize, env.rows, &self.budget)?;
        let mut parts = Vector::new(&self.budget)?;
        self.stream(source, env, &mut |piece| {
            let total = piece.seq.total();
            if total == 0 {
                return Ok(());
            }
            self.budget.step(total)?;
            let items = piece.seq.items.column(total, &self.budget)?;
            for (count, (start, end)) in counts.iter_mut().skip(piece.first).zip(piece.seq.ranges()) {
                *count += usize::from(start < end);
            }
            let rows = best(op, &items, piece.seq.ranges(), &self.budget)?;
            parts.push(items.gather(&rows, &self.budget)?)?;
            if parts.len() < PARTS || env.rows > 1 {
                return Ok(());
            }
            // The best so far stand for all that came before.
            let items = Column::concat(&parts, &self.budget)?;
            let all = core::iter::once((0, items.len()));
            let rows = best(op, &items, all, &self.budget)?;
            parts.clear();
            parts.push(items.gather(&rows, &self.budget)?)?;
            counts.iter_mut().for_each(|count| *count = (*count).min(1));
            Ok(())
        })?;
        let some = self.budget.map(&counts, |count| *count > 0)?;
        let mut items = Column::concat(&parts, &self.budget)?;
        if counts.iter().any(|count| *count > 1) {
            let offsets = offsets(counts.iter().copied(), &self.budget)?;
            let rows = best(op, &items, ranges(&offsets), &self.budget)?;
            items = items.gather(&rows, &self.budget)?;
        }
        optional(&some, items, &self.budget).map(Val::Col)
    }
}

/// Whether this is a sequence, a part of one, or a local that may be bound to one, at which a look costs nothing.
fn may_be_range(node: &Node) -> bool {
    match &node.kind {
        Kind::Whole { op: Op::Sequence, .. } | Kind::Local(_) => true,
        Kind::Whole { op: Op::Slice, args, .. } => {
            args.first().is_some_and(|array| !matches!(array.kind, Kind::Local(_)) && may_be_range(array))
        }
        Kind::Field { tuple, .. } => may_be_range(tuple),
        _ => false,
    }
}

/// Options from the payloads of those rows that have one.
pub(super) fn optional(some: &[bool], payload: Column, budget: &Budget) -> Result<Column> {
    let unit = Column::unit(1);
    let mut next = 0;
    let places = budget.map(some, |some| {
        let place = next;
        next += u32::from(*some);
        if *some { place } else { 0 }
    })?;
    let tags = budget.map(some, |some| u16::from(*some))?;
    Column::variants(tags, Some(places), Vec::from([unit, payload]))
}

/// The row of the first best item of each segment that has items.
fn best(
    op: Op,
    items: &Column,
    segments: impl Iterator<Item = (usize, usize)>,
    budget: &Budget,
) -> Result<Vector<u32>> {
    let wanted = if op == Op::Min { Ordering::Less } else { Ordering::Greater };
    let mut rows = Vector::with_capacity(segments.size_hint().0, budget)?;
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
                        budget.work(end - start)?;
                        rows.push((start + at) as u32)?;
                    }
                })*
                _ => {
                    for (start, end) in segments {
                        if start == end {
                            continue;
                        }
                        let mut best = start;
                        for row in start + 1..end {
                            if order::compare_rows(items, row, items, best, budget) == wanted {
                                best = row;
                            }
                            budget.work(1)?;
                        }
                        rows.push(best as u32)?;
                    }
                }
            }
        };
    }
    dispatch!(
        I8 Ord::cmp, I16 Ord::cmp, I32 Ord::cmp, I64 Ord::cmp, U8 Ord::cmp, U16 Ord::cmp, U32 Ord::cmp, U64 Ord::cmp,
        F32 |a: &f32, b: &f32| a.order(*b), F64 |a: &f64, b: &f64| a.order(*b)
    );
    Ok(rows)
}

/// Numbers that are added without a check.
const SUMMED: usize = 1 << 17;

/// The best of pieces of one array that are kept before the best of those is chosen.
const PARTS: usize = 1024;

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
