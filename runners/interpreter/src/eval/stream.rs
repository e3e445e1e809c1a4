//! Chains of `map`, `flat_map` and `filter`, a batch of items at a time.
//!
//! A batch passes through the whole chain, into whatever consumes it, before the next one is begun: what lies between
//! two steps stays small and in the cache, however long the array is.

use alloc::{rc::Rc, vec::Vec};

use runner_core::{LocalId, Op, Result};

use super::{
    Eval, branch,
    env::{Env, Map},
    is_const, join,
    val::{Seq, Val},
};
use crate::{
    column::{Buffer, Column, row_count},
    kernel::mismatch,
    limits::BATCH,
    plan::{Kind, Lambda, Node},
};

/// Bytes that arrays which are repeated by a `flat_map` may take at a time.
const FLAT_BYTES: usize = 1 << 20;

/// Arrays, or parts of arrays, of some rows in a row.
pub(super) struct Piece {
    /// The row of the first array. An array may come in several pieces, one after the other.
    pub(super) first: usize,
    pub(super) seq: Seq,
}

/// Takes pieces in order of rows and items.
pub(super) type Sink<'s> = &'s mut dyn FnMut(Piece) -> Result<()>;

impl Eval<'_> {
    /// Evaluates arrays piece by piece. Rows of empty arrays may not occur in any piece.
    #[inline(never)]
    pub(super) fn stream(&self, node: &Node, env: &Env<'_>, sink: Sink<'_>) -> Result<()> {
        let mut stages = Vec::new();
        let mut base = node;
        while let Kind::Map { source, .. }
        | Kind::FlatMap { source, .. }
        | Kind::Filter { source, .. }
        | Kind::Join { source, .. } = &base.kind
        {
            if env.rows > 1 && is_const(base, env) {
                break;
            }
            stages.push(base);
            base = source;
        }
        stages.reverse();
        if let (Kind::Whole { op: Op::Sequence, args, .. }, 1) = (&base.kind, env.rows) {
            self.budget.step(1)?;
            let (start, end) = self.ends(args, env)?;
            return self.count_up(&start, &end, &mut |piece| self.pass(&stages, piece, env, sink));
        }
        let val = self.eval(base, env)?;
        if let Some((Kind::Join { join, .. }, rest)) =
            stages.split_first().map(|(first, rest)| (&first.kind, rest))
            && let Val::Const(array) = &val
            && let Some(index) = self.index(base.id, join, array, env)?
        {
            return self.look_up(join, &index, array, env, &mut |piece| self.pass(rest, piece, env, sink));
        }
        match &val {
            Val::Const(array) if env.rows > 1 => {
                self.cross(array, env, &mut |piece| self.pass(&stages, piece, env, sink))
            }
            _ => {
                let seq = self.arrays(&val, env.rows)?;
                if stages.is_empty() {
                    return sink(Piece { first: 0, seq: Seq::clone(&seq) });
                }
                self.split(&seq, &mut |piece| self.pass(&stages, piece, env, sink))
            }
        }
    }

    /// The whole arrays of an expression.
    pub(super) fn collect(&self, node: &Node, env: &Env<'_>) -> Result<Rc<Seq>> {
        let mut pieces = Vec::new();
        let (mut items, mut bytes) = (0usize, 0usize);
        self.stream(node, env, &mut |piece| {
            items += piece.seq.total();
            row_count(items)?;
            // What is small stays as it is; what is one of many is gathered before the next one comes.
            let seq = if piece.first == 0 && piece.seq.rows() == env.rows && pieces.is_empty() {
                piece.seq
            } else {
                let items = self.gathered(&piece.seq.items, piece.seq.total())?;
                bytes = bytes.saturating_add(items.bytes());
                self.budget.foresee(bytes)?;
                Seq { items: Val::Col(items), ..piece.seq }
            };
            pieces.push(Piece { seq, ..piece });
            Ok(())
        })?;
        if let [piece] = pieces.as_slice()
            && piece.seq.rows() == env.rows
        {
            return Ok(Rc::new(piece.seq.clone()));
        }
        let mut counts = alloc::vec![0usize; env.rows];
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            for (count, (start, end)) in counts.iter_mut().skip(piece.first).zip(piece.seq.ranges()) {
                *count += end - start;
            }
            parts.push(piece.seq.items.column(piece.seq.total())?);
        }
        let items = Column::concat(&parts)?;
        self.budget.charge(&items)?;
        Ok(Rc::new(Seq { offsets: offsets(counts)?, items: Val::Col(items) }))
    }

    /// A piece through the steps of a chain.
    pub(super) fn pass(&self, stages: &[&Node], piece: Piece, env: &Env<'_>, sink: Sink<'_>) -> Result<()> {
        let Piece { first, mut seq } = piece;
        for (index, stage) in stages.iter().enumerate() {
            if let Kind::FlatMap { lambda, .. } = &stage.kind
                && seq.total() > 0
            {
                let rest = stages.get(index + 1..).unwrap_or_default();
                return self.flatten(lambda, Piece { first, seq }, env, &mut |piece| {
                    self.pass(rest, piece, env, sink)
                });
            }
            seq = self.stage(stage, seq, first, env)?;
        }
        sink(Piece { first, seq })
    }

    /// The items of the arrays that a function gives, in pieces again: they may be many more than were put in.
    #[inline(never)]
    fn flatten(&self, lambda: &Lambda, piece: Piece, env: &Env<'_>, sink: Sink<'_>) -> Result<()> {
        let Piece { first, seq } = piece;
        let total = seq.total();
        self.budget.step(total)?;
        let arrays = self.over(lambda, &seq, first, env)?;
        // The same array, or arrays of another column, may be repeated for many items.
        let each = arrays.bytes(total).div_ceil(total);
        let size = (FLAT_BYTES / each.max(1)).max(1);
        if total <= size {
            return self.split(&flat(&seq.offsets, &arrays, total)?, &mut |piece| {
                sink(Piece { first: first + piece.first, ..piece })
            });
        }
        for (row, (start, end)) in seq.ranges().enumerate() {
            let mut at = start;
            while at < end {
                let next = end.min(at + size);
                let offsets = Vec::from([0, (next - at) as u32]);
                let inner = arrays.slice(at, next)?.settle(next - at);
                self.budget.step(next - at)?;
                self.split(&flat(&offsets, &inner, next - at)?, &mut |piece| {
                    sink(Piece { first: first + row, ..piece })
                })?;
                at = next;
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn stage(&self, stage: &Node, seq: Seq, first: usize, env: &Env<'_>) -> Result<Seq> {
        let total = seq.total();
        if total == 0 {
            return Ok(Seq { offsets: seq.offsets, items: Val::empty() });
        }
        self.budget.step(total)?;
        match &stage.kind {
            Kind::Map { lambda, .. } => {
                let items = self.over(lambda, &seq, first, env)?;
                Ok(Seq { offsets: seq.offsets, items })
            }
            Kind::Filter { lambda, .. } => {
                let mask = self.meeting(lambda, &seq, first, env)?;
                keep(seq, mask)
            }
            Kind::Join { join, .. } => self.filter_join(join, seq, first, env),
            _ => Err(mismatch()),
        }
    }

    /// Which items meet a condition.
    pub(super) fn meeting(
        &self,
        condition: &Lambda,
        seq: &Seq,
        first: usize,
        env: &Env<'_>,
    ) -> Result<branch::Mask> {
        match seq.total() {
            0 => Ok(branch::Mask::None),
            total => branch::mask_of(&self.over(condition, seq, first, env)?, total),
        }
    }

    /// The values of a function of items.
    pub(super) fn over(&self, lambda: &Lambda, seq: &Seq, first: usize, env: &Env<'_>) -> Result<Val> {
        let inner = Env::inner(env, seq.total(), Map::segments(&seq.offsets, first));
        bind(&inner, lambda.params.first(), seq.items.clone());
        self.eval(&lambda.body, &inner)
    }

    /// The values of a function of all items, gathered, worked out in batches.
    pub(super) fn map_items(&self, lambda: &Lambda, seq: &Seq, env: &Env<'_>) -> Result<Column> {
        let mut parts = Vec::new();
        self.split(seq, &mut |piece| {
            let total = piece.seq.total();
            if total > 0 {
                self.budget.step(total)?;
                parts.push(self.over(lambda, &piece.seq, piece.first, env)?.column(total)?);
            }
            Ok(())
        })?;
        Column::concat(&parts)
    }

    /// Arrays in pieces of about a batch.
    pub(super) fn split(&self, seq: &Seq, sink: Sink<'_>) -> Result<()> {
        if seq.total() <= 2 * BATCH {
            return sink(Piece { first: 0, seq: seq.clone() });
        }
        let mut open = (0, 0);
        for (row, (start, end)) in seq.ranges().enumerate() {
            if end - open.1 < BATCH && row + 1 < seq.rows() {
                continue;
            }
            // Whole rows up to this one, then this one in parts if it is long.
            let (first, from) = open;
            if end - from <= 2 * BATCH {
                sink(part(seq, first, row + 1)?)?;
            } else {
                if row > first {
                    sink(part(seq, first, row)?)?;
                }
                let mut at = start;
                while at < end {
                    let next = end.min(at + BATCH);
                    sink(one(row, next - at, seq.items.slice(at, next)?)?)?;
                    at = next;
                }
            }
            open = (row + 1, end);
        }
        Ok(())
    }

    /// The same array for every row.
    fn cross(&self, array: &Column, env: &Env<'_>, sink: Sink<'_>) -> Result<()> {
        let seq = Seq::of(array, 1);
        let total = seq.total();
        if total == 0 {
            return Ok(());
        }
        if total > BATCH / 2 {
            for row in 0..env.rows {
                let mut at = 0;
                while at < total {
                    let next = total.min(at + BATCH);
                    sink(one(row, next - at, seq.items.slice(at, next)?)?)?;
                    at = next;
                }
            }
            return Ok(());
        }
        let rows = (BATCH / total).min(env.rows);
        let items: Buffer<u32> = (0..rows).flat_map(|_| 0..total as u32).collect();
        let offsets: Buffer<u32> = (0..=rows as u32).map(|row| row * total as u32).collect();
        let repeated = seq.items.select(&items)?;
        let mut first = 0;
        while first < env.rows {
            let rows = rows.min(env.rows - first);
            let offsets = offsets.slice(0, rows + 1);
            sink(Piece { first, seq: Seq { offsets, items: repeated.slice(0, rows * total)? } })?;
            first += rows;
        }
        Ok(())
    }

    /// The ends of a sequence.
    pub(super) fn ends(&self, args: &[Node], env: &Env<'_>) -> Result<(Column, Column)> {
        let [start, end] = args else { return Err(mismatch()) };
        Ok((self.eval(start, env)?.column(1)?, self.eval(end, env)?.column(1)?))
    }

    /// The numbers of a sequence, which is never there as a whole.
    pub(super) fn count_up(&self, start: &Column, end: &Column, sink: Sink<'_>) -> Result<()> {
        macro_rules! integers {
            ($($variant:ident)*) => {
                match (start, end) {
                    $((Column::$variant(start), Column::$variant(end)) => {
                        let (Some(start), Some(end)) = (start.first(), end.first()) else { return Err(mismatch()) };
                        let mut at = *start;
                        while at < *end {
                            let values: Buffer<_> = (at..*end).take(BATCH).collect();
                            let Some(last) = values.last() else { break };
                            // It is below the end, so there is a next number.
                            at = last.wrapping_add(1);
                            sink(one(0, values.len(), Val::Col(Column::$variant(values)))?)?;
                        }
                        Ok(())
                    })*
                    _ => Err(mismatch()),
                }
            };
        }
        integers!(I8 I16 I32 I64 U8 U16 U32 U64)
    }

    /// Filters by the equalities of a join, pair by pair.
    fn filter_join(&self, join: &join::Join, mut seq: Seq, first: usize, env: &Env<'_>) -> Result<Seq> {
        for key in &join.keys {
            if seq.total() == 0 {
                return Ok(seq);
            }
            let total = seq.total();
            let inner = Env::inner(env, total, Map::segments(&seq.offsets, first));
            bind(&inner, Some(&join.param), seq.items.clone());
            let (build, probe) = (self.eval(&key.build, &inner)?, self.eval(&key.probe, &inner)?);
            let equal = self.equal(&build, &probe, total)?;
            seq = keep(seq, branch::mask_of(&equal, total)?)?;
        }
        self.filter_rest(join, seq, first, env)
    }

    /// Filters by what a join has beside its equalities.
    pub(super) fn filter_rest(
        &self,
        join: &join::Join,
        seq: Seq,
        first: usize,
        env: &Env<'_>,
    ) -> Result<Seq> {
        let (Some(rest), total) = (&join.rest, seq.total()) else { return Ok(seq) };
        if total == 0 {
            return Ok(seq);
        }
        let inner = Env::inner(env, total, Map::segments(&seq.offsets, first));
        bind(&inner, Some(&join.param), seq.items.clone());
        let mask = self.mask(rest, &inner)?;
        keep(seq, mask)
    }
}

pub(super) fn bind(env: &Env<'_>, local: Option<&LocalId>, val: Val) {
    if let Some(local) = local {
        env.bind(*local, val);
    }
}

/// Arrays of `total` items, concatenated by what they belong to.
fn flat(offsets: &[u32], arrays: &Val, total: usize) -> Result<Seq> {
    let inner = arrays.seq(total)?;
    let at = |item: &u32| inner.offsets.get(*item as usize).copied().unwrap_or_default();
    Ok(Seq { offsets: offsets.iter().map(at).collect(), items: inner.items.clone() })
}

/// The items for which a condition is true.
pub(super) fn keep(seq: Seq, mask: branch::Mask) -> Result<Seq> {
    let mask = match mask {
        branch::Mask::All => return Ok(seq),
        branch::Mask::None => {
            let offsets = alloc::vec![0; seq.offsets.len()];
            return Ok(Seq { offsets: offsets.into(), items: Val::empty() });
        }
        branch::Mask::Mixed(mask) => mask,
    };
    let rows = branch::chosen(&mask, true);
    let items = seq.items.select(&rows)?;
    if seq.rows() == 1 {
        return Ok(Seq { offsets: Vec::from([0, rows.len() as u32]).into(), items });
    }
    let mut count = 0;
    let mut new = Vec::with_capacity(seq.offsets.len());
    new.push(0);
    for (start, end) in seq.ranges() {
        count += mask.get(start..end).unwrap_or_default().iter().map(|kept| u32::from(*kept)).sum::<u32>();
        new.push(count);
    }
    Ok(Seq { offsets: new.into(), items })
}

/// Rows `start..end` as a piece.
fn part(seq: &Seq, start: usize, end: usize) -> Result<Piece> {
    let at = |row: usize| seq.offsets.get(row).map_or(0, |offset| *offset as usize);
    let (first, last) = (at(start), at(end));
    let offsets = seq.offsets.slice(start, end + 1).iter().map(|offset| offset - first as u32).collect();
    Ok(Piece { first: start, seq: Seq { offsets, items: seq.items.slice(first, last)? } })
}

/// Some items of one row.
fn one(row: usize, count: usize, items: Val) -> Result<Piece> {
    let offsets = Vec::from([0, row_count(count)?]).into();
    Ok(Piece { first: row, seq: Seq { offsets, items } })
}

/// Offsets from numbers of items.
pub(super) fn offsets(counts: impl IntoIterator<Item = usize>) -> Result<Buffer<u32>> {
    let mut total = 0usize;
    let mut offsets = Vec::from([0]);
    for count in counts {
        total += count;
        offsets.push(row_count(total)?);
    }
    Ok(offsets.into())
}
