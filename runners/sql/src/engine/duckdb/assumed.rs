//! The columns of a table of which nothing is known but what a program expects.

use runner_core::{Field, TypeId, Variant};

use super::{column::type_text, column_type::ColumnType, layout::is_nullable, table_type};
use crate::{
    catalog::Column,
    shape::{Shape, Shapes},
};

/// The column of a field; `None` if its type contains itself.
pub(crate) fn columns(shapes: &Shapes, name: &str, ty: TypeId) -> Option<Vec<Column>> {
    let database_type = type_text(&column_type(shapes, ty)?);
    let is_not_null = !is_nullable(shapes, ty);
    Some(vec![Column { name: name.into(), database_type, is_not_null, ..Column::default() }])
}

fn column_type(shapes: &Shapes, ty: TypeId) -> Option<ColumnType> {
    if shapes.is_recursive(ty) {
        return None;
    }
    let types = shapes.types();
    let unframed = types.unframed(ty);
    Some(match shapes.get(ty) {
        Shape::Prim(prim) | Shape::Null(prim) => ColumnType::Plain(table_type(prim).into()),
        Shape::Option(payload) => column_type(shapes, payload)?,
        Shape::Array(item) => ColumnType::List(Box::new(column_type(shapes, item)?)),
        Shape::Tuple => {
            let field = |(index, field): (usize, &Field)| {
                let name = field.name.as_deref().map_or_else(|| format!("f{index}"), Into::into);
                Some((name, column_type(shapes, field.ty)?))
            };
            let fields = types.as_tuple(unframed)?;
            ColumnType::Struct(fields.iter().enumerate().map(field).collect::<Option<_>>()?)
        }
        Shape::Tag | Shape::Enum => {
            let member = |variant: &Variant| {
                let ty = match types.is_unit(variant.ty) {
                    true => ColumnType::Plain("BOOLEAN".into()),
                    false => column_type(shapes, variant.ty)?,
                };
                Some((variant.name.to_string(), ty))
            };
            ColumnType::Union(types.as_enum(unframed)?.iter().map(member).collect::<Option<_>>()?)
        }
    })
}
