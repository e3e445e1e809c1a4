//! Groups of which numbers are wanted: each item is added to those of its group, and none is kept.

use alloc::{rc::Rc, vec::Vec};

use runner_core::{Op, Result};

use super::{
    Eval,
    branch::{Mask, chosen, mask_of},
    env::{Env, Map},
    group::started,
    stream::{Piece, bind, keep},
    sums::Sums,
    val::{Seq, Val},
};
use crate::{
    budget::Budget,
    column::{Buffer, Column, Vector, offsets},
    kernel::{
        mismatch,
        table::{Classes, Groups},
    },
    plan::{Aggregate, Folded, Kind, Node},
};

/// What has been folded of each group.
enum Fold {
    Count(Vector<i64>),
    Sum(Sums),
    /// Whether all are true, or any.
    Truth(bool, Vector<bool>),
}

impl Eval<'_> {
    #[inline(never)]
    pub(super) fn aggregate(&self, source: &Node, aggregate: &Aggregate, env: &Env<'_>) -> Result<Val> {
        let (keys, groups, folds) = if env.rows == 1 {
            self.fold_stream(source, aggregate, env)?
        } else {
            self.fold_arrays(source, aggregate, env)?
        };
        let total = keys.len();
        if total == 0 {
            return Ok(Val::Seq(Rc::new(Seq { offsets: groups, items: Val::empty() })));
        }
        let inner = Env::inner(env, total, Map::segments(&groups, 0));
        bind(&inner, Some(&aggregate.group), Val::Tuple(Rc::from([Val::Col(keys), Val::empty()])));
        for (folded, fold) in aggregate.folds.iter().zip(folds) {
            let column = fold.finish(&self.budget).map_err(|error| self.placed(error, &folded.node))?;
            bind(&inner, Some(&folded.local), Val::Col(column));
        }
        self.budget.step(total)?;
        let items = self.eval(&aggregate.body, &inner)?;
        Ok(Val::Seq(Rc::new(Seq { offsets: groups, items })))
    }

    /// The keys, the bounds and the folds of the groups of one array.
    fn fold_stream(
        &self,
        source: &Node,
        aggregate: &Aggregate,
        env: &Env<'_>,
    ) -> Result<(Column, Buffer<u32>, Vec<Fold>)> {
        let mut folds = self.folds(aggregate)?;
        let mut groups = Groups::new(&self.budget)?;
        self.stream(source, env, &mut |piece| {
            let total = piece.seq.total();
            if total == 0 {
                return Ok(());
            }
            self.budget.step(total)?;
            let keys =
                self.over(&aggregate.key, &piece.seq, piece.first, env)?.column(total, &self.budget)?;
            let classes = groups.add(&keys, self.seed(), &self.budget)?;
            self.fold_piece(aggregate, &mut folds, &piece, &classes, groups.len(), env)
        })?;
        let count = groups.len();
        Ok((groups.into_keys(&self.budget)?, offsets([count], &self.budget)?, folds))
    }

    /// As [`Eval::fold_stream`] for many arrays.
    fn fold_arrays(
        &self,
        source: &Node,
        aggregate: &Aggregate,
        env: &Env<'_>,
    ) -> Result<(Column, Buffer<u32>, Vec<Fold>)> {
        let mut folds = self.folds(aggregate)?;
        let seq = self.collect(source, env)?;
        if seq.total() == 0 {
            return Ok((Column::Empty, seq.offsets.clone(), folds));
        }
        let keys = self.map_items(&aggregate.key, &seq, env)?;
        let classes = Classes::new(&keys, seq.ranges(), self.seed(), &self.budget)?;
        let mut firsts = classes.first.iter().peekable();
        let groups = offsets(seq.ranges().map(|(_, end)| started(&mut firsts, end)), &self.budget)?;
        let keys = keys.gather(&classes.first, &self.budget)?;
        let of_row = classes.of_row.finish();
        let mut at = 0;
        self.split(&seq, &mut |piece| {
            let end = at + piece.seq.total();
            let classes = of_row.slice(at, end);
            at = end;
            self.fold_piece(aggregate, &mut folds, &piece, &classes, keys.len(), env)
        })?;
        Ok((keys, groups, folds))
    }

    fn folds(&self, aggregate: &Aggregate) -> Result<Vec<Fold>> {
        aggregate.folds.iter().map(|folded| Fold::new(folded, &self.budget)).collect()
    }

    /// Adds items to the groups that they belong to, of which there are `groups` so far.
    fn fold_piece(
        &self,
        aggregate: &Aggregate,
        folds: &mut [Fold],
        piece: &Piece,
        classes: &Buffer<u32>,
        groups: usize,
        env: &Env<'_>,
    ) -> Result<()> {
        for (folded, fold) in aggregate.folds.iter().zip(folds) {
            let added = self.fold_items(folded, fold, piece, classes, groups, env);
            added.map_err(|error| self.placed(error, &folded.node))?;
        }
        Ok(())
    }

    fn fold_items(
        &self,
        folded: &Folded,
        fold: &mut Fold,
        piece: &Piece,
        classes: &Buffer<u32>,
        groups: usize,
        env: &Env<'_>,
    ) -> Result<()> {
        fold.resize(groups)?;
        let (mut seq, mut classes) = (piece.seq.clone(), classes.clone());
        for step in folded.steps() {
            self.budget.step(seq.total())?;
            match &step.kind {
                Kind::Map { lambda, .. } => {
                    let items = self.over(lambda, &seq, piece.first, env)?;
                    seq = Seq { offsets: seq.offsets, items };
                }
                Kind::Filter { lambda, .. } => {
                    let mask = self.meeting(lambda, &seq, piece.first, env)?;
                    match &mask {
                        Mask::All => {}
                        Mask::None => return Ok(()),
                        Mask::Mixed(mask) => {
                            let rows = chosen(mask, true, &self.budget)?;
                            let class = |row: &u32| classes.get(*row as usize).copied().unwrap_or_default();
                            classes = self.budget.map(&rows, class)?;
                        }
                    }
                    seq = keep(seq, mask, &self.budget)?;
                }
                _ => return Err(mismatch()),
            }
        }
        fold.add(&seq, &classes, &self.budget)
    }
}

impl Fold {
    fn new(folded: &Folded, budget: &Budget) -> Result<Self> {
        let Kind::Whole { op, prims, .. } = &folded.node.kind else { return Err(mismatch()) };
        Ok(match op {
            Op::Count => Self::Count(Vector::new(budget)?),
            Op::Sum | Op::Mean => Self::Sum(Sums::new(*op == Op::Mean, *prims, 0, budget)?),
            Op::All | Op::Any => Self::Truth(*op == Op::All, Vector::new(budget)?),
            _ => return Err(mismatch()),
        })
    }

    fn resize(&mut self, groups: usize) -> Result<()> {
        match self {
            Self::Count(counts) => counts.resize(groups, 0),
            Self::Sum(sums) => sums.resize(groups),
            Self::Truth(all, truths) => truths.resize(groups, *all),
        }
    }

    fn add(&mut self, seq: &Seq, classes: &[u32], budget: &Budget) -> Result<()> {
        match self {
            Self::Count(counts) => {
                for class in classes {
                    if let Some(count) = counts.get_mut(*class as usize) {
                        *count += 1;
                    }
                }
                budget.work(classes.len())
            }
            Self::Sum(sums) => sums.add(&seq.items.column(seq.total(), budget)?, classes, budget),
            Self::Truth(all, truths) => {
                let mask = match mask_of(&seq.items, seq.total(), budget)? {
                    Mask::All => budget.filled(true, classes.len())?,
                    Mask::None => budget.filled(false, classes.len())?,
                    Mask::Mixed(mask) => mask,
                };
                for (class, value) in classes.iter().zip(mask.iter()) {
                    if let Some(truth) = truths.get_mut(*class as usize)
                        && value != all
                    {
                        *truth = *value;
                    }
                }
                budget.work(classes.len())
            }
        }
    }

    fn finish(self, budget: &Budget) -> Result<Column> {
        Ok(match self {
            Self::Count(counts) => Column::I64(counts.finish()),
            Self::Sum(sums) => sums.finish(budget)?,
            Self::Truth(_, truths) => Column::Bool(truths.finish()),
        })
    }
}
