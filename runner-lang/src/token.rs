//! Tokens: what the lexer makes of the text, and what the parser and the formatter read.

use std::sync::Arc;

use crate::syntax::Span;

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// Kinds of tokens. Literals carry their values, names are without backticks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind {
    Ident(Arc<str>),
    Keyword(Keyword),
    /// `bits` tells of hex, octal and binary.
    Integer {
        magnitude: u128,
        bits: bool,
    },
    /// The digits without `_`.
    Float(String),
    Text(String),
    /// `f"`; then come parts and expressions between braces, and `InterpolatedEnd`.
    InterpolatedStart,
    InterpolatedText(String),
    ExprOpen,
    ExprClose,
    InterpolatedEnd,
    Date(i32),
    Duration(i64),
    Timestamp(i64),
    Symbol(Symbol),
    /// What is no token, or a literal that is wrong; it has been reported.
    Error,
    /// The end of the file.
    End,
}

/// A comment, which is no token: it may stand anywhere.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comment {
    pub(crate) kind: CommentKind,
    /// From the `#` to the last character of the line that is no space.
    pub(crate) span: Span,
    /// How many tokens stand before it.
    pub(crate) tokens_before: usize,
}

/// Kinds of comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommentKind {
    /// `#`
    Plain,
    /// `##`: documents what follows.
    Item,
    /// `#!`: documents the module.
    Module,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name {
            $($variant,)*
        }

        impl $name {
            /// As it is written.
            pub(crate) fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// The reverse of `text`.
            pub(crate) fn from_text(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// Words that are no names.
    Keyword {
        Anno = "anno",
        As = "as",
        Const = "const",
        Do = "do",
        Else = "else",
        Enum = "enum",
        External = "external",
        False = "false",
        For = "for",
        Func = "func",
        If = "if",
        Import = "import",
        In = "in",
        Internal = "internal",
        Let = "let",
        Match = "match",
        Module = "module",
        Submodule = "submodule",
        Then = "then",
        True = "true",
        Type = "type",
        Where = "where",
    }
}

words! {
    /// Operators and punctuation.
    Symbol {
        Plus = "+",
        Minus = "-",
        Star = "*",
        StarStar = "**",
        Slash = "/",
        SlashSlash = "//",
        Percent = "%",
        EqEq = "==",
        NotEq = "!=",
        Less = "<",
        LessEq = "<=",
        Greater = ">",
        GreaterEq = ">=",
        AndAnd = "&&",
        OrOr = "||",
        Bang = "!",
        Coalesce = "??",
        Question = "?",
        Pipe = "|",
        Arrow = "->",
        FatArrow = "=>",
        PathSep = "::",
        Colon = ":",
        Semicolon = ";",
        Comma = ",",
        Dot = ".",
        DotDot = "..",
        Eq = "=",
        At = "@",
        ParenOpen = "(",
        ParenClose = ")",
        BracketOpen = "[",
        BracketClose = "]",
        BraceOpen = "{",
        BraceClose = "}",
    }
}

impl TokenKind {
    /// In words for a message: "found ...".
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Ident(name) => format!("`{name}`"),
            Self::Keyword(keyword) => format!("the keyword `{}`", keyword.text()),
            Self::Integer { .. } | Self::Float(_) => "a number".into(),
            Self::Text(_) | Self::InterpolatedStart | Self::InterpolatedText(_) => "a text".into(),
            Self::ExprOpen => "`{`".into(),
            Self::ExprClose => "`}`".into(),
            Self::InterpolatedEnd => "the end of the text".into(),
            Self::Date(_) => "a date".into(),
            Self::Duration(_) => "a duration".into(),
            Self::Timestamp(_) => "a timestamp".into(),
            Self::Symbol(symbol) => format!("`{}`", symbol.text()),
            Self::Error => "something else".into(),
            Self::End => "the end of the file".into(),
        }
    }
}
