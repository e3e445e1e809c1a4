//! Arrays made of values, and operations on whole arrays.

use alloc::{rc::Rc, vec::Vec};

use runner_core::{ExprId, Op, Result};

use super::{
    Eval,
    env::{Env, Map},
    group::started,
    reduce::optional,
    val::{Range, Seq, Val},
};
use crate::{
    budget::Budget,
    column::{Buffer, Column, TextBuilder, Vector, offsets, row_count},
    kernel::{mismatch, table},
    limits::BATCH,
    plan::{Node, Prims},
    scalar::{Fault, bounds, shift},
};

impl Eval<'_> {
    /// An array of these items.
    #[inline(never)]
    pub(super) fn array(&self, items: &[Node], env: &Env<'_>) -> Result<Val> {
        let (rows, width) = (env.rows, items.len());
        if width == 0 {
            return Ok(Val::Const(Column::one_array(Column::Empty, &self.budget)?));
        }
        let vals: Vec<Val> = items.iter().map(|item| self.eval(item, env)).collect::<Result<_>>()?;
        let offsets = offsets(core::iter::repeat_n(width, rows), &self.budget)?;
        if let [val] = vals.as_slice() {
            return Ok(Val::Seq(Rc::new(Seq { offsets, items: val.clone() })));
        }
        let mut columns = Vec::with_capacity(width);
        let mut starts = Vec::with_capacity(width);
        let mut start = 0;
        for val in &vals {
            let (column, step) = match val.constant(rows, &self.budget)? {
                Some(column) => (column, 0),
                None => (val.column(rows, &self.budget)?, 1),
            };
            starts.push((start, step));
            start += column.len() as u32;
            columns.push(column);
        }
        let mut column = Column::concat(&columns, &self.budget)?;
        if rows > 1 {
            let mut places = Vector::with_capacity(rows * width, &self.budget)?;
            for row in 0..rows as u32 {
                places.append_run(starts.iter().map(|(start, step)| start + row * step))?;
            }
            column = column.gather(&places, &self.budget)?;
        }
        Ok(Val::Seq(Rc::new(Seq { offsets, items: Val::Col(column) })))
    }

    /// A value of an enum of `width` variants.
    #[inline(never)]
    pub(super) fn variant(&self, index: u16, width: usize, payload: &Node, env: &Env<'_>) -> Result<Val> {
        let payload = self.eval(payload, env)?;
        let constant = payload.constant(env.rows, &self.budget)?;
        let (payload, rows, is_const) = match constant {
            Some(column) => (column, 1, true),
            None => (payload.column(env.rows, &self.budget)?, env.rows, false),
        };
        let mut payloads = alloc::vec![Column::Empty; width];
        if let Some(slot) = payloads.get_mut(usize::from(index)) {
            *slot = payload;
        }
        let column = Column::variants(self.budget.filled(index, rows)?, None, payloads)?;
        Ok(if is_const { Val::Const(column) } else { Val::Col(column) })
    }

    /// Operations on whole arrays.
    pub(super) fn whole(
        &self,
        node: &Node,
        op: Op,
        prims: Prims,
        args: &[Node],
        env: &Env<'_>,
    ) -> Result<Val> {
        match (op, args) {
            (Op::Count, [source]) => self.count(source, env),
            (Op::Sum | Op::Mean, [source]) => self.sum(op == Op::Mean, prims, source, env),
            (Op::Min | Op::Max, [source]) => self.extreme(op, source, env),
            (Op::All | Op::Any, [source]) => self.all_or_any(op == Op::All, source, env),
            (Op::Index, [source, index]) => self.item(source, index, env),
            (Op::Sequence, [start, end]) => self.sequence(start, end, env),
            (Op::Zip, []) => Ok(Val::Const(Column::one_array(Column::Empty, &self.budget)?)),
            (Op::Zip, _) => self.zip(args, env),
            _ => self.whole_args(node, op, args, env),
        }
    }

    #[inline(never)]
    fn whole_args(&self, node: &Node, op: Op, args: &[Node], env: &Env<'_>) -> Result<Val> {
        let mut vals: Vec<Val> = args.iter().map(|arg| self.eval(arg, env)).collect::<Result<_>>()?;
        if let (Op::Slice, [Val::Range(range), from, to]) = (op, vals.as_slice()) {
            return self.part_of_range(range, from, to, env.rows);
        }
        let Some(first) = vals.first_mut() else { return Err(mismatch()) };
        if let Val::Range(_) = first
            && first.is_const()
        {
            *first = Val::Const(first.column(1, &self.budget)?);
        }
        let Some(first) = vals.first() else { return Err(mismatch()) };
        if let Val::Const(array) = first
            && env.rows > 1
        {
            if op == Op::Contains
                && let Some(probe) = vals.get(1)
            {
                return self.contains_shared(node.id, array, probe, env);
            }
            let length = Seq::of(array, 1, &self.budget)?.total();
            if length.saturating_mul(env.rows) > 4 * BATCH {
                return self.in_parts(node, (BATCH / length).max(1), env);
            }
        }
        let seq = self.arrays(first, env.rows)?;
        self.budget.step(seq.total())?;
        let (second, third) = (vals.get(1), vals.get(2));
        match (op, second, third) {
            (Op::Slice, Some(start), Some(end)) => slices(&seq, start, end, env.rows, &self.budget),
            (Op::Reverse, ..) => {
                let mut rows = Vector::with_capacity(seq.total(), &self.budget)?;
                for (start, end) in seq.ranges() {
                    rows.append_run((start as u32..end as u32).rev())?;
                }
                self.selected(seq.offsets.clone(), &seq, rows.finish())
            }
            (Op::OrNone, ..) => self.or_none(&seq),
            (Op::Distinct, ..) => self.distinct(&seq),
            (Op::Append, Some(second), _) => self.append(&seq, &*self.arrays(second, env.rows)?),
            (Op::Contains, Some(item), _) => self.contains(&seq, item, env.rows),
            (Op::Lag | Op::Lead, Some(by), Some(filler)) => self.shifted(op, &seq, by, filler, env.rows),
            (Op::RollingMean, Some(preceding), Some(following)) => {
                self.rolling_mean(&seq, preceding, following, env.rows)
            }
            (Op::Rank | Op::RankDense | Op::RankPercentile | Op::CumeDist, ..) => self.rank(op, &seq),
            (Op::Join, Some(separator), _) => self.join_texts(&seq, separator, env.rows),
            _ => Err(mismatch()),
        }
    }

    /// Evaluates a part of the rows at a time, where all at once would take much memory.
    fn in_parts(&self, node: &Node, size: usize, env: &Env<'_>) -> Result<Val> {
        let mut parts = Vector::new(&self.budget)?;
        let mut first = 0;
        while first < env.rows {
            let rows = size.min(env.rows - first);
            let inner = Env::inner(env, rows, Map::From(first));
            parts.push(self.eval(node, &inner)?.column(rows, &self.budget)?)?;
            first += rows;
        }
        Ok(Val::Col(Column::concat(&parts, &self.budget)?))
    }

    /// Items of a sequence of arrays, in new arrays.
    fn selected(&self, offsets: Buffer<u32>, seq: &Seq, rows: Buffer<u32>) -> Result<Val> {
        Ok(Val::Seq(Rc::new(Seq { offsets, items: seq.items.select(&rows, &self.budget)? })))
    }

    #[inline(never)]
    fn item(&self, source: &Node, index: &Node, env: &Env<'_>) -> Result<Val> {
        let index = self.eval(index, env)?;
        if let Some(range) = self.range(source, env)? {
            return self.item_of_range(&range, &index, env.rows);
        }
        let constant = index.constant(env.rows, &self.budget)?;
        let Column::I64(wanted) = (match constant {
            Some(column) => column,
            None => index.column(env.rows, &self.budget)?,
        }) else {
            return Err(mismatch());
        };
        let at = |row: usize| {
            let index = if wanted.len() == 1 { wanted.first() } else { wanted.get(row) };
            index.and_then(|index| usize::try_from(*index).ok())
        };
        if let crate::plan::Kind::Local(_) | crate::plan::Kind::Field { .. } | crate::plan::Kind::Const(_) =
            source.kind
            && let Val::Const(array) = self.eval(source, env)?
        {
            let items = Seq::of(&array, 1, &self.budget)?;
            let total = items.total();
            let rows = if wanted.len() == 1 { 1 } else { env.rows };
            let some = self.budget.rows(rows, |row| at(row).is_some_and(|index| index < total))?;
            let mut places = Vector::with_capacity(rows, &self.budget)?;
            let found = (0..rows).filter_map(at).filter(|index| *index < total);
            places.append(found.map(|index| index as u32))?;
            let places = places.finish();
            let found = items.items.select(&places, &self.budget)?.column(places.len(), &self.budget)?;
            let column = optional(&some, found, &self.budget)?;
            return Ok(if rows == 1 { Val::Const(column) } else { Val::Col(column) });
        }
        let mut seen = Vector::filled(0usize, env.rows, &self.budget)?;
        let mut some = Vector::filled(false, env.rows, &self.budget)?;
        let mut parts = Vector::new(&self.budget)?;
        self.stream(source, env, &mut |piece| {
            let mut places = Vector::new(&self.budget)?;
            for (offset, (start, end)) in piece.seq.ranges().enumerate() {
                let row = piece.first + offset;
                let (Some(seen), Some(some)) = (seen.get_mut(row), some.get_mut(row)) else { continue };
                if let Some(index) = at(row)
                    && index >= *seen
                    && index - *seen < end - start
                {
                    *some = true;
                    places.push((start + index - *seen) as u32)?;
                }
                *seen += end - start;
                self.budget.work(1)?;
            }
            if !places.is_empty() {
                let places = places.finish();
                parts.push(
                    piece.seq.items.select(&places, &self.budget)?.column(places.len(), &self.budget)?,
                )?;
            }
            Ok(())
        })?;
        Ok(Val::Col(optional(&some, Column::concat(&parts, &self.budget)?, &self.budget)?))
    }

    /// The numbers from one to before another one, none of which is made before somebody looks at it.
    fn sequence(&self, start: &Node, end: &Node, env: &Env<'_>) -> Result<Val> {
        let (start, end) = (self.eval(start, env)?, self.eval(end, env)?);
        Ok(Val::Range(Rc::new(Range { start, end })))
    }

    /// Parts of sequences, which are sequences.
    fn part_of_range(&self, range: &Range, from: &Val, to: &Val, rows: usize) -> Result<Val> {
        let is_const = range.start.is_const() && range.end.is_const() && from.is_const() && to.is_const();
        let rows = if is_const { 1 } else { rows };
        let (from, to) = (from.column(rows, &self.budget)?, to.column(rows, &self.budget)?);
        let (Column::I64(from), Column::I64(to)) = (from, to) else { return Err(mismatch()) };
        let lengths = range.lengths(rows, &self.budget)?;
        let bound = |row: usize| {
            let length = lengths.get(if lengths.len() == 1 { 0 } else { row }).copied().flatten();
            let length = usize::try_from(length.ok_or(Fault::Overflow("count"))?).unwrap_or(usize::MAX);
            match (from.get(row), to.get(row)) {
                (Some(from), Some(to)) => Ok(bounds(length, *from, *to)),
                _ => Err(mismatch()),
            }
        };
        let starts = self.budget.try_rows(rows, |row| Ok(Some(bound(row)?.start as i64)))?;
        let ends = self.budget.try_rows(rows, |row| Ok(Some(bound(row)?.end as i64)))?;
        let val = |places: &[Option<i64>]| -> Result<Val> {
            let column = range.items(places, &self.budget)?;
            Ok(if is_const { Val::Const(column) } else { Val::Col(column) })
        };
        Ok(Val::Range(Rc::new(Range { start: val(&starts)?, end: val(&ends)? })))
    }

    /// Items of sequences, by their index.
    fn item_of_range(&self, range: &Range, index: &Val, rows: usize) -> Result<Val> {
        let is_const = range.start.is_const() && range.end.is_const() && index.is_const();
        let rows = if is_const { 1 } else { rows };
        let Column::I64(wanted) = index.column(rows, &self.budget)? else { return Err(mismatch()) };
        let lengths = range.lengths(rows, &self.budget)?;
        let places = self.budget.rows(rows, |row| {
            // An array of more items than can be counted has each of those that can be named.
            let length = lengths.get(if lengths.len() == 1 { 0 } else { row }).copied()?.unwrap_or(i64::MAX);
            wanted.get(row).copied().filter(|index| (0..length).contains(index))
        })?;
        let some = self.budget.map(&places, Option::is_some)?;
        let column = optional(&some, range.items(&places, &self.budget)?, &self.budget)?;
        Ok(if is_const { Val::Const(column) } else { Val::Col(column) })
    }

    #[inline(never)]
    fn zip(&self, args: &[Node], env: &Env<'_>) -> Result<Val> {
        let seqs: Vec<Rc<Seq>> =
            args.iter().map(|arg| self.arrays(&self.eval(arg, env)?, env.rows)).collect::<Result<_>>()?;
        let shortest = |row: usize| {
            let length = |seq: &Rc<Seq>| match (seq.offsets.get(row), seq.offsets.get(row + 1)) {
                (Some(start), Some(end)) => (end - start) as usize,
                _ => 0,
            };
            seqs.iter().map(length).min().unwrap_or(0)
        };
        let offsets = offsets((0..env.rows).map(shortest), &self.budget)?;
        let total = offsets.last().map_or(0, |total| *total as usize);
        self.budget.step(total)?;
        let mut fields = Vec::with_capacity(seqs.len());
        for seq in &seqs {
            if seq.total() == total {
                fields.push(seq.items.clone());
            } else if env.rows == 1 {
                fields.push(seq.items.slice(0, total, &self.budget)?);
            } else {
                let mut rows = Vector::with_capacity(total, &self.budget)?;
                for (row, (start, _)) in seq.ranges().enumerate() {
                    rows.append_run(start as u32..(start + shortest(row)) as u32)?;
                }
                fields.push(seq.items.select(&rows.finish(), &self.budget)?);
            }
        }
        let items = if total == 0 { Val::empty() } else { Val::Tuple(fields.into()) };
        Ok(Val::Seq(Rc::new(Seq { offsets, items })))
    }

    fn or_none(&self, seq: &Seq) -> Result<Val> {
        let offsets = offsets(seq.ranges().map(|(start, end)| (end - start).max(1)), &self.budget)?;
        let count = offsets.last().map_or(0, |count| *count as usize);
        let mut some = Vector::with_capacity(count, &self.budget)?;
        let mut rows = Vector::with_capacity(seq.total(), &self.budget)?;
        for (start, end) in seq.ranges() {
            if start == end {
                some.push(false)?;
            }
            some.append((start..end).map(|_| true))?;
            rows.append_run(start as u32..end as u32)?;
        }
        let rows = rows.finish();
        let found = seq.items.select(&rows, &self.budget)?.column(rows.len(), &self.budget)?;
        let items = Val::Col(optional(&some.finish(), found, &self.budget)?);
        Ok(Val::Seq(Rc::new(Seq { offsets, items })))
    }

    fn append(&self, left: &Seq, right: &Seq) -> Result<Val> {
        let split = row_count(left.total() + right.total())? - right.total() as u32;
        let counts = left.ranges().zip(right.ranges()).map(|(a, b)| a.1 - a.0 + b.1 - b.0);
        let offsets = offsets(counts, &self.budget)?;
        let both = [
            left.items.column(left.total(), &self.budget)?,
            right.items.column(right.total(), &self.budget)?,
        ];
        let items = Column::concat(&both, &self.budget)?;
        if left.rows() == 1 {
            return Ok(Val::Seq(Rc::new(Seq { offsets, items: Val::Col(items) })));
        }
        let mut rows = Vector::with_capacity(left.total() + right.total(), &self.budget)?;
        for (a, b) in left.ranges().zip(right.ranges()) {
            rows.append_run(a.0 as u32..a.1 as u32)?;
            rows.append_run(split + b.0 as u32..split + b.1 as u32)?;
        }
        Ok(Val::Seq(Rc::new(Seq { offsets, items: Val::view(items, rows.finish()) })))
    }

    fn contains(&self, seq: &Seq, item: &Val, rows: usize) -> Result<Val> {
        let total = seq.total();
        if total == 0 {
            return Val::bool(false, &self.budget);
        }
        let owners = super::env::segment_rows(&seq.offsets, 0, &self.budget)?;
        let items = if rows == 1 {
            Val::Const(item.column(1, &self.budget)?)
        } else {
            item.select(&owners, &self.budget)?
        };
        let equal = self.equal(&seq.items, &items, total)?.column(total, &self.budget)?;
        let Column::Bool(equal) = equal else { return Err(mismatch()) };
        self.budget.step(total)?;
        let mut found = Vector::with_capacity(rows, &self.budget)?;
        for (start, end) in seq.ranges() {
            found.push(equal.get(start..end).unwrap_or_default().contains(&true))?;
            self.budget.work(end - start)?;
        }
        Ok(Val::Col(Column::Bool(found.finish())))
    }

    /// Whether one array has the items of many rows.
    fn contains_shared(&self, id: ExprId, array: &Column, probe: &Val, env: &Env<'_>) -> Result<Val> {
        let items = Seq::of(array, 1, &self.budget)?;
        let total = items.total();
        let index = self.known_index(id, array, env.rows, || items.items.column(total, &self.budget))?;
        let (Some(index), true) = (index, total > 0) else { return Val::bool(false, &self.budget) };
        let distinct = probe.distinct(env.rows, &self.budget)?;
        let probes = match &distinct {
            Some((values, _)) => values.clone(),
            None => probe.column(env.rows, &self.budget)?,
        };
        let mut found = Vector::with_capacity(probes.len(), &self.budget)?;
        index.look_up(&probes, self.seed(), &self.budget, |_, rows| found.push(!rows.is_empty()))?;
        let found = Column::Bool(found.finish());
        Ok(match distinct {
            Some((_, rows)) => Val::view(found, rows),
            None => Val::Col(found),
        })
    }

    fn distinct(&self, seq: &Seq) -> Result<Val> {
        let items = seq.items.column(seq.total(), &self.budget)?;
        let firsts = table::distinct(&items, seq.ranges(), self.seed(), &self.budget)?;
        let mut rest = firsts.iter().peekable();
        let offsets = offsets(seq.ranges().map(|(_, end)| started(&mut rest, end)), &self.budget)?;
        Ok(Val::Seq(Rc::new(Seq { offsets, items: Val::view(items, firsts) })))
    }

    fn shifted(&self, op: Op, seq: &Seq, by: &Val, filler: &Val, rows: usize) -> Result<Val> {
        let Column::I64(by) = by.column(rows, &self.budget)? else { return Err(mismatch()) };
        let total = seq.total();
        let (filler, step) = match filler.constant(rows, &self.budget)? {
            Some(column) => (column, 0),
            None => (filler.column(rows, &self.budget)?, 1),
        };
        let items = Column::concat(&[seq.items.column(total, &self.budget)?, filler], &self.budget)?;
        let mut places = Vector::with_capacity(total, &self.budget)?;
        for (row, ((start, end), by)) in seq.ranges().zip(by.iter()).enumerate() {
            let by = if op == Op::Lag { *by } else { by.checked_neg().unwrap_or(i64::MAX) };
            let filler = (total + row * step) as u32;
            let (before, kept, after) = shift(end - start, by);
            places.append_run(core::iter::repeat_n(filler, before))?;
            places.append_run((start + kept.start) as u32..(start + kept.end) as u32)?;
            places.append_run(core::iter::repeat_n(filler, after))?;
        }
        Ok(Val::Seq(Rc::new(Seq { offsets: seq.offsets.clone(), items: Val::view(items, places.finish()) })))
    }

    fn join_texts(&self, seq: &Seq, separator: &Val, rows: usize) -> Result<Val> {
        let Column::Text(separators) = separator.column(rows, &self.budget)? else { return Err(mismatch()) };
        let items = seq.items.column(seq.total(), &self.budget)?;
        let mut builder = TextBuilder::with_capacity(rows, 0, &self.budget)?;
        for (row, (start, end)) in seq.ranges().enumerate() {
            for item in start..end {
                if item > start {
                    builder.push_str(separators.get(row))?;
                }
                if let Column::Text(texts) = &items {
                    builder.push_str(texts.get(item))?;
                }
                self.budget.work(1)?;
            }
            builder.end()?;
        }
        Ok(Val::Col(Column::Text(builder.finish())))
    }
}

fn slices(seq: &Seq, start: &Val, end: &Val, rows: usize, budget: &Budget) -> Result<Val> {
    let (Column::I64(starts), Column::I64(ends)) = (start.column(rows, budget)?, end.column(rows, budget)?)
    else {
        return Err(mismatch());
    };
    let pairs = starts.iter().zip(ends.iter());
    let parts = || {
        seq.ranges().zip(pairs.clone()).map(|((first, last), (start, end))| {
            let range = bounds(last - first, *start, *end);
            (first + range.start, first + range.end)
        })
    };
    let offsets = offsets(parts().map(|(start, end)| end - start), budget)?;
    let items = match (parts().next(), rows) {
        (Some((start, end)), 1) => seq.items.slice(start, end, budget)?,
        _ => {
            let total = offsets.last().map_or(0, |total| *total as usize);
            let mut rows = Vector::with_capacity(total, budget)?;
            for (start, end) in parts() {
                rows.append_run(start as u32..end as u32)?;
            }
            seq.items.select(&rows.finish(), budget)?
        }
    };
    Ok(Val::Seq(Rc::new(Seq { offsets, items })))
}
