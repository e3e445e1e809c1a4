//! `fold`, `scan` and `loop_until_empty`: recursions, a row for each step.

use runner_core::{ExprId, Op, Prim, Result};

use super::Builder;
use crate::plan::{ColId, JoinKind, Key, Rel, Rows, Scalar, Val};

/// The steps of a fold, and what is known of them.
struct Steps {
    rel: Rel,
    accumulator: Val,
    position: ColId,
    /// The number of the last step.
    count: Scalar,
}

impl Builder<'_> {
    pub(super) fn fold(&mut self, xs: ExprId, initial: ExprId, f: ExprId) -> Result<Val> {
        let Steps { rel, accumulator, position, count } = self.steps(xs, initial, f)?;
        let is_last = Scalar::compare(Op::Eq, Prim::Int64, Scalar::Column(position), count);
        let rel = rel.filter(is_last);
        self.add(|scope| scope.join(JoinKind::Inner, rel, Vec::new()));
        Ok(accumulator)
    }

    pub(super) fn scan(&mut self, xs: ExprId, initial: ExprId, f: ExprId) -> Result<Rows> {
        let Steps { rel, accumulator, position, .. } = self.steps(xs, initial, f)?;
        let is_step = Scalar::compare(Op::Gt, Prim::Int64, Scalar::Column(position), Scalar::int(0));
        Ok(Rows::counted(rel.filter(is_step), accumulator, position))
    }

    fn steps(&mut self, xs: ExprId, initial: ExprId, f: ExprId) -> Result<Steps> {
        let item = self.item_type(self.ty(xs)?)?;
        let array = self.cheap_scalar(xs)?;
        let ty = self.ty(initial)?;
        let first = self.value(initial)?;
        let first = self.collected(first, ty)?.columns().into_all();
        let counter = self.column();
        let part = |column| Scalar::ItemAt {
            array: Box::new(array.clone()),
            position: Box::new(Scalar::Column(counter)),
            item,
            column,
        };
        let next_item = self.of_scalars(item, (0..self.shapes.leaves(item).len()).map(part));
        let count = Scalar::Length { array: Box::new(array.clone()), item };
        let condition = Scalar::compare(Op::Lt, Prim::Int64, Scalar::Column(counter), count.clone());
        let (state, state_value) = self.new_value(ty);
        let (step, next) = self.within(Rel::Unit, |this| {
            let (next, ty) = this.apply(f, &[state_value, next_item])?;
            this.collected(next, ty)
        })?;
        let (columns, accumulator) = self.new_value(ty);
        let position = self.column();
        let rel = Rel::Recursion {
            initial: first,
            leaves: self.shapes.leaves(ty),
            state,
            counter,
            condition: Box::new(condition),
            step: Box::new(step),
            next: next.columns().into_all(),
            columns,
            position,
        };
        Ok(Steps { rel, accumulator, position, count })
    }

    pub(super) fn loop_until_empty(&mut self, xs: ExprId, f: ExprId) -> Result<Rows> {
        let ty = self.ty(xs)?;
        let item = self.item_type(ty)?;
        let first = self.scalar(xs)?;
        let (state, counter) = (self.column(), self.column());
        let array = Scalar::Column(state);
        let length = Scalar::Length { array: Box::new(array.clone()), item };
        let condition = Scalar::compare(Op::Gt, Prim::Int64, length, Scalar::int(0));
        let (step, next) = self.within(Rel::Unit, |this| {
            let (next, ty) = this.apply(f, &[Val::One(array)])?;
            this.collected(next, ty)
        })?;
        let (packed, step_number) = (self.column(), self.column());
        let rel = Rel::Recursion {
            initial: vec![first],
            leaves: self.shapes.leaves(ty),
            state: vec![state],
            counter,
            condition: Box::new(condition),
            step: Box::new(step),
            next: next.columns().into_all(),
            columns: vec![packed],
            position: step_number,
        };
        let mut items = self.rows_of(Val::One(Scalar::Column(packed)), item)?;
        items.rel = rel.join(JoinKind::Inner, items.rel, Vec::new());
        items.order.insert(0, Key::by(Scalar::Column(step_number)));
        items.position = None;
        Ok(items)
    }
}
