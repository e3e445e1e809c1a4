//! Chains of `map`, `flat_map` and `filter`, a batch of items at a time.
//!
//! A batch passes through the whole chain, into whatever consumes it, before the next one is begun: what lies between
//! two steps stays small and in the cache, however long the array is.

use alloc::{boxed::Box, rc::Rc, vec::Vec};

use runner_core::{LocalId, Result};

use super::{
    Eval, branch,
    env::{Env, Map},
    is_const, join,
    val::{Seq, Val},
};
use crate::{
    budget::Budget,
    column::{Column, Vector, offsets, row_count},
    kernel::mismatch,
    limits::BATCH,
    native::Items,
    plan::{Kind, Lambda, Node, look_up},
};

/// Bytes that arrays which are repeated by a `flat_map` may take at a time.
const FLAT_BYTES: usize = 1 << 20;

/// Bytes of items that are put together before a step that looks them up.
const HELD_BYTES: usize = 32 << 20;

/// Items of one array that wait for more of it.
struct Held {
    parts: Vector<Column>,
    rows: usize,
    bytes: usize,
}

impl Held {
    fn new(budget: &Budget) -> Result<Self> {
        Ok(Self { parts: Vector::new(budget)?, rows: 0, bytes: 0 })
    }

    fn add(&mut self, items: &Seq, budget: &Budget) -> Result<()> {
        let items = items.items.column(items.total(), budget)?;
        self.rows += items.len();
        self.bytes += items.bytes();
        if items.len() == 0 { Ok(()) } else { self.parts.push(items) }
    }
}

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
        if env.is_root()
            && let Some(mut items) = self.items(base, env)?
        {
            for stage in &stages {
                let Kind::Filter { lambda, bounds, .. } = &stage.kind else { break };
                items.within(bounds);
                if lambda.body.fallible {
                    break;
                }
            }
            let mut source = |sink: Sink<'_>| -> Result<()> {
                while let Some(items) = items.next(&self.budget).map_err(|error| self.placed(error, base))? {
                    sink(self.one(0, items.len(), Val::Col(items))?)?;
                }
                Ok(())
            };
            return self.drive(&stages, env, &mut source, sink);
        }
        if let Some((Kind::Join { join, .. }, rest)) =
            stages.split_first().map(|(first, rest)| (&first.kind, rest))
            && env.rows > 1
            && let Some(table) = self.table(base, join, env)?
        {
            return self.look_up(join, &table.index, &table.items, table.asked, env, &mut |piece| {
                self.pass(rest, piece, env, sink)
            });
        }
        let mut val = self.eval(base, env)?;
        if let Val::Range(range) = &val
            && val.is_const()
        {
            if env.rows == 1 {
                let (start, end) = (range.start.column(1, &self.budget)?, range.end.column(1, &self.budget)?);
                return self.count_up(&start, &end, &mut |piece| self.pass(&stages, piece, env, sink));
            }
            val = Val::Const(val.column(1, &self.budget)?);
        }
        if let Some((Kind::Join { join, .. }, rest)) =
            stages.split_first().map(|(first, rest)| (&first.kind, rest))
            && let Val::Const(array) = &val
            && let Some(index) = self.index(base.id, join, array, env)?
        {
            let items = Seq::of(array, 1, &self.budget)?.items;
            return self
                .look_up(join, &index, &items, true, env, &mut |piece| self.pass(rest, piece, env, sink));
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
                self.drive(&stages, env, &mut |sink| self.split(&seq, sink), sink)
            }
        }
    }

    /// The items of an array that a function makes batch by batch, if it is the same array for all rows.
    pub(super) fn items(&self, node: &Node, env: &Env<'_>) -> Result<Option<Box<dyn Items>>> {
        let Kind::External { function, args } = &node.kind else { return Ok(None) };
        if !is_const(node, env) {
            return Ok(None);
        }
        self.budget.step(1)?;
        let one = Env::inner(env, 1, Map::Row(0));
        let items = self.with_call(*function, args, &one, |native, args, context| {
            match self.known_result(*function, args) {
                // It is there as a whole.
                Some(_) => Ok(None),
                None => native.items(args, context).transpose(),
            }
        });
        items.map_err(|error| self.placed(error, node))
    }

    /// The pieces of a source through the steps of a chain. What comes before a step that looks values up in a table is
    /// put together first, so that the table is read once for all of it.
    fn drive(
        &self,
        stages: &[&Node],
        env: &Env<'_>,
        source: &mut dyn FnMut(Sink<'_>) -> Result<()>,
        sink: Sink<'_>,
    ) -> Result<()> {
        let at = stages.iter().position(|stage| env.rows == 1 && looked_up(stage).is_some());
        let Some((before, [stage, rest @ ..])) = at.map(|at| stages.split_at(at)) else {
            return source(&mut |piece| self.pass(stages, piece, env, sink));
        };
        let room = self.room(stage, env)?;
        let mut source = |sink: Sink<'_>| -> Result<()> {
            let mut held = Held::new(&self.budget)?;
            let mut is_kept = room == 0;
            source(&mut |piece| {
                self.pass(before, piece, env, &mut |piece| {
                    if is_kept {
                        return self.pass(&[stage], piece, env, sink);
                    }
                    held.add(&piece.seq, &self.budget)?;
                    // From so many rows on, the table is kept as a whole.
                    is_kept = held.rows > room;
                    if is_kept || held.bytes >= HELD_BYTES {
                        self.pass_held(stage, &mut held, env, sink)
                    } else {
                        Ok(())
                    }
                })
            })?;
            if held.rows > 0 { self.pass_held(stage, &mut held, env, sink) } else { Ok(()) }
        };
        self.drive(rest, env, &mut source, sink)
    }

    /// How many rows are put together before a step that looks values up in a table.
    fn room(&self, stage: &Node, env: &Env<'_>) -> Result<usize> {
        let Some((source, join)) = looked_up(&stage) else { return Ok(0) };
        if source.free.as_deref() != Some(&[]) || self.has_table(join) {
            return Ok(0);
        }
        Ok(self.items(source, env)?.map_or(0, |items| items.total() / 2))
    }

    fn pass_held(&self, stage: &Node, held: &mut Held, env: &Env<'_>, sink: Sink<'_>) -> Result<()> {
        let items = Column::concat(&held.parts, &self.budget)?;
        *held = Held::new(&self.budget)?;
        let piece = self.one(0, items.len(), Val::Col(items))?;
        self.pass(&[stage], piece, env, sink)
    }

    /// The whole arrays of an expression.
    pub(super) fn collect(&self, node: &Node, env: &Env<'_>) -> Result<Rc<Seq>> {
        if let Kind::External { .. } = node.kind {
            return self.arrays(&self.eval(node, env)?, env.rows);
        }
        // The one piece that there is mostly, which stays as it is.
        let mut whole: Option<Seq> = None;
        let mut parts = Vector::new(&self.budget)?;
        let mut counts = Vector::filled(0usize, env.rows, &self.budget)?;
        let mut items = 0usize;
        let mut add = |seq: &Seq, first: usize| -> Result<()> {
            for (count, (start, end)) in counts.iter_mut().skip(first).zip(seq.ranges()) {
                *count += end - start;
            }
            self.budget.work(seq.rows())?;
            // What is one of many is gathered before the next one comes.
            parts.push(seq.items.column(seq.total(), &self.budget)?)
        };
        self.stream(node, env, &mut |piece| {
            items += piece.seq.total();
            row_count(items)?;
            if let Some(first) = whole.take() {
                add(&first, 0)?;
            } else if items == piece.seq.total() && piece.first == 0 && piece.seq.rows() == env.rows {
                whole = Some(piece.seq);
                return Ok(());
            }
            if piece.seq.total() == 0 { Ok(()) } else { add(&piece.seq, piece.first) }
        })?;
        if let Some(seq) = whole {
            return Ok(Rc::new(seq));
        }
        let items = Column::concat(&parts, &self.budget)?;
        drop(parts);
        Ok(Rc::new(Seq { offsets: offsets(counts.iter().copied(), &self.budget)?, items: Val::Col(items) }))
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
        if is_chain(&lambda.body) {
            let inner = Env::inner(env, total, Map::segments(&seq.offsets, first));
            bind(&inner, lambda.params.first(), seq.items.clone());
            return self
                .stream(&lambda.body, &inner, &mut |piece| sink(self.joined(&seq.offsets, first, piece)?));
        }
        let arrays = self.over(lambda, &seq, first, env)?;
        // The same array, or arrays of another column, may be repeated for many items.
        let each = arrays.bytes(total).div_ceil(total);
        let size = (FLAT_BYTES / each.max(1)).max(1);
        if total <= size {
            return self.split(&self.flat(&seq.offsets, &arrays, total)?, &mut |piece| {
                sink(Piece { first: first + piece.first, ..piece })
            });
        }
        for (row, (start, end)) in seq.ranges().enumerate() {
            let mut at = start;
            while at < end {
                let next = end.min(at + size);
                let offsets = offsets([next - at], &self.budget)?;
                let inner = arrays.slice(at, next, &self.budget)?.settle(next - at);
                self.budget.step(next - at)?;
                self.split(&self.flat(&offsets, &inner, next - at)?, &mut |piece| {
                    sink(Piece { first: first + row, ..piece })
                })?;
                at = next;
            }
        }
        Ok(())
    }

    /// A piece of the arrays of items as one of the arrays that those items are of.
    fn joined(&self, outer: &[u32], first: usize, piece: Piece) -> Result<Piece> {
        let (start, end) = (piece.first, piece.first + piece.seq.rows());
        let row = outer.partition_point(|offset| (*offset as usize) <= start).saturating_sub(1);
        let rows = outer.get(row..).unwrap_or_default();
        let count = rows.partition_point(|offset| (*offset as usize) < end).max(1);
        let bounds = rows.get(..=count).unwrap_or(rows);
        let offsets = self.budget.map(bounds, |offset| {
            let at = (*offset as usize).clamp(start, end) - start;
            piece.seq.offsets.get(at).copied().unwrap_or_default()
        })?;
        Ok(Piece { first: first + row, seq: Seq { offsets, items: piece.seq.items } })
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
                keep(seq, mask, &self.budget)
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
            total => branch::mask_of(&self.over(condition, seq, first, env)?, total, &self.budget),
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
        let mut parts = Vector::new(&self.budget)?;
        self.split(seq, &mut |piece| {
            let total = piece.seq.total();
            if total > 0 {
                self.budget.step(total)?;
                parts.push(self.over(lambda, &piece.seq, piece.first, env)?.column(total, &self.budget)?)?;
            }
            Ok(())
        })?;
        Column::concat(&parts, &self.budget)
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
                sink(self.part(seq, first, row + 1)?)?;
            } else {
                if row > first {
                    sink(self.part(seq, first, row)?)?;
                }
                let mut at = start;
                while at < end {
                    let next = end.min(at + BATCH);
                    sink(self.one(row, next - at, seq.items.slice(at, next, &self.budget)?)?)?;
                    at = next;
                }
            }
            open = (row + 1, end);
        }
        Ok(())
    }

    /// The same array for every row.
    fn cross(&self, array: &Column, env: &Env<'_>, sink: Sink<'_>) -> Result<()> {
        let seq = Seq::of(array, 1, &self.budget)?;
        let total = seq.total();
        if total == 0 {
            return Ok(());
        }
        if total > BATCH / 2 {
            for row in 0..env.rows {
                let mut at = 0;
                while at < total {
                    let next = total.min(at + BATCH);
                    sink(self.one(row, next - at, seq.items.slice(at, next, &self.budget)?)?)?;
                    at = next;
                }
            }
            return Ok(());
        }
        let rows = (BATCH / total).min(env.rows);
        let items = self.budget.rows(rows * total, |item| (item % total) as u32)?;
        let offsets = offsets(core::iter::repeat_n(total, rows), &self.budget)?;
        let repeated = seq.items.select(&items, &self.budget)?;
        let mut first = 0;
        while first < env.rows {
            let rows = rows.min(env.rows - first);
            let offsets = offsets.slice(0, rows + 1);
            sink(Piece {
                first,
                seq: Seq { offsets, items: repeated.slice(0, rows * total, &self.budget)? },
            })?;
            first += rows;
        }
        Ok(())
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
                            let left = usize::try_from(i128::from(*end) - i128::from(at)).unwrap_or(usize::MAX);
                            let mut values = Vector::with_capacity(left.min(BATCH), &self.budget)?;
                            values.append_range(at..*end)?;
                            let values = values.finish();
                            let Some(last) = values.last() else { break };
                            // It is below the end, so there is a next number.
                            at = last.wrapping_add(1);
                            sink(self.one(0, values.len(), Val::Col(Column::$variant(values)))?)?;
                        }
                        Ok(())
                    })*
                    _ => Err(mismatch()),
                }
            };
        }
        integers!(I8 I16 I32 I64 U8 U16 U32 U64)
    }

    /// Arrays of `total` items, concatenated by what they belong to.
    fn flat(&self, offsets: &[u32], arrays: &Val, total: usize) -> Result<Seq> {
        let inner = self.arrays(arrays, total)?;
        let at = |item: &u32| inner.offsets.get(*item as usize).copied().unwrap_or_default();
        Ok(Seq { offsets: self.budget.map(offsets, at)?, items: inner.items.clone() })
    }

    /// Rows `start..end` as a piece.
    fn part(&self, seq: &Seq, start: usize, end: usize) -> Result<Piece> {
        let at = |row: usize| seq.offsets.get(row).map_or(0, |offset| *offset as usize);
        let (first, last) = (at(start), at(end));
        let offsets = self.budget.map(&seq.offsets.slice(start, end + 1), |offset| offset - first as u32)?;
        let items = seq.items.slice(first, last, &self.budget)?;
        Ok(Piece { first: start, seq: Seq { offsets, items } })
    }

    /// Some items of one row.
    fn one(&self, row: usize, count: usize, items: Val) -> Result<Piece> {
        Ok(Piece { first: row, seq: Seq { offsets: offsets([count], &self.budget)?, items } })
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
            seq = keep(seq, branch::mask_of(&equal, total, &self.budget)?, &self.budget)?;
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
        keep(seq, mask, &self.budget)
    }
}

/// Whether this is a step of a chain.
fn is_chain(node: &Node) -> bool {
    matches!(node.kind, Kind::Map { .. } | Kind::FlatMap { .. } | Kind::Filter { .. } | Kind::Join { .. })
}

/// The table that the function of a step looks values up in, and how.
fn looked_up<'n>(stage: &&'n Node) -> Option<(&'n Node, &'n join::Join)> {
    match &stage.kind {
        Kind::Map { lambda, .. } | Kind::FlatMap { lambda, .. } | Kind::Filter { lambda, .. } => {
            look_up(&lambda.body)
        }
        _ => None,
    }
}

pub(super) fn bind(env: &Env<'_>, local: Option<&LocalId>, val: Val) {
    if let Some(local) = local {
        env.bind(*local, val);
    }
}

/// The items for which a condition is true.
pub(super) fn keep(seq: Seq, mask: branch::Mask, budget: &Budget) -> Result<Seq> {
    let mask = match mask {
        branch::Mask::All => return Ok(seq),
        branch::Mask::None => {
            return Ok(Seq { offsets: budget.filled(0, seq.offsets.len())?, items: Val::empty() });
        }
        branch::Mask::Mixed(mask) => mask,
    };
    let rows = branch::chosen(&mask, true, budget)?;
    let items = seq.items.select(&rows, budget)?;
    if seq.rows() == 1 {
        return Ok(Seq { offsets: offsets([rows.len()], budget)?, items });
    }
    let kept = |(start, end)| {
        let mask = mask.get(start..end).unwrap_or_default();
        budget.is_over(mask.len());
        mask.iter().map(|kept| usize::from(*kept)).sum::<usize>()
    };
    Ok(Seq { offsets: offsets(seq.ranges().map(kept), budget)?, items })
}
