//! Types and what type parameters may stand for.

use super::Parser;
use crate::{
    diagnostic::Diagnostic,
    syntax::{Bound, EnumVariant, Span, TypeExpr, TypeField, TypeKind, TypeParam},
    token::{Keyword, Symbol, TokenKind},
};

impl Parser<'_> {
    pub(super) fn ty(&mut self) -> TypeExpr {
        self.ty_before(false)
    }

    /// The type of an annotated expression: a `??` behind it is the operator if an operand follows.
    pub(super) fn annotated_ty(&mut self) -> TypeExpr {
        self.ty_before(true)
    }

    fn ty_before(&mut self, operator: bool) -> TypeExpr {
        let start = self.token().span;
        let outside = std::mem::take(&mut self.height);
        let kind = self.nest(|parser| parser.ty_kind(operator)).unwrap_or(TypeKind::Error);
        let mut ty = self.grown_ty(kind, start);
        loop {
            if self.is(Symbol::Coalesce) && !(operator && self.begins_expr(1)) {
                ty = self.grown_ty(TypeKind::Option(Box::new(ty)), start);
                // Its second mark is taken below.
                let second = self.token().span;
                ty.span.end = second.start + 1;
            } else if !self.is(Symbol::Question) {
                break;
            }
            self.bump();
            ty = self.grown_ty(TypeKind::Option(Box::new(ty)), start);
        }
        self.height = self.height.max(outside);
        ty
    }

    fn grown_ty(&mut self, kind: TypeKind, start: Span) -> TypeExpr {
        let kind = if self.grow() { kind } else { TypeKind::Error };
        TypeExpr { kind, span: self.span_from(start) }
    }

    fn ty_kind(&mut self, operator: bool) -> TypeKind {
        let open = self.token().span;
        match self.kind() {
            TokenKind::Symbol(Symbol::BraceOpen) => {
                self.bump();
                if self.is_keyword(Keyword::For) && !self.is_ahead(1, Symbol::Colon) {
                    return self.for_ty(open);
                }
                let (fields, rest) = self.ty_fields(open);
                if let Some(rest) = rest {
                    let message = "`..` without a type stands in the constraint of a type parameter only";
                    self.error("open_tuple_type", rest, message);
                }
                TypeKind::Tuple(fields)
            }
            TokenKind::Symbol(Symbol::BracketOpen) => {
                self.bump();
                let item = self.ty();
                if !self.eat(Symbol::BracketClose) {
                    self.expected_with("`]`", |diagnostic| diagnostic.label(open, "to close this"));
                }
                TypeKind::Array(Box::new(item))
            }
            TokenKind::Keyword(Keyword::Enum) => {
                self.bump();
                let open = self.token().span;
                if !self.expect(Symbol::BraceOpen) {
                    return TypeKind::Error;
                }
                TypeKind::Enum(self.list(open, Symbol::BraceClose, |parser| {
                    let name = parser.name("a variant")?;
                    let ty = parser.eat(Symbol::Colon).then(|| parser.ty());
                    Some(EnumVariant { name, ty })
                }))
            }
            TokenKind::Keyword(Keyword::Func) => {
                self.bump();
                let open = self.token().span;
                if !self.expect(Symbol::ParenOpen) {
                    return TypeKind::Error;
                }
                let params =
                    self.list(open, Symbol::ParenClose, |parser| Some((parser.label(), parser.ty())));
                let result = self.eat(Symbol::Colon).then(|| Box::new(self.ty_before(operator)));
                TypeKind::Func { params, result }
            }
            TokenKind::Ident(_) => self.path("a type").map_or(TypeKind::Error, TypeKind::Path),
            TokenKind::Keyword(Keyword::Module) if self.is_ahead(1, Symbol::PathSep) => {
                self.path("a type").map_or(TypeKind::Error, TypeKind::Path)
            }
            TokenKind::Symbol(Symbol::ParenOpen) => {
                self.expected_with("a type", |diagnostic| {
                    diagnostic.hint("a tuple type stands between braces: `{A, B}`")
                });
                TypeKind::Error
            }
            TokenKind::Error => {
                self.bump();
                TypeKind::Error
            }
            _ => {
                self.expected("a type");
                TypeKind::Error
            }
        }
    }

    /// Fields up to the closing brace, and where `..` without a type stands.
    fn ty_fields(&mut self, open: Span) -> (Vec<TypeField>, Option<Span>) {
        let mut rest = None;
        let fields = self.list(open, Symbol::BraceClose, |parser| {
            let start = parser.token().span;
            if let Some(rest) = rest {
                let diagnostic = Diagnostic::error("field_after_rest", start, "nothing follows `..`");
                parser.report(diagnostic.label(rest, "the end of the fields"));
            }
            if !parser.eat(Symbol::DotDot) {
                let name = parser.label();
                return Some(TypeField { name, ty: parser.ty(), splice: false });
            }
            if parser.is(Symbol::BraceClose) || parser.is(Symbol::Comma) {
                rest = Some(start);
                return None;
            }
            Some(TypeField { name: None, ty: parser.ty(), splice: true })
        });
        (fields, rest)
    }

    /// `{for f: F in T do f: [F]}`, behind its brace.
    fn for_ty(&mut self, open: Span) -> TypeKind {
        self.bump();
        let field = self.name("the name of a field");
        self.expect(Symbol::Colon);
        let param = self.name("the name of the field's type");
        self.expect_keyword(Keyword::In);
        let tuple = Box::new(self.ty());
        self.expect_keyword(Keyword::Do);
        let label = self.label();
        if let (Some(label), Some(field)) = (&label, &field)
            && label.name != field.name
        {
            let message = format!("expected `{}`, found `{}`", field.name, label.name);
            let diagnostic = Diagnostic::error("for_field", label.span, message);
            self.report(diagnostic.label(field.span, "the field is named here"));
        }
        let result = Box::new(self.ty());
        self.eat(Symbol::Comma);
        if !self.eat(Symbol::BraceClose) {
            self.expected_with("`}`", |diagnostic| diagnostic.label(open, "to close this"));
        }
        match (field, param) {
            (Some(field), Some(param)) => {
                TypeKind::For { field, param, tuple, named: label.is_some(), result }
            }
            _ => TypeKind::Error,
        }
    }

    /// `where T: A | B, U`, if it is there.
    pub(super) fn type_params(&mut self) -> Vec<TypeParam> {
        let mut params = Vec::new();
        if !self.eat_keyword(Keyword::Where) {
            return params;
        }
        loop {
            let Some(name) = self.name("a type parameter") else { return params };
            let bound = self.eat(Symbol::Colon).then(|| self.bound());
            params.push(TypeParam { name, bound });
            if !self.eat(Symbol::Comma) || self.is(Symbol::Arrow) {
                return params;
            }
        }
    }

    fn bound(&mut self) -> Bound {
        let start = self.token().span;
        let mut types = Vec::new();
        if self.is(Symbol::BraceOpen) && !matches!(self.peek(1), TokenKind::Keyword(Keyword::For)) {
            self.bump();
            let outside = self.height;
            let (fields, rest) = self.nest(|parser| parser.ty_fields(start)).unwrap_or_default();
            self.height = self.height.max(outside);
            let span = self.span_from(start);
            if rest.is_some() {
                return Bound::Tuple { fields, span };
            }
            types.push(TypeExpr { kind: TypeKind::Tuple(fields), span });
        } else {
            types.push(self.ty());
        }
        while self.eat(Symbol::Pipe) {
            types.push(self.ty());
        }
        Bound::OneOf(types)
    }
}
