//! Order and equality of packed values, by a helper that walks them with a description of their type.

use runner_core::{Prim, Type, TypeId};

use super::PostgresStorage;
use crate::{
    shape::Shape,
    tree::{
        Expr,
        expr::{cast, helper, number, text},
    },
};

pub(super) fn compare(storage: &PostgresStorage<'_>, left: &Expr, right: &Expr, ty: TypeId) -> Expr {
    helper("compare", [left.clone(), right.clone(), describe(storage, ty), number(0)])
}

pub(super) fn group_key(storage: &PostgresStorage<'_>, packed: &Expr, ty: TypeId) -> Expr {
    match storage.shapes.has_float(ty) {
        true => helper("canonical", [packed.clone(), describe(storage, ty), number(0)]),
        false => packed.clone(),
    }
}

/// The types that can be reached from this one, as a JSON array of `[kind, children...]`, this one first.
fn describe(storage: &PostgresStorage<'_>, ty: TypeId) -> Expr {
    let shapes = storage.shapes;
    let types = shapes.types();
    let mut known = vec![types.unframed(ty)];
    let mut nodes = Vec::new();
    let mut next = 0;
    while let Some(ty) = known.get(next).copied() {
        next += 1;
        let mut index = |ty: TypeId| {
            let ty = types.unframed(ty);
            let found = known.iter().position(|known| *known == ty);
            found.unwrap_or_else(|| {
                known.push(ty);
                known.len() - 1
            })
        };
        let (kind, children): (&str, Vec<usize>) = match shapes.get(ty) {
            Shape::Prim(prim) if prim.is_float() => ("f", Vec::new()),
            Shape::Prim(Prim::Text) => ("s", Vec::new()),
            Shape::Prim(_) | Shape::Tag => ("n", Vec::new()),
            Shape::Tuple => ("t", shapes.fields(ty).into_iter().map(&mut index).collect()),
            Shape::Array(item) => ("a", vec![index(item)]),
            _ => match (types.as_option(ty), types.get(ty)) {
                (Some(some), _) if shapes.is_nullable(some) => ("w", vec![index(some)]),
                (Some(some), _) => ("o", vec![index(some)]),
                (None, Some(Type::Enum(variants))) => {
                    ("e", variants.iter().map(|variant| index(variant.ty)).collect())
                }
                _ => ("t", Vec::new()),
            },
        };
        let children: String = children.iter().map(|child| format!(", {child}")).collect();
        nodes.push(format!("[\"{kind}\"{children}]"));
    }
    cast(&text(&format!("[{}]", nodes.join(", "))), "jsonb")
}
