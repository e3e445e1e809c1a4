//! Types: every definition gets a signature and a typed body, or errors.

mod call;
mod cover;
mod declare;
mod display;
mod expr;
mod finish;
mod goal;
mod infer;
mod literal;
mod lookup;
mod operator;
mod pattern;
pub(crate) mod prims;
mod recursion;
mod replace;
mod report;
pub(crate) mod tree;
mod type_expr;
pub(crate) mod types;
mod unify;

use std::{collections::HashSet, sync::Arc};

use crate::{
    diagnostic::{Diagnostic, Diagnostics},
    limits,
    resolve::{self, DefId, ModId, Source, World},
    source::ModuleTree,
    syntax::{Expr, Span},
};
pub(crate) use cover::{Case, Outcome, Row, Split, split};
use infer::Infer;
pub(crate) use literal::number;
use tree::{Body, Signature, TExpr};
use types::Types;

/// All that is known of a project, or of the standard library alone.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) types: Types,
    /// By [`DefId`].
    pub(crate) signatures: Vec<Signature>,
    /// By [`DefId`]; absent for types and external functions.
    pub(crate) bodies: Vec<Option<Arc<Body>>>,
}

impl State {
    /// Adds the modules of a project and checks all its definitions.
    pub(crate) fn add_project(&mut self, tree: &ModuleTree, is_std: bool, diagnostics: &mut Diagnostics) {
        let defs = resolve::collect(&mut self.world, &mut self.types, tree, is_std, diagnostics);
        self.signatures.resize(self.world.defs.len(), Signature::default());
        self.bodies.resize(self.world.defs.len(), None);

        for (def, source) in &defs {
            if let Source::Type(definition) = source {
                self.declare_type(*def, definition, diagnostics);
            }
        }
        recursion::check_types(self, &defs, diagnostics);
        self.types.resolve_aliases();
        for (def, source) in &defs {
            self.declare(*def, *source, diagnostics);
        }
        let order = resolve::graph::order(&self.world, &defs, diagnostics);
        let first = defs.first().map_or(0, |(def, _)| def.0);
        for def in order.defs {
            let index = def.0.wrapping_sub(first) as usize;
            let cyclic = order.cyclic.get(index) == Some(&true);
            if let Some((_, source)) = defs.get(index) {
                self.check_body(def, *source, cyclic, diagnostics);
            }
        }
    }

    /// Checks an expression that stands in a module, without parameters.
    pub(crate) fn check_expr(&mut self, module: ModId, expr: &Expr, diagnostics: &mut Diagnostics) -> TExpr {
        let mut infer = Infer::new(self, module, diagnostics);
        let root = infer.expr(expr, None);
        infer.finish(&root);
        root
    }

    pub(crate) fn signature(&self, def: DefId) -> Option<&Signature> {
        self.signatures.get(def.0 as usize)
    }

    pub(crate) fn body(&self, def: DefId) -> Option<&Arc<Body>> {
        self.bodies.get(def.0 as usize)?.as_ref()
    }

    fn check_body(&mut self, def: DefId, source: Source<'_>, cyclic: bool, diagnostics: &mut Diagnostics) {
        let Some(signature) = self.signature(def).cloned() else { return };
        let Some((module, span)) = self.world.def(def).map(|def| (def.module, def.span)) else { return };
        diagnostics.set_place(span);
        if cyclic && signature.result.is_none() {
            let error = self.types.error();
            self.set_result(def, error);
        }
        let mut infer = Infer::new(self, module, diagnostics);
        infer.type_params(&signature.type_params);
        infer.defaults(def, source);
        let (params, value) = match source {
            Source::Const { value, .. } => (Vec::new(), value),
            Source::Func(func) => (infer.params(&signature, &func.params), &*func.body),
            Source::External { .. } | Source::Type(_) | Source::Anno(_) => {
                infer.solve_all(true);
                return;
            }
        };
        let root = infer.expr(value, signature.result);
        infer.finish(&root);
        let is_literal = infer.is_constant(&root, &HashSet::new());
        if signature.result.is_none() {
            let is_small = self.types.is_small(root.ty);
            let result = if is_small { root.ty } else { self.types.error() };
            if !is_small {
                diagnostics.push(too_large(root.span));
            }
            self.set_result(def, result);
        }
        if let Some(slot) = self.bodies.get_mut(def.0 as usize) {
            *slot = Some(Arc::new(Body { params, root, is_literal }));
        }
    }

    fn set_result(&mut self, def: DefId, result: types::Ty) {
        if let Some(signature) = self.signatures.get_mut(def.0 as usize) {
            signature.result = Some(result);
        }
    }
}

fn too_large(span: Span) -> Diagnostic {
    let message = format!(
        "the type of this has more than {} parts or {} levels",
        limits::TUPLE_FIELDS,
        limits::TYPE_LEVELS
    );
    Diagnostic::error("type_too_large", span, message)
}
