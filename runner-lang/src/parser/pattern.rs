//! Patterns of `match`.

use super::Parser;
use crate::{
    syntax::{Pattern, PatternKind},
    token::{Symbol, TokenKind},
};

impl Parser<'_> {
    /// `p | q`
    pub(super) fn pattern(&mut self) -> Pattern {
        let start = self.token().span;
        let outside = std::mem::take(&mut self.height);
        let found = self.nest(|parser| {
            let first = parser.one_pattern();
            if !parser.is(Symbol::Pipe) {
                return first;
            }
            let mut alternatives = vec![first];
            while parser.eat(Symbol::Pipe) {
                alternatives.push(parser.one_pattern());
            }
            Pattern { kind: PatternKind::Alternatives(alternatives), span: parser.span_from(start) }
        });
        let fits = self.grow();
        self.height = self.height.max(outside);
        match found {
            Some(pattern) if fits => pattern,
            _ => Pattern { kind: PatternKind::Error, span: self.span_from(start) },
        }
    }

    fn one_pattern(&mut self) -> Pattern {
        let start = self.token().span;
        let kind = match self.kind() {
            TokenKind::Ident(name) if &**name == "_" => {
                self.bump();
                PatternKind::Any
            }
            TokenKind::Ident(_) => self.name("a name").map_or(PatternKind::Error, PatternKind::Bind),
            TokenKind::Symbol(Symbol::Dot) => self.variant_pattern(),
            TokenKind::Error => {
                self.bump();
                PatternKind::Error
            }
            _ => match self.literal() {
                Some(literal) => PatternKind::Literal(literal),
                None => {
                    self.expected("a pattern");
                    PatternKind::Error
                }
            },
        };
        Pattern { kind, span: self.span_from(start) }
    }

    fn variant_pattern(&mut self) -> PatternKind {
        self.bump();
        let Some(name) = self.name("a variant") else { return PatternKind::Error };
        let open = self.token().span;
        if !self.eat(Symbol::ParenOpen) {
            return PatternKind::Variant { name, payload: None };
        }
        let mut payload = self.list(open, Symbol::ParenClose, |parser| Some(parser.pattern()));
        self.one_payload(payload.len(), open);
        PatternKind::Variant { name, payload: payload.drain(..).next().map(Box::new) }
    }
}
