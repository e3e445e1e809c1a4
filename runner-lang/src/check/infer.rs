//! The state of checking one definition.

use std::sync::Arc;

use super::{
    State,
    goal::Goal,
    prims::Prims,
    tree::{LocalId, SigParam, Signature, TExpr, TKind},
    type_expr::TypeScope,
    types::{Bound, Name, Node, ParamId, Ty, Var},
};
use crate::{
    diagnostic::{Diagnostic, Diagnostics},
    limits,
    resolve::{DefId, ModId, Source},
    scope::Scope,
    syntax::{Literal, Param, Span, TypeExpr},
};

pub(super) struct Infer<'a> {
    pub(super) state: &'a mut State,
    pub(super) module: ModId,
    pub(super) diagnostics: &'a mut Diagnostics,
    pub(super) type_params: Scope<Ty>,
    pub(super) locals: Scope<Local>,
    pub(super) next_local: u32,
    /// What waits for types to become known.
    pub(super) goals: Vec<Goal>,
    /// Numbers, to be checked against the ranges of their types.
    pub(super) literals: Vec<(Ty, Literal, Span)>,
    /// Enums of variants that were written without a payload.
    pub(super) bare_variants: Vec<Ty>,
    /// The first variable of this definition.
    pub(super) first_var: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Local {
    pub(super) id: LocalId,
    pub(super) ty: Ty,
    pub(super) is_const: bool,
}

impl<'a> Infer<'a> {
    pub(super) fn new(state: &'a mut State, module: ModId, diagnostics: &'a mut Diagnostics) -> Self {
        let first_var = state.types.vars.len();
        Self {
            state,
            module,
            diagnostics,
            type_params: Scope::default(),
            locals: Scope::default(),
            next_local: 0,
            goals: Vec::new(),
            literals: Vec::new(),
            bare_variants: Vec::new(),
            first_var,
        }
    }

    pub(super) fn type_params(&mut self, params: &[ParamId]) {
        for id in params {
            let name = self.state.types.params.get(id.0 as usize).map(|info| info.name.clone());
            let ty = self.state.types.add(Node::Param(*id));
            if let Some(name) = name {
                self.type_params.push(name, ty);
            }
        }
    }

    /// Brings the parameters of a function into scope.
    pub(super) fn params(&mut self, signature: &Signature, params: &[Param]) -> Vec<LocalId> {
        let known = signature.params.iter().zip(params);
        known.map(|(known, param)| self.bind(&param.name.name, known.ty, known.is_const)).collect()
    }

    /// Checks the defaults of a definition's parameters, where nothing of it is in scope.
    pub(super) fn defaults(&mut self, def: DefId, source: Source<'_>) {
        let params = match source {
            Source::Func(func) => &func.params,
            Source::External { params, .. } | Source::Anno(params) => params,
            Source::Const { .. } | Source::Type(_) => return,
        };
        for (index, param) in params.iter().enumerate() {
            let Some(default) = &param.default else { continue };
            let ty = self
                .state
                .signature(def)
                .and_then(|signature| signature.params.get(index))
                .map(|known| known.ty);
            let checked = Arc::new(self.expr(default, ty));
            let signature = self.state.signatures.get_mut(def.0 as usize);
            if let Some(slot) = signature.and_then(|signature| signature.params.get_mut(index)) {
                slot.default = Some(checked);
            }
        }
    }

    pub(super) fn bind(&mut self, name: &Name, ty: Ty, is_const: bool) -> LocalId {
        let id = LocalId(self.next_local);
        self.next_local += 1;
        self.locals.push(name.clone(), Local { id, ty, is_const });
        id
    }

    pub(super) fn local(&self, name: &str) -> Option<Local> {
        self.locals.get(name).copied()
    }

    pub(super) fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// An expression whose error was reported.
    pub(super) fn poisoned(&mut self, span: Span, expected: Option<Ty>) -> TExpr {
        let ty = self.state.types.error();
        if let Some(expected) = expected {
            self.state.types.poison(expected);
        }
        TExpr { kind: TKind::Error, ty, span }
    }

    pub(super) fn written(&mut self, ty: &TypeExpr) -> Ty {
        let params = &mut self.type_params;
        let mut scope = TypeScope { module: self.module, params, diagnostics: self.diagnostics };
        let written = self.state.type_expr(&mut scope, ty);
        self.check_size(ty.span);
        written
    }

    /// Reports a tuple that turned out to have too many fields.
    pub(super) fn check_size(&mut self, span: Span) {
        if std::mem::take(&mut self.state.types.too_large) {
            let message = format!("a tuple has at most {} fields, this one has more", limits::TUPLE_FIELDS);
            let hint = "a tuple that is spliced twice doubles";
            self.error(Diagnostic::error("type_too_large", span, message).hint(hint));
        }
    }

    /// Makes types equal, or reports that they are not.
    pub(super) fn equal(&mut self, expected: Ty, found: Ty, span: Span) -> bool {
        let equal = self.state.types.unify(expected, found);
        self.check_size(span);
        let deferred = std::mem::take(&mut self.state.types.deferred);
        self.goals.extend(deferred.into_iter().map(|(expected, found)| Goal::Equal {
            expected,
            found,
            span,
        }));
        if !equal {
            let diagnostic = self.mismatch(expected, found, span);
            self.error(diagnostic);
            self.state.types.poison(expected);
            self.state.types.poison(found);
        }
        equal
    }

    pub(super) fn mismatch(&mut self, expected: Ty, found: Ty, span: Span) -> Diagnostic {
        let types = &mut self.state.types;
        let words = format!("expected {}, found {}", types.show(expected), types.show(found));
        let diagnostic = Diagnostic::error("type_mismatch", span, words);
        match (types.head(expected), types.head(found)) {
            (Node::Framed(id), found) => match types.named(id).cloned() {
                Some(named) if !matches!(found, Node::Framed(_) | Node::Func(_)) => {
                    diagnostic.hint(format!("`{}(...)` makes one of it", named.path))
                }
                _ => diagnostic,
            },
            (Node::Prim(runner_core::Prim::Text), Node::Prim(_)) => {
                diagnostic.hint("`to_text` or `f\"{...}\"` makes text of it")
            }
            (Node::Prim(a), Node::Prim(b)) if a.is_num() && b.is_num() => {
                diagnostic.hint(format!("`to_{}` converts it", a.name().to_lowercase()))
            }
            (Node::Enum(variants), other) => match &*variants {
                [none, some]
                    if &*none.name == "none" && &*some.name == "some" && !matches!(other, Node::Enum(_)) =>
                {
                    diagnostic.hint("`.some(...)` makes an option of it")
                }
                _ => diagnostic,
            },
            (_, Node::Enum(variants)) => match &*variants {
                [none, some] if &*none.name == "none" && &*some.name == "some" => {
                    diagnostic.hint("`?? fallback` or `or_default` gives what an option holds")
                }
                _ => diagnostic,
            },
            _ => diagnostic,
        }
    }

    /// Holds an expression against the type that its context asks for.
    pub(super) fn expect(&mut self, mut expr: TExpr, expected: Option<Ty>) -> TExpr {
        if let Some(expected) = expected
            && self.equal(expected, expr.ty, expr.span)
        {
            expr.ty = expected;
        }
        expr
    }

    pub(super) fn expected_or_var(&mut self, expected: Option<Ty>, span: Span) -> Ty {
        expected.unwrap_or_else(|| self.state.types.var(span))
    }

    /// New variables for type parameters, with what bounds say of them.
    pub(super) fn instantiate(&mut self, params: &[ParamId], span: Span, user: &str) -> Vec<(ParamId, Ty)> {
        let mut with = Vec::new();
        for param in params {
            let Some(info) = self.state.types.params.get(param.0 as usize).cloned() else { continue };
            let prims = match &info.bound {
                Bound::OneOf(types) => self.prims_of(types),
                _ => None,
            };
            let what = Some(format!("`{}` of `{user}`", info.name).into());
            let var = Var { prims, what, ..Var::new(span) };
            let mut ty = self.state.types.new_var(var);
            if let Some(only) = prims.and_then(Prims::single) {
                ty = self.state.types.prim(only);
            }
            with.push((*param, ty));
        }
        for (param, ty) in with.clone() {
            match self.state.types.bound(param).clone() {
                Bound::Any => {}
                Bound::Key => self.goal(Goal::Key { ty, span }),
                Bound::OneOf(types) => {
                    if self.prims_of(&types).is_none() {
                        self.goal(Goal::OneOf { ty, types, span });
                    }
                }
                Bound::Tuple(fields) => {
                    let fields = fields
                        .iter()
                        .map(|field| super::types::Field {
                            name: field.name.clone(),
                            ty: self.state.types.replace(field.ty, &with),
                        })
                        .collect();
                    self.goal(Goal::Fields { ty, fields, span });
                }
            }
        }
        with
    }

    fn prims_of(&mut self, types: &[Ty]) -> Option<Prims> {
        let mut prims: Option<Prims> = None;
        for ty in types {
            let Node::Prim(prim) = self.state.types.head(*ty) else { return None };
            prims = Some(prims.map_or(Prims::of(prim), |prims| prims.with(prim)));
        }
        prims
    }

    pub(super) fn signature_param(&self, def: DefId, index: usize) -> Option<&SigParam> {
        self.state.signature(def)?.params.get(index)
    }
}
