//! Packed values, see [`Layout`](super::Layout).

use runner_core::TypeId;

use super::{DuckDbStorage, layout::is_nullable};
use crate::{
    columns::Columns,
    shape::Shape,
    tree::{
        Expr, Ident,
        expr::{self, cast, field, named, number},
    },
};

impl DuckDbStorage<'_> {
    pub(super) fn unpacked(&self, packed: &Expr, ty: TypeId) -> Columns<Expr> {
        match self.shapes.get(ty) {
            Shape::Tuple => {
                let fields = self.shapes.fields(ty).into_iter().enumerate();
                Columns::Tuple(
                    fields
                        .map(|(n, ty)| self.unpacked(&field(packed, Ident::Numbered("f", n)), ty))
                        .collect(),
                )
            }
            Shape::Option(payload) => {
                let inner = if is_nullable(self.shapes, payload) { wrapped(packed) } else { packed.clone() };
                let value = Box::new(self.unpacked(&inner, payload));
                Columns::Option { some: expr::is_not_null(packed), value }
            }
            _ => Columns::One(packed.clone()),
        }
    }

    pub(super) fn packed(&self, value: &Columns<Expr>, ty: TypeId) -> Expr {
        match (self.shapes.get(ty), value) {
            (_, Columns::One(expr)) => expr.clone(),
            (_, Columns::Tuple(fields)) if fields.is_empty() => expr::bool(true),
            (_, Columns::Tuple(fields)) => {
                let types = self.shapes.fields(ty);
                let fields = fields.iter().zip(types).enumerate();
                let fields = fields.map(|(n, (field, ty))| (Ident::Numbered("f", n), self.packed(field, ty)));
                named("struct_pack", fields.collect::<Vec<_>>())
            }
            (Shape::Option(payload), Columns::Option { some, value }) => {
                let mut packed = self.packed(value, payload);
                if is_nullable(self.shapes, payload) {
                    packed = wrap(packed);
                }
                expr::when(some, &packed)
            }
            (_, Columns::Option { some, .. }) => some.clone(),
        }
    }

    pub(super) fn packed_variant(&self, index: u32, payload: &Columns<Expr>, ty: TypeId) -> Expr {
        let types = self.shapes.types();
        let ty = types.unframed(ty);
        let variants = types.as_enum(ty).unwrap_or_default();
        let mut fields = vec![(Ident::Fixed("t"), cast(&number(index), "INTEGER"))];
        for (n, variant) in variants.iter().enumerate().filter(|(_, variant)| !types.is_unit(variant.ty)) {
            let value = match n == index as usize {
                true => self.packed(payload, variant.ty),
                false => cast(&expr::null(), self.packed_type(variant.ty)),
            };
            fields.push((Ident::Numbered("v", n), value));
        }
        self.boxed(named("struct_pack", fields), ty)
    }

    /// An enum as it is held, from the struct of its parts.
    pub(super) fn boxed(&self, value: Expr, ty: TypeId) -> Expr {
        match self.shapes.is_recursive(ty) {
            true => self.registered("write", ty, [value]),
            false => value,
        }
    }

    /// The reverse of [`Self::boxed`].
    pub(super) fn unboxed(&self, packed: &Expr, ty: TypeId) -> Expr {
        match self.shapes.is_recursive(ty) {
            true => self.registered("read", self.shapes.types().unframed(ty), [packed.clone()]),
            false => packed.clone(),
        }
    }

    /// The payload of a variant, packed.
    pub(super) fn packed_payload(&self, value: &Expr, ty: TypeId, index: usize) -> Expr {
        field(&self.unboxed(value, ty), Ident::Numbered("v", index))
    }

    /// An array as a list of its items, whether it is boxed or not.
    pub(super) fn list_of(&self, array: &Expr, item: TypeId) -> Expr {
        match self.shapes.is_array_recursive(item) {
            true => self.registered("read_list", item, [array.clone()]),
            false => array.clone(),
        }
    }

    /// The reverse of [`Self::list_of`].
    pub(super) fn array_of(&self, list: &Expr, item: TypeId) -> Expr {
        match self.shapes.is_array_recursive(item) {
            true => self.registered("write_list", item, [list.clone()]),
            false => list.clone(),
        }
    }
}

/// What tells a payload that is NULL from no payload.
pub(super) fn wrap(payload: Expr) -> Expr {
    named("struct_pack", [(Ident::Fixed("v"), payload)])
}

/// The reverse of [`wrap`].
pub(super) fn wrapped(packed: &Expr) -> Expr {
    field(packed, Ident::Fixed("v"))
}
