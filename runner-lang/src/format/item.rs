//! Layout of files, modules and definitions.

use super::{Formatter, doc::Doc};
use crate::{
    syntax::{Func, ImportTree, Item, ItemKind, Module, Param, TypeDef},
    token::{Keyword, Symbol, TokenKind},
};

impl<'a> Formatter<'a> {
    pub(super) fn file(&mut self, module: &Module) -> Doc<'a> {
        let mut parts = Vec::new();
        if *self.kind() == TokenKind::Keyword(Keyword::Submodule) {
            parts.push(self.take());
        }
        self.items(module, &mut parts);
        parts.extend(self.tail());
        Doc::concat(parts)
    }

    /// What a module holds, each on lines of its own.
    fn items(&mut self, module: &Module, parts: &mut Vec<Doc<'a>>) {
        for annotation in &module.annotations {
            parts.push(Doc::Hard { blank: self.gap() && self.end_of_last > 0 });
            parts.extend([self.take(), self.take(), self.expr(annotation)]);
        }
        for item in &module.items {
            parts.push(Doc::Hard { blank: self.gap() && self.end_of_last > 0 });
            parts.push(self.item(item));
        }
    }

    fn item(&mut self, item: &Item) -> Doc<'a> {
        let mut parts = Vec::new();
        for annotation in &item.annotations {
            parts.push(self.take());
            // `@ 1` must not become a date.
            if !matches!(self.kind(), TokenKind::Ident(_) | TokenKind::Keyword(_)) {
                parts.push(Doc::SPACE);
            }
            parts.push(self.expr(annotation));
            let breaks = self.breaks_here();
            parts.push(if breaks { Doc::Hard { blank: false } } else { Doc::SPACE });
        }
        parts.push(self.take());
        if let ItemKind::External { .. } = item.kind {
            parts.extend([Doc::SPACE, self.take()]);
        }
        parts.push(Doc::SPACE);
        if let ItemKind::Import { tree } = &item.kind {
            parts.push(self.import(tree));
            return Doc::concat(parts);
        }
        parts.push(self.take());
        match &item.kind {
            ItemKind::Const { ty, value, .. } => {
                parts.extend(ty.as_ref().map(|ty| self.colon(ty)));
                parts.push(Doc::SPACE);
                parts.push(self.assigned(value));
            }
            ItemKind::Func { func, .. } => parts.push(self.func(func)),
            ItemKind::External { params, result, type_params, .. } => {
                parts.push(self.params(params));
                parts.extend(result.as_ref().map(|result| self.colon(result)));
                parts.push(self.type_params(type_params));
            }
            ItemKind::Type { def: TypeDef::Alias(ty), .. } => parts.push(self.colon(ty)),
            ItemKind::Type { def: TypeDef::Framed { field, inner }, .. } => {
                let list = self.list(1, false, |this, _| match field {
                    Some(_) => Doc::concat(vec![this.take(), this.colon(inner)]),
                    None => this.ty(inner),
                });
                parts.push(Doc::list(list));
            }
            ItemKind::Module { module, .. } => parts.extend([Doc::SPACE, self.module(module)]),
            ItemKind::Anno { params, .. } => parts.push(self.params(params)),
            ItemKind::Import { .. } => {}
        }
        Doc::concat(parts)
    }

    fn module(&mut self, module: &Module) -> Doc<'a> {
        let open = self.take();
        let mut parts = Vec::new();
        let first = self.end_of_last;
        self.items(module, &mut parts);
        parts.extend(self.tail());
        // No empty line behind the brace.
        if let Some(Doc::Hard { blank }) = parts.first_mut() {
            *blank = false;
        }
        let is_empty = self.end_of_last == first;
        let close = self.take();
        if is_empty {
            return Doc::concat(vec![open, close]);
        }
        Doc::concat(vec![open, Doc::concat(parts).indent(), Doc::Hard { blank: false }, close])
    }

    fn import(&mut self, tree: &ImportTree) -> Doc<'a> {
        match tree {
            ImportTree::Name { path, alias } => {
                let mut parts = vec![self.path(path)];
                if alias.is_some() {
                    parts.extend([Doc::SPACE, self.take(), Doc::SPACE, self.take()]);
                }
                Doc::concat(parts)
            }
            ImportTree::All(path) => Doc::concat(vec![self.path(path), self.take(), self.take()]),
            ImportTree::Branches { prefix, branches } => {
                let prefix = Doc::concat(vec![self.path(prefix), self.take()]);
                let list = self.list(branches.len(), false, |this, index| match branches.get(index) {
                    Some(branch) => this.import(branch),
                    None => Doc::concat(Vec::new()),
                });
                Doc::concat(vec![prefix, Doc::list(list)])
            }
        }
    }

    /// What follows a function's name, or the `func` of a lambda.
    pub(super) fn func(&mut self, func: &Func) -> Doc<'a> {
        let mut parts = vec![self.params(&func.params)];
        parts.extend(func.result.as_ref().map(|result| self.colon(result)));
        parts.push(self.type_params(&func.type_params));
        parts.extend([Doc::SPACE, self.take(), self.body(&func.body)]);
        Doc::concat(parts)
    }

    fn params(&mut self, params: &[Param]) -> Doc<'a> {
        let list = self.list(params.len(), false, |this, index| match params.get(index) {
            Some(param) => this.param(param),
            None => Doc::concat(Vec::new()),
        });
        Doc::list(list)
    }

    fn param(&mut self, param: &Param) -> Doc<'a> {
        let mut parts = vec![self.take()];
        for _ in 0..usize::from(param.is_const) + usize::from(param.label.is_some()) {
            parts.extend([Doc::SPACE, self.take()]);
        }
        parts.extend(param.ty.as_ref().map(|ty| self.colon(ty)));
        if let Some(default) = &param.default {
            parts.push(Doc::SPACE);
            parts.push(self.assigned(default));
        }
        Doc::concat(parts)
    }

    /// Whether the parenthesis of a `let` is followed by a line break.
    pub(super) fn breaks_behind_open(&self) -> bool {
        let ends = |index: usize| self.tokens.get(index).map(|token| token.span);
        match (ends(self.at), ends(self.at + 1)) {
            (Some(open), Some(next)) if *self.kind() != TokenKind::Symbol(Symbol::Comma) => {
                let between = self.text.get(open.end as usize..next.start as usize);
                between.is_some_and(|between| between.contains('\n'))
            }
            _ => false,
        }
    }
}
