//! Columns of tables, whose types PostgreSQL has for dates, times and decimals, and for what is nested.

use runner_core::{Prim, TypeId, Variant};

use super::{
    PostgresStorage,
    constraint::null_words,
    nested::{self, NullItems},
    packed::{self, Access},
    prim_type,
};
use crate::{
    catalog::{Column, Table},
    columns::Columns,
    engine::{Cell, Storage},
    print::quoted,
    shape::{Leaf, Shape},
    tree::{
        Expr, Ident, Own, Type,
        expr::{self, binary, call, cast, coalesce, field, helper, number, template},
    },
};

/// What reads a value; `None` if the types don't fit.
pub(super) fn read(storage: &PostgresStorage<'_>, ty: TypeId, from: Cell<'_>) -> Option<Columns<Expr>> {
    let Cell { alias, table, column } = from;
    let value = expr::column(alias, Ident::quoted(&column.name));
    let reader = Reader { storage, table: Some((alias, table)), name: &column.name };
    if storage.checks_tables && !column.fields.is_empty() {
        // No check of the table finds a row type that is NULL as a whole, so each value is looked at.
        let column = Column { is_not_null: false, ..column.clone() };
        return reader.read(ty, &value, &column, NullItems::Keep);
    }
    reader.read(ty, &value, column, NullItems::Keep)
}

/// What writes a value; `None` if the types don't fit.
pub(super) fn write(
    storage: &PostgresStorage<'_>,
    ty: TypeId,
    value: &Columns<Expr>,
    to: Cell<'_>,
) -> Option<Vec<(Ident, Expr)>> {
    let Cell { table, column, .. } = to;
    if let (Shape::Enum, "text" | "varchar") = (storage.shapes.get(ty), column.database_type.as_str()) {
        return write_variants(storage, ty, value, column, table);
    }
    Some(vec![(Ident::quoted(&column.name), write_value(storage, ty, value, column)?)])
}

/// Reads a column, or a part of one.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) storage: &'a PostgresStorage<'a>,
    /// Its table, unless it is a part.
    pub(super) table: Option<(&'a Ident, &'a Table)>,
    /// The name of the whole column.
    pub(super) name: &'a str,
}

impl Reader<'_> {
    pub(super) fn read(
        &self,
        ty: TypeId,
        value: &Expr,
        column: &Column,
        nulls: NullItems,
    ) -> Option<Columns<Expr>> {
        let shape = self.storage.shapes.get(ty);
        if let "jsonb" | "json" = column.database_type.as_str() {
            return Some(self.read_json(ty, value, column));
        }
        match shape {
            Shape::Prim(prim) => {
                let read = read_prim(self.storage, prim, value, column)?;
                Some(Columns::One(match nulls {
                    NullItems::Keep => read,
                    NullItems::Fail => self.not_null(read, column, Leaf::Prim(prim)),
                }))
            }
            Shape::Null(prim) => read_prim(self.storage, prim, value, column).map(Columns::One),
            Shape::Option(payload) => {
                // Of a row type whose fields are all NULL, IS NOT NULL says that it is NULL itself.
                let some = template("({} IS DISTINCT FROM NULL)", [value]);
                let column = Column { is_not_null: true, ..column.clone() };
                let payload = self.read(payload, value, &column, NullItems::Fail)?;
                let payload = payload.map(&mut |part| expr::when(&some, &part));
                Some(Columns::Option { some, value: Box::new(payload) })
            }
            Shape::Tuple => {
                let parts = nested::parts(self.storage, ty, column)?;
                let row = match column.is_not_null {
                    true => value.clone(),
                    // A NULL in the place of a tuple has no part that is not NULL.
                    false => coalesce(value, &self.fail_null(Type::new(column.database_type.as_str()))),
                };
                let parts = parts.into_iter().map(|(ty, part)| {
                    self.read(ty, &field(&row, Ident::quoted(&part.name)), &part, NullItems::Fail)
                });
                parts.collect::<Option<_>>().map(Columns::Tuple)
            }
            Shape::Array(item) => {
                let array = nested::of_array(self, item, value, column)?;
                Some(Columns::One(self.not_null(array, column, Leaf::Packed(ty))))
            }
            Shape::Tag | Shape::Enum => self.read_variant(ty, value, column).map(Columns::One),
        }
    }

    fn read_json(&self, ty: TypeId, value: &Expr, column: &Column) -> Columns<Expr> {
        let is_option = matches!(self.storage.shapes.get(ty), Shape::Null(_) | Shape::Option(_));
        let json = if column.database_type == "json" { cast(value, "jsonb") } else { value.clone() };
        let json = match (is_option, column.is_not_null) {
            (false, true) => json,
            (true, _) => coalesce(&json, &packed::null()),
            (false, false) => coalesce(&json, &self.fail_null("jsonb")),
        };
        let packed = nested::of_json(self.storage, &json, ty, self.name);
        self.storage.unpacked(&Access::Root(packed), ty)
    }

    /// An enum of a column that holds the variant's name, and of columns `name.variant` for the payloads.
    fn read_variant(&self, ty: TypeId, value: &Expr, column: &Column) -> Option<Expr> {
        let storage = self.storage;
        let types = storage.shapes.types();
        let variants = types.as_enum(types.unframed(ty))?;
        if types.as_option(types.unframed(ty)).is_some() || !holds_names(column) {
            return None;
        }
        let is_tag = storage.shapes.get(ty) == Shape::Tag;
        let name = template("({} COLLATE \"C\")", [&cast(value, "text")]);
        let mut branches = vec![];
        for (index, variant) in (0u32..).zip(variants) {
            let read = if is_tag {
                cast(&number(index), "int4")
            } else if types.is_unit(variant.ty) {
                storage.packed_variant(index, &Columns::Tuple(Vec::new()), ty)
            } else {
                let (alias, table) = self.table?;
                let name = payload_column(&column.name, &variant.name);
                let payload = table.columns.iter().find(|column| column.name == name)?;
                let value = expr::column(alias, Ident::quoted(&name));
                let reader = Reader { name: &name, ..*self };
                let payload = reader.read(variant.ty, &value, payload, NullItems::Fail)?;
                storage.packed_variant(index, &payload, ty)
            };
            branches.push((expr::equal(&name, &storage.texts.literal(&variant.name)), read));
        }
        let leaf = storage.column_type(if is_tag { Leaf::Tag } else { Leaf::Packed(ty) });
        let words = format!("the column {} names a variant that does not exist", quoted(self.name));
        let unknown = storage.texts.fail(&words, &leaf);
        branches.insert(0, (expr::is_null(value), self.fail_null(&leaf)));
        Some(expr::case(branches, Some(unknown)))
    }

    /// The value, or a failure that names the column if it is NULL.
    fn not_null(&self, value: Expr, column: &Column, leaf: Leaf) -> Expr {
        match column.is_not_null {
            true => value,
            false => coalesce(&value, &self.fail_null(self.storage.column_type(leaf))),
        }
    }

    fn fail_null(&self, ty: impl Into<Type>) -> Expr {
        self.storage.texts.fail(&null_words(self.name), ty)
    }
}

pub(super) fn write_value(
    storage: &PostgresStorage<'_>,
    ty: TypeId,
    value: &Columns<Expr>,
    column: &Column,
) -> Option<Expr> {
    let database_type = || Type::new(column.database_type.as_str());
    if let "jsonb" | "json" = column.database_type.as_str() {
        let json = nested::to_json(storage, &storage.packed(value, ty), ty);
        // What is no option is a JSON null within, a NULL as a whole.
        let json = match storage.shapes.get(ty) {
            Shape::Null(_) | Shape::Option(_) => call("nullif", [json, packed::null()]),
            _ => json,
        };
        return Some(cast(&json, database_type()));
    }
    match (storage.shapes.get(ty), value) {
        (Shape::Prim(prim) | Shape::Null(prim), Columns::One(value)) => {
            write_prim(storage, prim, value, column)
        }
        (Shape::Option(payload), Columns::Option { some, value }) => {
            Some(expr::when(some, &write_value(storage, payload, value, column)?))
        }
        (Shape::Tuple, Columns::Tuple(values)) => {
            let parts = nested::parts(storage, ty, column)?;
            let mut fields = Vec::new();
            for field in &column.fields {
                let part = parts.iter().zip(values).find(|((_, part), _)| part.name == field.name);
                fields.push(match part {
                    Some(((ty, part), value)) => write_value(storage, *ty, value, part)?,
                    None => expr::null(),
                });
            }
            Some(cast(&call("ROW", fields), database_type()))
        }
        (Shape::Array(item), Columns::One(packed)) => nested::to_array(storage, item, packed, column),
        (Shape::Tag, Columns::One(tag)) => {
            let types = storage.shapes.types();
            let variants = types.as_enum(types.unframed(ty))?;
            holds_names(column).then(|| names(storage, tag, variants, column))
        }
        _ => None,
    }
}

/// The column of the variant's name, and those of the payloads.
fn write_variants(
    storage: &PostgresStorage<'_>,
    ty: TypeId,
    value: &Columns<Expr>,
    column: &Column,
    table: &Table,
) -> Option<Vec<(Ident, Expr)>> {
    let Columns::One(packed) = value else { return None };
    let types = storage.shapes.types();
    let variants = types.as_enum(types.unframed(ty))?;
    if types.as_option(types.unframed(ty)).is_some() {
        return None;
    }
    let tag = storage.packed_tag(packed, ty);
    let mut written = vec![(Ident::quoted(&column.name), names(storage, &tag, variants, column))];
    for (index, variant) in (0u32..).zip(variants).filter(|(_, variant)| !types.is_unit(variant.ty)) {
        let name = payload_column(&column.name, &variant.name);
        let to = table.columns.iter().find(|column| column.name == name)?;
        let payload = storage.packed_payload(packed, ty, variant.ty);
        let value = write_value(storage, variant.ty, &payload, to)?;
        let is_this = expr::equal(&tag, &number(index));
        written.push((Ident::quoted(&name), expr::when(&is_this, &value)));
    }
    Some(written)
}

/// The names of variants by their index.
fn names(storage: &PostgresStorage<'_>, tag: &Expr, variants: &[Variant], column: &Column) -> Expr {
    let branch = |(index, variant): (u32, &Variant)| {
        (expr::equal(tag, &number(index)), storage.texts.literal(&variant.name))
    };
    let name = expr::case((0u32..).zip(variants).map(branch).collect::<Vec<_>>(), None);
    match column.labels.is_empty() {
        true => name,
        false => cast(&name, Type::new(column.database_type.as_str())),
    }
}

/// The column that holds the payload of a variant of the enum in `column`.
pub(super) fn payload_column(column: &str, variant: &str) -> String {
    format!("{column}.{variant}")
}

/// Whether a column can hold the names of variants.
fn holds_names(column: &Column) -> bool {
    !column.labels.is_empty()
        || matches!(column.database_type.as_str(), "text" | "varchar" | "bpchar" | "name" | "citext")
}

/// A primitive that is not NULL, or NULL. Infinite dates and decimals of more digits fail when they are read, not for being
/// in the table.
fn read_prim(storage: &PostgresStorage<'_>, prim: Prim, column: &Expr, from: &Column) -> Option<Expr> {
    Some(match (prim, from.database_type.as_str()) {
        (Prim::Text, ty) if holds_names(from) => {
            let mut text = if ty == "text" { column.clone() } else { cast(column, "text") };
            if from.is_loose {
                text = template("({} COLLATE \"C\")", [&text]);
            }
            if storage.texts.escapes { helper("nul_escape", [text]) } else { text }
        }
        (_, ty) if is_native(prim, ty) => column.clone(),
        (Prim::Date, "date") | (Prim::Time, "time") | (Prim::Timestamp, "timestamp") => {
            of_own(prim, column, from)
        }
        (Prim::Duration, "interval") => helper("of_interval", [column.clone()]),
        (Prim::Decimal, ty) if scale(ty).is_some_and(|scale| scale <= 2) => of_own(prim, column, from),
        (Prim::Decimal, ty) if is_numeric(ty) => {
            let is_exact = binary("<=", &call("scale", [column.clone()]), &number(2));
            expr::case([(is_exact, hundredths(column))], Some(helper("of_numeric", [column.clone()])))
        }
        _ => return None,
    })
}

fn of_own(prim: Prim, own: &Expr, from: &Column) -> Expr {
    value_of(&Own { prim, column: from.name.as_str().into() }, own)
}

/// A column's value, converted from its own type.
pub(super) fn value_of(of: &Own, own: &Expr) -> Expr {
    let value = match of.prim {
        Prim::Date => template("({} - '1970-01-01'::date)", [own]),
        Prim::Time => template("trunc(extract(epoch FROM {}) * 1000000)", [own]),
        Prim::Timestamp => cast(&template("(extract(epoch FROM {}) * 1000000)", [own]), "int8"),
        _ => hundredths(own),
    };
    expr::own(own, of, &value)
}

fn hundredths(numeric: &Expr) -> Expr {
    cast(&binary("*", numeric, &number(100)), "int8")
}

fn write_prim(storage: &PostgresStorage<'_>, prim: Prim, value: &Expr, to: &Column) -> Option<Expr> {
    Some(match (prim, to.database_type.as_str()) {
        // An assignment fails where a text is too long; a cast would cut it off.
        (Prim::Text, ty) if holds_names(to) && ty != "name" => {
            let text = match storage.texts.escapes {
                true => helper("nul_unescape", [value.clone()]),
                false => value.clone(),
            };
            if to.labels.is_empty() { text } else { cast(&text, Type::new(ty)) }
        }
        (_, ty) if is_native(prim, ty) => value.clone(),
        (Prim::Date, "date") => template("('1970-01-01'::date + {})", [value]),
        (Prim::Time, "time") => helper("to_time", [value.clone()]),
        (Prim::Timestamp, "timestamp") => helper("to_timestamp", [value.clone()]),
        (Prim::Duration, "interval") => helper("to_interval", [value.clone()]),
        (Prim::Decimal, ty) if is_numeric(ty) => {
            cast(&binary("/", &cast(value, "numeric"), &number(100)), "numeric(20, 2)")
        }
        _ => return None,
    })
}

fn is_native(prim: Prim, database_type: &str) -> bool {
    match prim {
        Prim::Date | Prim::Time | Prim::Timestamp | Prim::Decimal | Prim::Text => false,
        Prim::Prim8 | Prim::Prim16 | Prim::Prim32 | Prim::Prim64 => false,
        Prim::Uint64 => database_type == "numeric" || scale(database_type) == Some(0),
        _ => prim_type(prim) == database_type,
    }
}

fn is_numeric(database_type: &str) -> bool {
    database_type == "numeric" || scale(database_type).is_some()
}

/// Digits after the point, of a `numeric(18,2)`.
fn scale(database_type: &str) -> Option<i32> {
    let (_, scale) = database_type.strip_prefix("numeric(")?.strip_suffix(')')?.split_once(',')?;
    scale.parse().ok()
}
