//! From text to tokens. It never stops: what is no token is reported and becomes [`TokenKind::Error`].
//!
//! The lexer is one loop over the text with a stack of the interpolated texts that are open, so a text nested in an
//! expression nested in a text costs no recursion.

mod literal;
mod text;

use crate::{
    budget::Budget,
    diagnostic::Diagnostic,
    limits,
    syntax::Span,
    token::{Comment, CommentKind, Keyword, Symbol, Token, TokenKind},
};

/// What the lexer makes of a file.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    /// At least one token, and the last is [`TokenKind::End`].
    pub(crate) tokens: Vec<Token>,
    /// In order.
    pub(crate) comments: Vec<Comment>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Splits a file into tokens.
pub(crate) fn lex(text: &str, source: u32, budget: &Budget) -> Lexed {
    let mut lexer =
        Lexer { text, source, budget, at: 0, out: Lexed::default(), open: Vec::new(), unclosed: 0 };
    lexer.eat('\u{feff}');
    while lexer.at < text.len() && budget.step() {
        lexer.token();
    }
    if let Some(open) = lexer.open.first() {
        let span = Span { source, start: open.start as u32, end: (open.start + 1) as u32 };
        lexer.error("unclosed_text", span, "the expression in this text has no closing `}`");
        lexer.close_all();
    }
    lexer.push(TokenKind::End, text.len());
    lexer.out
}

/// Whether a name may begin with this character.
pub(crate) fn begins_name(char: char) -> bool {
    char.is_alphabetic() || char == '_'
}

/// Whether a name may go on with this character.
pub(crate) fn continues_name(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

struct Lexer<'a> {
    text: &'a str,
    source: u32,
    budget: &'a Budget,
    at: usize,
    out: Lexed,
    open: Vec<Interpolated>,
    /// Texts without an end so far.
    unclosed: usize,
}

/// An interpolated text whose expression is being read.
struct Interpolated {
    start: usize,
    quotes: usize,
    /// Braces that are open within the expression.
    braces: usize,
}

impl<'a> Lexer<'a> {
    /// Reads a token, a comment or a piece of white space.
    fn token(&mut self) {
        let start = self.at;
        let Some(first) = self.peek() else { return };
        match first {
            _ if first.is_ascii_whitespace() => self.advance(first),
            '#' => self.comment(),
            '"' => self.text_literal(start, false),
            '`' => self.quoted_name(),
            '0'..='9' => self.number(),
            '@' if self.begins_date() => self.date(),
            'r' | 'f' if self.rest().as_bytes().get(1) == Some(&b'"') => {
                self.at += 1;
                if first == 'r' { self.text_literal(start, true) } else { self.interpolated(start) }
            }
            _ if begins_name(first) => {
                let word = self.eat_while(continues_name);
                if self.is_long(word, start) {
                    return self.push(TokenKind::Error, start);
                }
                let kind = match Keyword::from_text(word) {
                    Some(keyword) => TokenKind::Keyword(keyword),
                    None => TokenKind::Ident(word.into()),
                };
                self.push(kind, start);
            }
            _ => self.symbol(first),
        }
    }

    fn symbol(&mut self, first: char) {
        let start = self.at;
        for length in [2, 1] {
            let symbol = self.rest().get(..length).and_then(Symbol::from_text);
            if let Some(symbol) = symbol {
                self.at += length;
                return self.braced(symbol, start);
            }
        }
        self.advance(first);
        let mut diagnostic =
            self.diagnostic("unknown_character", start, format!("`{first}` begins no token"));
        let hint = match first {
            '&' => Some("`&&` is the logical and"),
            '\'' => Some("a text stands between double quotes"),
            '“' | '”' => Some("a text stands between straight quotes: \""),
            _ => None,
        };
        if let Some(hint) = hint {
            diagnostic = diagnostic.hint(hint);
        }
        self.report(diagnostic);
        self.push(TokenKind::Error, start);
    }

    /// Pushes a symbol; a brace may end the expression in an interpolated text.
    fn braced(&mut self, symbol: Symbol, start: usize) {
        if let Some(open) = self.open.last_mut() {
            match symbol {
                Symbol::BraceOpen => open.braces += 1,
                Symbol::BraceClose if open.braces == 0 => {
                    self.push(TokenKind::ExprClose, start);
                    return self.interpolated_part();
                }
                Symbol::BraceClose => open.braces -= 1,
                _ => {}
            }
        }
        self.push(TokenKind::Symbol(symbol), start);
    }

    fn comment(&mut self) {
        let start = self.at;
        self.eat_while(|char| char != '\n');
        let comment = self.text.get(start..self.at).unwrap_or_default().trim_end();
        let kind = match comment.as_bytes().get(1) {
            Some(b'#') if !comment.starts_with("###") => CommentKind::Item,
            Some(b'!') => CommentKind::Module,
            _ => CommentKind::Plain,
        };
        let span = Span { source: self.source, start: start as u32, end: (start + comment.len()) as u32 };
        let tokens_before = self.out.tokens.len();
        self.budget.charge(1, size_of::<Comment>());
        self.out.comments.push(Comment { kind, span, tokens_before });
    }

    fn quoted_name(&mut self) {
        let start = self.at;
        self.at += 1;
        let name = self.eat_while(|char| char != '`' && char != '\n');
        if !self.eat('`') {
            self.error(
                "unclosed_name",
                self.span(start),
                "expected a closing backtick before the end of the line",
            );
            return self.push(TokenKind::Error, start);
        }
        if name.is_empty() {
            self.error("empty_name", self.span(start), "a name has at least one character");
            return self.push(TokenKind::Error, start);
        }
        if self.is_long(name, start) {
            return self.push(TokenKind::Error, start);
        }
        self.push(TokenKind::Ident(name.into()), start);
    }

    /// Reports a name that is too long.
    fn is_long(&mut self, name: &str, start: usize) -> bool {
        let is_long = name.len() > limits::NAME_BYTES;
        if is_long {
            let message =
                format!("a name has at most {} bytes, this one has {}", limits::NAME_BYTES, name.len());
            self.error("long_name", self.span(start), message);
        }
        is_long
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn advance(&mut self, char: char) {
        self.at += char.len_utf8();
    }

    fn eat(&mut self, char: char) -> bool {
        let found = self.rest().starts_with(char);
        if found {
            self.advance(char);
        }
        found
    }

    fn eat_while(&mut self, member: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|char| !member(char)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn span(&self, start: usize) -> Span {
        Span { source: self.source, start: start as u32, end: self.at as u32 }
    }

    /// Pushes the token from `start` to where the lexer is.
    fn push(&mut self, kind: TokenKind, start: usize) {
        let span = self.span(start);
        // The text of the token, and the token.
        self.budget.charge(1, size_of::<Token>() + self.at.saturating_sub(start));
        self.out.tokens.push(Token { kind, span });
    }

    fn diagnostic(&self, code: &'static str, start: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.span(start), message)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        let bytes = size_of::<Diagnostic>() + diagnostic.message.len();
        if self.budget.charge(1, bytes) && self.out.diagnostics.len() <= limits::DIAGNOSTICS {
            self.out.diagnostics.push(diagnostic);
        }
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::error(code, span, message));
    }
}
