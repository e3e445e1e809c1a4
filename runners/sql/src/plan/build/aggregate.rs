//! From an array to a scalar.

use runner_core::{ExprId, Op, Result};

use super::Builder;
use crate::{
    plan::{Aggregate, Function, Parts, Scalar, Val},
    shape::Shape,
};

impl Builder<'_> {
    pub(super) fn count(&mut self, xs: ExprId) -> Result<Val> {
        let item = self.item_type(self.ty(xs)?)?;
        let value = self.value(xs)?;
        if let Val::Parts(parts) = value {
            return Ok(Val::One(Scalar::Parts(Parts::Count, vec![parts])));
        }
        if let Val::One(array) = value {
            return Ok(Val::One(Scalar::Length { array: Box::new(array), item }));
        }
        let rows = self.rows_of(value, item)?;
        let rows = self.ready(rows, item)?;
        Ok(Val::One(self.whole(rows.rel, Aggregate::of(Function::Count, Vec::new()))))
    }

    pub(super) fn aggregate(&mut self, op: Op, xs: ExprId) -> Result<Val> {
        let (rows, item) = self.rows(xs)?;
        let Shape::Prim(prim) = self.shapes.get(item) else {
            return Err(self.unsupported(xs, "an aggregate of this type"));
        };
        let Val::One(item) = rows.item else {
            return Err(self.unsupported(xs, "an aggregate of several columns"));
        };
        let needs_order = prim.is_float() && matches!(op, Op::Sum | Op::Mean | Op::Min | Op::Max);
        let order = if needs_order { rows.order } else { Vec::new() };
        Ok(Val::One(self.whole(rows.rel, Aggregate::of(Function::Of { op, prim, item }, order))))
    }

    pub(super) fn join(&mut self, xs: ExprId, separator: ExprId) -> Result<Val> {
        let item = self.item_type(self.ty(xs)?)?;
        let rows = match self.value(xs)? {
            Val::Parts(parts) => {
                let args = vec![parts, self.argument(separator)?];
                return Ok(Val::One(Scalar::Parts(Parts::Join, args)));
            }
            value => self.rows_of(value, item)?,
        };
        let separator = self.argument(separator)?;
        let Val::One(item) = rows.item else { return Err(self.unsupported(xs, "a text of several columns")) };
        Ok(Val::One(self.whole(rows.rel, Aggregate::of(Function::Join { item, separator }, rows.order))))
    }
}
