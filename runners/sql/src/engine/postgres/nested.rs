//! Columns that hold what is nested: `jsonb`, native arrays and composite types.
//!
//! A `jsonb` column holds JSON as people and other programs write it: objects by names of fields, dates as text,
//! variants by name. What is packed is neither; helpers translate with a description of the type.

use runner_core::{Field, Prim, Type, TypeId};

use super::{
    PostgresStorage,
    column::Reader,
    packed::{self, Access, counted},
};
use crate::{
    catalog::Column,
    print::quoted,
    shape::Shape,
    tree::{
        self, Aggregate, Expr, From, Ident, Order, Output, Query, Select,
        expr::{self, binary, call, cast, coalesce, helper, number, template, text},
    },
};

/// The items of an array.
const ITEMS: Ident = Ident::Fixed("x");

/// A `jsonb` of a column as a packed value.
pub(super) fn of_json(storage: &PostgresStorage<'_>, json: &Expr, ty: TypeId, column: &str) -> Expr {
    let column = storage.texts.literal(column);
    helper("of_json", [json.clone(), describe(storage, ty), number(0), column, expr::bool(false)])
}

/// A packed value as the `jsonb` of a column.
pub(super) fn to_json(storage: &PostgresStorage<'_>, packed: &Expr, ty: TypeId) -> Expr {
    helper("to_json", [packed.clone(), describe(storage, ty), number(0), expr::bool(false)])
}

/// The fields of a tuple, each with the part of the composite column that holds it.
pub(super) fn parts(
    storage: &PostgresStorage<'_>,
    ty: TypeId,
    column: &Column,
) -> Option<Vec<(TypeId, Column)>> {
    let types = storage.shapes.types();
    let fields = types.as_tuple(types.unframed(ty))?;
    if column.fields.is_empty() {
        return None;
    }
    let find = |(index, field): (usize, &Field)| {
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
pub(super) fn of_array(reader: &Reader<'_>, item: TypeId, array: &Expr, column: &Column) -> Option<Expr> {
    let from = item_column(column)?;
    let position = expr::column(&ITEMS, Ident::Fixed("o"));
    // A row would fall apart into its columns.
    let (place, items) = if from.fields.is_empty() {
        (expr::column(&ITEMS, Ident::Fixed("v")), counted(call("unnest", [array.clone()]), &ITEMS))
    } else {
        let subscripts = From::Function {
            call: call("generate_subscripts", [array.clone(), number(1)]),
            alias: ITEMS,
            columns: vec![Ident::Fixed("o")],
            is_counted: false,
        };
        (template("({})[{}]", [array, &position]), subscripts)
    };
    let value = Reader { table: None, ..*reader }.read(item, &place, &from, NullItems::Fail)?;
    let all = Aggregate::new("jsonb_agg", [reader.storage.argument(&value, item)]).order(&in_order(position));
    let words = format!("the column {} holds an array of arrays", quoted(reader.name));
    let deep = reader.storage.texts.fail(&words, "jsonb");
    let is_deep = binary(">", &call("array_ndims", [array.clone()]), &number(1));
    let packed = select(coalesce(&all.expr(), &packed::empty()), items);
    Some(expr::when(&expr::is_not_null(array), &expr::case([(is_deep, deep)], Some(packed))))
}

/// Whether a primitive within a column may be NULL where its type is no option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NullItems {
    /// It stays NULL: the plan finds it.
    Keep,
    /// It fails.
    Fail,
}

/// A packed array as a native one.
pub(super) fn to_array(
    storage: &PostgresStorage<'_>,
    item: TypeId,
    packed: &Expr,
    column: &Column,
) -> Option<Expr> {
    let to = item_column(column)?;
    let value = storage.unpacked(&Access::Root(expr::column(&ITEMS, Ident::Fixed("v"))), item);
    let value = super::column::write_value(storage, item, &value, &to)?;
    let value = cast(&value, tree::Type::new(to.database_type.as_str()));
    let order = in_order(expr::column(&ITEMS, Ident::Fixed("o")));
    let none = cast(&text("{}"), tree::Type::new(column.database_type.as_str()));
    let all = coalesce(&Aggregate::new("array_agg", [value]).order(&order).expr(), &none);
    Some(select(all, counted(call("jsonb_array_elements", [packed.clone()]), &ITEMS)))
}

fn in_order(position: Expr) -> [Order; 1] {
    [Order { key: position, is_descending: false }]
}

fn select(value: Expr, from: From) -> Expr {
    let columns = vec![Output::Column(value, Ident::Numbered("c", 1))];
    expr::query(Query::select(Select { columns, from: Some(from), ..Select::default() }))
}

/// The types that can be reached from this one, as a JSON array of `[kind, names, children...]`, this one first.
fn describe(storage: &PostgresStorage<'_>, ty: TypeId) -> Expr {
    let shapes = storage.shapes;
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
            Shape::Prim(Prim::Text) if storage.texts.escapes => ("Escaped", Vec::new(), Vec::new()),
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
        let children: String = children.iter().map(|child| format!(", {child}")).collect();
        nodes.push(format!("[\"{kind}\", [{}]{children}]", names.join(", ")));
    }
    cast(&text(&format!("[{}]", nodes.join(", "))), "jsonb")
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
