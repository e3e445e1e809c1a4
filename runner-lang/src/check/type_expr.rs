//! Types as written.

use std::{collections::HashSet, sync::Arc};

use super::{
    State,
    types::{Field, ForType, Name, NamedId, Node, Part, Ty, Variant},
};
use crate::{
    diagnostic::{Diagnostic, Diagnostics},
    habits::with_suggestion,
    resolve::{DefKind, Entry, ModId},
    scope::Scope,
    syntax::{Path, Span, TypeExpr, TypeField, TypeKind},
};

/// Where a type stands: its module, and the type parameters in scope.
pub(super) struct TypeScope<'a> {
    pub(super) module: ModId,
    pub(super) params: &'a mut Scope<Ty>,
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl State {
    pub(super) fn type_expr(&mut self, scope: &mut TypeScope<'_>, expr: &TypeExpr) -> Ty {
        if !self.types.budget().step() {
            return self.types.error();
        }
        match &expr.kind {
            TypeKind::Path(path) => self.type_path(scope, path),
            TypeKind::Tuple(fields) if fields.iter().any(|field| field.splice) => {
                let parts: Vec<_> = fields
                    .iter()
                    .map(|field| {
                        if field.splice {
                            Part::Splice(self.type_expr(scope, &field.ty))
                        } else {
                            Part::Field(self.type_field(scope, field))
                        }
                    })
                    .collect();
                self.types.add(Node::Splice(parts.into()))
            }
            TypeKind::Tuple(fields) => {
                let fields = fields.iter().map(|field| self.type_field(scope, field)).collect();
                self.types.tuple(fields)
            }
            TypeKind::Array(item) => {
                let item = self.data_type(scope, item, "an array");
                self.types.array(item)
            }
            TypeKind::Enum(variants) => {
                let mut known: Vec<Variant> = Vec::new();
                let mut names = HashSet::new();
                for variant in variants {
                    let name = variant.name.name.clone();
                    let ty = match &variant.ty {
                        Some(ty) => self.data_type(scope, ty, "an enum"),
                        None => self.types.unit(),
                    };
                    if !names.insert(name.clone()) {
                        let message = format!("the variant `{name}` is there twice");
                        scope.diagnostics.push(Diagnostic::error(
                            "duplicate_name",
                            variant.name.span,
                            message,
                        ));
                        continue;
                    }
                    known.push(Variant { name, ty });
                }
                self.types.add(Node::Enum(known.into()))
            }
            TypeKind::Option(inner) => {
                let inner = self.data_type(scope, inner, "an option");
                self.types.option(inner)
            }
            TypeKind::Func { params, result } => {
                let params = params
                    .iter()
                    .map(|(label, ty)| Field {
                        name: label.as_ref().map(|label| label.name.clone()),
                        ty: self.type_expr(scope, ty),
                    })
                    .collect();
                let result = match result {
                    Some(result) => self.type_expr(scope, result),
                    None => {
                        let message = "a function type needs the type of its result";
                        let hint = "write it as in `func (Int64): Int64`";
                        scope
                            .diagnostics
                            .push(Diagnostic::error("missing_type", expr.span, message).hint(hint));
                        self.types.error()
                    }
                };
                self.types.func(params, result)
            }
            TypeKind::For { field: _, param, tuple, named, result } => {
                let tuple = self.type_expr(scope, tuple);
                let id = self.types.new_param(param.name.clone());
                let ty = self.types.add(Node::Param(id));
                let depth = scope.params.len();
                scope.params.push(param.name.clone(), ty);
                let result = self.data_type(scope, result, "a tuple");
                scope.params.truncate(depth);
                let ty =
                    self.types.add(Node::For(Arc::new(ForType { tuple, param: id, named: *named, result })));
                if !matches!(self.types.node(self.types.follow(tuple)), Node::Alias(_)) {
                    self.types.expand(ty);
                }
                ty
            }
            TypeKind::Error => self.types.error(),
        }
    }

    fn type_field(&mut self, scope: &mut TypeScope<'_>, field: &TypeField) -> Field {
        let ty = self.data_type(scope, &field.ty, "a tuple");
        Field { name: field.name.as_ref().map(|name| name.name.clone()), ty }
    }

    /// A type of data: no function.
    fn data_type(&mut self, scope: &mut TypeScope<'_>, expr: &TypeExpr, holder: &str) -> Ty {
        let ty = self.type_expr(scope, expr);
        if matches!(self.types.node(ty), Node::Func(_)) {
            scope.diagnostics.push(function_in_data(expr.span, holder));
            return self.types.error();
        }
        ty
    }

    fn type_path(&mut self, scope: &mut TypeScope<'_>, path: &Path) -> Ty {
        if let [only] = path.names.as_slice()
            && let Some(ty) = scope.params.get(&only.name)
        {
            return *ty;
        }
        let entry = match self.world.lookup(scope.module, path) {
            Ok(entry) => entry,
            Err(why) => {
                let suggests = scope.diagnostics.is_rendered();
                let mut diagnostic =
                    self.world.explain(scope.module, path, why, suggests && path.names.len() > 1);
                diagnostic.message = diagnostic.message.replacen("unknown name", "unknown type", 1);
                if let [only] = path.names.as_slice() {
                    if suggests {
                        let names = self.world.type_names(scope.module);
                        let names = names.iter().chain(scope.params.iter().map(|(name, _)| name));
                        diagnostic = with_suggestion(diagnostic, &only.name, names);
                    }
                    if only.name.chars().count() == 1 {
                        let words = format!(
                            "a type parameter is declared by `where {}` behind the result",
                            only.name
                        );
                        diagnostic.hint = Some(words);
                    }
                }
                scope.diagnostics.push(diagnostic);
                return self.types.error();
            }
        };
        match entry {
            Entry::Prim(prim) => self.types.prim(prim),
            Entry::Error => self.types.error(),
            Entry::Def(def) => match self.world.def(def).map(|def| def.kind) {
                Some(DefKind::Alias(id)) => self.types.add(Node::Alias(id)),
                Some(DefKind::Framed(id)) => self.types.add(Node::Framed(id)),
                _ => self.not_a_type(scope, path),
            },
            Entry::Module(_) => self.not_a_type(scope, path),
        }
    }

    fn not_a_type(&mut self, scope: &mut TypeScope<'_>, path: &Path) -> Ty {
        let name = path.names.last().map_or("", |name| &name.name);
        let message = format!("expected a type, but `{name}` is none");
        scope.diagnostics.push(Diagnostic::error("not_a_type", path.span, message));
        self.types.error()
    }

    /// Sets what a type definition stands for.
    pub(super) fn set_named(&mut self, id: NamedId, inner: Ty) {
        if let Some(named) = self.types.named.get_mut(id.0 as usize) {
            named.inner = inner;
        }
    }
}

impl crate::resolve::World {
    fn type_names(&self, module: ModId) -> Vec<Name> {
        let modules = self.module(module).into_iter().chain(self.module(crate::resolve::STD));
        modules
            .flat_map(|module| &module.entries)
            .filter(|(_, (entry, _))| match entry {
                Entry::Prim(_) => true,
                Entry::Def(def) => {
                    matches!(self.def(*def).map(|def| def.kind), Some(DefKind::Alias(_) | DefKind::Framed(_)))
                }
                _ => false,
            })
            .map(|(name, _)| name.clone())
            .collect()
    }
}

pub(super) fn function_in_data(span: Span, holder: &str) -> Diagnostic {
    Diagnostic::error(
        "function_in_data",
        span,
        format!("{holder} can't hold a function: functions are not data"),
    )
}
