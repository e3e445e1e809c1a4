//! Sorting, grouping, ranks and windows.

use alloc::{rc::Rc, vec::Vec};

use runner_core::{Op, Result};

use super::{
    Eval,
    env::Env,
    stream::offsets,
    val::{Seq, Val},
};
use crate::{
    column::{Buffer, Column},
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
        let order = Buffer::from(sort(&keys, seq.ranges(), descending));
        self.budget.step(1)?;
        let items = seq.items.select(&order)?;
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
        let groups = offsets(seq.ranges().map(|(_, end)| {
            let mut count = 0;
            while firsts.next_if(|row| (**row as usize) < end).is_some() {
                count += 1;
            }
            count
        }))?;
        let key = Val::view(keys, classes.first.into());
        let values = Seq { offsets: bounds.into(), items: seq.items.select(&rows.into())? };
        let items = Val::Tuple(Rc::from([key, Val::Seq(Rc::new(values))]));
        Ok(Val::Seq(Rc::new(Seq { offsets: groups, items })))
    }

    pub(super) fn rank(&self, op: Op, seq: &Seq) -> Result<Val> {
        let items = seq.items.column(seq.total())?;
        let mut order = sort(&items, seq.ranges(), false);
        let (mut ranks, mut shares) = (Vec::new(), Vec::new());
        match op {
            Op::Rank | Op::RankDense => ranks.resize(seq.total(), 0i32),
            _ => shares.resize(seq.total(), 0f64),
        }
        for (start, end) in seq.ranges() {
            let Some(order) = order.get_mut(start..end) else { return Err(mismatch()) };
            order.iter_mut().for_each(|row| *row -= start as u32);
            let at = |index: u32| start + index as usize;
            let ranked = Ranked { order, equal: |a, b| compare_rows(&items, at(a), &items, at(b)).is_eq() };
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
            Op::Rank | Op::RankDense => Column::I32(ranks.into()),
            _ => Column::F64(shares.into()),
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
            (preceding.column(rows)?, following.column(rows)?)
        else {
            return Err(mismatch());
        };
        let items = seq.items.column(seq.total())?;
        let mut means = Vec::with_capacity(seq.total());
        for ((start, end), (before, after)) in seq.ranges().zip(preceding.iter().zip(following.iter())) {
            macro_rules! numbers {
                ([$($int:ident)*] [$($float:ident)*]) => {
                    match &items {
                        Column::Empty => {}
                        $(Column::$int(values) => {
                            let values = values.get(start..end).unwrap_or_default();
                            scalar::rolling_mean_ints(values, *before, *after, &mut means);
                        })*
                        $(Column::$float(values) => {
                            let values = values.get(start..end).unwrap_or_default();
                            scalar::rolling_mean_floats(values, *before, *after, &mut means, |added| {
                                self.budget.step(added)
                            })?;
                        })*
                        _ => return Err(mismatch()),
                    }
                };
            }
            numbers!([I8 I16 I32 I64 U8 U16 U32 U64] [F32 F64]);
        }
        let items = Val::Col(Column::F64(means.into()));
        Ok(Val::Seq(Rc::new(Seq { offsets: seq.offsets.clone(), items })))
    }
}
