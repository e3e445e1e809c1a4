//! What can only be checked once the types of a definition are known.

use std::collections::HashSet;

use super::{
    infer::Infer,
    tree::{Argument, Callee, LocalId, TExpr, TItem, TKind},
    type_expr::function_in_data,
    types::{Node, Ty},
};
use crate::{diagnostic::Diagnostic, resolve::DefId, resolve::DefKind};

impl Infer<'_> {
    /// Solves what is open and checks the whole tree.
    pub(super) fn finish(&mut self, root: &TExpr) {
        let before = self.diagnostics.len();
        self.solve_all(true);
        // Parameters are in scope to the end.
        let locals = self.locals.iter().map(|(_, local)| local);
        let consts = locals.filter(|local| local.is_const).map(|local| local.id).collect();
        self.walk(root, &consts);
        self.diagnostics.sort_from(before);
    }

    fn walk(&mut self, expr: &TExpr, consts: &HashSet<LocalId>) {
        if !self.state.types.budget().step() {
            return;
        }
        match &expr.kind {
            TKind::Tuple(items) => {
                for item in items {
                    if let TItem::Field(field) = item {
                        self.no_function(field, "a tuple");
                    }
                }
            }
            TKind::Array(items) => {
                if let Some(item) = items.first() {
                    self.no_function(item, "an array");
                }
            }
            TKind::Variant { payload: Some(payload), .. } => self.no_function(payload, "an enum"),
            TKind::If { .. } | TKind::Match { .. } if self.is_function(expr.ty) => {
                let message = "which function this is must be known when the program is compiled";
                self.error(
                    Diagnostic::error("function_chosen", expr.span, message)
                        .hint("choose between results of calls instead"),
                );
            }
            TKind::Call { callee: Callee::Def { def, .. }, args } => self.const_args(*def, args, consts),
            _ => {}
        }
        if let TKind::Match { subject, arms } = &expr.kind {
            self.check_cover(subject.ty, expr.span, arms);
        }
        let mut children = Vec::new();
        expr.for_each_child(|child| children.push(child));
        for child in children {
            self.walk(child, consts);
        }
    }

    fn is_function(&mut self, ty: Ty) -> bool {
        matches!(self.state.types.head(ty), Node::Func(_))
    }

    fn no_function(&mut self, expr: &TExpr, holder: &str) {
        if self.is_function(expr.ty) {
            self.error(function_in_data(expr.span, holder));
        }
    }

    /// The arguments of `const` parameters are literals, or constants that are.
    fn const_args(&mut self, def: DefId, args: &[Argument], consts: &HashSet<LocalId>) {
        for (index, arg) in args.iter().enumerate() {
            let Some(param) = self.signature_param(def, index).filter(|param| param.is_const) else {
                continue;
            };
            let name = param.name.clone();
            if let Argument::Given(arg) = arg
                && !matches!(arg.kind, TKind::Error)
                && !self.is_constant(arg, consts)
            {
                let message = format!(
                    "the argument of the `const` parameter `{name}` must be known when the program is compiled"
                );
                let hint = "give a literal, or a constant that is one";
                self.error(Diagnostic::error("not_constant", arg.span, message).hint(hint));
            }
        }
    }

    /// Whether an expression is a literal, a constant that is one, or one of these locals.
    pub(super) fn is_constant(&self, expr: &TExpr, consts: &HashSet<LocalId>) -> bool {
        match &expr.kind {
            TKind::Literal(_) => true,
            TKind::Local(local) => consts.contains(local),
            TKind::Def { def, .. } => {
                let is_const = self.state.world.def(*def).is_some_and(|def| def.kind == DefKind::Const);
                is_const && self.state.body(*def).is_some_and(|body| body.is_literal)
            }
            _ => false,
        }
    }
}
