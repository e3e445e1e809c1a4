//! Sorting, grouping, ranks and windows.

use alloc::rc::Rc;

use runner_core::{Op, Result};

use super::{
    Eval,
    env::Env,
    val::{Seq, Val},
};
use crate::{
    column::{Column, Vector, offsets},
    kernel::{
        mismatch,
        order::{compare_rows, sort},
        table::Classes,
    },
    plan::{Lambda, Node},
    scalar::{self, Ranked},
};

impl Eval<'_> {
    #[inline(never)]
    pub(super) fn sort(
        &self,
        source: &Node,
        lambda: &Lambda,
        descending: bool,
        env: &Env<'_>,
    ) -> Result<Val> {
        let seq = self.collect(source, env)?;
        if seq.total() == 0 {
            return Ok(Val::Seq(seq));
        }
        let keys = self.map_items(lambda, &seq, env)?;
        self.budget.step(seq.total())?;
        let order = sort(&keys, seq.ranges(), descending, &self.budget)?.finish();
        self.budget.step(1)?;
        let items = seq.items.select(&order, &self.budget)?;
        Ok(Val::Seq(Rc::new(Seq { offsets: seq.offsets.clone(), items })))
    }

    #[inline(never)]
    pub(super) fn group(&self, source: &Node, lambda: &Lambda, env: &Env<'_>) -> Result<Val> {
        let seq = self.collect(source, env)?;
        if seq.total() == 0 {
            return Ok(Val::Seq(Rc::new(Seq { offsets: seq.offsets.clone(), items: Val::empty() })));
        }
        let keys = self.map_items(lambda, &seq, env)?;
        let classes = Classes::new(&keys, seq.ranges(), self.seed(), &self.budget)?;
        let (rows, bounds) = classes.rows(&self.budget)?;
        let mut firsts = classes.first.iter().peekable();
        let groups = offsets(seq.ranges().map(|(_, end)| started(&mut firsts, end)), &self.budget)?;
        let key = Val::view(keys, classes.first.finish());
        let items = seq.items.select(&rows.finish(), &self.budget)?;
        let values = Seq { offsets: bounds.finish(), items };
        let items = Val::Tuple(Rc::from([key, Val::Seq(Rc::new(values))]));
        Ok(Val::Seq(Rc::new(Seq { offsets: groups, items })))
    }

    pub(super) fn rank(&self, op: Op, seq: &Seq) -> Result<Val> {
        let items = seq.items.column(seq.total(), &self.budget)?;
        let mut order = sort(&items, seq.ranges(), false, &self.budget)?;
        let (mut ranks, mut shares) = (Vector::new(&self.budget)?, Vector::new(&self.budget)?);
        match op {
            Op::Rank | Op::RankDense => ranks.resize(seq.total(), 0i32)?,
            _ => shares.resize(seq.total(), 0f64)?,
        }
        for (start, end) in seq.ranges() {
            let Some(order) = order.get_mut(start..end) else { return Err(mismatch()) };
            order.iter_mut().for_each(|row| *row -= start as u32);
            let at = |index: u32| start + index as usize;
            let equal = |a, b| {
                self.budget.is_over(1) || compare_rows(&items, at(a), &items, at(b), &self.budget).is_eq()
            };
            let ranked = Ranked { order, equal };
            match op {
                Op::Rank => scalar::rank(&ranked, ranks.get_mut(start..end).unwrap_or_default()),
                Op::RankDense => scalar::rank_dense(&ranked, ranks.get_mut(start..end).unwrap_or_default()),
                Op::RankPercentile => {
                    scalar::rank_percentile(&ranked, shares.get_mut(start..end).unwrap_or_default());
                }
                _ => scalar::cume_dist(&ranked, shares.get_mut(start..end).unwrap_or_default()),
            }
        }
        let column = match op {
            Op::Rank | Op::RankDense => Column::I32(ranks.finish()),
            _ => Column::F64(shares.finish()),
        };
        Ok(Val::Seq(Rc::new(Seq { offsets: seq.offsets.clone(), items: Val::Col(column) })))
    }

    pub(super) fn rolling_mean(
        &self,
        seq: &Seq,
        preceding: &Val,
        following: &Val,
        rows: usize,
    ) -> Result<Val> {
        let (Column::U32(preceding), Column::U32(following)) =
            (preceding.column(rows, &self.budget)?, following.column(rows, &self.budget)?)
        else {
            return Err(mismatch());
        };
        let items = seq.items.column(seq.total(), &self.budget)?;
        let mut means = Vector::with_capacity(seq.total(), &self.budget)?;
        let tick = |added| self.budget.work(added);
        for ((start, end), (before, after)) in seq.ranges().zip(preceding.iter().zip(following.iter())) {
            macro_rules! numbers {
                ([$($int:ident)*] [$($float:ident)*]) => {
                    match &items {
                        Column::Empty => {}
                        $(Column::$int(values) => {
                            let values = values.get(start..end).unwrap_or_default();
                            scalar::rolling_mean_ints(values, *before, *after, tick, |mean| means.push(mean))?;
                        })*
                        $(Column::$float(values) => {
                            let values = values.get(start..end).unwrap_or_default();
                            let steps = |added| self.budget.step(added);
                            scalar::rolling_mean_floats(values, *before, *after, steps, |mean| means.push(mean))?;
                        })*
                        _ => return Err(mismatch()),
                    }
                };
            }
            numbers!([I8 I16 I32 I64 U8 U16 U32 U64] [F32 F64]);
        }
        let items = Val::Col(Column::F64(means.finish()));
        Ok(Val::Seq(Rc::new(Seq { offsets: seq.offsets.clone(), items })))
    }
}

/// How many of these rows, which ascend, are before `end`; they are taken.
pub(super) fn started(rows: &mut core::iter::Peekable<core::slice::Iter<'_, u32>>, end: usize) -> usize {
    let mut count = 0;
    while rows.next_if(|row| (**row as usize) < end).is_some() {
        count += 1;
    }
    count
}
