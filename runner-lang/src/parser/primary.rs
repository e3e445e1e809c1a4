//! Expressions without operators, and the lookups behind them.

use super::{Parser, closes, opens};
use crate::{
    diagnostic::Diagnostic,
    limits,
    syntax::{Arg, Expr, ExprKind, Func, LetBinding, MatchArm, Param, Span, TupleItem},
    token::{Keyword, Symbol, TokenKind},
};

impl Parser<'_> {
    /// An expression and the lookups behind it.
    pub(super) fn postfix(&mut self) -> Expr {
        let start = self.token().span;
        let kind = self.primary();
        let span = self.span_from(start);
        let mut expr = self.grown(kind, span);
        loop {
            let open = self.token().span;
            let kind = match self.kind() {
                TokenKind::Symbol(Symbol::Dot) => {
                    self.bump();
                    self.lookup(expr)
                }
                TokenKind::Symbol(Symbol::BracketOpen) => {
                    self.bump();
                    let index = Box::new(self.expr());
                    self.close(open, Symbol::BracketClose);
                    ExprKind::Index { array: Box::new(expr), index }
                }
                TokenKind::Symbol(Symbol::ParenOpen) if !matches!(expr.kind, ExprKind::Error) => {
                    let message = "only a name is called: `f(x)` or `a::f(x)`";
                    let hint = match expr.kind {
                        ExprKind::Field { .. } => "a function of a module is called by a pipe: `x | f(y)`",
                        _ => "give the function a name: `(let f = ...; f(x))`",
                    };
                    self.report(Diagnostic::error("bad_call", open, message).hint(hint));
                    self.bump();
                    self.args(open);
                    ExprKind::Error
                }
                _ => return expr,
            };
            let span = self.span_from(start);
            expr = self.grown(kind, span);
        }
    }

    /// What follows the point of a lookup.
    fn lookup(&mut self, tuple: Expr) -> ExprKind {
        let tuple = Box::new(tuple);
        let index_span = self.token().span;
        if let TokenKind::Integer { magnitude, .. } = *self.kind() {
            self.bump();
            return match u32::try_from(magnitude) {
                Ok(index) => ExprKind::Position { tuple, index, index_span },
                Err(_) => {
                    self.error("bad_number", index_span, "no tuple has so many fields");
                    ExprKind::Error
                }
            };
        }
        match self.name("a field's name or position") {
            Some(name) => ExprKind::Field { tuple, name },
            None => ExprKind::Error,
        }
    }

    fn primary(&mut self) -> ExprKind {
        if let Some(literal) = self.literal() {
            return ExprKind::Literal(literal);
        }
        let open = self.token().span;
        match self.kind() {
            TokenKind::Ident(_) if self.is_ahead(1, Symbol::Arrow) => self.short_lambda(),
            TokenKind::Ident(_) => self.path_or_call(),
            TokenKind::Keyword(Keyword::Module) if self.is_ahead(1, Symbol::PathSep) => self.path_or_call(),
            TokenKind::Keyword(Keyword::Func) if self.is_ahead(1, Symbol::ParenOpen) => {
                self.bump();
                ExprKind::Lambda(self.func(false))
            }
            TokenKind::Keyword(Keyword::If) => self.conditional(),
            TokenKind::Keyword(Keyword::Match) => self.match_expr(),
            TokenKind::Keyword(Keyword::Let) => {
                let diagnostic = Diagnostic::error("bare_let", open, "a `let` stands in parentheses");
                self.report(diagnostic.hint("write `(let a = e; result)`"));
                self.let_expr()
            }
            TokenKind::InterpolatedStart => ExprKind::Interpolated(self.interpolated()),
            TokenKind::Symbol(Symbol::BraceOpen) => {
                self.bump();
                ExprKind::Tuple(self.list(open, Symbol::BraceClose, Self::tuple_item))
            }
            TokenKind::Symbol(Symbol::BracketOpen) => {
                self.bump();
                ExprKind::Array(self.list(open, Symbol::BracketClose, |parser| Some(parser.expr())))
            }
            TokenKind::Symbol(Symbol::ParenOpen) if self.is_bare_lambda() => {
                let diagnostic =
                    Diagnostic::error("bare_lambda", open, "`func` is missing before parameters");
                self.report(diagnostic.hint("write `func (a, b) -> e`, or `a -> e` for one parameter"));
                ExprKind::Lambda(self.func(false))
            }
            TokenKind::Symbol(Symbol::ParenOpen) => {
                self.bump();
                let kind = if self.is_keyword(Keyword::Let) {
                    self.let_expr()
                } else {
                    ExprKind::Paren(Box::new(self.expr()))
                };
                self.close(open, Symbol::ParenClose);
                kind
            }
            TokenKind::Symbol(Symbol::Dot) => self.variant(),
            TokenKind::Error => {
                self.bump();
                ExprKind::Error
            }
            _ => {
                self.expected("an expression");
                ExprKind::Error
            }
        }
    }

    /// Whether parentheses with parameters and an arrow behind them begin here, as other languages write a lambda.
    fn is_bare_lambda(&self) -> bool {
        let mut depth = 0;
        for ahead in 0..limits::BARE_PARAMS {
            depth += opens(self.peek(ahead));
            depth -= closes(self.peek(ahead)).min(depth);
            if depth == 0 {
                return self.is_ahead(ahead + 1, Symbol::Arrow);
            }
            // A name, and a comma, a type, or nothing more: otherwise it is an expression.
            let is_param = match ahead {
                1 => matches!(self.peek(1), TokenKind::Ident(_) | TokenKind::Keyword(Keyword::Const)),
                2 => [Symbol::Comma, Symbol::Colon].iter().any(|symbol| self.is_ahead(2, *symbol)),
                _ => *self.peek(ahead) != TokenKind::End,
            };
            if !is_param {
                return false;
            }
        }
        false
    }

    /// The closing symbol; where it is missing, what stands before it is skipped.
    fn close(&mut self, open: Span, close: Symbol) {
        if self.eat(close) {
            return;
        }
        let what = format!("`{}`", close.text());
        self.expected_with(&what, |diagnostic| diagnostic.label(open, "to close this"));
        self.skip_to(close);
        self.eat(close);
    }

    fn path_or_call(&mut self) -> ExprKind {
        let Some(function) = self.path("a name") else { return ExprKind::Error };
        let open = self.token().span;
        if self.eat(Symbol::ParenOpen) {
            ExprKind::Call { function, args: self.args(open) }
        } else {
            ExprKind::Path(function)
        }
    }

    fn args(&mut self, open: Span) -> Vec<Arg> {
        self.list(open, Symbol::ParenClose, |parser| {
            let mut label = None;
            if parser.is_name_before(Symbol::Eq) {
                label = parser.name("a label");
                parser.bump();
            }
            Some(Arg { label, value: parser.expr() })
        })
    }

    /// `x -> e`
    fn short_lambda(&mut self) -> ExprKind {
        let span = self.token().span;
        let Some(name) = self.name("a parameter") else { return ExprKind::Error };
        self.bump();
        let param = Param { is_const: false, label: None, name, ty: None, default: None, span };
        let body = Box::new(self.expr());
        ExprKind::Lambda(Func { params: vec![param], result: None, type_params: Vec::new(), body })
    }

    fn tuple_item(&mut self) -> Option<TupleItem> {
        if self.eat(Symbol::DotDot) {
            return Some(TupleItem::Splice(self.expr()));
        }
        let mut name = None;
        if self.is_name_before(Symbol::Eq) {
            name = self.name("a field's name");
            self.bump();
        }
        Some(TupleItem::Field { name, value: self.expr() })
    }

    /// `.name` or `.name(e)`
    fn variant(&mut self) -> ExprKind {
        self.bump();
        let Some(name) = self.name("a variant") else { return ExprKind::Error };
        let open = self.token().span;
        if !self.eat(Symbol::ParenOpen) {
            return ExprKind::Variant { name, payload: None };
        }
        let mut payload = self.list(open, Symbol::ParenClose, |parser| Some(parser.expr()));
        self.one_payload(payload.len(), open);
        ExprKind::Variant { name, payload: payload.drain(..).next().map(Box::new) }
    }

    /// Reports a variant that has parentheses and not one payload between them.
    pub(super) fn one_payload(&mut self, found: usize, open: Span) {
        if found != 1 && self.reported_at != Some(self.at) {
            let message = format!("a variant has one payload, found {found}");
            let hint = match found {
                0 => "a variant without a payload has no parentheses",
                _ => "several values make a tuple: `.variant({a, b})`",
            };
            self.report(Diagnostic::error("payload_count", open, message).hint(hint));
        }
    }

    /// `if c then a else b`; a chain of `else if` costs no recursion.
    fn conditional(&mut self) -> ExprKind {
        let mut branches = Vec::new();
        let otherwise = loop {
            let start = self.token().span;
            self.bump();
            let condition = Box::new(self.expr());
            let then = if self.expect_keyword(Keyword::Then) { self.expr() } else { self.missing() };
            branches.push((start, condition, Box::new(then)));
            if !self.expect_keyword(Keyword::Else) {
                break self.missing();
            }
            if !self.is_keyword(Keyword::If) {
                break self.expr();
            }
        };
        let mut result = otherwise;
        while let Some((start, condition, then)) = branches.pop() {
            let kind = ExprKind::If { condition, then, otherwise: Box::new(result) };
            if branches.is_empty() {
                return kind;
            }
            let span = self.span_from(start);
            result = self.grown(kind, span);
        }
        result.kind
    }

    fn match_expr(&mut self) -> ExprKind {
        self.bump();
        let subject = Box::new(self.expr());
        let open = self.token().span;
        if !self.expect(Symbol::BraceOpen) {
            return ExprKind::Error;
        }
        let arms = self.list(open, Symbol::BraceClose, |parser| {
            let pattern = parser.pattern();
            let body = if parser.expect(Symbol::FatArrow) { parser.expr() } else { parser.missing() };
            Some(MatchArm { pattern, body })
        });
        ExprKind::Match { subject, arms }
    }

    /// `let a = e; let b = e; result`
    fn let_expr(&mut self) -> ExprKind {
        let mut bindings = Vec::new();
        while self.eat_keyword(Keyword::Let) {
            let name = self.name("the name of what follows");
            let ty = self.eat(Symbol::Colon).then(|| self.ty());
            let value = if self.expect(Symbol::Eq) { self.expr() } else { self.missing() };
            if !self.is(Symbol::Semicolon) {
                self.expected("`;` behind the value of a `let`");
                if !self.is_keyword(Keyword::Let) {
                    self.skip_to(Symbol::Semicolon);
                }
            }
            self.eat(Symbol::Semicolon);
            bindings.extend(name.map(|name| LetBinding { name, ty, value }));
        }
        ExprKind::Let { bindings, result: Box::new(self.expr()) }
    }
}
