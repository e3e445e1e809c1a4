//! Equality and order of values of any type.

use runner_core::{ExprId, Op, Prim, Result, TypeId};

use super::Builder;
use crate::{
    plan::{Scalar, Val},
    shape::Shape,
};

impl Builder<'_> {
    pub(super) fn comparison(&mut self, id: ExprId, op: Op, args: &[ExprId]) -> Result<Val> {
        let [left, right] = args else { return Err(self.unsupported(id, "this call")) };
        let ty = self.ty(*left)?;
        let left = self.value(*left)?;
        let left = self.collected(left, ty)?;
        let right = self.value(*right)?;
        let right = self.collected(right, ty)?;
        if let (Shape::Prim(prim), Val::One(a), Val::One(b)) = (self.shapes.get(ty), &left, &right)
            && op != Op::Cmp
        {
            return Ok(Val::One(Scalar::compare(op, prim, a.clone(), b.clone())));
        }
        let left = self.cheap(left);
        let right = self.cheap(right);
        Ok(Val::One(match op {
            Op::Eq => self.equal(&left, &right, ty),
            Op::Ne => self.equal(&left, &right, ty).negated(),
            _ => {
                let order = self.order(&left, &right, ty);
                let is = |op: Op, tag: u32| Scalar::compare(op, Prim::Int32, order.clone(), Scalar::Tag(tag));
                match op {
                    Op::Lt => is(Op::Eq, 0),
                    Op::Lte => is(Op::Lt, 2),
                    Op::Gt => is(Op::Eq, 2),
                    Op::Gte => is(Op::Gt, 0),
                    _ => order,
                }
            }
        }))
    }

    /// Whether two values are equal; never NULL. The columns are cheap.
    pub(super) fn equal(&self, left: &Val, right: &Val, ty: TypeId) -> Scalar {
        match (self.shapes.get(ty), left, right) {
            (Shape::Null(_), Val::One(a), Val::One(b)) => {
                Scalar::Same(Box::new(a.clone()), Box::new(b.clone()))
            }
            (Shape::Enum | Shape::Array(_), Val::One(a), Val::One(b)) => {
                Scalar::EqualPacked { left: Box::new(a.clone()), right: Box::new(b.clone()), ty }
            }
            (shape, Val::One(a), Val::One(b)) => {
                Scalar::compare(Op::Eq, prim_of(shape), a.clone(), b.clone())
            }
            (
                Shape::Option(payload),
                Val::Option { some: a, value: x },
                Val::Option { some: b, value: y },
            ) => {
                let same = Scalar::compare(Op::Eq, Prim::Bool, a.clone(), b.clone());
                let equal = self.equal(x, y, payload);
                Scalar::and([same, Scalar::Or(vec![a.clone().negated(), equal])])
            }
            (_, Val::Tuple(a), Val::Tuple(b)) => {
                let types = self.shapes.fields(ty);
                Scalar::and(a.iter().zip(b).zip(types).map(|((a, b), ty)| self.equal(a, b, ty)))
            }
            _ => Scalar::bool(true),
        }
    }

    /// 0, 1 or 2 as the left is less, equal or greater.
    fn order(&self, left: &Val, right: &Val, ty: TypeId) -> Scalar {
        let case = |branches: Vec<(Scalar, Scalar)>, otherwise| Scalar::Case {
            branches,
            otherwise: Box::new(otherwise),
        };
        let (less, equal, greater) = (Scalar::Tag(0), Scalar::Tag(1), Scalar::Tag(2));
        let plain = |prim: Prim, a: &Scalar, b: &Scalar| {
            let is_less = Scalar::compare(Op::Lt, prim, a.clone(), b.clone());
            let is_equal = Scalar::compare(Op::Eq, prim, a.clone(), b.clone());
            vec![(is_less, less.clone()), (is_equal, equal.clone())]
        };
        match (self.shapes.get(ty), left, right) {
            (Shape::Null(prim), Val::One(a), Val::One(b)) => {
                let none = Scalar::choice(b.clone().null_check(), equal.clone(), less.clone());
                let mut branches =
                    vec![(a.clone().null_check(), none), (b.clone().null_check(), greater.clone())];
                branches.extend(plain(prim, a, b));
                case(branches, greater)
            }
            (Shape::Enum | Shape::Array(_), Val::One(a), Val::One(b)) => {
                Scalar::ComparePacked { left: Box::new(a.clone()), right: Box::new(b.clone()), ty }
            }
            (shape, Val::One(a), Val::One(b)) => case(plain(prim_of(shape), a, b), greater),
            (
                Shape::Option(payload),
                Val::Option { some: a, value: x },
                Val::Option { some: b, value: y },
            ) => {
                let differ = Scalar::compare(Op::Ne, Prim::Bool, a.clone(), b.clone());
                let one = Scalar::choice(b.clone(), less.clone(), greater);
                case(vec![(differ, one), (a.clone(), self.order(x, y, payload))], equal.clone())
            }
            (_, Val::Tuple(a), Val::Tuple(b)) => {
                let types = self.shapes.fields(ty);
                let parts = a.iter().zip(b).zip(types);
                let branches = parts
                    .map(|((a, b), ty)| (self.equal(a, b, ty).negated(), self.order(a, b, ty)))
                    .collect::<Vec<_>>();
                if branches.is_empty() { equal } else { case(branches, equal.clone()) }
            }
            _ => equal.clone(),
        }
    }

    /// What is equal exactly for equal values.
    pub(super) fn group_keys(&self, value: &Val, ty: TypeId) -> Vec<Scalar> {
        match (self.shapes.get(ty), value) {
            (Shape::Enum | Shape::Array(_), Val::One(packed)) => {
                vec![Scalar::GroupKey { packed: Box::new(packed.clone()), ty }]
            }
            (_, Val::One(scalar)) => vec![scalar.clone()],
            (Shape::Option(payload), Val::Option { some, value }) => {
                let mut keys = vec![some.clone()];
                keys.extend(self.group_keys(value, payload));
                keys
            }
            (_, Val::Tuple(fields)) => {
                let types = self.shapes.fields(ty);
                fields.iter().zip(types).flat_map(|(field, ty)| self.group_keys(field, ty)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Tags and flags compare as numbers and booleans do.
fn prim_of(shape: Shape) -> Prim {
    match shape {
        Shape::Prim(prim) => prim,
        _ => Prim::Int32,
    }
}
