//! The columns of a table of which nothing is known but what a program expects.

use runner_core::{TypeId, Variant};

use super::{column::payload_column, table_type};
use crate::{
    catalog::Column,
    shape::{Shape, Shapes},
};

/// The columns of a field: one, or several of an enum, whose payloads have their own.
pub(crate) fn columns(shapes: &Shapes, name: &str, ty: TypeId) -> Vec<Column> {
    let types = shapes.types();
    let column = |name: &str, database_type: String, is_not_null| Column {
        name: name.into(),
        database_type,
        is_not_null,
        ..Column::default()
    };
    let of_variant = |variant: &Variant| {
        let columns = columns(shapes, &payload_column(name, &variant.name), variant.ty);
        columns.into_iter().map(|column| Column { is_not_null: false, ..column })
    };
    match shapes.get(ty) {
        Shape::Prim(prim) => vec![column(name, table_type(prim).into(), true)],
        Shape::Null(prim) => vec![column(name, table_type(prim).into(), false)],
        Shape::Array(item) => {
            let ty = match shapes.get(item) {
                Shape::Prim(prim) | Shape::Null(prim) => format!("{}[]", table_type(prim)),
                _ => "jsonb".into(),
            };
            vec![column(name, ty, true)]
        }
        Shape::Tag | Shape::Enum if !shapes.is_nullable(ty) && !shapes.is_recursive(ty) => {
            let variants = types.as_enum(types.unframed(ty)).unwrap_or_default();
            let payloads = variants.iter().filter(|variant| !types.is_unit(variant.ty)).flat_map(of_variant);
            std::iter::once(column(name, "text".into(), true)).chain(payloads).collect()
        }
        Shape::Option(payload) if shapes.get(payload) == Shape::Tag => {
            vec![column(name, "text".into(), false)]
        }
        _ => vec![column(name, "jsonb".into(), !shapes.is_nullable(ty))],
    }
}
