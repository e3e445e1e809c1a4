//! Literals, and texts with expressions in them.

use super::{Parser, closes, opens};
use crate::{
    syntax::{Literal, TextPart},
    token::{Keyword, Symbol, TokenKind},
};

impl Parser<'_> {
    /// A literal, with the minus before a number; `None` if none is here.
    pub(super) fn literal(&mut self) -> Option<Literal> {
        let negative = self.is(Symbol::Minus);
        let literal = match self.peek(usize::from(negative)) {
            TokenKind::Integer { magnitude, bits } => {
                Literal::Integer { magnitude: *magnitude, negative, bits: *bits }
            }
            TokenKind::Float(digits) if negative => Literal::Float(format!("-{digits}")),
            TokenKind::Float(digits) => Literal::Float(digits.clone()),
            _ if negative => return None,
            TokenKind::Keyword(Keyword::True) => Literal::Bool(true),
            TokenKind::Keyword(Keyword::False) => Literal::Bool(false),
            TokenKind::Text(text) => Literal::Text(text.clone()),
            TokenKind::Date(days) => Literal::Date(*days),
            TokenKind::Duration(micros) => Literal::Duration(*micros),
            TokenKind::Timestamp(micros) => Literal::Timestamp(*micros),
            _ => return None,
        };
        if negative {
            self.bump();
        }
        self.bump();
        Some(literal)
    }

    /// `f"..."`
    pub(super) fn interpolated(&mut self) -> Vec<TextPart> {
        self.bump();
        let mut parts = Vec::new();
        loop {
            match self.kind() {
                TokenKind::InterpolatedText(text) => {
                    parts.push(TextPart::Text(text.clone()));
                    self.bump();
                }
                TokenKind::ExprOpen => {
                    self.bump();
                    parts.push(TextPart::Expr(self.expr()));
                    if *self.kind() != TokenKind::ExprClose {
                        self.expected("`}` behind the expression in a text");
                        self.skip_to_expr_close();
                    }
                    if *self.kind() == TokenKind::ExprClose {
                        self.bump();
                    }
                }
                TokenKind::InterpolatedEnd => {
                    self.bump();
                    return parts;
                }
                _ => return parts,
            }
        }
    }

    fn skip_to_expr_close(&mut self) {
        let mut depth = 0usize;
        while *self.kind() != TokenKind::End {
            let kind = self.kind();
            if depth == 0 && matches!(kind, TokenKind::ExprClose | TokenKind::InterpolatedEnd) {
                return;
            }
            depth = (depth + opens(kind)).saturating_sub(closes(kind));
            self.bump();
        }
    }
}
