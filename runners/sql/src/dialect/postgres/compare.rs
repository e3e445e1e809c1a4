//! Order and equality of packed values, by a helper that walks them with a description of their type.

use runner_core::{Type, TypeId};

use crate::{
    dialect::Dialect,
    shape::{Shape, Shapes},
    sql::Sql,
};

pub(super) fn compare(dialect: &dyn Dialect, shapes: &Shapes, left: &Sql, right: &Sql, ty: TypeId) -> Sql {
    let types = describe(dialect, shapes, ty);
    Sql::of(format!("pg_temp.compare({left}, {right}, {types}, 0)"), &[left, right])
}

pub(super) fn group_key(dialect: &dyn Dialect, shapes: &Shapes, packed: &Sql, ty: TypeId) -> Sql {
    if !shapes.has_float(ty) {
        return packed.clone();
    }
    let types = describe(dialect, shapes, ty);
    Sql::of(format!("pg_temp.canonical({packed}, {types}, 0)"), &[packed])
}

/// The types that can be reached from this one, as a JSON array of `[kind, children...]`, this one first.
fn describe(dialect: &dyn Dialect, shapes: &Shapes, ty: TypeId) -> String {
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
            Shape::Prim(runner_core::Prim::Text) => ("s", Vec::new()),
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
        let children: Vec<_> = children.iter().map(|child| format!(", {child}")).collect();
        nodes.push(format!("[\"{kind}\"{}]", children.concat()));
    }
    format!("{}::jsonb", dialect.text(&format!("[{}]", nodes.join(", "))).trim_end_matches("::text"))
}
