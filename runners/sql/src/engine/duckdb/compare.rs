//! Order and equality of packed values.
//!
//! DuckDB compares nested values as the language does (floats included), but for NULL, which is last: options become
//! structs for that. Boxed values are compared by functions.

use runner_core::TypeId;

use super::{DuckDbStorage, Layout};
use crate::tree::{
    Expr, Ident,
    expr::{self, binary, call, field, lambda, named, number},
};

impl DuckDbStorage<'_> {
    pub(super) fn order_of(&self, left: &Expr, right: &Expr, ty: TypeId) -> Expr {
        let layout = self.layout(ty);
        if layout.has_box() {
            return self.whole(&layout, "order", &[left, right], ty);
        }
        let is_less = binary("<", &ordered(&layout, left, 0), &ordered(&layout, right, 0));
        let branches = [(is_less, number(0)), (expr::equal(left, right), number(1))];
        expr::case(branches, Some(number(2)))
    }

    pub(super) fn equality_of(&self, left: &Expr, right: &Expr, ty: TypeId) -> Expr {
        let layout = self.layout(ty);
        match layout.has_box() && self.shapes.has_float(ty) {
            true => expr::equal(&self.whole(&layout, "order", &[left, right], ty), &number(1)),
            false => expr::equal(left, right),
        }
    }

    pub(super) fn key_of(&self, packed: &Expr, ty: TypeId) -> Expr {
        let layout = self.layout(ty);
        match layout.has_box() && self.shapes.has_float(ty) {
            true => self.whole(&layout, "key", &[packed], ty),
            false => packed.clone(),
        }
    }

    /// A function over whole values, which are written to bytes first if they are not boxed.
    fn whole(&self, layout: &Layout, function: &str, args: &[&Expr], ty: TypeId) -> Expr {
        let write = |arg: &&Expr| match layout {
            Layout::Boxed(_) => (*arg).clone(),
            _ => self.registered("write", ty, [(*arg).clone()]),
        };
        let args: Vec<_> = args.iter().map(write).collect();
        let ty = match layout {
            Layout::Boxed(ty) => *ty,
            _ => ty,
        };
        self.registered(function, ty, args)
    }
}

/// A value that DuckDB orders as it should be.
fn ordered(layout: &Layout, value: &Expr, depth: usize) -> Expr {
    if !layout.has_option() {
        return value.clone();
    }
    let structure = |fields: Vec<(Ident, &Layout)>| {
        let fields = fields.into_iter().map(|(name, layout)| {
            let part = ordered(layout, &field(value, name.clone()), depth);
            (name, part)
        });
        named("struct_pack", fields.collect::<Vec<_>>())
    };
    let option = |inner: Expr| {
        let is_some = (Ident::Fixed("s"), expr::is_not_null(value));
        named("struct_pack", [is_some, (Ident::Fixed("v"), inner)])
    };
    match layout {
        Layout::Option(inner) => option(ordered(inner, value, depth)),
        Layout::Wrapped(inner) => option(ordered(inner, &field(value, Ident::Fixed("v")), depth)),
        Layout::List(item) => {
            let name = Ident::Numbered("x", depth);
            let item = ordered(item, &expr::name(name.clone()), depth + 1);
            call("list_transform", [value.clone(), lambda(name, &item)])
        }
        Layout::Tuple(fields) => {
            structure(fields.iter().enumerate().map(|(n, field)| (Ident::Numbered("f", n), field)).collect())
        }
        Layout::Enum(variants) => {
            let payloads = variants.iter().enumerate();
            let payloads =
                payloads.filter_map(|(n, layout)| Some((Ident::Numbered("v", n), layout.as_ref()?)));
            structure(std::iter::once((Ident::Fixed("t"), &Layout::Tag)).chain(payloads).collect())
        }
        Layout::Prim(_) | Layout::Unit | Layout::Tag | Layout::Boxed(_) => value.clone(),
    }
}
