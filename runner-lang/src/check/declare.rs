//! Signatures, from what is written at the head of a definition.

use std::collections::HashSet;

use super::{
    State,
    tree::{SigParam, Signature},
    type_expr::{TypeScope, function_in_data},
    types::{Bound, Field, Node, ParamId},
};
use crate::{
    diagnostic::{Diagnostic, Diagnostics},
    resolve::{DefId, DefKind, ModId, Source},
    scope::Scope,
    syntax::{self, Expr, ExprKind, Param, TupleItem, TypeDef, TypeExpr, TypeKind, TypeParam},
};

impl State {
    pub(super) fn declare_type(&mut self, def: DefId, definition: &TypeDef, diagnostics: &mut Diagnostics) {
        let Some((kind, module)) = self.world.def(def).map(|def| (def.kind, def.module)) else { return };
        let mut scope = TypeScope { module, params: &mut Scope::default(), diagnostics };
        let written = match definition {
            TypeDef::Alias(ty) | TypeDef::Framed { inner: ty, .. } => ty,
        };
        let mut inner = self.type_expr(&mut scope, written);
        if let DefKind::Framed(_) = kind
            && matches!(self.types.node(inner), Node::Func(_))
        {
            diagnostics.push(function_in_data(written.span, "a framed type"));
            inner = self.types.error();
        }
        if let DefKind::Alias(id) | DefKind::Framed(id) = kind {
            self.set_named(id, inner);
        }
    }

    pub(super) fn declare(&mut self, def: DefId, source: Source<'_>, diagnostics: &mut Diagnostics) {
        let Some((kind, module)) = self.world.def(def).map(|def| (def.kind, def.module)) else { return };
        let signature = match source {
            Source::Const { ty, .. } => {
                let mut scope = TypeScope { module, params: &mut Scope::default(), diagnostics };
                let result = ty.map(|ty| self.type_expr(&mut scope, ty));
                Signature { result, is_const: true, ..Signature::default() }
            }
            Source::Func(func) => {
                let head = Head { params: &func.params, result: func.result.as_ref(), is_external: false };
                self.function(module, &head, &func.type_params, diagnostics)
            }
            Source::External { params, result, type_params } => {
                let head = Head { params, result, is_external: true };
                let mut signature = self.function(module, &head, type_params, diagnostics);
                if signature.result.is_none() {
                    let span = self.world.def(def).map(|def| def.span).unwrap_or_default();
                    let message = "an external function needs the type of its result";
                    diagnostics.push(Diagnostic::error("missing_type", span, message));
                    signature.result = Some(self.types.error());
                }
                signature
            }
            Source::Anno(params) => {
                let head = Head { params, result: None, is_external: true };
                let mut signature = self.function(module, &head, &[], diagnostics);
                signature.result = Some(self.types.unit());
                signature
            }
            Source::Type(_) => {
                let DefKind::Framed(id) = kind else { return };
                let Some(named) = self.types.named(id) else { return };
                let (name, inner) = (named.field.clone(), named.inner);
                let result = self.types.add(Node::Framed(id));
                let param = SigParam {
                    name: name.clone().unwrap_or_else(|| "value".into()),
                    label: name,
                    ty: inner,
                    is_const: false,
                    has_default: false,
                    default: None,
                };
                Signature { params: vec![param], result: Some(result), ..Signature::default() }
            }
        };
        if let Some(slot) = self.signatures.get_mut(def.0 as usize) {
            *slot = signature;
        }
    }

    fn function(
        &mut self,
        module: ModId,
        head: &Head<'_>,
        type_params: &[TypeParam],
        diagnostics: &mut Diagnostics,
    ) -> Signature {
        let mut scope = TypeScope { module, params: &mut Scope::default(), diagnostics };
        let ids = self.type_params(&mut scope, type_params);
        let mut params: Vec<SigParam> = Vec::new();
        let (mut names, mut labels, mut has_default) = (HashSet::new(), HashSet::new(), false);
        for param in head.params {
            let name = &param.name;
            if !names.insert(name.name.clone()) {
                let message = format!("the parameter `{}` is there twice", name.name);
                scope.diagnostics.push(Diagnostic::error("duplicate_name", name.span, message));
            }
            let label =
                param.label.as_ref().or(head.is_external.then_some(name)).map(|label| label.name.clone());
            if let Some(label) = &label
                && !labels.insert(label.clone())
            {
                let message = format!("the label `{label}` is there twice");
                scope.diagnostics.push(Diagnostic::error("duplicate_name", param.span, message));
            }
            if label.is_none() && param.default.is_none() && has_default {
                let message = format!(
                    "the parameter `{}` has no label and stands behind one with a default",
                    name.name
                );
                let hint = "move it before, or give it a label or a default";
                scope.diagnostics.push(Diagnostic::error("parameter_order", param.span, message).hint(hint));
            }
            let ty = match &param.ty {
                Some(ty) => self.type_expr(&mut scope, ty),
                None => {
                    let message = format!("the parameter `{}` needs a type", name.name);
                    let hint = format!("write `{}: Int64`, or whatever it takes", name.name);
                    scope.diagnostics.push(Diagnostic::error("missing_type", param.span, message).hint(hint));
                    self.types.error()
                }
            };
            if let Some(default) = &param.default {
                check_default(default, scope.diagnostics);
            }
            has_default |= param.default.is_some();
            params.push(SigParam {
                name: name.name.clone(),
                label,
                ty,
                is_const: param.is_const,
                has_default: param.default.is_some(),
                default: None,
            });
        }
        let result = head.result.map(|result| self.type_expr(&mut scope, result));
        Signature { params, result, type_params: ids, is_const: false }
    }

    fn type_params(&mut self, scope: &mut TypeScope<'_>, type_params: &[TypeParam]) -> Vec<ParamId> {
        let mut ids = Vec::new();
        for param in type_params {
            let name = &param.name;
            if scope.params.get(&name.name).is_some() {
                let message = format!("the type parameter `{}` is there twice", name.name);
                scope.diagnostics.push(Diagnostic::error("duplicate_name", name.span, message));
            }
            let id = self.types.new_param(name.name.clone());
            let ty = self.types.add(Node::Param(id));
            scope.params.push(name.name.clone(), ty);
            ids.push(id);
        }
        for (id, param) in ids.iter().zip(type_params) {
            let bound = match &param.bound {
                None => Bound::Any,
                Some(syntax::Bound::OneOf(types)) if is_any_key(types) => Bound::Key,
                Some(syntax::Bound::OneOf(types)) => {
                    Bound::OneOf(types.iter().map(|ty| self.type_expr(scope, ty)).collect())
                }
                Some(syntax::Bound::Tuple { fields, .. }) => Bound::Tuple(
                    fields
                        .iter()
                        .map(|field| Field {
                            name: field.name.as_ref().map(|name| name.name.clone()),
                            ty: self.type_expr(scope, &field.ty),
                        })
                        .collect(),
                ),
            };
            if let Some(info) = self.types.params.get_mut(id.0 as usize) {
                info.bound = bound;
            }
        }
        ids
    }
}

/// Whether a bound is the name of all types that can be sorted by.
fn is_any_key(types: &[TypeExpr]) -> bool {
    let [TypeExpr { kind: TypeKind::Path(path), .. }] = types else { return false };
    matches!(path.names.as_slice(), [name] if &*name.name == "AnyKey")
}

struct Head<'a> {
    params: &'a [Param],
    result: Option<&'a TypeExpr>,
    /// Whether a parameter's name is its label.
    is_external: bool,
}

/// A default is a constant: literals, data of them, other constants.
fn check_default(expr: &Expr, diagnostics: &mut Diagnostics) {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Path(_) | ExprKind::Error => {}
        ExprKind::Tuple(items) => items.iter().for_each(|item| match item {
            TupleItem::Field { value, .. } | TupleItem::Splice(value) => check_default(value, diagnostics),
        }),
        ExprKind::Array(items) => items.iter().for_each(|item| check_default(item, diagnostics)),
        ExprKind::Variant { payload, .. } => {
            payload.iter().for_each(|payload| check_default(payload, diagnostics));
        }
        ExprKind::Paren(inner)
        | ExprKind::Annotated { expr: inner, .. }
        | ExprKind::Unary { operand: inner, .. }
        | ExprKind::Field { tuple: inner, .. }
        | ExprKind::Position { tuple: inner, .. } => check_default(inner, diagnostics),
        ExprKind::Binary { left, right, .. } => {
            check_default(left, diagnostics);
            check_default(right, diagnostics);
        }
        _ => {
            let message = "a default must be a constant that uses no function";
            diagnostics.push(Diagnostic::error("default_not_constant", expr.span, message));
        }
    }
}
