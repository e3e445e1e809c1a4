//! Expressions by kind.

use runner_core::{ExprId, Kind, Literal, LocalId, Op, Prim, Result, Type, TypeId};

use super::{
    Frame, Lowering, numbered,
    references::{definitions, references},
};
use crate::plan::build::uses::Use;
use crate::{
    shape::{Leaf, Shape},
    sql::Sql,
    value::{Source, Val},
};

impl Lowering<'_> {
    /// Lowers an expression that stands in a query with this frame.
    pub(super) fn lower(&mut self, id: ExprId, frame: &mut Frame) -> Result<Val> {
        let program = self.program;
        let Some(expr) = program.expr(id) else { return Err(self.unsupported(id, "nothing")) };
        let ty = expr.ty;
        match &expr.kind {
            Kind::Literal(Literal::Text(text)) if text.contains('\0') && !self.dialect.has_nul() => {
                Err(self.unsupported(id, "a text that holds U+0000"))
            }
            Kind::Literal(literal) => match self.shapes.get(ty) {
                Shape::Prim(prim) => Ok(Val::Leaf(self.dialect.literal(prim, literal))),
                _ => Err(self.unsupported(id, "a literal of this type")),
            },
            Kind::Local(local) => match self.locals.get(local.0 as usize) {
                Some(Some(value)) => Ok(value.clone()),
                _ => Err(self.unsupported(id, "a local that is not bound")),
            },
            Kind::Let { bindings, body } => {
                for (local, value) in bindings {
                    let ty = self.ty(*value)?;
                    let value = self.lower(*value, frame)?;
                    self.bind_let(*local, value, ty, frame)?;
                }
                self.lower(*body, frame)
            }
            Kind::Tuple(items) => {
                let items: Result<Vec<_>> = items.iter().map(|item| self.lower(*item, frame)).collect();
                Ok(Val::Tuple(items?))
            }
            Kind::Field { tuple, index } => match self.lower(*tuple, frame)? {
                Val::Tuple(mut fields) if (*index as usize) < fields.len() => {
                    let field = fields.swap_remove(*index as usize);
                    self.evaluate(&Val::Tuple(fields).leaves(), frame);
                    Ok(field)
                }
                _ => Err(self.unsupported(id, "a field of this value")),
            },
            Kind::Array(items) => self.array(ty, items, frame),
            Kind::Variant { index, payload } => {
                let payload_ty = self.ty(*payload)?;
                let payload = self.lower(*payload, frame)?;
                let payload = self.collected(payload, payload_ty)?;
                self.variant(ty, *index, payload)
            }
            Kind::Switch { subject, arms, default } => self.switch(id, *subject, arms, *default, frame),
            Kind::If { condition, then, otherwise } => self.if_else(ty, *condition, *then, *otherwise, frame),
            Kind::Call { op, args } => self.call(id, *op, args, frame),
            Kind::External { function, args } => self.external(id, *function, args, frame),
            Kind::Lambda { .. } => Err(self.unsupported(id, "a function outside of a call")),
            Kind::Fail(message) => {
                let fail = |leaf: Leaf| self.guarded(self.dialect.fail(message, leaf));
                let leaves: Vec<_> = self.shapes.leaves(ty).into_iter().map(fail).collect();
                self.value_of(ty, &mut leaves.into_iter())
            }
        }
    }

    /// Lowers an expression of one column.
    pub(super) fn leaf(&mut self, id: ExprId, frame: &mut Frame) -> Result<Sql> {
        let ty = self.ty(id)?;
        let value = self.lower(id, frame)?;
        match self.collected(value, ty)? {
            Val::Leaf(sql) => Ok(sql),
            _ => Err(self.unsupported(id, "a value of several columns here")),
        }
    }

    /// Lowers an expression of one column that will be written more than once.
    pub(super) fn atom(&mut self, id: ExprId, frame: &mut Frame) -> Result<Sql> {
        let leaf = self.leaf(id, frame)?;
        Ok(self.atomic_leaf(leaf, frame))
    }

    pub(super) fn atomic_leaf(&mut self, leaf: Sql, frame: &mut Frame) -> Sql {
        match self.atomic(Val::Leaf(leaf.clone()), frame) {
            Val::Leaf(leaf) => leaf,
            _ => leaf,
        }
    }

    /// The primitive type of an expression.
    pub(super) fn prim(&self, id: ExprId) -> Result<Prim> {
        match self.shapes.get(self.ty(id)?) {
            Shape::Prim(prim) | Shape::Null(prim) => Ok(prim),
            _ => Err(self.unsupported(id, "a value of this type here")),
        }
    }

    /// Evaluates once what is not cheap to write again, by a join of one row.
    pub(super) fn atomic(&mut self, value: Val, frame: &mut Frame) -> Val {
        if value.is_atomic() {
            return value;
        }
        let alias = self.alias();
        let number = self.aliases;
        let mut columns = Vec::new();
        let mut checked = Vec::new();
        let value = value.map_leaves(&mut |leaf| {
            if leaf.is_atom() {
                return leaf.clone();
            }
            let joined = self.guarded_join(leaf.clone());
            columns.push(format!("{joined} AS c{}", columns.len() + 1));
            let column = Sql::column(&alias, &format!("c{}", columns.len()));
            if leaf.can_fail() {
                checked.push(column.clone());
            }
            column
        });
        self.derive(columns.iter().map(String::as_str), &[number]);
        let fence = self.dialect.fence();
        let can_fail = !checked.is_empty();
        frame.join(format!("CROSS JOIN LATERAL (SELECT {}{fence}) AS {alias}", columns.join(", ")), can_fail);
        if can_fail {
            frame.wheres.push(self.dialect.force(&checked));
        }
        value
    }

    fn bind_let(&mut self, local: LocalId, value: Val, ty: TypeId, frame: &mut Frame) -> Result<()> {
        let uses = self.uses.get(local);
        let value = self.shared(value, ty, uses, frame)?;
        let is_closed = |leaf: &Sql| {
            let own = definitions(leaf.text());
            references(leaf.text()).iter().all(|alias| own.contains(alias))
        };
        // A database evaluates what refers to nothing around it once, wherever it stands.
        let is_once = !uses.in_lambda || (!uses.in_step && value.leaves().iter().all(is_closed));
        let is_single = uses.count <= 1 && is_once && !value.can_fail();
        let value = if is_single { value } else { self.atomic(value, frame) };
        self.bind(local, value);
        Ok(())
    }

    /// Makes relations that are used more than once into something that can be.
    fn shared(&mut self, value: Val, ty: TypeId, uses: Use, frame: &mut Frame) -> Result<Val> {
        match value {
            Val::Rows(rows) => {
                let item = match self.shapes.get(ty) {
                    Shape::Array(item) => item,
                    _ => ty,
                };
                if rows.can_fail() {
                    let packed = self.collect(*rows, item)?;
                    return Ok(self.atomic(Val::Leaf(packed), frame));
                }
                let is_table = rows.keys.is_some() && rows.order.is_empty() && rows.limit.is_none();
                if uses.count <= 1 && (is_table || !uses.in_lambda) {
                    return Ok(Val::Rows(rows));
                }
                if self.depth > 0 || !frame.is_empty() {
                    return Ok(Val::Leaf(self.collect(*rows, item)?));
                }
                let name = format!("w{}", self.with.len() + 1);
                if is_table && uses.ordered <= 1 && !uses.in_lambda {
                    // No two uses have to agree on an order, and a table has none.
                    let leaves = rows.item.leaves();
                    let fails = leaves.iter().map(Sql::fail_of_null).collect();
                    let columns = numbered(&leaves.iter().map(Sql::unchecked).collect::<Vec<_>>()).join(", ");
                    self.with
                        .push((name.clone(), format!("NOT MATERIALIZED (SELECT {columns}{})", rows.tail())));
                    let is_partial = rows.is_partial();
                    return Ok(Val::Source(Source::Unordered { name, item, fails, is_partial }));
                }
                let text = self.numbered_query(*rows);
                self.with.push((name.clone(), format!("({text})")));
                Ok(Val::Source(Source::Table { name, item }))
            }
            Val::Tuple(fields) => {
                let types = self.shapes.fields(ty);
                let shared: Result<Vec<_>> = fields
                    .into_iter()
                    .zip(types)
                    .map(|(field, ty)| self.shared(field, ty, Use { count: 2, ..uses }, frame))
                    .collect();
                Ok(Val::Tuple(shared?))
            }
            other => Ok(other),
        }
    }

    pub(super) fn variant(&mut self, ty: TypeId, index: u32, payload: Val) -> Result<Val> {
        Ok(match self.shapes.get(ty) {
            Shape::Tag => Val::Leaf(self.dialect.tag_literal(index)),
            Shape::Null(_) | Shape::Option(_) if index == 0 => self.none(ty)?,
            Shape::Null(_) => payload,
            Shape::Option(_) => {
                let some = self.dialect.literal(Prim::Bool, &Literal::Bool(true));
                Val::Option { some, value: Box::new(payload) }
            }
            _ => Val::Leaf(self.dialect.variant(&self.shapes, index, &payload, ty)),
        })
    }

    /// `.none` of an option that is not packed.
    fn none(&mut self, ty: TypeId) -> Result<Val> {
        let null = |leaf: Leaf| self.dialect.null(leaf);
        let mut leaves: Vec<_> = self.shapes.leaves(ty).into_iter().map(null).collect();
        if let (Shape::Option(_), Some(some)) = (self.shapes.get(ty), leaves.first_mut()) {
            *some = self.dialect.literal(Prim::Bool, &Literal::Bool(false));
        }
        self.value_of(ty, &mut leaves.into_iter())
    }

    /// An option that is `.some(value)` where a condition holds. The columns of `value` are NULL elsewhere.
    pub(super) fn option_where(&mut self, ty: TypeId, some: Sql, value: Val) -> Result<Val> {
        Ok(match self.shapes.get(ty) {
            Shape::Null(_) => value,
            Shape::Option(_) => Val::Option { some, value: Box::new(value) },
            _ => {
                let unit = Val::Tuple(Vec::new());
                let none = self.dialect.variant(&self.shapes, 0, &unit, ty);
                let value = self.dialect.variant(&self.shapes, 1, &value, ty);
                let text = format!("CASE WHEN {some} THEN {value} ELSE {none} END");
                Val::Leaf(Sql::of(text, &[&some, &value]))
            }
        })
    }

    fn call(&mut self, id: ExprId, op: Op, args: &[ExprId], frame: &mut Frame) -> Result<Val> {
        match op {
            Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte | Op::Cmp => {
                return self.comparison(id, op, args, frame);
            }
            Op::Wrap | Op::Unwrap if self.is_reframed(id, args)? => {
                let arg = args.first().copied().unwrap_or(id);
                return self.lower(arg, frame);
            }
            Op::And | Op::Or => return self.and_or(id, op, args, frame),
            Op::DateToYearMonthDay => {
                let date = self.atom(args.first().copied().unwrap_or(id), frame)?;
                return Ok(Val::Tuple(self.dialect.year_month_day(&date).map(Val::Leaf).to_vec()));
            }
            _ => {}
        }
        if let Some(value) = self.array_call(id, op, args, frame)? {
            return Ok(value);
        }
        let prims: Result<Vec<_>> = args.iter().map(|arg| self.prim(*arg)).collect();
        let leaves: Result<Vec<_>> = args.iter().map(|arg| self.leaf(*arg, frame)).collect();
        let result = self.prim(id)?;
        match self.dialect.scalar(op, &prims?, result, &leaves?)? {
            Some(sql) => Ok(Val::Leaf(self.guarded(sql))),
            None => Err(self.unsupported(id, &format!("{op:?}"))),
        }
    }

    /// Whether a frame is put around a value or taken from it that has columns of its own; not so between primitives.
    fn is_reframed(&self, id: ExprId, args: &[ExprId]) -> Result<bool> {
        let types = self.program.types();
        let is_framed = |ty| matches!(types.get(ty), Some(Type::Framed { .. }));
        let arg = args.first().copied().unwrap_or(id);
        Ok(is_framed(self.ty(id)?) || is_framed(self.ty(arg)?))
    }
}
