//! Layout of types.

use super::{Formatter, doc::Doc};
use crate::{
    syntax::{Bound, Path, TypeExpr, TypeField, TypeKind, TypeParam},
    token::{Symbol, TokenKind},
};

impl<'a> Formatter<'a> {
    pub(super) fn path(&mut self, path: &Path) -> Doc<'a> {
        let mut parts = vec![self.take()];
        for _ in path.names.iter().skip(1) {
            parts.extend([self.take(), self.take()]);
        }
        Doc::concat(parts)
    }

    pub(super) fn ty(&mut self, ty: &TypeExpr) -> Doc<'a> {
        self.led(|this| this.bare_ty(ty))
    }

    fn bare_ty(&mut self, ty: &TypeExpr) -> Doc<'a> {
        match &ty.kind {
            TypeKind::Path(path) => self.path(path),
            TypeKind::Tuple(fields) => {
                let list = self.list(fields.len(), false, |this, index| this.ty_field(fields.get(index)));
                Doc::list(list)
            }
            TypeKind::Array(item) => {
                let hugs = matches!(item.kind, TypeKind::Tuple(_) | TypeKind::Enum(_) | TypeKind::Array(_));
                self.bracketed(hugs, |this| this.ty(item))
            }
            TypeKind::Enum(variants) => {
                let keyword = self.take();
                let list = self.list(variants.len(), false, |this, index| {
                    let name = this.take();
                    match variants.get(index).and_then(|variant| variant.ty.as_ref()) {
                        Some(ty) => Doc::concat(vec![name, this.colon(ty)]),
                        None => name,
                    }
                });
                Doc::concat(vec![keyword, Doc::SPACE, Doc::list(list)])
            }
            TypeKind::Option(_) => self.option(ty),
            TypeKind::Func { params, result } => {
                let mut parts = vec![self.take(), Doc::SPACE];
                let list = self.list(params.len(), false, |this, index| match params.get(index) {
                    Some((Some(_), ty)) => Doc::concat(vec![this.take(), this.colon(ty)]),
                    Some((None, ty)) => this.ty(ty),
                    None => Doc::concat(Vec::new()),
                });
                parts.push(Doc::list(list));
                parts.extend(result.as_ref().map(|result| self.colon(result)));
                Doc::concat(parts)
            }
            TypeKind::For { tuple, named, result, .. } => {
                // {for f: F in T do f: [F]}
                let mut parts =
                    vec![self.take(), self.take(), Doc::SPACE, self.take(), self.take(), Doc::SPACE];
                parts.extend([self.take(), Doc::SPACE, self.take(), Doc::SPACE, self.ty(tuple), Doc::SPACE]);
                parts.extend([self.take(), Doc::SPACE]);
                if *named {
                    parts.extend([self.take(), self.take(), Doc::SPACE]);
                }
                parts.push(self.ty(result));
                if self.is(Symbol::Comma) {
                    parts.push(super::without_comma(self.take_comma()));
                }
                parts.push(self.take());
                Doc::concat(parts)
            }
            TypeKind::Error => Doc::concat(Vec::new()),
        }
    }

    /// `T?`, `T??`, where two marks are one token if nothing stands between them.
    fn option(&mut self, ty: &TypeExpr) -> Doc<'a> {
        let mut inner = ty;
        let mut marks = 0usize;
        while let TypeKind::Option(next) = &inner.kind {
            inner = next;
            marks += 1;
        }
        let mut parts = vec![self.ty(inner)];
        let mut last_is_mark = false;
        while marks > 0 {
            let is_mark = self.is(Symbol::Question);
            // Marks that were apart stay apart: together they could be an operator.
            if last_is_mark {
                parts.push(Doc::SPACE);
            }
            parts.push(self.take());
            marks = marks.saturating_sub(if is_mark { 1 } else { 2 });
            last_is_mark = true;
        }
        Doc::concat(parts)
    }

    /// `: T`
    pub(super) fn colon(&mut self, ty: &TypeExpr) -> Doc<'a> {
        Doc::concat(vec![self.take(), Doc::SPACE, self.ty(ty)])
    }

    fn ty_field(&mut self, field: Option<&TypeField>) -> Doc<'a> {
        match field {
            Some(TypeField { name: Some(_), ty, .. }) => Doc::concat(vec![self.take(), self.colon(ty)]),
            Some(TypeField { splice: true, ty, .. }) => Doc::concat(vec![self.take(), self.ty(ty)]),
            Some(TypeField { ty, .. }) => self.ty(ty),
            // The `..` of a constraint.
            None => self.take(),
        }
    }

    /// ` where T: A | B, U`
    pub(super) fn type_params(&mut self, params: &[TypeParam]) -> Doc<'a> {
        if params.is_empty() {
            return Doc::concat(Vec::new());
        }
        let mut parts = vec![Doc::SPACE, self.take(), Doc::SPACE];
        for (index, param) in params.iter().enumerate() {
            parts.push(self.take());
            if let Some(bound) = &param.bound {
                parts.extend([self.take(), Doc::SPACE, self.bound(bound)]);
            }
            if *self.kind() == TokenKind::Symbol(Symbol::Comma) {
                let comma = self.take_comma();
                if index + 1 < params.len() {
                    parts.extend([comma, Doc::SPACE]);
                } else {
                    parts.push(super::without_comma(comma));
                }
            }
        }
        Doc::concat(parts)
    }

    fn bound(&mut self, bound: &Bound) -> Doc<'a> {
        match bound {
            Bound::OneOf(types) => {
                let mut parts = Vec::new();
                for (index, ty) in types.iter().enumerate() {
                    if index > 0 {
                        parts.extend([Doc::SPACE, self.take(), Doc::SPACE]);
                    }
                    parts.push(self.ty(ty));
                }
                Doc::concat(parts)
            }
            Bound::Tuple { fields, .. } => {
                let list = self.list(fields.len() + 1, false, |this, index| this.ty_field(fields.get(index)));
                Doc::list(list)
            }
        }
    }
}
