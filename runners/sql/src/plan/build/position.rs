//! Operations that ask for positions: slices, zips, and windows.

use runner_core::{ExprId, Op, Prim, Result};

use super::Builder;
use crate::{
    plan::{JoinKind, Key, Rel, Rows, Scalar, Val, WindowFunction},
    shape::Shape,
};

impl Builder<'_> {
    pub(super) fn slice(&mut self, xs: ExprId, start: ExprId, end: ExprId) -> Result<Rows> {
        let (mut rows, item) = self.ready_rows(xs)?;
        if let (Some(start @ 0..), Some(end @ 0..)) = (self.int(start), self.int(end)) {
            let (mut rows, _) = self.plain(rows, item)?;
            rows.rel = Rel::Limit {
                input: Box::new(rows.rel),
                order: rows.order.clone(),
                skip: Box::new(Scalar::int(start)),
                take: (end - start).max(0).unsigned_abs(),
            };
            rows.position = None;
            return Ok(rows);
        }
        let start = self.cheap_scalar(start)?;
        let end = self.cheap_scalar(end)?;
        let position = Scalar::Column(self.position(&mut rows));
        let count = self.column();
        let zero = || Scalar::int(0);
        let compare =
            |op, left: &Scalar, right: Scalar| Scalar::compare(op, Prim::Int64, left.clone(), right);
        let bound = |bound: &Scalar| {
            // No array has so many items that the sum is beyond 64 bits.
            let from_end =
                Scalar::Bound { count: Box::new(Scalar::Column(count)), bound: Box::new(bound.clone()) };
            Scalar::choice(compare(Op::Lt, bound, zero()), from_end, bound.clone())
        };
        let is_behind = compare(Op::Gt, &position, bound(&start));
        let is_before = compare(Op::Lte, &position, bound(&end));
        rows.rel = rows.rel.window(vec![(count, WindowFunction::CountAll)]);
        rows.rel = rows.rel.filter(Scalar::and([is_behind, is_before]));
        rows.position = None;
        Ok(rows)
    }

    pub(super) fn zip(&mut self, id: ExprId, args: &[ExprId]) -> Result<Rows> {
        let mut zipped: Option<Rows> = None;
        let mut fields = Vec::new();
        for arg in args {
            let (mut rows, _) = self.ready_rows(*arg)?;
            let position = self.position(&mut rows);
            fields.push(rows.item.clone());
            zipped = Some(match zipped {
                None => rows,
                Some(mut all) => {
                    let first = self.position(&mut all);
                    let columns = [first, position].map(Scalar::Column);
                    let [a, b] = columns;
                    let on = vec![Scalar::compare(Op::Eq, Prim::Int64, a, b)];
                    all.rel = all.rel.join(JoinKind::Inner, rows.rel, on);
                    all
                }
            });
        }
        match zipped {
            Some(mut rows) => {
                rows.item = Val::Tuple(fields);
                Ok(rows)
            }
            None => {
                let item = self.item_type(self.ty(id)?)?;
                self.rows_of(Val::One(Scalar::Empty(item)), item)
            }
        }
    }

    pub(super) fn shift(&mut self, op: Op, xs: ExprId, by: ExprId, fill: ExprId) -> Result<Rows> {
        let (mut rows, item) = self.ready_rows(xs)?;
        let by = self.cheap_scalar(by)?;
        let fill = self.value(fill)?;
        let fill = self.collected(fill, item)?;
        let mut fills = self.cheap(fill).columns().into_all().into_iter();
        let position = Scalar::Column(self.position(&mut rows));
        let mut columns = Vec::new();
        rows.item = rows.item.map(&mut |item| {
            let column = self.plan.column();
            let fill = fills.next().unwrap_or(Scalar::Null(crate::Leaf::Some));
            let (by, position) = (by.clone(), position.clone());
            columns.push((column, WindowFunction::Shift { op, item, by, fill, position }));
            Scalar::Column(column)
        });
        rows.rel = rows.rel.window(columns);
        Ok(rows)
    }

    pub(super) fn rolling_mean(&mut self, xs: ExprId, before: ExprId, after: ExprId) -> Result<Rows> {
        let (mut rows, item) = self.ready_rows(xs)?;
        let (Shape::Prim(prim), Val::One(scalar)) = (self.shapes.get(item), rows.item.clone()) else {
            return Err(self.unsupported(xs, "RollingMean"));
        };
        let before = self.cheap_scalar(before)?;
        let after = self.cheap_scalar(after)?;
        let position = Scalar::Column(self.position(&mut rows));
        let function = WindowFunction::RollingMean { prim, item: scalar, before, after, position };
        Ok(self.with_window(rows, function))
    }

    pub(super) fn rank(&mut self, op: Op, xs: ExprId) -> Result<Rows> {
        let (rows, item) = self.ready_rows(xs)?;
        let (Shape::Prim(prim), Val::One(scalar)) = (self.shapes.get(item), rows.item.clone()) else {
            return Err(self.unsupported(xs, "a rank of several columns"));
        };
        let key = Key { scalar, prim: Some(prim), is_descending: false };
        Ok(self.with_window(rows, WindowFunction::Rank { op, key }))
    }

    /// Rows whose item is this.
    fn with_window(&mut self, mut rows: Rows, function: WindowFunction) -> Rows {
        let column = self.column();
        rows.rel = rows.rel.window(vec![(column, function)]);
        rows.item = Val::One(Scalar::Column(column));
        rows
    }
}
