//! Definitions and modules.

use super::Parser;
use crate::{
    diagnostic::Diagnostic,
    syntax::{Expr, ExprKind, Func, Ident, ImportTree, Item, ItemKind, Module, Param, TypeDef},
    token::{CommentKind, Keyword, Symbol, TokenKind},
};

impl Parser<'_> {
    /// A source file.
    pub(super) fn file(&mut self) -> Module {
        let mut module = Module::default();
        if self.is_keyword(Keyword::Submodule) {
            self.docs(&mut module, &mut Vec::new());
            self.bump();
            module.is_submodule = true;
        }
        loop {
            self.items(&mut module);
            if *self.kind() == TokenKind::End {
                return module;
            }
            self.expected("a definition");
            self.bump();
        }
    }

    /// Definitions up to the end of the file or a `}`.
    fn items(&mut self, module: &mut Module) {
        loop {
            let mut doc = Vec::new();
            self.docs(module, &mut doc);
            if *self.kind() == TokenKind::End || self.is(Symbol::BraceClose) {
                return;
            }
            if let Some(item) = self.item(module, doc) {
                module.items.push(item);
            }
        }
    }

    fn item(&mut self, module: &mut Module, mut doc: Vec<String>) -> Option<Item> {
        self.too_deep = false;
        self.height = 0;
        let annotations = self.annotations(module, &mut doc);
        let start = self.token().span;
        let before = self.at;
        let kind = self.item_kind();
        if kind.is_none() {
            if self.at == before {
                self.bump();
            }
            self.skip_to_item();
        }
        Some(Item { doc, annotations, kind: kind?, span: self.span_from(start) })
    }

    fn item_kind(&mut self) -> Option<ItemKind> {
        let TokenKind::Keyword(keyword) = *self.kind() else {
            self.expected("a definition");
            return None;
        };
        match keyword {
            Keyword::Const => self.constant(),
            Keyword::Func => {
                self.bump();
                let name = self.name("the function's name")?;
                Some(ItemKind::Func { name, func: self.func(true) })
            }
            Keyword::External => self.external(),
            Keyword::Type => self.type_def(),
            Keyword::Module => self.module(),
            Keyword::Import => {
                self.bump();
                Some(ItemKind::Import { tree: self.import()? })
            }
            Keyword::Anno => {
                self.bump();
                let name = self.name("the annotation's name")?;
                Some(ItemKind::Anno { name, params: self.params() })
            }
            Keyword::Submodule => {
                let message = "`submodule` stands at the beginning of a file";
                self.error("unexpected_token", self.token().span, message);
                self.bump();
                None
            }
            _ => {
                self.expected("a definition");
                None
            }
        }
    }

    /// `@ expression` before a definition. `@! expression` belongs to the module, at its head.
    fn annotations(&mut self, module: &mut Module, doc: &mut Vec<String>) -> Vec<Expr> {
        let mut annotations = Vec::new();
        while self.is(Symbol::At) {
            let at = self.token().span;
            self.bump();
            if self.eat(Symbol::Bang) {
                if !module.items.is_empty() || !annotations.is_empty() {
                    let message = "`@!` annotates the module, and stands before its definitions";
                    self.error("misplaced_annotation", at, message);
                }
                module.annotations.push(self.expr());
            } else {
                annotations.push(self.expr());
            }
            self.docs(module, doc);
            if annotations.is_empty() && !self.is(Symbol::At) && self.ends_module() {
                break;
            }
        }
        annotations
    }

    fn ends_module(&self) -> bool {
        *self.kind() == TokenKind::End || self.is(Symbol::BraceClose)
    }

    /// Takes the documentation that stands before this token.
    fn docs(&mut self, module: &mut Module, doc: &mut Vec<String>) {
        while let Some(comment) = self.comments.get(self.comment_at) {
            if comment.tokens_before > self.at {
                return;
            }
            self.comment_at += 1;
            let lines = match comment.kind {
                // What stands within a definition documents nothing.
                _ if comment.tokens_before < self.at => continue,
                CommentKind::Plain => continue,
                CommentKind::Item => &mut *doc,
                CommentKind::Module => &mut module.doc,
            };
            let text = self.text.get(comment.span.start as usize + 2..comment.span.end as usize);
            let text = text.unwrap_or_default();
            lines.push(text.strip_prefix(' ').unwrap_or(text).into());
        }
    }

    /// Skips to where a definition or the end of the module is.
    fn skip_to_item(&mut self) {
        let mut depth = 0usize;
        while *self.kind() != TokenKind::End && !self.begins_item() {
            match self.kind() {
                TokenKind::Symbol(Symbol::BraceOpen) => depth += 1,
                TokenKind::Symbol(Symbol::BraceClose) if depth == 0 => return,
                TokenKind::Symbol(Symbol::BraceClose) => depth -= 1,
                _ => {}
            }
            self.bump();
        }
    }

    /// Skips to the brace that closes this module, over all that is in it.
    fn skip_braces(&mut self) {
        let mut depth = 0usize;
        while *self.kind() != TokenKind::End {
            match self.kind() {
                TokenKind::Symbol(Symbol::BraceOpen) => depth += 1,
                TokenKind::Symbol(Symbol::BraceClose) if depth == 0 => return,
                TokenKind::Symbol(Symbol::BraceClose) => depth -= 1,
                _ => {}
            }
            self.bump();
        }
    }

    fn constant(&mut self) -> Option<ItemKind> {
        self.bump();
        let name = self.name("the constant's name")?;
        let ty = self.eat(Symbol::Colon).then(|| self.ty());
        let value = if self.expect(Symbol::Eq) { self.expr() } else { self.missing() };
        Some(ItemKind::Const { name, ty, value })
    }

    /// What follows a function's name, or the `func` of a lambda.
    pub(super) fn func(&mut self, is_definition: bool) -> Func {
        let params = self.params();
        let result = self.eat(Symbol::Colon).then(|| self.ty());
        let type_params = if is_definition { self.type_params() } else { Vec::new() };
        let body = if self.expect(Symbol::Arrow) { self.expr() } else { self.missing() };
        Func { params, result, type_params, body: Box::new(body) }
    }

    fn external(&mut self) -> Option<ItemKind> {
        self.bump();
        if !self.expect_keyword(Keyword::Func) {
            return None;
        }
        let name = self.name("the function's name")?;
        let params = self.params();
        let result = self.eat(Symbol::Colon).then(|| self.ty());
        Some(ItemKind::External { name, params, result, type_params: self.type_params() })
    }

    fn type_def(&mut self) -> Option<ItemKind> {
        self.bump();
        let name = self.name("the type's name")?;
        let open = self.token().span;
        if self.eat(Symbol::Colon) {
            return Some(ItemKind::Type { name, def: TypeDef::Alias(self.ty()) });
        }
        if !self.eat(Symbol::ParenOpen) {
            self.expected("`:` and a type, or `(` and the type that it frames");
            return None;
        }
        let mut fields = self.list(open, Symbol::ParenClose, |parser| {
            let field = parser.label();
            Some((field, parser.ty()))
        });
        if fields.len() != 1 {
            let message = format!("a framed type frames one type, found {}", fields.len());
            let hint = "several fields make a tuple: `type Name: {a: A, b: B}`";
            self.report(Diagnostic::error("frame_count", name.span, message).hint(hint));
        }
        let (field, inner) = fields.drain(..).next()?;
        Some(ItemKind::Type { name, def: TypeDef::Framed { field, inner } })
    }

    fn module(&mut self) -> Option<ItemKind> {
        self.bump();
        let name = self.name("the module's name")?;
        let open = self.token().span;
        if !self.expect(Symbol::BraceOpen) {
            return None;
        }
        let mut module = Module::default();
        if self.nest(|parser| parser.items(&mut module)).is_none() {
            self.skip_braces();
        }
        if !self.eat(Symbol::BraceClose) {
            self.expected_with("`}`", |diagnostic| diagnostic.label(open, "to close this"));
        }
        Some(ItemKind::Module { name, module })
    }

    fn import(&mut self) -> Option<ImportTree> {
        let path = self.path("what to import")?;
        if self.eat(Symbol::PathSep) {
            if self.eat(Symbol::Star) {
                return Some(ImportTree::All(path));
            }
            let open = self.token().span;
            if !self.expect(Symbol::ParenOpen) {
                return Some(ImportTree::Name { path, alias: None });
            }
            let branches = self.nest(|parser| parser.list(open, Symbol::ParenClose, Self::import));
            return Some(ImportTree::Branches { prefix: path, branches: branches.unwrap_or_default() });
        }
        let alias = if self.eat_keyword(Keyword::As) { self.name("the name that it gets") } else { None };
        Some(ImportTree::Name { path, alias })
    }

    /// `(a: A, label b: B = 1, const c: C)`
    pub(super) fn params(&mut self) -> Vec<Param> {
        let open = self.token().span;
        if !self.expect(Symbol::ParenOpen) {
            return Vec::new();
        }
        self.list(open, Symbol::ParenClose, Self::param)
    }

    fn param(&mut self) -> Option<Param> {
        let start = self.token().span;
        let is_const = self.eat_keyword(Keyword::Const);
        let mut name = self.name("a parameter")?;
        let mut label = None;
        if matches!(self.kind(), TokenKind::Ident(_)) {
            label = self.name("a parameter").map(|second| std::mem::replace(&mut name, second));
        }
        let ty = self.eat(Symbol::Colon).then(|| self.ty());
        let default = self.eat(Symbol::Eq).then(|| self.expr());
        Some(Param { is_const, label, name, ty, default, span: self.span_from(start) })
    }

    /// A name and a colon, if they are there.
    pub(super) fn label(&mut self) -> Option<Ident> {
        if !self.is_name_before(Symbol::Colon) {
            return None;
        }
        let name = self.name("a name");
        self.bump();
        name
    }

    /// An expression that is not there.
    pub(super) fn missing(&self) -> Expr {
        Expr { kind: ExprKind::Error, span: self.token().span }
    }
}
