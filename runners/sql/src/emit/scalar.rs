//! Values of one column.

use runner_core::{Op, Prim};

use super::Emitter;
use crate::{
    columns::Columns,
    engine,
    plan::{Rel, Scalar},
    shape::Leaf,
    tree::{Expr, Node, expr},
};

impl Emitter<'_> {
    pub(super) fn scalar(&mut self, scalar: &Scalar) -> Expr {
        let storage = self.engine.storage;
        let spelling = self.engine.spelling;
        match scalar {
            Scalar::Column(column) => self.column(*column),
            Scalar::Literal(prim, literal) => spelling.literal(*prim, literal),
            Scalar::Null(leaf) => expr::cast(&expr::null(), storage.column_type(*leaf)),
            Scalar::Tag(index) => expr::cast(&expr::number(*index), storage.column_type(Leaf::Tag)),
            Scalar::Param(number, leaf) => self.param(*number, *leaf, false),
            Scalar::Call { op, operands, result, args } => self.call(scalar, *op, operands, *result, args),
            Scalar::Compare { op, prim, left, right } => self.compare(*op, *prim, left, right),
            Scalar::Same(left, right) => {
                let (left, right) = (self.scalar(left), self.scalar(right));
                expr::binary("IS NOT DISTINCT FROM", &left, &right)
            }
            Scalar::And(all) => self.all(all),
            Scalar::Or(all) => {
                let is_exact = all.iter().skip(1).any(Scalar::may_fail);
                let parts: Vec<_> = all.iter().map(|part| self.scalar(part)).collect();
                match is_exact {
                    true => chain(parts, |part, rest| {
                        expr::case([(part.clone(), expr::bool(true))], Some(rest.clone()))
                    }),
                    false => expr::or(parts),
                }
            }
            Scalar::Not(value) => expr::not(&self.scalar(value)),
            Scalar::IsNull(value) => {
                let value = match &**value {
                    Scalar::NotNull { value, .. } => self.scalar(value),
                    value => self.scalar(value),
                };
                expr::is_null(&value)
            }
            Scalar::Case { branches, otherwise } => {
                let branches: Vec<_> = branches
                    .iter()
                    .map(|(condition, value)| {
                        let is_early = condition.is_foldable() && condition.may_fail();
                        let condition = self.scalar(condition);
                        let condition = if is_early { spelling.late(&condition) } else { condition };
                        (condition, self.scalar(value))
                    })
                    .collect();
                let otherwise = self.scalar(otherwise);
                expr::case(branches, Some(otherwise))
            }
            Scalar::When { condition, value } => {
                let condition = self.scalar(condition);
                expr::when(&condition, &self.scalar(value))
            }
            Scalar::Fail(message, leaf) => spelling.fail(message, &storage.column_type(*leaf)),
            Scalar::NotNull { value, message, leaf } => {
                let value = self.scalar(value);
                let fail = spelling.fail(message, &storage.column_type(*leaf));
                expr::case([(expr::is_null(&value), fail)], Some(value))
            }
            Scalar::Bound { count, bound } => {
                let (count, bound) = (self.scalar(count), self.scalar(bound));
                expr::binary("+", &count, &bound)
            }
            Scalar::DatePart(date, index) => {
                let parts = spelling.year_month_day(&self.scalar(date));
                parts.into_iter().nth(*index).unwrap_or_else(expr::null)
            }
            Scalar::Pack { value, ty } => {
                let value = self.columns_of(value);
                storage.pack(&value, *ty)
            }
            Scalar::Unpack { packed, ty, column } => {
                let packed = self.scalar(packed);
                part(storage.unpack(&packed, *ty), *column)
            }
            Scalar::Variant { index, payload, ty } => {
                let payload = self.columns_of(payload);
                storage.variant(*index, &payload, *ty)
            }
            Scalar::TagOf { packed, ty } => storage.tag(&self.scalar(packed), *ty),
            Scalar::Payload { packed, ty, variant, column } => {
                let packed = self.scalar(packed);
                part(storage.payload(&packed, *ty, *variant), *column)
            }
            Scalar::ItemAt { array, position, item, column } => {
                let (array, position) = (self.scalar(array), self.scalar(position));
                part(storage.item_at(&array, &position, *item), *column)
            }
            Scalar::Length { array, item } => storage.length(&self.scalar(array), *item),
            Scalar::Empty(item) => storage.empty(*item),
            Scalar::List { items, item } => {
                let items: Vec<_> = items.iter().map(|item| self.columns_of(item)).collect();
                storage.list(&items, *item).unwrap_or_else(expr::null)
            }
            Scalar::ComparePacked { left, right, ty } => {
                let (left, right) = (self.scalar(left), self.scalar(right));
                storage.compare(&left, &right, *ty)
            }
            Scalar::EqualPacked { left, right, ty } => {
                let (left, right) = (self.scalar(left), self.scalar(right));
                storage.equal(&left, &right, *ty)
            }
            Scalar::GroupKey { packed, ty } => storage.group_key(&self.scalar(packed), *ty),
            Scalar::Force(scalars) => {
                let scalars: Vec<_> = scalars.iter().map(|scalar| self.scalar(scalar)).collect();
                spelling.force(&scalars)
            }
            Scalar::Query { rel, value } => self.query(rel, value),
            Scalar::Exists(rel) => {
                let block = self.open(rel, &Default::default());
                expr::exists(block.query(vec![expr::number(1)]))
            }
        }
    }

    /// A value of the only row.
    fn query(&mut self, rel: &Rel, value: &Scalar) -> Expr {
        let block = self.open(rel, &value.free());
        let value = self.scalar(value);
        expr::query(block.query(vec![value]))
    }

    /// All of these, from left to right where one may fail.
    pub(super) fn all(&mut self, all: &[Scalar]) -> Expr {
        let is_exact = all.iter().skip(1).any(Scalar::may_fail);
        let parts: Vec<_> = all.iter().map(|part| self.scalar(part)).collect();
        match is_exact {
            true => {
                chain(parts, |part, rest| expr::case([(part.clone(), rest.clone())], Some(expr::bool(false))))
            }
            false => expr::and(parts),
        }
    }

    fn call(&mut self, scalar: &Scalar, op: Op, operands: &[Prim], result: Prim, args: &[Scalar]) -> Expr {
        let spelling = self.engine.spelling;
        let is_constant = args.iter().all(Scalar::is_constant);
        let is_foldable = args.iter().all(Scalar::is_foldable);
        let mut args: Vec<_> = args.iter().map(|arg| self.scalar(arg)).collect();
        if self.engine.capabilities.folds_errors
            && is_foldable
            && scalar.may_fail()
            && let Some(first) = args.first_mut()
        {
            *first = spelling.opaque(first);
        }
        let call = engine::Call { op, operands, result, is_constant };
        // The builder makes calls of operations on primitives alone.
        spelling.call(call, &args).unwrap_or_else(|| expr::call(format!("{op:?}"), args))
    }

    fn compare(&mut self, op: Op, prim: Prim, left: &Scalar, right: &Scalar) -> Expr {
        let (left, right) = (self.scalar(left), self.scalar(right));
        let operator = match op {
            Op::Eq => "=",
            Op::Ne => "<>",
            Op::Lt => "<",
            Op::Lte => "<=",
            Op::Gt => ">",
            _ => ">=",
        };
        if matches!(op, Op::Eq | Op::Ne) {
            return expr::binary(operator, &left, &right);
        }
        let key = |value: &Expr| self.engine.spelling.sort_key(prim, value);
        expr::binary(operator, &key(&left), &key(&right))
    }

    fn columns_of(&mut self, value: &Columns<Scalar>) -> Columns<Expr> {
        value.clone().map(&mut |scalar| self.scalar(&scalar))
    }
}

/// A column of a value.
fn part(value: Columns<Expr>, column: usize) -> Expr {
    value.into_all().into_iter().nth(column).unwrap_or_else(expr::null)
}

/// Conditions that are asked one after the other.
fn chain(mut parts: Vec<Expr>, join: impl Fn(&Expr, &Expr) -> Expr) -> Expr {
    let Some(mut rest) = parts.pop() else { return expr::bool(true) };
    while let Some(part) = parts.pop() {
        rest = match rest.node() {
            Node::Word("true") => part,
            _ => join(&part, &rest),
        };
    }
    rest
}
