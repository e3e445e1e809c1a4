//! Values of one column.

use runner_core::{Op, Prim};

use super::Emitter;
use crate::{
    columns::Columns,
    engine,
    plan::{Rel, Scalar},
    shape::Leaf,
    tree::{Aggregate, Expr, Node, Own, expr},
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
            Scalar::Parts(operation, args) => {
                let args: Vec<_> = args.iter().map(|arg| self.scalar(arg)).collect();
                // The builder gives each operation what it needs.
                spelling.parts(*operation, &args).unwrap_or_else(expr::null)
            }
            Scalar::Compare { op, prim, left, right } => self.compare(*op, *prim, left, right),
            Scalar::Narrow(prim, sum) => {
                let sum = self.scalar(sum);
                spelling.narrow(*prim, &sum)
            }
            Scalar::In { value, items } => {
                let value = self.scalar(value);
                let items: Vec<_> = items.iter().map(|item| self.scalar(item)).collect();
                let own = value.own().and_then(|(own, of)| {
                    let items = items.iter().map(|item| spelling.own_of(of.prim, item));
                    Some((own, items.collect::<Option<Vec<_>>>()?))
                });
                match own {
                    Some((own, items)) => expr::is_in(own, items),
                    None => expr::is_in(&value, items),
                }
            }
            Scalar::Same(left, right) => {
                let (left, right) = (self.scalar(left), self.scalar(right));
                let (left, right) = self.in_own_type(left, right);
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
                expr::is_null(value.own_or_value())
            }
            Scalar::Case { branches, otherwise } => {
                let branches: Vec<_> = branches
                    .iter()
                    .map(|(condition, value)| {
                        let may_fail = condition.may_fail();
                        let condition = self.scalar(condition);
                        let is_early = may_fail && condition.is_foldable();
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
                expr::case([(expr::is_null(value.own_or_value()), fail)], Some(value))
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
            Scalar::Query { packs, rel, value } => {
                let loses_sign = self.engine.capabilities.loses_negative_zero;
                let keeps_sign = loses_sign && packs.is_some_and(|ty| self.shapes.has_float(ty));
                self.query(rel, value, keeps_sign)
            }
            Scalar::Exists(rel) => {
                let block = self.open(rel, &Default::default());
                expr::exists(block.query(vec![expr::number(1)]))
            }
        }
    }

    /// A value of the only row. One that keeps the signs of zeros is made of a list, as the engine takes first rows by
    /// keys to sort by.
    fn query(&mut self, rel: &Rel, value: &Scalar, keeps_sign: bool) -> Expr {
        let block = self.open_for(rel, &value.free(), [value]);
        let value = self.scalar(value);
        if !keeps_sign {
            return expr::query(block.query(vec![value]));
        }
        let column = self.new_column();
        let one = self.subquery(block.query(vec![value]), &[column], !rel.free().is_empty());
        let all = Aggregate::new("array_agg", [self.column(column)]).expr();
        expr::query(one.query(vec![expr::template("({})[1]", [&all])]))
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
        let mut args: Vec<_> = args.iter().map(|arg| self.scalar(arg)).collect();
        let is_foldable = args.iter().all(Expr::is_foldable);
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
        let (left, right) = self.in_own_type(left, right);
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

    /// Both sides of a comparison in the type of the table's column that one of them is, if the other can be converted.
    fn in_own_type(&self, left: Expr, right: Expr) -> (Expr, Expr) {
        let other = |of: &Own, value: &Expr| self.engine.spelling.own_of(of.prim, value);
        match (left.own(), right.own()) {
            (Some((a, x)), Some((b, y))) if x.prim == y.prim => (a.clone(), b.clone()),
            (Some((own, of)), None) => match other(of, &right) {
                Some(other) => (own.clone(), other),
                None => (left, right),
            },
            (None, Some((own, of))) => match other(of, &left) {
                Some(other) => (other, own.clone()),
                None => (left, right),
            },
            _ => (left, right),
        }
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
