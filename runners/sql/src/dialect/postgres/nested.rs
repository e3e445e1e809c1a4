//! Columns that hold what is nested: `jsonb`, native arrays and composite types.
//!
//! A `jsonb` column holds JSON as people and other programs write it: objects by names of fields, dates as text,
//! variants by name. What is packed is neither; helpers translate with a description of the type.

use runner_core::{Prim, Type, TypeId};

use super::{
    Postgres,
    column::{Reader, write_value},
    packed::{self, Access},
};
use crate::{
    catalog::Column,
    dialect::Dialect,
    shape::{Shape, Shapes},
    sql::Sql,
};

/// A `jsonb` of a column as a packed value.
pub(super) fn of_json(dialect: &Postgres, shapes: &Shapes, json: &str, ty: TypeId, column: &str) -> Sql {
    let types = describe(dialect, shapes, ty);
    let column = dialect.text(column);
    Sql::atom(format!("pg_temp.of_json({json}, {types}, 0, {column}, false)"))
}

/// A packed value as the `jsonb` of a column.
pub(super) fn to_json(dialect: &Postgres, shapes: &Shapes, packed: &Sql, ty: TypeId) -> Sql {
    let types = describe(dialect, shapes, ty);
    Sql::of(format!("pg_temp.to_json({packed}, {types}, 0, false)"), &[packed]).failing()
}

/// The fields of a tuple, each with the part of the composite column that holds it.
pub(super) fn parts(shapes: &Shapes, ty: TypeId, column: &Column) -> Option<Vec<(TypeId, Column)>> {
    let types = shapes.types();
    let fields = types.as_tuple(types.unframed(ty))?;
    if column.fields.is_empty() {
        return None;
    }
    let find = |(index, field): (usize, &runner_core::Field)| {
        let part = match &field.name {
            Some(name) => column.fields.iter().find(|part| part.name == **name),
            None => column.fields.get(index),
        };
        part.map(|part| (field.ty, part.clone()))
    };
    fields.iter().enumerate().map(find).collect()
}

/// The type of the items of a native array.
fn item_column(column: &Column) -> Option<Column> {
    let item = column.database_type.strip_suffix("[]")?;
    Some(Column { database_type: item.into(), is_not_null: false, has_default: false, ..column.clone() })
}

/// A native array as a packed one.
pub(super) fn of_array(reader: &Reader<'_>, item: TypeId, sql: &Sql, column: &Column) -> Option<Sql> {
    let from = item_column(column)?;
    // A row would fall apart into its columns.
    let (place, items) = if from.fields.is_empty() {
        (Sql::column("x", "v"), format!("unnest({sql}) WITH ORDINALITY AS x(v, o)"))
    } else {
        (Sql::atom(format!("({sql})[x.o]")), format!("generate_subscripts({sql}, 1) AS x(o)"))
    };
    let value = Reader { table: None, ..*reader }.read(item, &place, &from)?;
    let packed = packed::argument(reader.dialect, reader.shapes, &value, item);
    let words = format!("the column {} holds an array of arrays", reader.dialect.quote(reader.name));
    let deep = reader.dialect.fail(&words, crate::Leaf::Packed(item));
    Some(Sql::atom(format!(
        "(CASE WHEN {sql} IS NOT NULL THEN CASE WHEN array_ndims({sql}) > 1 THEN {deep} \
         ELSE (SELECT coalesce(jsonb_agg({packed} ORDER BY x.o), '[]'::jsonb) FROM {items}) END END)"
    )))
}

/// A packed array as a native one.
pub(super) fn to_array(
    dialect: &Postgres,
    shapes: &Shapes,
    item: TypeId,
    packed: &Sql,
    column: &Column,
) -> Option<Sql> {
    let to = item_column(column)?;
    let value = packed::unpack(shapes, &Access::Root(Sql::column("x", "v")), item);
    let value = write_value(dialect, shapes, item, &value, &to)?;
    let ty = &column.database_type;
    let text = format!(
        "(SELECT coalesce(array_agg(({value})::{} ORDER BY x.o), '{{}}'::{ty}) \
         FROM jsonb_array_elements({packed}) WITH ORDINALITY AS x(v, o))",
        to.database_type
    );
    Some(Sql::of(text, &[packed]).failing())
}

/// The types that can be reached from this one, as a JSON array of `[kind, names, children...]`, this one first.
fn describe(dialect: &Postgres, shapes: &Shapes, ty: TypeId) -> String {
    let types = shapes.types();
    let mut known = vec![ty];
    let mut nodes = Vec::new();
    let mut next = 0;
    while let Some(ty) = known.get(next).copied() {
        next += 1;
        let mut index = |ty: TypeId| {
            let found = known.iter().position(|known| *known == ty);
            found.unwrap_or_else(|| {
                known.push(ty);
                known.len() - 1
            })
        };
        let unframed = types.unframed(ty);
        let (kind, names, children): (&str, Vec<String>, Vec<usize>) = match shapes.get(ty) {
            Shape::Prim(Prim::Text) if dialect.escapes => ("Escaped", Vec::new(), Vec::new()),
            Shape::Prim(prim) => (prim.name(), Vec::new(), Vec::new()),
            Shape::Array(item) => ("array", Vec::new(), vec![index(item)]),
            _ => match (types.as_option(unframed), types.get(unframed)) {
                (Some(some), _) if shapes.is_nullable(some) => ("wrapped", Vec::new(), vec![index(some)]),
                (Some(some), _) => ("option", Vec::new(), vec![index(some)]),
                (None, Some(Type::Enum(variants))) => {
                    let kind = if shapes.get(ty) == Shape::Tag { "tag" } else { "enum" };
                    let names = variants.iter().map(|variant| variant.name.to_string()).collect();
                    (kind, names, variants.iter().map(|variant| index(variant.ty)).collect())
                }
                (None, Some(Type::Tuple(fields))) => {
                    let names: Option<Vec<_>> =
                        fields.iter().map(|field| field.name.as_deref().map(String::from)).collect();
                    let names = names.filter(|names| is_distinct(names));
                    let kind = if names.is_some() { "object" } else { "tuple" };
                    (kind, names.unwrap_or_default(), fields.iter().map(|field| index(field.ty)).collect())
                }
                _ => ("tuple", Vec::new(), Vec::new()),
            },
        };
        let names: Vec<_> = names.iter().map(|name| json_text(name)).collect();
        let children: Vec<_> = children.iter().map(|child| format!(", {child}")).collect();
        nodes.push(format!("[\"{kind}\", [{}]{}]", names.join(", "), children.concat()));
    }
    let text = format!("[{}]", nodes.join(", "));
    format!("'{}'::jsonb", text.replace('\'', "''"))
}

fn is_distinct(names: &[String]) -> bool {
    !names.is_empty()
        && names.iter().enumerate().all(|(index, name)| !names.iter().take(index).any(|n| n == name))
}

/// A text in JSON. Names hold no U+0000.
fn json_text(text: &str) -> String {
    let mut json = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => json.extend(['\\', letter]),
            letter if letter.is_control() => json.push_str(&format!("\\u{:04x}", u32::from(letter).max(1))),
            letter => json.push(letter),
        }
    }
    json.push('"');
    json
}
