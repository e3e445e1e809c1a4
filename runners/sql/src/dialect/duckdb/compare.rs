//! Order and equality of packed values.
//!
//! DuckDB compares nested values as the language does (floats included), but for NULL, which is last: options become
//! structs for that. Boxed values are compared by functions.

use runner_core::TypeId;

use super::{DuckDb, layout::Layout};
use crate::{shape::Shapes, sql::Sql};

pub(super) fn compare(dialect: &DuckDb, shapes: &Shapes, left: &Sql, right: &Sql, ty: TypeId) -> Sql {
    let layout = Layout::of(shapes, ty);
    if layout.has_box() {
        return whole(dialect, &layout, "order", &[left, right], ty);
    }
    let (a, b) = (ordered(&layout, left.text(), 0), ordered(&layout, right.text(), 0));
    Sql::of(format!("CASE WHEN {a} < {b} THEN 0 WHEN {left} = {right} THEN 1 ELSE 2 END"), &[left, right])
}

pub(super) fn equal(dialect: &DuckDb, shapes: &Shapes, left: &Sql, right: &Sql, ty: TypeId) -> Sql {
    let layout = Layout::of(shapes, ty);
    if layout.has_box() && shapes.has_float(ty) {
        let order = whole(dialect, &layout, "order", &[left, right], ty);
        return Sql::of(format!("({order} = 1)"), &[&order]);
    }
    Sql::of(format!("({left} = {right})"), &[left, right])
}

pub(super) fn group_key(dialect: &DuckDb, shapes: &Shapes, packed: &Sql, ty: TypeId) -> Sql {
    let layout = Layout::of(shapes, ty);
    if layout.has_box() && shapes.has_float(ty) {
        return whole(dialect, &layout, "key", &[packed], ty);
    }
    packed.clone()
}

/// A function over whole values, which are written to bytes first if they are not boxed.
fn whole(dialect: &DuckDb, layout: &Layout, function: &str, args: &[&Sql], ty: TypeId) -> Sql {
    let write = |arg: &&Sql| match layout {
        Layout::Boxed(_) => arg.text().to_owned(),
        _ => format!("{}({arg})", dialect.function("write", ty)),
    };
    let texts: Vec<_> = args.iter().map(write).collect();
    let ty = match layout {
        Layout::Boxed(ty) => *ty,
        _ => ty,
    };
    Sql::of(format!("{}({})", dialect.function(function, ty), texts.join(", ")), args)
}

/// A value that DuckDB orders as it should be.
fn ordered(layout: &Layout, value: &str, depth: usize) -> String {
    if !layout.has_option() {
        return value.to_owned();
    }
    let structure = |fields: Vec<(String, &Layout)>| {
        let field = |(name, layout): (String, &Layout)| {
            let inner = ordered(layout, &format!("({value}).{name}"), depth);
            format!("{name} := {inner}")
        };
        let fields: Vec<_> = fields.into_iter().map(field).collect();
        format!("struct_pack({})", fields.join(", "))
    };
    match layout {
        Layout::Option(inner) => {
            let inner = ordered(inner, value, depth);
            format!("struct_pack(s := {value} IS NOT NULL, v := {inner})")
        }
        Layout::Wrapped(inner) => {
            let inner = ordered(inner, &format!("({value}).v"), depth);
            format!("struct_pack(s := {value} IS NOT NULL, v := {inner})")
        }
        Layout::List(item) => {
            let item = ordered(item, &format!("x{depth}"), depth + 1);
            format!("list_transform({value}, lambda x{depth}: {item})")
        }
        Layout::Tuple(fields) => {
            structure(fields.iter().enumerate().map(|(n, field)| (format!("f{n}"), field)).collect())
        }
        Layout::Enum(variants) => {
            let payloads = variants.iter().enumerate();
            let payloads = payloads.filter_map(|(n, layout)| Some((format!("v{n}"), layout.as_ref()?)));
            let tag = ("t".to_owned(), &Layout::Tag);
            structure(std::iter::once(tag).chain(payloads).collect())
        }
        Layout::Prim(_) | Layout::Unit | Layout::Tag | Layout::Boxed(_) => value.to_owned(),
    }
}
