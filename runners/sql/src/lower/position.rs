//! Operations that ask for positions: slices, zips, and windows.

use runner_core::{ExprId, Kind, Literal, Op, Prim, Result, TypeId};

use super::{Frame, Lowering};
use crate::{
    relation::{Key, Relation},
    shape::Shape,
    sql::Sql,
    value::Val,
};

impl Lowering<'_> {
    pub(super) fn slice(
        &mut self,
        xs: ExprId,
        start: ExprId,
        end: ExprId,
        frame: &mut Frame,
    ) -> Result<Relation> {
        let (rows, item) = self.rows(xs, frame)?;
        let literals = (self.int(start), self.int(end));
        let rows = self.settled(rows, item)?;
        if let (Some(start @ 0..), Some(end @ 0..)) = literals {
            let take = (end - start).max(0).unsigned_abs();
            let mut rows = rows;
            rows.limit = Some((start.unsigned_abs(), take));
            rows.position = None;
            return Ok(rows);
        }
        let start = self.atom(start, frame)?;
        let end = self.atom(end, frame)?;
        let (rows, position) = self.with_position(rows)?;
        let count = Sql::of("count(*) OVER ()", &[]);
        let (mut rows, count) = self.with_column(rows, count)?;
        let position = rows.position.clone().unwrap_or(position);
        let bound = |bound: &Sql| format!("CASE WHEN {bound} < 0 THEN {count} + {bound} ELSE {bound} END");
        rows.wheres.push(Sql::of(
            format!("({position} > {} AND {position} <= {})", bound(&start), bound(&end)),
            &[],
        ));
        rows.position = None;
        Ok(rows)
    }

    pub(super) fn zip(&mut self, item: TypeId, args: &[ExprId], frame: &mut Frame) -> Result<Relation> {
        let mut zipped: Option<(Relation, Sql)> = None;
        let mut fields = Vec::new();
        for arg in args {
            let (rows, _) = self.rows(*arg, frame)?;
            let (rows, _) = self.with_position(rows)?;
            let is_fragile = self.depth > 0 && self.dialect.has_fragile_joins();
            let fenced = rows.item.can_fail() || is_fragile;
            let rows = self.wrap(rows, fenced)?;
            let position = rows.position.clone().unwrap_or_else(|| Sql::constant("1"));
            fields.push(rows.item.clone());
            zipped = Some(match zipped {
                None => (rows, position),
                Some((mut all, first)) => {
                    all.from.push_str(&format!(" JOIN LATERAL {} ON {first} = {position}", rows.from));
                    all.wheres.extend(rows.wheres);
                    all.rows_can_fail |= rows.rows_can_fail;
                    all.leaves_out = true;
                    (all, first)
                }
            });
        }
        match zipped {
            Some((mut rows, position)) => {
                rows.item = Val::Tuple(fields);
                rows.position = Some(position);
                Ok(rows)
            }
            None => self.rows_of(Val::Leaf(self.dialect.empty(&self.shapes, item)), item),
        }
    }

    pub(super) fn shift(
        &mut self,
        op: Op,
        xs: ExprId,
        by: ExprId,
        fill: ExprId,
        frame: &mut Frame,
    ) -> Result<Relation> {
        let (rows, item) = self.rows(xs, frame)?;
        let by = self.leaf(by, frame)?;
        let fill = self.lower(fill, frame)?;
        let fill = self.collected(fill, item)?;
        let fill = self.atomic(fill, frame);
        let (rows, position) = self.with_position(rows)?;
        let fenced = rows.item.can_fail();
        let mut rows = self.wrap(rows, fenced)?;
        let position = rows.position.clone().unwrap_or(position);
        let function = if op == Op::Lag { "lag" } else { "lead" };
        let by = self.atomic_leaf(by, frame);
        let mut fills = fill.leaves().into_iter();
        rows.item = rows.item.map_leaves(&mut |leaf| match fills.next() {
            Some(fill) => Sql::of(
                format!(
                    "{function}({leaf}, greatest(least({by}, 2147483647), -2147483647)::int4, {fill}) \
                     OVER (ORDER BY {position})"
                ),
                &[leaf],
            ),
            None => leaf.clone(),
        });
        self.wrap(rows, true)
    }

    pub(super) fn rolling_mean(
        &mut self,
        xs: ExprId,
        before: ExprId,
        after: ExprId,
        frame: &mut Frame,
    ) -> Result<Relation> {
        let (rows, item) = self.rows(xs, frame)?;
        let Shape::Prim(prim) = self.shapes.get(item) else {
            return Err(self.unsupported(xs, "RollingMean"));
        };
        let before = self.atom(before, frame)?;
        let after = self.atom(after, frame)?;
        let (rows, position) = self.with_position(rows)?;
        let fenced = rows.item.can_fail();
        let mut rows = self.wrap(rows, fenced)?;
        let position = rows.position.clone().unwrap_or(position);
        let window =
            format!(" OVER (ORDER BY {position} ROWS BETWEEN {before} PRECEDING AND {after} FOLLOWING)");
        rows.item =
            rows.item.map_leaves(&mut |leaf| self.dialect.aggregate(Op::Mean, prim, leaf, "", &window));
        self.wrap(rows, true)
    }

    pub(super) fn rank(&mut self, op: Op, xs: ExprId, frame: &mut Frame) -> Result<Relation> {
        let (rows, item) = self.rows(xs, frame)?;
        let fenced = rows.item.can_fail();
        let mut rows = self.wrap(rows, fenced)?;
        let key = match (self.shapes.get(item), &rows.item) {
            (Shape::Prim(prim), Val::Leaf(leaf)) => self.dialect.sort_key(prim, leaf),
            _ => return Err(self.unsupported(xs, "a rank of several columns")),
        };
        let (function, ty) = match op {
            Op::Rank => ("rank()", Prim::Int32),
            Op::RankDense => ("dense_rank()", Prim::Int32),
            Op::RankPercentile => ("percent_rank()", Prim::Float64),
            _ => ("cume_dist()", Prim::Float64),
        };
        let ty = self.dialect.column_type(crate::Leaf::Prim(ty));
        rows.item = Val::Leaf(Sql::of(format!("({function} OVER (ORDER BY {key}))::{ty}"), &[]));
        self.wrap(rows, true)
    }

    /// Adds a column to the items of a relation, which becomes a subquery.
    pub(super) fn with_column(&mut self, rows: Relation, column: Sql) -> Result<(Relation, Sql)> {
        let item = Val::Tuple(vec![rows.item.clone(), Val::Leaf(column.clone())]);
        let fenced = rows.item.can_fail();
        let mut rows = self.wrap(Relation { item, ..rows }, fenced)?;
        let mut added = column;
        if let Val::Tuple(mut parts) = rows.item {
            if let Some(Val::Leaf(last)) = parts.pop() {
                added = last;
            }
            rows.item = parts.pop().unwrap_or(Val::Tuple(Vec::new()));
        }
        Ok((rows, added))
    }

    pub(super) fn int(&self, id: ExprId) -> Option<i64> {
        match &self.program.expr(id)?.kind {
            Kind::Literal(Literal::Int(value)) => Some(*value),
            _ => None,
        }
    }

    /// One key in the order of a relation, of which rows are unique.
    pub(super) fn single_key(&mut self, rows: Relation) -> Result<(Relation, Option<Key>)> {
        if rows.order.is_empty() {
            return Ok((rows, None));
        }
        match rows.order.as_slice() {
            // A key that descends would have to be negated, which not every number can be.
            [key] if rows.is_total && !key.descending => {
                let key = key.clone();
                Ok((rows, Some(key)))
            }
            _ => {
                let (rows, position) = self.with_position(rows)?;
                Ok((rows, Some(Key { sql: position, descending: false })))
            }
        }
    }
}
