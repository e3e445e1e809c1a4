//! Equality and order of values of any type.

use runner_core::{ExprId, Op, Result, TypeId};

use super::{Frame, Lowering};
use crate::{
    shape::Shape,
    sql::{Parts, Sql},
    value::Val,
};

impl Lowering<'_> {
    pub(super) fn comparison(
        &mut self,
        id: ExprId,
        op: Op,
        args: &[ExprId],
        frame: &mut Frame,
    ) -> Result<Val> {
        let [left, right] = args else { return Err(self.unsupported(id, "this call")) };
        let ty = self.ty(*left)?;
        let left = self.lower(*left, frame)?;
        let left = self.collected(left, ty)?;
        let right = self.lower(*right, frame)?;
        let right = self.collected(right, ty)?;
        if let (Shape::Prim(prim), Val::Leaf(a), Val::Leaf(b)) = (self.shapes.get(ty), &left, &right)
            && let Some(operator) = operator(op)
        {
            let (a, b) = if matches!(op, Op::Eq | Op::Ne) {
                (a.clone(), b.clone())
            } else {
                (self.dialect.sort_key(prim, a), self.dialect.sort_key(prim, b))
            };
            let sql = Sql::of(format!("({a} {operator} {b})"), &[&a, &b]);
            return Ok(Val::Leaf(if op == Op::Eq { sql.made_of(Parts::Equal(a, b)) } else { sql }));
        }
        let left = self.atomic(left, frame);
        let right = self.atomic(right, frame);
        Ok(Val::Leaf(match op {
            Op::Eq => self.equal(&left, &right, ty),
            Op::Ne => {
                let equal = self.equal(&left, &right, ty);
                Sql::of(format!("(NOT {equal})"), &[&equal])
            }
            _ => {
                let order = self.order(&left, &right, ty);
                let condition = match op {
                    Op::Lt => " = 0",
                    Op::Lte => " < 2",
                    Op::Gt => " = 2",
                    Op::Gte => " > 0",
                    _ => return Ok(Val::Leaf(order)),
                };
                Sql::of(format!("({order}{condition})"), &[&order])
            }
        }))
    }

    /// Whether two values are equal; never NULL.
    pub(super) fn equal(&self, left: &Val, right: &Val, ty: TypeId) -> Sql {
        match (self.shapes.get(ty), left, right) {
            (Shape::Null(_), Val::Leaf(a), Val::Leaf(b)) => {
                Sql::of(format!("({a} IS NOT DISTINCT FROM {b})"), &[a, b])
            }
            (Shape::Enum | Shape::Array(_), Val::Leaf(a), Val::Leaf(b)) => {
                self.dialect.equal_packed(&self.shapes, a, b, ty)
            }
            (_, Val::Leaf(a), Val::Leaf(b)) => Sql::of(format!("({a} = {b})"), &[a, b]),
            (
                Shape::Option(payload),
                Val::Option { some: a, value: x },
                Val::Option { some: b, value: y },
            ) => {
                let equal = self.equal(x, y, payload);
                Sql::of(format!("({a} = {b} AND (NOT {a} OR {equal}))"), &[a, b, &equal])
            }
            (_, Val::Tuple(a), Val::Tuple(b)) => {
                let types = self.shapes.fields(ty);
                let parts: Vec<_> =
                    a.iter().zip(b).zip(types).map(|((a, b), ty)| self.equal(a, b, ty)).collect();
                let texts: Vec<_> = parts.iter().map(Sql::text).collect();
                let refs: Vec<_> = parts.iter().collect();
                match texts.as_slice() {
                    [] => Sql::constant("true"),
                    texts => Sql::of(format!("({})", texts.join(" AND ")), &refs),
                }
            }
            _ => Sql::constant("true"),
        }
    }

    /// 0, 1 or 2 as the left is less, equal or greater.
    fn order(&self, left: &Val, right: &Val, ty: TypeId) -> Sql {
        match (self.shapes.get(ty), left, right) {
            (Shape::Null(prim), Val::Leaf(a), Val::Leaf(b)) => {
                let (x, y) = (self.dialect.sort_key(prim, a), self.dialect.sort_key(prim, b));
                let text = format!(
                    "CASE WHEN {a} IS NULL THEN CASE WHEN {b} IS NULL THEN 1 ELSE 0 END \
                     WHEN {b} IS NULL THEN 2 WHEN {x} < {y} THEN 0 WHEN {a} = {b} THEN 1 ELSE 2 END"
                );
                Sql::of(text, &[a, b])
            }
            (Shape::Enum | Shape::Array(_), Val::Leaf(a), Val::Leaf(b)) => {
                self.dialect.compare_packed(&self.shapes, a, b, ty)
            }
            (shape, Val::Leaf(a), Val::Leaf(b)) => {
                let (x, y) = match shape {
                    Shape::Prim(prim) => (self.dialect.sort_key(prim, a), self.dialect.sort_key(prim, b)),
                    _ => (a.clone(), b.clone()),
                };
                Sql::of(format!("CASE WHEN {x} < {y} THEN 0 WHEN {a} = {b} THEN 1 ELSE 2 END"), &[a, b])
            }
            (
                Shape::Option(payload),
                Val::Option { some: a, value: x },
                Val::Option { some: b, value: y },
            ) => {
                let order = self.order(x, y, payload);
                let text = format!(
                    "CASE WHEN {a} <> {b} THEN CASE WHEN {b} THEN 0 ELSE 2 END WHEN {a} THEN {order} ELSE 1 END"
                );
                Sql::of(text, &[a, b, &order])
            }
            (_, Val::Tuple(a), Val::Tuple(b)) => {
                let types = self.shapes.fields(ty);
                let parts = a.iter().zip(b).zip(types);
                let mut text = String::from("CASE");
                for ((a, b), ty) in parts {
                    let equal = self.equal(a, b, ty);
                    let order = self.order(a, b, ty);
                    text.push_str(&format!(" WHEN NOT {equal} THEN {order}"));
                }
                if text == "CASE" { self.dialect.tag_literal(1) } else { Sql::of(text + " ELSE 1 END", &[]) }
            }
            _ => self.dialect.tag_literal(1),
        }
    }

    /// Expressions that are equal exactly for equal values.
    pub(super) fn group_keys(&self, value: &Val, ty: TypeId) -> Vec<Sql> {
        match (self.shapes.get(ty), value) {
            (Shape::Enum | Shape::Array(_), Val::Leaf(sql)) => {
                vec![self.dialect.group_key(&self.shapes, sql, ty)]
            }
            (_, Val::Leaf(sql)) => vec![sql.clone()],
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

fn operator(op: Op) -> Option<&'static str> {
    Some(match op {
        Op::Eq => "=",
        Op::Ne => "<>",
        Op::Lt => "<",
        Op::Lte => "<=",
        Op::Gt => ">",
        Op::Gte => ">=",
        _ => return None,
    })
}
