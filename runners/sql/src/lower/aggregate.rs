//! From an array to a scalar.

use runner_core::{ExprId, Op, Result};

use super::{Frame, Lowering};
use crate::{shape::Shape, sql::Sql, value::Val};

impl Lowering<'_> {
    pub(super) fn count(&mut self, xs: ExprId, frame: &mut Frame) -> Result<Val> {
        let item = self.item_type(self.ty(xs)?)?;
        let value = self.lower(xs, frame)?;
        if let Val::Leaf(packed) = &value {
            return Ok(Val::Leaf(self.dialect.length(&self.shapes, packed, item)));
        }
        if let Val::Group(rows) = &value
            && !rows.item.can_fail()
        {
            let count = Sql::of(format!("count(*){}", Self::group_filter(rows)), &[]);
            if let Some(count) = self.group_aggregate(rows, &count) {
                return Ok(Val::Leaf(count));
            }
        }
        let rows = self.rows_of(value, item)?;
        let rows = self.ready(rows)?;
        let count = Sql::of("count(*)", &[]);
        if let Some(found) = self.grouped_join(&rows, &count, "0", frame) {
            return Ok(Val::Leaf(found));
        }
        Ok(Val::Leaf(Sql::query(format!("(SELECT count(*){})", rows.tail()), rows.can_fail())))
    }

    pub(super) fn aggregate(&mut self, op: Op, xs: ExprId, frame: &mut Frame) -> Result<Val> {
        let item = self.item_type(self.ty(xs)?)?;
        let Shape::Prim(prim) = self.shapes.get(item) else {
            return Err(self.unsupported(xs, "an aggregate of this type"));
        };
        let value = self.lower(xs, frame)?;
        if let Val::Group(rows) = &value
            && let Val::Leaf(leaf) = &rows.item
        {
            let result = self.dialect.aggregate(op, prim, leaf, &rows.order, &Self::group_filter(rows));
            if let Some(column) = self.group_aggregate(rows, &result) {
                return Ok(Val::Leaf(column));
            }
        }
        let rows = self.rows_of(value, item)?;
        let rows = self.aggregated(rows)?;
        let Val::Leaf(leaf) = &rows.item else {
            return Err(self.unsupported(xs, "an aggregate of several columns"));
        };
        let needs_order = prim.is_float() && matches!(op, Op::Sum | Op::Mean | Op::Min | Op::Max);
        let order = if needs_order { rows.order_by() } else { String::new() };
        let result = self.dialect.aggregate(op, prim, leaf, &order, "");
        let empty = self.dialect.aggregate_of_none(op);
        if let Some(found) = self.grouped_join(&rows, &result, empty, frame) {
            return Ok(Val::Leaf(found));
        }
        let can_fail = result.can_fail() || rows.can_fail();
        let result = self.guarded(result);
        Ok(Val::Leaf(Sql::query(format!("(SELECT {result}{})", rows.tail()), can_fail)))
    }

    pub(super) fn join(&mut self, xs: ExprId, separator: ExprId, frame: &mut Frame) -> Result<Val> {
        let (rows, _) = self.rows(xs, frame)?;
        let separator = self.atom(separator, frame)?;
        let rows = self.aggregated(rows)?;
        let Val::Leaf(leaf) = &rows.item else {
            return Err(self.unsupported(xs, "a text of several columns"));
        };
        let joined = self.dialect.join(leaf, &separator, &rows.order_by());
        Ok(Val::Leaf(Sql::query(format!("(SELECT {joined}{})", rows.tail()), rows.can_fail())))
    }
}
