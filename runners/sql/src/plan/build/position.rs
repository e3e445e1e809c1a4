//! Operations that ask for positions: slices, zips, and windows.

use runner_core::{ExprId, Op, Prim, Result};

use super::Builder;
use crate::{
    plan::{JoinKind, Key, Parts, Rel, Rows, Scalar, Val, WindowFunction},
    shape::Shape,
};

impl Builder<'_> {
    pub(super) fn slice(&mut self, xs: ExprId, start: ExprId, end: ExprId) -> Result<Val> {
        let item = self.item_type(self.ty(xs)?)?;
        let rows = match self.value(xs)? {
            Val::Parts(parts) => {
                let parts = self.cheap_one(parts);
                let (start, end) = (self.argument(start)?, self.scalar(end)?);
                let (operation, args) = match &end {
                    Scalar::Parts(Parts::Count, of) if of.first() == Some(&parts) => {
                        (Parts::From, vec![parts, start])
                    }
                    _ => (Parts::Slice, vec![parts, start, self.argument_of(end)]),
                };
                return Ok(Val::Parts(Scalar::Parts(operation, args)));
            }
            value => self.rows_of(value, item)?,
        };
        let mut rows = self.ready(rows, item)?;
        if let (Some(start @ 0..), Some(end @ 0..)) = (self.int(start), self.int(end)) {
            let (mut rows, _) = self.plain(rows, item)?;
            rows.rel = Rel::Limit {
                input: Box::new(rows.rel),
                order: rows.order.clone(),
                skip: Box::new(Scalar::int(start)),
                take: (end - start).max(0).unsigned_abs(),
            };
            rows.position = None;
            return Ok(Val::Rows(Box::new(rows)));
        }
        let start = self.argument(start)?;
        let end = self.argument(end)?;
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
        Ok(Val::Rows(Box::new(rows)))
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
        let by = self.argument(by)?;
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
        let before = self.argument(before)?;
        let after = self.argument(after)?;
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
