//! `if`, `switch`, `and` and `or`: only what is taken is evaluated.

use runner_core::{Arm, ExprId, Op, Prim, Result, TypeId};

use super::Builder;
use crate::{
    plan::{ColId, Rel, Scalar, Val},
    shape::{Leaf, Shape},
};

/// A branch, evaluated for rows of its own.
struct Branch {
    condition: Option<Scalar>,
    value: Val,
    scope: Rel,
}

impl Builder<'_> {
    pub(super) fn if_else(
        &mut self,
        ty: TypeId,
        condition: ExprId,
        then: ExprId,
        otherwise: ExprId,
    ) -> Result<Val> {
        let mut condition = self.scalar(condition)?;
        if self.shapes.leaves(ty).len() > 1 {
            condition = self.cheap_one(condition);
        }
        let then = self.branch(Some(condition), then)?;
        let otherwise = self.branch(None, otherwise)?;
        self.case(ty, vec![then, otherwise])
    }

    pub(super) fn switch(
        &mut self,
        id: ExprId,
        subject: ExprId,
        arms: &[Arm],
        default: Option<ExprId>,
    ) -> Result<Val> {
        let subject_ty = self.ty(subject)?;
        let value = self.value(subject)?;
        let value = self.collected(value, subject_ty)?;
        let value = self.cheap(value);
        let mut branches = Vec::new();
        for (position, arm) in arms.iter().enumerate() {
            let is_last = default.is_none() && position + 1 == arms.len();
            let condition = (!is_last).then(|| self.is_variant(&value, subject_ty, arm.variant));
            if let Some(local) = arm.payload {
                let payload = self.payload(&value, subject_ty, arm.variant);
                self.bind(local, payload);
            }
            branches.push(self.branch(condition, arm.body)?);
        }
        if let Some(default) = default {
            branches.push(self.branch(None, default)?);
        }
        self.case(self.ty(id)?, branches)
    }

    pub(super) fn and_or(&mut self, id: ExprId, op: Op, args: &[ExprId]) -> Result<Val> {
        let [left, right] = args else { return Err(self.unsupported(id, "this call")) };
        let left = self.scalar(*left)?;
        let right = self.branch(None, *right)?;
        let value = right.value.columns().into_all().pop().unwrap_or(Scalar::bool(true));
        let right = closed(right.scope, value, Leaf::Prim(Prim::Bool));
        Ok(Val::One(match op {
            Op::And => Scalar::and([left, right]),
            _ => Scalar::Or(vec![left, right]),
        }))
    }

    /// Evaluates those of these values that may fail, though nothing uses them.
    pub(super) fn evaluate(&mut self, values: Vec<Scalar>) {
        let failing: Vec<_> = values.into_iter().filter(Scalar::may_fail).collect();
        if !failing.is_empty() {
            self.add(|scope| scope.filter(Scalar::Force(failing)));
        }
    }

    fn branch(&mut self, condition: Option<Scalar>, body: ExprId) -> Result<Branch> {
        let ty = self.ty(body)?;
        let (scope, value) = self.within(Rel::Unit, |this| {
            let value = this.value(body)?;
            this.collected(value, ty)
        })?;
        let scope = self.hoisted(scope);
        Ok(Branch { condition, value, scope })
    }

    /// Makes columns of the rows around of those of a branch, if evaluating them is harmless where it is not taken.
    fn hoisted(&mut self, scope: Rel) -> Rel {
        let Rel::Extend { input, columns } = scope else { return scope };
        let input = self.hoisted(*input);
        let is_harmless = |(_, scalar): &(ColId, Scalar)| !scalar.may_fail() && !scalar.has_query();
        match input {
            Rel::Unit if columns.iter().all(is_harmless) => {
                self.add(|scope| scope.extend(columns));
                Rel::Unit
            }
            input => input.extend(columns),
        }
    }

    fn case(&mut self, ty: TypeId, branches: Vec<Branch>) -> Result<Val> {
        let leaves = self.shapes.leaves(ty);
        let width = leaves.len();
        if width == 0 {
            let taken = branches
                .into_iter()
                .map(|branch| (branch.condition, closed(branch.scope, Scalar::bool(true), Leaf::Some)));
            let taken = case_of(taken.collect());
            self.evaluate(vec![taken]);
            return Ok(self.of_scalars(ty, []));
        }
        if width > 1 && branches.iter().any(|branch| branch.scope != Rel::Unit) {
            let packed = branches.into_iter().map(|branch| {
                let value = Scalar::Pack { value: Box::new(branch.value.columns()), ty };
                (branch.condition, closed(branch.scope, value, Leaf::Packed(ty)))
            });
            let packed = case_of(packed.collect());
            let packed = self.cheap_one(packed);
            let unpack = |column| Scalar::Unpack { packed: Box::new(packed.clone()), ty, column };
            return Ok(self.of_scalars(ty, (0..width).map(unpack)));
        }
        let mut columns = vec![Vec::new(); width];
        for branch in branches {
            let scalars = branch.value.columns().into_all();
            for ((column, scalar), leaf) in columns.iter_mut().zip(scalars).zip(&leaves) {
                column.push((branch.condition.clone(), closed(branch.scope.clone(), scalar, *leaf)));
            }
        }
        Ok(self.of_scalars(ty, columns.into_iter().map(case_of)))
    }

    /// Whether a cheap value of an enum is this variant.
    fn is_variant(&self, value: &Val, ty: TypeId, index: u32) -> Scalar {
        match (self.shapes.get(ty), value) {
            (Shape::Null(_), Val::One(scalar)) if index == 0 => scalar.clone().null_check(),
            (Shape::Null(_), Val::One(scalar)) => scalar.clone().null_check().negated(),
            (_, Val::Option { some, .. }) if index == 0 => some.clone().negated(),
            (_, Val::Option { some, .. }) => some.clone(),
            (Shape::Tag, Val::One(scalar)) => is_tag(scalar.clone(), index),
            (_, Val::One(scalar)) => is_tag(Scalar::TagOf { packed: Box::new(scalar.clone()), ty }, index),
            _ => Scalar::bool(true),
        }
    }

    fn payload(&self, value: &Val, ty: TypeId, index: u32) -> Val {
        let types = self.program.types();
        let variant = types.as_enum(types.unframed(ty)).unwrap_or_default().get(index as usize);
        match (value, variant) {
            (_, Some(variant)) if types.is_unit(variant.ty) => Val::unit(),
            (Val::Option { value, .. }, _) => (**value).clone(),
            (Val::One(packed), Some(found)) if self.shapes.get(ty) == Shape::Enum => {
                let part =
                    |column| Scalar::Payload { packed: Box::new(packed.clone()), ty, variant: index, column };
                self.of_scalars(found.ty, (0..self.shapes.leaves(found.ty).len()).map(part))
            }
            (value, _) => value.clone(),
        }
    }
}

fn is_tag(tag: Scalar, index: u32) -> Scalar {
    Scalar::compare(Op::Eq, Prim::Int32, tag, Scalar::Tag(index))
}

/// A value of this kind that is evaluated for one row, as an expression.
pub(super) fn closed(scope: Rel, value: Scalar, leaf: Leaf) -> Scalar {
    let packs = match leaf {
        Leaf::Packed(ty) => Some(ty),
        _ => None,
    };
    match scope {
        Rel::Unit => value,
        rel => Scalar::Query { packs, rel: Box::new(rel), value: Box::new(value) },
    }
}

fn case_of(mut branches: Vec<(Option<Scalar>, Scalar)>) -> Scalar {
    let Some((_, last)) = branches.pop() else { return Scalar::bool(true) };
    let branches: Vec<_> =
        branches.into_iter().filter_map(|(condition, value)| Some((condition?, value))).collect();
    match <[_; 1]>::try_from(branches) {
        Ok([(condition, then)]) => Scalar::choice(condition, then, last),
        Err(branches) if branches.is_empty() => last,
        Err(branches) => Scalar::Case { branches, otherwise: Box::new(last) },
    }
}
