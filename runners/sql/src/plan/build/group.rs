//! Groups and distinct items.

use runner_core::{ExprId, Result};

use super::Builder;
use crate::{
    plan::{Aggregate, Function, Key, Rel, Rows, Scalar, Val},
    shape::Leaf,
};

impl Builder<'_> {
    pub(super) fn group(&mut self, xs: ExprId, f: ExprId) -> Result<Rows> {
        let (mut rows, item) = self.ready_rows(xs)?;
        let order = self.single_key(&mut rows);
        let (key, key_ty) = self.for_each(&mut rows, f)?;
        // Groups are fewer than rows: their keys are looked at for NULLs instead.
        let mut checks = Vec::new();
        let key = key.map(&mut |scalar| match scalar {
            Scalar::NotNull { value, message, leaf } => {
                checks.push(Some((message, leaf)));
                *value
            }
            other => {
                checks.push(None);
                other
            }
        });
        let (rel, key) = self.within(rows.rel, |this| Ok(this.cheap(key)))?;
        let by = |scalar: &Scalar| vec![Key::by(scalar.clone())];
        let order_keys = order.as_ref().map(by).unwrap_or_default();
        let (mut keys, mut aggregates, mut results) = (Vec::new(), Vec::new(), Vec::new());
        let group_keys = self.group_keys(&key, key_ty);
        let leaves = self.shapes.leaves(key_ty);
        let scalars = key.columns().into_all();
        for (((scalar, group_key), leaf), check) in
            scalars.into_iter().zip(group_keys).zip(leaves).zip(checks)
        {
            let column = self.column();
            // Zeros of both signs are one key, of which the first one counts.
            let is_exact = scalar == group_key && !is_float(leaf);
            keys.push((column, group_key));
            let result = if is_exact {
                column
            } else {
                let first = self.column();
                aggregates.push((first, Aggregate::of(Function::First(scalar), order_keys.clone())));
                first
            };
            let value = Scalar::Column(result);
            results.push(match check {
                Some((message, leaf)) => Scalar::NotNull { value: Box::new(value), message, leaf },
                None => value,
            });
        }
        let values = self.column();
        let collect = Function::Collect { item: rows.item.columns(), ty: item };
        aggregates.push((values, Aggregate::of(collect, order_keys)));
        let position = order.map(|order| {
            let column = self.column();
            aggregates.push((column, Aggregate::of(Function::Least(order), Vec::new())));
            column
        });
        let is_checked = |scalar: &&Scalar| matches!(scalar, Scalar::NotNull { .. });
        let mut checks: Vec<_> = results.iter().filter(is_checked).cloned().collect();
        if !checks.is_empty() {
            // A condition that needs an aggregate stays behind the grouping.
            let count = self.column();
            aggregates.push((count, Aggregate::of(Function::Count, Vec::new())));
            checks.push(Scalar::Column(count));
        }
        let mut rel = Rel::Aggregate { input: Box::new(rel), keys, aggregates, is_whole: false };
        if !checks.is_empty() {
            rel = rel.filter(Scalar::Force(checks));
        }
        let item = Val::Tuple(vec![self.of_scalars(key_ty, results), Val::One(Scalar::Column(values))]);
        Ok(match position {
            Some(position) => {
                let order = vec![Key::by(Scalar::Column(position))];
                Rows { rel, item, order, is_total: true, position: None }
            }
            None => Rows::unordered(rel, item),
        })
    }

    pub(super) fn distinct(&mut self, xs: ExprId) -> Result<Rows> {
        let (rows, item) = self.rows(xs)?;
        let (mut rows, _) = self.plain(rows, item)?;
        let order = self.single_key(&mut rows);
        let keys = self.group_keys(&rows.item, item);
        let order: Vec<_> = order.into_iter().map(Key::by).collect();
        let is_strict = self.shapes.leaves(item).into_iter().all(|leaf| match leaf {
            Leaf::Prim(prim) => !prim.is_float(),
            Leaf::Tag => true,
            _ => false,
        });
        rows.rel = match keys.is_empty() {
            true => {
                let (input, skip) = (Box::new(rows.rel), Box::new(Scalar::int(0)));
                Rel::Limit { input, order: order.clone(), skip, take: 1 }
            }
            false => Rel::First { input: Box::new(rows.rel), keys, order: order.clone(), is_strict },
        };
        rows.is_total = !order.is_empty();
        rows.order = order;
        rows.position = None;
        Ok(rows)
    }
}

fn is_float(leaf: Leaf) -> bool {
    matches!(leaf, Leaf::Prim(prim) | Leaf::Null(prim) if prim.is_float())
}
