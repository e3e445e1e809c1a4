//! From tokens to the syntax tree, by recursive descent.
//!
//! The law of it: a function is named after what it parses and stands at its first token. It reports what is wrong
//! and returns what it could make of it; a function that returns an `Option` gives `None` if there is nothing to keep.
//! Nobody reports twice at one token ([`Parser::expected`]), so callers need not know what went wrong below them.
//! Recovery happens in lists ([`Parser::list`]) and between definitions.

mod expr;
mod item;
mod literal;
mod pattern;
mod primary;
mod ty;

use crate::{
    budget::Budget,
    diagnostic::Diagnostic,
    habits,
    lexer::{Lexed, lex},
    limits,
    syntax::{Expr, Ident, Module, Path, Span},
    token::{Comment, Keyword, Symbol, Token, TokenKind},
};

/// Parses a source file.
pub(crate) fn parse_module(text: &str, source: u32, budget: &Budget) -> (Module, Vec<Diagnostic>) {
    parse_lexed(text, &mut lex(text, source, budget), budget)
}

/// Parses a source file that has been split into tokens; takes their errors.
pub(crate) fn parse_lexed(text: &str, lexed: &mut Lexed, budget: &Budget) -> (Module, Vec<Diagnostic>) {
    let lexical = std::mem::take(&mut lexed.diagnostics);
    let mut parser = Parser::new(text, lexed, budget);
    let module = parser.file();
    (module, parser.finish(lexical))
}

/// Parses an expression that stands alone.
pub(crate) fn parse_expression(text: &str, source: u32, budget: &Budget) -> (Expr, Vec<Diagnostic>) {
    let mut lexed = lex(text, source, budget);
    let lexical = std::mem::take(&mut lexed.diagnostics);
    let mut parser = Parser::new(text, &lexed, budget);
    let expr = parser.expr();
    if *parser.kind() != TokenKind::End {
        parser.expected("the end of the expression");
    }
    (expr, parser.finish(lexical))
}

static END: Token = Token { kind: TokenKind::End, span: Span { source: 0, start: 0, end: 0 } };

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    comments: &'a [Comment],
    budget: &'a Budget,
    /// Index of the current token.
    at: usize,
    /// Index of the first comment that no definition has taken.
    comment_at: usize,
    diagnostics: Vec<Diagnostic>,
    /// The token at which an error was last reported.
    reported_at: Option<usize>,
    /// Whether the definition has been reported to nest too deep.
    too_deep: bool,
    /// How deep the parser is in the source.
    nesting: usize,
    /// Height of the highest syntax tree made since this was last reset; see [`Parser::grow`].
    height: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, lexed: &'a Lexed, budget: &'a Budget) -> Self {
        Self {
            text,
            tokens: &lexed.tokens,
            comments: &lexed.comments,
            budget,
            at: 0,
            comment_at: 0,
            diagnostics: Vec::new(),
            reported_at: None,
            too_deep: false,
            nesting: 0,
            height: 0,
        }
    }

    /// All errors in the order of their places.
    fn finish(self, mut lexical: Vec<Diagnostic>) -> Vec<Diagnostic> {
        lexical.extend(self.diagnostics);
        lexical.sort_by_key(|diagnostic| diagnostic.span.start);
        lexical
    }

    fn token(&self) -> &'a Token {
        self.tokens.get(self.at).unwrap_or(&END)
    }

    fn kind(&self) -> &'a TokenKind {
        &self.token().kind
    }

    /// The kind of the token `ahead` of the current one.
    fn peek(&self, ahead: usize) -> &'a TokenKind {
        self.tokens.get(self.at + ahead).map_or(&TokenKind::End, |token| &token.kind)
    }

    fn bump(&mut self) {
        // A token makes about one node of the tree.
        if !self.budget.charge(1, size_of::<Expr>()) {
            self.at = self.tokens.len().saturating_sub(1);
        } else if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    fn is(&self, symbol: Symbol) -> bool {
        *self.kind() == TokenKind::Symbol(symbol)
    }

    fn is_ahead(&self, ahead: usize, symbol: Symbol) -> bool {
        *self.peek(ahead) == TokenKind::Symbol(symbol)
    }

    fn is_keyword(&self, keyword: Keyword) -> bool {
        *self.kind() == TokenKind::Keyword(keyword)
    }

    fn eat(&mut self, symbol: Symbol) -> bool {
        let found = self.is(symbol);
        if found {
            self.bump();
        }
        found
    }

    fn eat_keyword(&mut self, keyword: Keyword) -> bool {
        let found = self.is_keyword(keyword);
        if found {
            self.bump();
        }
        found
    }

    /// Eats a symbol, or reports that it is missing.
    fn expect(&mut self, symbol: Symbol) -> bool {
        let found = self.eat(symbol);
        if !found {
            self.expected(&format!("`{}`", symbol.text()));
        }
        found
    }

    fn expect_keyword(&mut self, keyword: Keyword) -> bool {
        let found = self.eat_keyword(keyword);
        if !found {
            self.expected(&format!("`{}`", keyword.text()));
        }
        found
    }

    /// From the first byte of `start` to the end of what was last eaten.
    fn span_from(&self, start: Span) -> Span {
        Span { end: self.end_of_last().max(start.start), ..start }
    }

    fn end_of_last(&self) -> u32 {
        let last = self.at.checked_sub(1).and_then(|last| self.tokens.get(last));
        last.map_or(0, |token| token.span.end)
    }

    /// Reports that something else stands where `what` should, unless an error was reported here already.
    fn expected(&mut self, what: &str) {
        self.expected_with(what, |diagnostic| diagnostic);
    }

    fn expected_with(&mut self, what: &str, more: impl FnOnce(Diagnostic) -> Diagnostic) {
        let token = self.token();
        let reported = self.reported_at.replace(self.at) == Some(self.at);
        if reported || token.kind == TokenKind::Error {
            return;
        }
        let message = format!("expected {what}, found {}", token.kind.describe());
        // What is missing at the end of a definition is missing there, not where the next one begins.
        let last = self.end_of_last();
        let between = self.text.get(last as usize..token.span.start as usize).unwrap_or_default();
        let span = if between.contains('\n') && (token.kind == TokenKind::End || self.begins_item()) {
            Span { start: last, end: last, ..token.span }
        } else {
            token.span
        };
        let mut diagnostic = more(Diagnostic::error("unexpected_token", span, message));
        if diagnostic.hint.is_none() {
            diagnostic.hint = habits::of_token(what, &token.kind).map(str::to_owned);
        }
        self.report(diagnostic);
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::error(code, span, message));
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        let bytes = size_of::<Diagnostic>() + diagnostic.message.len();
        if self.budget.charge(1, bytes) && self.diagnostics.len() <= limits::DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
    }

    /// A name; `what` says whose. A keyword that can't be anything else is taken for one, and reported.
    fn name(&mut self, what: &str) -> Option<Ident> {
        let span = self.token().span;
        match self.kind() {
            TokenKind::Ident(name) => {
                self.bump();
                Some(Ident { name: name.clone(), span })
            }
            TokenKind::Keyword(keyword) if !self.begins_item() => {
                let word = keyword.text();
                let message = format!("expected {what}, found the keyword `{word}`");
                let hint = format!("as a name it is written between backticks: `{word}`");
                self.report(Diagnostic::error("keyword_as_name", span, message).hint(hint));
                self.bump();
                Some(Ident { name: word.into(), span })
            }
            _ => {
                self.expected(what);
                None
            }
        }
    }

    /// Whether a name, or a keyword in the place of one, stands before this symbol.
    fn is_name_before(&self, symbol: Symbol) -> bool {
        matches!(self.kind(), TokenKind::Ident(_) | TokenKind::Keyword(_)) && self.is_ahead(1, symbol)
    }

    /// `a::b::c`, where `module` may be the first name.
    fn path(&mut self, what: &str) -> Option<Path> {
        let start = self.token().span;
        let mut names = Vec::new();
        if self.is_keyword(Keyword::Module) && self.is_ahead(1, Symbol::PathSep) {
            names.push(Ident { name: Keyword::Module.text().into(), span: start });
            self.bump();
        } else {
            names.push(self.name(what)?);
        }
        while self.is(Symbol::PathSep)
            && !self.is_ahead(1, Symbol::ParenOpen)
            && !self.is_ahead(1, Symbol::Star)
        {
            self.bump();
            let Some(name) = self.name("a name") else { break };
            if names.len() == limits::PATH_NAMES {
                let message = format!("a path has at most {} names", limits::PATH_NAMES);
                self.error("too_deep", name.span, message);
            }
            if names.len() <= limits::PATH_NAMES {
                names.push(name);
            }
        }
        Some(Path { names, span: self.span_from(start) })
    }

    /// Items between commas up to the closing symbol; the opening one has been eaten. The last comma may be there.
    fn list<T>(&mut self, open: Span, close: Symbol, mut item: impl FnMut(&mut Self) -> Option<T>) -> Vec<T> {
        let mut items = Vec::new();
        let mut first = true;
        loop {
            let may_be_const = first && self.is_keyword(Keyword::Const);
            if self.eat(close) {
                return items;
            }
            if !may_be_const && self.ends_list() {
                let what = format!("`{}`", close.text());
                self.expected_with(&what, |diagnostic| diagnostic.label(open, "to close this"));
                return items;
            }
            let before = self.at;
            items.extend(item(self));
            first = self.eat(Symbol::Comma);
            if first || self.is(close) {
                continue;
            }
            let what = format!("`,` or `{}`", close.text());
            self.expected_with(&what, |diagnostic| diagnostic.label(open, "to close this"));
            if self.at == before {
                self.bump();
            }
            self.skip_to(Symbol::Comma);
            first = self.eat(Symbol::Comma);
        }
    }

    /// Whether no list goes on here: at a closing symbol, the next definition, or the end of the text.
    fn ends_list(&self) -> bool {
        match self.kind() {
            TokenKind::Symbol(Symbol::ParenClose | Symbol::BracketClose | Symbol::BraceClose)
            | TokenKind::ExprClose
            | TokenKind::InterpolatedEnd
            | TokenKind::End => true,
            _ => self.begins_item(),
        }
    }

    /// Skips to the symbol, or else to where the list ends, over what is within brackets.
    fn skip_to(&mut self, symbol: Symbol) {
        let mut depth = 0usize;
        while *self.kind() != TokenKind::End && !self.begins_item() {
            if depth == 0 && (self.is(symbol) || self.ends_list()) {
                return;
            }
            depth = (depth + opens(self.kind())).saturating_sub(closes(self.kind()));
            self.bump();
        }
    }

    /// Whether a definition begins at this token. Its keywords begin nothing else, unless they are used as names.
    fn begins_item(&self) -> bool {
        let next_is_symbol = matches!(self.peek(1), TokenKind::Symbol(_) | TokenKind::End);
        match self.kind() {
            TokenKind::Symbol(Symbol::At) => true,
            TokenKind::Keyword(
                Keyword::Anno
                | Keyword::Const
                | Keyword::External
                | Keyword::Func
                | Keyword::Import
                | Keyword::Internal
                | Keyword::Module
                | Keyword::Submodule
                | Keyword::Type,
            ) => !next_is_symbol,
            _ => false,
        }
    }

    /// Parses one level deeper. `None` where that is too deep; then what is there has been skipped.
    fn nest<T>(&mut self, parse: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.nesting >= limits::NESTING {
            self.report_depth(limits::NESTING);
            self.skip_to(Symbol::Comma);
            return None;
        }
        self.nesting += 1;
        let result = parse(self);
        self.nesting -= 1;
        Some(result)
    }

    /// Counts a node that was made above all made since `height` was reset; `false`, once reported, if the tree gets
    /// too high for walks over it. Then the node must not be kept.
    fn grow(&mut self) -> bool {
        self.height += 1;
        let fits = self.height <= limits::TREE_DEPTH;
        if !fits {
            self.report_depth(limits::TREE_DEPTH);
            self.height = 1;
        }
        fits
    }

    fn report_depth(&mut self, limit: usize) {
        self.reported_at = Some(self.at);
        if !std::mem::replace(&mut self.too_deep, true) {
            let message = format!("this nests deeper than {limit} levels");
            let hint = "give parts of it a name";
            self.report(Diagnostic::error("too_deep", self.token().span, message).hint(hint));
        }
    }
}

fn opens(kind: &TokenKind) -> usize {
    usize::from(matches!(
        kind,
        TokenKind::Symbol(Symbol::ParenOpen | Symbol::BracketOpen | Symbol::BraceOpen)
            | TokenKind::ExprOpen
            | TokenKind::InterpolatedStart
    ))
}

fn closes(kind: &TokenKind) -> usize {
    usize::from(matches!(
        kind,
        TokenKind::Symbol(Symbol::ParenClose | Symbol::BracketClose | Symbol::BraceClose)
            | TokenKind::ExprClose
            | TokenKind::InterpolatedEnd
    ))
}
