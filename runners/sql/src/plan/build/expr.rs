//! Expressions by kind.

use runner_core::{ExprId, Kind, Literal, LocalId, Op, Prim, Result, Type, TypeId};

use super::{Builder, uses::Use};
use crate::{
    plan::{Rel, Scalar, Shared, Source, Val},
    shape::Shape,
};

/// Uses at most for each of which rows are made again.
const COPIES: u32 = 3;

/// Nodes at most of rows that are made again.
const COPIED_NODES: usize = 12;

impl Builder<'_> {
    pub(super) fn value(&mut self, id: ExprId) -> Result<Val> {
        let program = self.program;
        let Some(expr) = program.expr(id) else { return Err(self.unsupported(id, "nothing")) };
        let ty = expr.ty;
        match &expr.kind {
            Kind::Literal(Literal::Text(text))
                if text.contains('\0') && !self.engine.capabilities.has_nul =>
            {
                Err(self.unsupported(id, "a text that holds U+0000"))
            }
            Kind::Literal(literal) => match self.shapes.get(ty) {
                Shape::Prim(prim) => Ok(Val::One(Scalar::Literal(prim, literal.clone()))),
                _ => Err(self.unsupported(id, "a literal of this type")),
            },
            Kind::Local(local) => match self.locals.get(local.0 as usize) {
                Some(Some(value)) => Ok(value.clone()),
                _ => Err(self.unsupported(id, "a local that is not bound")),
            },
            Kind::Let { bindings, body } => {
                for (local, value) in bindings {
                    let ty = self.ty(*value)?;
                    let value = self.value(*value)?;
                    self.bind_let(*local, value, ty)?;
                }
                self.value(*body)
            }
            Kind::Tuple(items) => {
                let items: Result<Vec<_>> = items.iter().map(|item| self.value(*item)).collect();
                Ok(Val::Tuple(items?))
            }
            Kind::Field { tuple, index } => match self.value(*tuple)? {
                Val::Tuple(mut fields) if (*index as usize) < fields.len() => {
                    let field = fields.swap_remove(*index as usize);
                    self.evaluate(Val::Tuple(fields).scalars().into_iter().cloned().collect());
                    Ok(field)
                }
                _ => Err(self.unsupported(id, "a field of this value")),
            },
            Kind::Array(items) => self.array(ty, items),
            Kind::Variant { index, payload } => {
                let payload_ty = self.ty(*payload)?;
                let payload = self.value(*payload)?;
                let payload = self.collected(payload, payload_ty)?;
                Ok(self.variant(ty, *index, payload))
            }
            Kind::Switch { subject, arms, default } => self.switch(id, *subject, arms, *default),
            Kind::If { condition, then, otherwise } => self.if_else(ty, *condition, *then, *otherwise),
            Kind::Call { op, args } => self.call(id, *op, args),
            Kind::External { function, args } => self.external(id, *function, args),
            Kind::Lambda { .. } => Err(self.unsupported(id, "a function outside of a call")),
            Kind::Fail(message) => {
                let leaves = self.shapes.leaves(ty).into_iter();
                let fails: Vec<_> = leaves.map(|leaf| Scalar::Fail(message.clone(), leaf)).collect();
                if fails.is_empty() {
                    self.evaluate(vec![Scalar::Fail(message.clone(), crate::Leaf::Some)]);
                }
                Ok(self.of_scalars(ty, fails))
            }
        }
    }

    /// An expression of one column.
    pub(super) fn scalar(&mut self, id: ExprId) -> Result<Scalar> {
        let ty = self.ty(id)?;
        let value = self.value(id)?;
        match self.collected(value, ty)? {
            Val::One(scalar) => Ok(scalar),
            _ => Err(self.unsupported(id, "a value of several columns here")),
        }
    }

    /// An expression of one column that is used more than once.
    pub(super) fn cheap_scalar(&mut self, id: ExprId) -> Result<Scalar> {
        let scalar = self.scalar(id)?;
        Ok(self.cheap_one(scalar))
    }

    /// The same of what an operation is given beside an array, which is evaluated though the array be empty.
    pub(super) fn argument(&mut self, id: ExprId) -> Result<Scalar> {
        let scalar = self.scalar(id)?;
        Ok(self.argument_of(scalar))
    }

    pub(super) fn argument_of(&mut self, scalar: Scalar) -> Scalar {
        let may_fail = scalar.may_fail();
        let scalar = self.cheap_one(scalar);
        if may_fail {
            self.add(|scope| scope.filter(Scalar::Force(vec![scalar.clone()])));
        }
        scalar
    }

    pub(super) fn cheap_one(&mut self, scalar: Scalar) -> Scalar {
        if scalar.is_cheap() {
            return scalar;
        }
        let column = self.column();
        self.add(|scope| scope.extend(vec![(column, scalar)]));
        Scalar::Column(column)
    }

    /// The same value, of which each column may be used more than once.
    pub(super) fn cheap(&mut self, value: Val) -> Val {
        let mut added = Vec::new();
        let value = value.map(&mut |scalar| {
            if scalar.is_cheap() {
                return scalar;
            }
            let column = self.plan.column();
            added.push((column, scalar));
            Scalar::Column(column)
        });
        self.add(|scope| scope.extend(added));
        value
    }

    /// The primitive type of an expression.
    pub(super) fn prim(&self, id: ExprId) -> Result<Prim> {
        match self.shapes.get(self.ty(id)?) {
            Shape::Prim(prim) | Shape::Null(prim) => Ok(prim),
            _ => Err(self.unsupported(id, "a value of this type here")),
        }
    }

    fn bind_let(&mut self, local: LocalId, value: Val, ty: TypeId) -> Result<()> {
        let uses = self.uses.get(local);
        let value = self.shared(value, ty, uses)?;
        // What refers to nothing around it is evaluated once, wherever it stands.
        let is_closed = |scalar: &&Scalar| scalar.free().is_empty();
        let is_once = !uses.in_lambda || (!uses.in_step && value.scalars().iter().all(is_closed));
        let may_fail = value.scalars().iter().any(|scalar| scalar.may_fail());
        let value = if uses.count <= 1 && is_once && !may_fail { value } else { self.cheap(value) };
        self.bind(local, value);
        Ok(())
    }

    /// Makes rows that are used more than once into something that can be.
    fn shared(&mut self, value: Val, ty: TypeId, uses: Use) -> Result<Val> {
        match value {
            Val::Rows(rows) => {
                let item = match self.shapes.get(ty) {
                    Shape::Array(item) => item,
                    _ => ty,
                };
                if uses.count <= 1 && !uses.in_lambda {
                    return Ok(Val::Rows(rows));
                }
                let is_unordered = rows.order.is_empty() && uses.ordered <= 1;
                if uses.count <= 1
                    && is_unordered
                    && matches!(rows.rel, Rel::Scan(_))
                    && rows.rel.free().is_empty()
                {
                    return Ok(Val::Rows(rows));
                }
                let is_cheap = uses.count <= COPIES && rows.rel.size() <= COPIED_NODES;
                // Uses have to agree on the order, if there is one.
                let agree = is_unordered || rows.rel.is_steady();
                let is_copied = agree && is_cheap && !uses.in_step && !rows.rel.may_fail();
                if self.depth > 0 && is_copied {
                    // Each use is a join of its own, where one array for all would be packed and taken apart.
                    let rows = self.ready(*rows, item)?;
                    return Ok(Val::Source(Source::Copy(Box::new(rows))));
                }
                if self.depth > 0 || self.scope != Rel::Unit {
                    return Ok(Val::One(self.collect(*rows, item)?));
                }
                self.share(*rows, item, is_unordered)
            }
            Val::Tuple(fields) => {
                let types = self.shapes.fields(ty);
                let uses = Use { count: 2, ..uses };
                let fields = fields.into_iter().zip(types);
                let fields: Result<Vec<_>> = fields.map(|(field, ty)| self.shared(field, ty, uses)).collect();
                Ok(Val::Tuple(fields?))
            }
            other => Ok(other),
        }
    }

    /// Rows that stand for themselves, with a name.
    pub(super) fn share(&mut self, rows: crate::plan::Rows, item: TypeId, is_unordered: bool) -> Result<Val> {
        let mut rows = self.ready(rows, item)?;
        let position = if is_unordered { None } else { Some(self.position(&mut rows)) };
        let (mut columns, mut messages, mut added) = (Vec::new(), Vec::new(), Vec::new());
        for scalar in rows.item.columns().into_all() {
            let (scalar, message) = match scalar {
                Scalar::NotNull { value, message, .. } => (*value, Some(message)),
                scalar => (scalar, None),
            };
            messages.push(message);
            columns.push(scalar.as_column().unwrap_or_else(|| {
                let column = self.plan.column();
                added.push((column, scalar));
                column
            }));
        }
        let rel = rows.rel.extend(added);
        let index = self.plan.shared.len();
        let mut all = columns.clone();
        all.extend(position);
        self.plan.shared.push(Shared { rel, columns: all, is_once: !is_unordered });
        Ok(Val::Source(Source::Shared { index, columns, position, item, messages }))
    }

    pub(super) fn variant(&mut self, ty: TypeId, index: u32, payload: Val) -> Val {
        match self.shapes.get(ty) {
            Shape::Tag => Val::One(Scalar::Tag(index)),
            Shape::Null(_) | Shape::Option(_) if index == 0 => self.none(ty),
            Shape::Null(_) => payload,
            Shape::Option(_) => Val::Option { some: Scalar::bool(true), value: Box::new(payload) },
            _ => Val::One(Scalar::Variant { index, payload: Box::new(payload.columns()), ty }),
        }
    }

    /// `.none` of an option that is not packed.
    fn none(&self, ty: TypeId) -> Val {
        let mut nulls: Vec<_> = self.shapes.leaves(ty).into_iter().map(Scalar::Null).collect();
        if let (Shape::Option(_), Some(some)) = (self.shapes.get(ty), nulls.first_mut()) {
            *some = Scalar::bool(false);
        }
        self.of_scalars(ty, nulls)
    }

    /// An option that is `.some(value)` where a condition holds. The columns of `value` are NULL elsewhere.
    pub(super) fn option_where(&mut self, ty: TypeId, some: Scalar, value: Val) -> Val {
        match self.shapes.get(ty) {
            Shape::Null(_) => value,
            Shape::Option(_) => Val::Option { some, value: Box::new(value) },
            _ => {
                let payload = Box::new(crate::columns::Columns::Tuple(Vec::new()));
                let none = Scalar::Variant { index: 0, payload, ty };
                let value = Scalar::Variant { index: 1, payload: Box::new(value.columns()), ty };
                Val::One(Scalar::choice(some, value, none))
            }
        }
    }

    fn call(&mut self, id: ExprId, op: Op, args: &[ExprId]) -> Result<Val> {
        match op {
            Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte | Op::Cmp => {
                return self.comparison(id, op, args);
            }
            Op::Wrap | Op::Unwrap if self.is_reframed(id, args)? => {
                let arg = args.first().copied().unwrap_or(id);
                return self.value(arg);
            }
            Op::And | Op::Or => return self.and_or(id, op, args),
            Op::Not => {
                let condition = self.scalar(args.first().copied().unwrap_or(id))?;
                return Ok(Val::One(condition.negated()));
            }
            Op::DateToYearMonthDay => {
                let date = self.cheap_scalar(args.first().copied().unwrap_or(id))?;
                let part = |index| Val::One(Scalar::DatePart(Box::new(date.clone()), index));
                return Ok(Val::Tuple((0..3).map(part).collect()));
            }
            _ => {}
        }
        if let Some(value) = self.array_call(id, op, args)? {
            return Ok(value);
        }
        let operands: Result<Vec<_>> = args.iter().map(|arg| self.prim(*arg)).collect();
        let args: Result<Vec<_>> = args.iter().map(|arg| self.scalar(*arg)).collect();
        let result = self.prim(id)?;
        Ok(Val::One(Scalar::Call { op, operands: operands?, result, args: args? }))
    }

    /// Whether a frame is put around a value or taken from it that has columns of its own; not so between primitives.
    fn is_reframed(&self, id: ExprId, args: &[ExprId]) -> Result<bool> {
        let types = self.program.types();
        let is_framed = |ty| matches!(types.get(ty), Some(Type::Framed { .. }));
        let arg = args.first().copied().unwrap_or(id);
        Ok(is_framed(self.ty(id)?) || is_framed(self.ty(arg)?))
    }
}
