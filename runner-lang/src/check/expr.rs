//! Expressions. Each function takes the type that the context asks for, if it asks, and gives an expression of that
//! type: what does not fit has been reported when it returns.

use std::sync::Arc;

use runner_core::Prim;

use super::{
    goal::Goal,
    infer::Infer,
    prims::Prims,
    tree::{Key, LocalId, TExpr, TItem, TKind},
    types::{Fallback, Field, Name, Node, Part, Ty},
};
use crate::{
    diagnostic::Diagnostic,
    syntax::{Expr, ExprKind, Func, Ident, LetBinding, MatchArm, Span, TextPart, TupleItem},
};

impl Infer<'_> {
    pub(super) fn expr(&mut self, expr: &Expr, expected: Option<Ty>) -> TExpr {
        let span = expr.span;
        if !self.state.types.budget().charge(1, size_of::<TExpr>()) {
            let ty = self.state.types.error();
            return TExpr { kind: TKind::Error, ty, span };
        }
        match &expr.kind {
            ExprKind::Error => self.poisoned(span, expected),
            ExprKind::Literal(literal) => self.literal(literal, span, expected),
            ExprKind::Paren(inner) => self.expr(inner, expected),
            ExprKind::Interpolated(parts) => self.interpolated(parts, span, expected),
            ExprKind::Path(path) => self.path(path, expected),
            ExprKind::Tuple(items) => self.tuple(items, span, expected),
            ExprKind::Array(items) => self.array(items, span, expected),
            ExprKind::Variant { name, payload } => self.variant(name, payload.as_deref(), span, expected),
            ExprKind::Field { tuple, name } => {
                self.lookup(tuple, Key::Name(name.name.clone()), name.span, span, expected)
            }
            ExprKind::Position { tuple, index, index_span } => {
                self.lookup(tuple, Key::Position(*index), *index_span, span, expected)
            }
            ExprKind::Index { array, index } => {
                let item = self.expected_or_var(expected, span);
                let array_type = self.state.types.array(item);
                let array = Box::new(self.expr(array, Some(array_type)));
                let int = self.state.types.prim(Prim::Int64);
                let index = Box::new(self.expr(index, Some(int)));
                TExpr { kind: TKind::Index { array, index }, ty: item, span }
            }
            ExprKind::Call { function, args } => self.call(function, None, args, span, expected),
            ExprKind::Pipe { left, right } => self.pipe(left, right, span, expected),
            ExprKind::Lambda(func) => self.lambda(func, span, expected),
            ExprKind::If { condition, then, otherwise } => {
                let bool = self.state.types.prim(Prim::Bool);
                let condition = Box::new(self.expr(condition, Some(bool)));
                let ty = self.expected_or_var(expected, span);
                let then = Box::new(self.expr(then, Some(ty)));
                let otherwise = Box::new(self.expr(otherwise, Some(ty)));
                TExpr { kind: TKind::If { condition, then, otherwise }, ty, span }
            }
            ExprKind::Match { subject, arms } => self.match_expr(subject, arms, span, expected),
            ExprKind::Let { bindings, result } => self.let_expr(bindings, result, span, expected),
            ExprKind::Annotated { expr, ty } => {
                let ty = self.written(ty);
                let inner = self.expr(expr, Some(ty));
                self.expect(inner, expected)
            }
            ExprKind::Unary { op, operand } => self.unary(*op, operand, span, expected),
            ExprKind::Binary { op, op_span, left, right } => {
                self.binary(*op, *op_span, left, right, span, expected)
            }
        }
    }

    fn interpolated(&mut self, parts: &[TextPart], span: Span, expected: Option<Ty>) -> TExpr {
        let text = self.state.types.prim(Prim::Text);
        let mut checked = Vec::new();
        for part in parts {
            checked.push(match part {
                TextPart::Text(text_part) => {
                    let literal = crate::syntax::Literal::Text(text_part.clone());
                    TExpr { kind: TKind::Literal(literal), ty: text, span }
                }
                TextPart::Expr(expr) => {
                    let ty = self.state.types.var_of(Prims::ORD, Fallback::None, expr.span);
                    self.expr(expr, Some(ty))
                }
            });
        }
        let expr = TExpr { kind: TKind::Concat(checked), ty: text, span };
        self.expect(expr, expected)
    }

    fn tuple(&mut self, items: &[TupleItem], span: Span, expected: Option<Ty>) -> TExpr {
        let has_splice = items.iter().any(|item| matches!(item, TupleItem::Splice(_)));
        let wanted = match expected.map(|expected| self.state.types.head(expected)) {
            Some(Node::Tuple(fields)) if !has_splice && fields.len() == items.len() => Some(fields),
            _ => None,
        };
        let mut checked = Vec::new();
        let mut parts = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match item {
                TupleItem::Field { name, value } => {
                    let field = wanted.as_ref().and_then(|fields| fields.get(index));
                    let value_checked = self.expr(value, field.map(|field| field.ty));
                    let name = match name {
                        Some(name) => Some(name.name.clone()),
                        None => own_name(value),
                    };
                    parts.push(Part::Field(Field { name, ty: value_checked.ty }));
                    checked.push(TItem::Field(value_checked));
                }
                TupleItem::Splice(value) => {
                    let value = self.expr(value, None);
                    self.goal(Goal::Tuple { ty: value.ty, span: value.span });
                    parts.push(Part::Splice(value.ty));
                    checked.push(TItem::Splice(value));
                }
            }
        }
        let ty = match (wanted, expected, has_splice) {
            (Some(_), Some(expected), _) => expected,
            (_, _, true) => {
                let ty = self.state.types.add(Node::Splice(parts.into()));
                self.state.types.expand(ty);
                self.check_size(span);
                ty
            }
            _ => {
                let fields = parts.into_iter().filter_map(|part| match part {
                    Part::Field(field) => Some(field),
                    Part::Splice(_) => None,
                });
                let fields = fields.collect();
                self.state.types.tuple(fields)
            }
        };
        let expr = TExpr { kind: TKind::Tuple(checked), ty, span };
        self.expect(expr, expected)
    }

    fn array(&mut self, items: &[Expr], span: Span, expected: Option<Ty>) -> TExpr {
        let wanted = expected.map(|expected| (expected, self.state.types.head(expected)));
        let item = match wanted {
            Some((_, Node::Array(item))) => item,
            _ => self.state.types.var(span),
        };
        // What is annotated or known tells the type of the others.
        let checked = items.iter().map(|expr| self.expr(expr, Some(item))).collect();
        let ty = self.state.types.array(item);
        let expr = TExpr { kind: TKind::Array(checked), ty, span };
        self.expect(expr, expected)
    }

    fn variant(&mut self, name: &Ident, payload: Option<&Expr>, span: Span, expected: Option<Ty>) -> TExpr {
        let ty = self.expected_or_var(expected, span);
        let known = self.payload_of(ty, &name.name);
        let payload = payload.map(|payload| match known {
            Some(known) if self.state.types.fields(known).is_some_and(|fields| fields.is_empty()) => {
                let checked = self.expr(payload, None);
                if !self.state.types.unify(known, checked.ty) {
                    let message = format!("the variant `{}` has no payload", name.name);
                    self.error(Diagnostic::error("type_mismatch", checked.span, message));
                    self.state.types.poison(checked.ty);
                }
                checked
            }
            known => self.expr(payload, known),
        });
        // A payload that was held against the variant's type has been reported if it does not fit.
        let found = match (&payload, known) {
            (Some(_), Some(known)) => Some(known),
            (Some(payload), None) => Some(payload.ty),
            (None, _) => None,
        };
        if payload.is_none() {
            self.bare_variants.push(ty);
        }
        let name_span = name.span;
        let name = name.name.clone();
        self.goal(Goal::Variant {
            enumeration: ty,
            name: name.clone(),
            payload: found,
            is_pattern: false,
            span: name_span,
        });
        TExpr { kind: TKind::Variant { name, payload: payload.map(Box::new) }, ty, span }
    }

    fn lookup(&mut self, tuple: &Expr, key: Key, key_span: Span, span: Span, expected: Option<Ty>) -> TExpr {
        let tuple = Box::new(self.expr(tuple, None));
        let ty = self.state.types.var(key_span);
        self.goal(Goal::Field { tuple: tuple.ty, key: key.clone(), result: ty, span: key_span });
        let expr = TExpr { kind: TKind::Field { tuple, key }, ty, span };
        self.expect(expr, expected)
    }

    pub(super) fn lambda(&mut self, func: &Func, span: Span, expected: Option<Ty>) -> TExpr {
        if let Some(param) = func.type_params.first() {
            let message = "a lambda has no type parameters of its own";
            self.error(Diagnostic::error("lambda_type_parameter", param.name.span, message));
        }
        let wanted = expected.and_then(|expected| self.state.types.as_func(expected));
        if let Some(wanted) = wanted.as_ref().filter(|wanted| wanted.params.len() != func.params.len()) {
            let message = format!(
                "expected a function of {}, found one of {}",
                parameters(wanted.params.len()),
                parameters(func.params.len())
            );
            self.error(Diagnostic::error("parameter_count", span, message));
        }
        let depth = self.locals.len();
        let mut params: Vec<(LocalId, Ty)> = Vec::new();
        let mut fields = Vec::new();
        for (index, param) in func.params.iter().enumerate() {
            let known = wanted.as_ref().and_then(|wanted| wanted.params.get(index)).map(|param| param.ty);
            let ty = match (&param.ty, known) {
                (Some(written), known) => {
                    let ty = self.written(written);
                    known.into_iter().for_each(|known| {
                        self.equal(known, ty, written.span);
                    });
                    ty
                }
                (None, Some(known)) => known,
                (None, None) => self.state.types.var(param.span),
            };
            if let Some(default) = &param.default {
                let message = "a parameter of a lambda has no default";
                self.error(Diagnostic::error("lambda_default", default.span, message));
            }
            params.push((self.bind(&param.name.name, ty, false), ty));
            fields.push(Field { name: param.label.as_ref().map(|label| label.name.clone()), ty });
        }
        let result = match &func.result {
            Some(written) => {
                let ty = self.written(written);
                if let Some(wanted) = &wanted {
                    self.equal(wanted.result, ty, written.span);
                }
                Some(ty)
            }
            None => wanted.as_ref().map(|wanted| wanted.result),
        };
        let body = self.expr(&func.body, result);
        self.locals.truncate(depth);
        let ty = self.state.types.func(fields, result.unwrap_or(body.ty));
        let expr = TExpr { kind: TKind::Lambda { params, body: Arc::new(body) }, ty, span };
        if wanted.is_some_and(|wanted| wanted.params.len() != func.params.len()) {
            self.state.types.poison(ty);
            return self.poisoned(span, expected);
        }
        self.expect(expr, expected)
    }

    fn match_expr(&mut self, subject: &Expr, arms: &[MatchArm], span: Span, expected: Option<Ty>) -> TExpr {
        let subject = Box::new(self.expr(subject, None));
        let ty = self.expected_or_var(expected, span);
        if arms.is_empty() {
            self.error(Diagnostic::error("empty_match", span, "a match needs at least one arm"));
            return self.poisoned(span, expected);
        }
        let arms = arms
            .iter()
            .map(|arm| {
                let depth = self.locals.len();
                let pattern = self.pattern(&arm.pattern, subject.ty);
                let body = self.expr(&arm.body, Some(ty));
                self.locals.truncate(depth);

                (pattern, body)
            })
            .collect();
        TExpr { kind: TKind::Match { subject, arms }, ty, span }
    }

    fn let_expr(
        &mut self,
        bindings: &[LetBinding],
        result: &Expr,
        span: Span,
        expected: Option<Ty>,
    ) -> TExpr {
        let depth = self.locals.len();
        let mut bound = Vec::new();
        for binding in bindings {
            let ty = binding.ty.as_ref().map(|ty| self.written(ty));
            let value = self.expr(&binding.value, ty);
            let ty = ty.unwrap_or(value.ty);
            bound.push((self.bind(&binding.name.name, ty, false), value));
        }
        let expr = self.expr(result, expected);
        self.locals.truncate(depth);
        if bound.is_empty() {
            return expr;
        }
        let ty = expr.ty;
        TExpr { kind: TKind::Let { bindings: bound, body: Box::new(expr) }, ty, span }
    }
}

pub(super) fn parameters(count: usize) -> String {
    if count == 1 { "1 parameter".to_owned() } else { format!("{count} parameters") }
}

/// The name that a field without one takes from its expression.
fn own_name(expr: &Expr) -> Option<Name> {
    match &expr.kind {
        ExprKind::Paren(inner) => own_name(inner),
        ExprKind::Path(path) => path.names.last().map(|name| name.name.clone()),
        ExprKind::Field { name, .. } => Some(name.name.clone()),
        _ => None,
    }
}
