//! Arrays made of values, and operations on whole arrays.

use alloc::{rc::Rc, vec::Vec};

use runner_core::{ExprId, Op, Result};

use super::{
    Eval,
    env::{Env, Map},
    reduce::optional,
    stream::offsets,
    val::{Seq, Val},
};
use crate::{
    column::{Buffer, Column, TextBuilder, row_count},
    kernel::{mismatch, table},
    limits::BATCH,
    plan::{Node, Prims},
    scalar::{bounds, shift},
};

impl Eval<'_> {
    /// An array of these items.
    #[inline(never)]
    pub(super) fn array(&self, items: &[Node], env: &Env<'_>) -> Result<Val> {
        let (rows, width) = (env.rows, items.len());
        if width == 0 {
            return Ok(Val::Const(Column::one_array(Column::Empty)?));
        }
        let vals: Vec<Val> = items.iter().map(|item| self.eval(item, env)).collect::<Result<_>>()?;
        let offsets = offsets(core::iter::repeat_n(width, rows))?;
        if let [val] = vals.as_slice() {
            return Ok(Val::Seq(Rc::new(Seq { offsets, items: val.clone() })));
        }
        let mut columns = Vec::with_capacity(width);
        let mut starts = Vec::with_capacity(width);
        let mut start = 0;
        for val in &vals {
            let (column, step) = match val.constant(rows)? {
                Some(column) => (column, 0),
                None => (val.column(rows)?, 1),
            };
            starts.push((start, step));
            start += column.len() as u32;
            columns.push(column);
        }
        let mut column = Column::concat(&columns)?;
        if rows > 1 {
            let places: Buffer<u32> = (0..rows as u32)
                .flat_map(|row| starts.iter().map(move |(start, step)| start + row * step))
                .collect();
            column = column.gather(&places)?;
        }
        Ok(Val::Seq(Rc::new(Seq { offsets, items: Val::Col(column) })))
    }

    /// A value of an enum of `width` variants.
    #[inline(never)]
    pub(super) fn variant(&self, index: u16, width: usize, payload: &Node, env: &Env<'_>) -> Result<Val> {
        let payload = self.eval(payload, env)?;
        let constant = payload.constant(env.rows)?;
        let (payload, rows, is_const) = match constant {
            Some(column) => (column, 1, true),
            None => (payload.column(env.rows)?, env.rows, false),
        };
        let mut payloads = alloc::vec![Column::Empty; width];
        if let Some(slot) = payloads.get_mut(usize::from(index)) {
            *slot = payload;
        }
        let column = Column::variants(alloc::vec![index; rows], None, payloads)?;
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
            (Op::Zip, []) => Ok(Val::Const(Column::one_array(Column::Empty)?)),
            (Op::Zip, _) => self.zip(args, env),
            _ => self.whole_args(node, op, args, env),
        }
    }

    #[inline(never)]
    fn whole_args(&self, node: &Node, op: Op, args: &[Node], env: &Env<'_>) -> Result<Val> {
        let vals: Vec<Val> = args.iter().map(|arg| self.eval(arg, env)).collect::<Result<_>>()?;
        let Some(first) = vals.first() else { return Err(mismatch()) };
        if let Val::Const(array) = first
            && env.rows > 1
        {
            if op == Op::Contains
                && let Some(probe) = vals.get(1)
            {
                return self.contains_shared(node.id, array, probe, env);
            }
            let length = Seq::of(array, 1).total();
            if length.saturating_mul(env.rows) > 4 * BATCH {
                return self.in_parts(node, (BATCH / length).max(1), env);
            }
        }
        let seq = self.arrays(first, env.rows)?;
        self.budget.step(seq.total())?;
        let (second, third) = (vals.get(1), vals.get(2));
        match (op, second, third) {
            (Op::Slice, Some(start), Some(end)) => slices(&seq, start, end, env.rows),
            (Op::Reverse, ..) => {
                let rows: Buffer<u32> =
                    seq.ranges().flat_map(|(start, end)| (start as u32..end as u32).rev()).collect();
                self.selected(seq.offsets.clone(), &seq, rows)
            }
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
        let mut parts = Vec::new();
        let mut first = 0;
        while first < env.rows {
            let rows = size.min(env.rows - first);
            let inner = Env::inner(env, rows, Map::From(first));
            parts.push(self.eval(node, &inner)?.column(rows)?);
            first += rows;
        }
        Ok(Val::Col(Column::concat(&parts)?))
    }

    /// Items of a sequence of arrays, in new arrays.
    fn selected(&self, offsets: Buffer<u32>, seq: &Seq, rows: Buffer<u32>) -> Result<Val> {
        Ok(Val::Seq(Rc::new(Seq { offsets, items: seq.items.select(&rows)? })))
    }

    #[inline(never)]
    fn item(&self, source: &Node, index: &Node, env: &Env<'_>) -> Result<Val> {
        let index = self.eval(index, env)?;
        let constant = index.constant(env.rows)?;
        let Column::I64(wanted) = (match constant {
            Some(column) => column,
            None => index.column(env.rows)?,
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
            let items = Seq::of(&array, 1);
            let total = items.total();
            let rows = if wanted.len() == 1 { 1 } else { env.rows };
            let some: Vec<bool> = (0..rows).map(|row| at(row).is_some_and(|index| index < total)).collect();
            let places: Buffer<u32> =
                (0..rows).filter_map(at).filter(|index| *index < total).map(|index| index as u32).collect();
            let column = optional(&some, items.items.select(&places)?.column(places.len())?)?;
            return Ok(if rows == 1 { Val::Const(column) } else { Val::Col(column) });
        }
        let mut seen = alloc::vec![0usize; env.rows];
        let mut some = alloc::vec![false; env.rows];
        let mut parts = Vec::new();
        self.stream(source, env, &mut |piece| {
            let mut places = Vec::new();
            for (offset, (start, end)) in piece.seq.ranges().enumerate() {
                let row = piece.first + offset;
                let (Some(seen), Some(some)) = (seen.get_mut(row), some.get_mut(row)) else { continue };
                if let Some(index) = at(row)
                    && index >= *seen
                    && index - *seen < end - start
                {
                    *some = true;
                    places.push((start + index - *seen) as u32);
                }
                *seen += end - start;
            }
            if !places.is_empty() {
                let places = Buffer::from(places);
                parts.push(piece.seq.items.select(&places)?.column(places.len())?);
            }
            Ok(())
        })?;
        Ok(Val::Col(optional(&some, Column::concat(&parts)?)?))
    }

    #[inline(never)]
    fn sequence(&self, start: &Node, end: &Node, env: &Env<'_>) -> Result<Val> {
        let (start, end) = (self.eval(start, env)?.column(env.rows)?, self.eval(end, env)?.column(env.rows)?);
        macro_rules! integers {
            ($($variant:ident)*) => {
                match (&start, &end) {
                    $((Column::$variant(starts), Column::$variant(ends)) => {
                        let length = |(start, end): (&_, &_)| {
                            usize::try_from(i128::from(*end) - i128::from(*start)).unwrap_or(0).max(0)
                        };
                        let pairs = || starts.iter().zip(ends.iter());
                        let offsets = offsets(pairs().map(|(start, end)| if end > start { length((start, end)) } else { 0 }))?;
                        let total = offsets.last().map_or(0, |total| *total as usize);
                        self.budget.step(total)?;
                        let mut values = Vec::new();
                        self.reserve(&mut values, total)?;
                        for (start, end) in pairs() {
                            values.extend(*start..*end);
                        }
                        Ok(Val::Seq(Rc::new(Seq { offsets, items: Val::Col(Column::$variant(values.into())) })))
                    })*
                    _ => Err(mismatch()),
                }
            };
        }
        integers!(I8 I16 I32 I64 U8 U16 U32 U64)
    }

    /// Makes room for a long array, or says that there is none.
    pub(super) fn reserve<T>(&self, values: &mut Vec<T>, count: usize) -> Result<()> {
        self.budget.foresee(count.saturating_mul(size_of::<T>()))?;
        values.try_reserve_exact(count).map_err(|_| {
            runner_core::Error::exhausted(
                "memory",
                count as u64,
                alloc::format!("there is no memory for {count} items"),
            )
        })
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
        let offsets = offsets((0..env.rows).map(shortest))?;
        let total = offsets.last().map_or(0, |total| *total as usize);
        self.budget.step(total)?;
        let mut fields = Vec::with_capacity(seqs.len());
        for seq in &seqs {
            if seq.total() == total {
                fields.push(seq.items.clone());
            } else if env.rows == 1 {
                fields.push(seq.items.slice(0, total)?);
            } else {
                let rows: Buffer<u32> = seq
                    .ranges()
                    .enumerate()
                    .flat_map(|(row, (start, _))| start as u32..(start + shortest(row)) as u32)
                    .collect();
                fields.push(seq.items.select(&rows)?);
            }
        }
        let items = if total == 0 { Val::empty() } else { Val::Tuple(fields.into()) };
        Ok(Val::Seq(Rc::new(Seq { offsets, items })))
    }

    fn append(&self, left: &Seq, right: &Seq) -> Result<Val> {
        let split = row_count(left.total() + right.total())? - right.total() as u32;
        let counts = left.ranges().zip(right.ranges()).map(|(a, b)| a.1 - a.0 + b.1 - b.0);
        let offsets = offsets(counts)?;
        let both = [left.items.column(left.total())?, right.items.column(right.total())?];
        let items = Column::concat(&both)?;
        if left.rows() == 1 {
            return Ok(Val::Seq(Rc::new(Seq { offsets, items: Val::Col(items) })));
        }
        let rows: Buffer<u32> = left
            .ranges()
            .zip(right.ranges())
            .flat_map(|(a, b)| (a.0 as u32..a.1 as u32).chain(split + b.0 as u32..split + b.1 as u32))
            .collect();
        Ok(Val::Seq(Rc::new(Seq { offsets, items: Val::view(items, rows) })))
    }

    fn contains(&self, seq: &Seq, item: &Val, rows: usize) -> Result<Val> {
        let total = seq.total();
        if total == 0 {
            return Ok(Val::bool(false));
        }
        let owners = super::env::segment_rows(&seq.offsets, 0);
        let items = if rows == 1 { Val::Const(item.column(1)?) } else { item.select(&owners)? };
        let equal = self.equal(&seq.items, &items, total)?.column(total)?;
        let Column::Bool(equal) = equal else { return Err(mismatch()) };
        let any = |(start, end)| equal.get(start..end).unwrap_or_default().contains(&true);
        Ok(Val::Col(Column::Bool(seq.ranges().map(any).collect())))
    }

    /// Whether one array has the items of many rows.
    fn contains_shared(&self, id: ExprId, array: &Column, probe: &Val, env: &Env<'_>) -> Result<Val> {
        let items = Seq::of(array, 1);
        let total = items.total();
        let index = self.known_index(id, array, env.rows, || items.items.column(total))?;
        let (Some(index), true) = (index, total > 0) else { return Ok(Val::bool(false)) };
        let mut found = Vec::with_capacity(env.rows);
        index.look_up(&probe.column(env.rows)?, self.seed(), &self.budget, |_, rows| {
            found.push(!rows.is_empty());
            Ok(())
        })?;
        Ok(Val::Col(Column::Bool(found.into())))
    }

    fn distinct(&self, seq: &Seq) -> Result<Val> {
        let items = seq.items.column(seq.total())?;
        let firsts = table::distinct(&items, seq.ranges(), self.seed(), &self.budget)?;
        let mut rest = firsts.iter().peekable();
        let offsets = offsets(seq.ranges().map(|(_, end)| {
            let mut count = 0;
            while rest.next_if(|row| (**row as usize) < end).is_some() {
                count += 1;
            }
            count
        }))?;
        Ok(Val::Seq(Rc::new(Seq { offsets, items: Val::view(items, firsts) })))
    }

    fn shifted(&self, op: Op, seq: &Seq, by: &Val, filler: &Val, rows: usize) -> Result<Val> {
        let Column::I64(by) = by.column(rows)? else { return Err(mismatch()) };
        let total = seq.total();
        let (filler, step) = match filler.constant(rows)? {
            Some(column) => (column, 0),
            None => (filler.column(rows)?, 1),
        };
        let items = Column::concat(&[seq.items.column(total)?, filler])?;
        let mut places = Vec::with_capacity(total);
        for (row, ((start, end), by)) in seq.ranges().zip(by.iter()).enumerate() {
            let by = if op == Op::Lag { *by } else { by.checked_neg().unwrap_or(i64::MAX) };
            let filler = (total + row * step) as u32;
            let (before, kept, after) = shift(end - start, by);
            places.extend(core::iter::repeat_n(filler, before));
            places.extend((start + kept.start) as u32..(start + kept.end) as u32);
            places.extend(core::iter::repeat_n(filler, after));
        }
        Ok(Val::Seq(Rc::new(Seq { offsets: seq.offsets.clone(), items: Val::view(items, places.into()) })))
    }

    fn join_texts(&self, seq: &Seq, separator: &Val, rows: usize) -> Result<Val> {
        let Column::Text(separators) = separator.column(rows)? else { return Err(mismatch()) };
        let items = seq.items.column(seq.total())?;
        let mut bytes = items.bytes();
        for (row, (start, end)) in seq.ranges().enumerate() {
            bytes = bytes.saturating_add((end - start).saturating_mul(separators.get(row).len()));
        }
        self.foresee_bytes(bytes)?;
        let mut builder = TextBuilder::new();
        for (row, (start, end)) in seq.ranges().enumerate() {
            let out = builder.open();
            for item in start..end {
                if item > start {
                    out.push_str(separators.get(row));
                }
                if let Column::Text(texts) = &items {
                    out.push_str(texts.get(item));
                }
            }
            builder.end()?;
        }
        Ok(Val::Col(Column::Text(builder.finish())))
    }
}

fn slices(seq: &Seq, start: &Val, end: &Val, rows: usize) -> Result<Val> {
    let (Column::I64(starts), Column::I64(ends)) = (start.column(rows)?, end.column(rows)?) else {
        return Err(mismatch());
    };
    let pairs = starts.iter().zip(ends.iter());
    let parts: Vec<_> = seq
        .ranges()
        .zip(pairs)
        .map(|((first, last), (start, end))| {
            let range = bounds(last - first, *start, *end);
            (first + range.start, first + range.end)
        })
        .collect();
    let offsets = offsets(parts.iter().map(|(start, end)| end - start))?;
    let items = match parts.as_slice() {
        [(start, end)] => seq.items.slice(*start, *end)?,
        _ => {
            let rows: Buffer<u32> =
                parts.iter().flat_map(|(start, end)| *start as u32..*end as u32).collect();
            seq.items.select(&rows)?
        }
    };
    Ok(Val::Seq(Rc::new(Seq { offsets, items })))
}
