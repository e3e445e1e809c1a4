//! Columns of tables, whose types PostgreSQL has for dates, times and decimals, and for what is nested.

use runner_core::{Prim, TypeId};

use super::{
    Postgres, constraint, nested,
    packed::{self, Access},
};
use crate::{
    catalog::{Column, Table},
    dialect::Dialect,
    shape::{Leaf, Shape, Shapes},
    sql::{Parts, Sql},
    value::Val,
};

/// What reads a value; `None` if the types don't fit.
pub(super) fn read(
    dialect: &Postgres,
    shapes: &Shapes,
    ty: TypeId,
    alias: &str,
    column: &Column,
    table: &Table,
) -> Option<Val> {
    let sql = Sql::column(alias, &dialect.quote(&column.name));
    let reader = Reader { dialect, shapes, table: Some((alias, table)), name: &column.name };
    if dialect.checks_tables && !column.fields.is_empty() {
        // No check of the table finds a row type that is NULL as a whole, so each value is looked at.
        return reader.read(ty, &sql, &Column { is_not_null: false, ..column.clone() });
    }
    reader.read(ty, &sql, column)
}

/// What writes a value; `None` if the types don't fit.
pub(super) fn write(
    dialect: &Postgres,
    shapes: &Shapes,
    ty: TypeId,
    value: &Val,
    column: &Column,
    table: &Table,
) -> Option<Vec<(String, Sql)>> {
    if let (Shape::Enum, "text" | "varchar") = (shapes.get(ty), column.database_type.as_str()) {
        return write_variants(dialect, shapes, ty, value, column, table);
    }
    Some(vec![(column.name.clone(), write_value(dialect, shapes, ty, value, column)?)])
}

/// Reads a column, or a part of one.
pub(super) struct Reader<'a> {
    pub(super) dialect: &'a Postgres,
    pub(super) shapes: &'a Shapes,
    /// Its table, unless it is a part.
    pub(super) table: Option<(&'a str, &'a Table)>,
    /// The name of the whole column.
    pub(super) name: &'a str,
}

impl Reader<'_> {
    pub(super) fn read(&self, ty: TypeId, sql: &Sql, column: &Column) -> Option<Val> {
        let shape = self.shapes.get(ty);
        if let "jsonb" | "json" = column.database_type.as_str() {
            let is_option = matches!(shape, Shape::Null(_) | Shape::Option(_));
            let json = if column.database_type == "json" { format!("{sql}::jsonb") } else { sql.to_string() };
            let json = match (is_option, column.is_not_null) {
                (false, true) => json,
                (true, _) => format!("coalesce({json}, 'null'::jsonb)"),
                (false, false) => format!("coalesce({json}, {})", self.fail_null(Leaf::Packed(ty))),
            };
            let value = nested::of_json(self.dialect, self.shapes, &json, ty, self.name);
            return Some(packed::unpack(self.shapes, &Access::Root(value), ty));
        }
        match shape {
            Shape::Prim(prim) => {
                let value = read_prim(self.dialect, prim, sql, column)?;
                Some(Val::Leaf(self.not_null(value, column, Leaf::Prim(prim))))
            }
            Shape::Null(prim) => read_prim(self.dialect, prim, sql, column).map(Val::Leaf),
            Shape::Option(payload) => {
                let some = Sql::atom(format!("({sql} IS DISTINCT FROM NULL)"));
                let payload = self.read(payload, sql, &Column { is_not_null: true, ..column.clone() })?;
                let value =
                    payload.map_leaves(&mut |leaf| Sql::atom(format!("CASE WHEN {some} THEN {leaf} END")));
                Some(Val::Option { some, value: Box::new(value) })
            }
            Shape::Tuple => {
                let parts = nested::parts(self.shapes, ty, column)?;
                let parts = parts.into_iter().map(|(ty, part)| {
                    let name = self.dialect.quote(&part.name);
                    let sql = Sql::atom(match column.is_not_null {
                        true => format!("({sql}).{name}"),
                        // A NULL in the place of a tuple has no part that is not NULL.
                        false => format!("(coalesce({sql}, {})).{name}", self.fail_null_row(column)),
                    });
                    self.read(ty, &sql, &part)
                });
                parts.collect::<Option<_>>().map(Val::Tuple)
            }
            Shape::Array(item) => {
                let array = nested::of_array(self, item, sql, column)?;
                Some(Val::Leaf(self.not_null(array, column, Leaf::Packed(ty))))
            }
            Shape::Tag | Shape::Enum => self.read_variant(ty, sql, column).map(Val::Leaf),
        }
    }

    /// An enum of a column that holds the variant's name, and of columns `name.variant` for the payloads.
    fn read_variant(&self, ty: TypeId, sql: &Sql, column: &Column) -> Option<Sql> {
        let types = self.shapes.types();
        let variants = types.as_enum(types.unframed(ty))?;
        if types.as_option(types.unframed(ty)).is_some() || !holds_names(column) {
            return None;
        }
        let is_tag = self.shapes.get(ty) == Shape::Tag;
        let mut cases = String::new();
        for (index, variant) in (0u32..).zip(variants) {
            let value = if is_tag {
                format!("{index}::int4")
            } else if types.is_unit(variant.ty) {
                packed::variant(self.dialect, self.shapes, index, &Val::Tuple(Vec::new()), ty).to_string()
            } else {
                let (alias, table) = self.table?;
                let name = payload_column(column, &variant.name);
                let payload = table.columns.iter().find(|column| column.name == name)?;
                let sql = Sql::column(alias, &self.dialect.quote(&name));
                let payload = Reader { name: &name, ..*self }.read(variant.ty, &sql, payload)?;
                packed::variant(self.dialect, self.shapes, index, &payload, ty).to_string()
            };
            cases.push_str(&format!(" WHEN {} THEN {value}", self.dialect.text(&variant.name)));
        }
        let leaf = if is_tag { Leaf::Tag } else { Leaf::Packed(ty) };
        let name = self.dialect.quote(self.name);
        let unknown =
            self.dialect.fail(&format!("the column {name} names a variant that does not exist"), leaf);
        let null = self.fail_null(leaf);
        Some(Sql::atom(format!(
            "(CASE WHEN {sql} IS NULL THEN {null} ELSE CASE {sql}::text COLLATE \"C\"{cases} ELSE {unknown} END END)"
        )))
    }

    /// The value, or a failure that names the column if it is NULL.
    fn not_null(&self, value: Sql, column: &Column, leaf: Leaf) -> Sql {
        if column.is_not_null {
            return value;
        }
        let fail = self.fail_null(leaf);
        let read = Sql::atom(format!("coalesce({value}, {fail})"));
        match leaf {
            Leaf::Prim(_) => read.made_of(Parts::Checked { value, fail }),
            _ => read,
        }
    }

    fn null_words(&self) -> String {
        constraint::null_words(&self.dialect.quote(self.name))
    }

    fn fail_null(&self, leaf: Leaf) -> Sql {
        self.dialect.fail(&self.null_words(), leaf)
    }

    fn fail_null_row(&self, column: &Column) -> String {
        format!("pg_temp.fail({}, NULL::{})", self.dialect.text(&self.null_words()), column.database_type)
    }
}

pub(super) fn write_value(
    dialect: &Postgres,
    shapes: &Shapes,
    ty: TypeId,
    value: &Val,
    column: &Column,
) -> Option<Sql> {
    if let json @ ("jsonb" | "json") = column.database_type.as_str() {
        let packed = packed::pack(dialect, shapes, value, ty);
        let text = nested::to_json(dialect, shapes, &packed, ty);
        // What is no option is a JSON null within, a NULL as a whole.
        let text = match shapes.get(ty) {
            Shape::Null(_) | Shape::Option(_) => format!("nullif({text}, 'null'::jsonb)"),
            _ => text.to_string(),
        };
        return Some(Sql::of(format!("{text}::{json}"), &[&packed]).failing());
    }
    match (shapes.get(ty), value) {
        (Shape::Prim(prim) | Shape::Null(prim), Val::Leaf(sql)) => write_prim(dialect, prim, sql, column),
        (Shape::Option(payload), Val::Option { some, value }) => {
            let value = write_value(dialect, shapes, payload, value, column)?;
            Some(Sql::of(format!("CASE WHEN {some} THEN {value} END"), &[some, &value]))
        }
        (Shape::Tuple, Val::Tuple(values)) => {
            let parts = nested::parts(shapes, ty, column)?;
            let mut texts = Vec::new();
            for field in &column.fields {
                let part = parts.iter().zip(values).find(|((_, part), _)| part.name == field.name);
                texts.push(match part {
                    Some(((ty, part), value)) => write_value(dialect, shapes, *ty, value, part)?,
                    None => Sql::constant("NULL"),
                });
            }
            let list: Vec<_> = texts.iter().map(Sql::text).collect();
            let row = format!("ROW({})::{}", list.join(", "), column.database_type);
            Some(Sql::of(row, &texts.iter().collect::<Vec<_>>()).failing())
        }
        (Shape::Array(item), Val::Leaf(packed)) => nested::to_array(dialect, shapes, item, packed, column),
        (Shape::Tag, Val::Leaf(tag)) => {
            let types = shapes.types();
            let variants = types.as_enum(types.unframed(ty))?;
            holds_names(column).then(|| names(dialect, tag, variants, column))
        }
        _ => None,
    }
}

/// The column of the variant's name, and those of the payloads.
fn write_variants(
    dialect: &Postgres,
    shapes: &Shapes,
    ty: TypeId,
    value: &Val,
    column: &Column,
    table: &Table,
) -> Option<Vec<(String, Sql)>> {
    let Val::Leaf(packed) = value else { return None };
    let types = shapes.types();
    let variants = types.as_enum(types.unframed(ty))?;
    if types.as_option(types.unframed(ty)).is_some() {
        return None;
    }
    let tag = packed::tag(shapes, packed, ty);
    let mut written = vec![(column.name.clone(), names(dialect, &tag, variants, column))];
    for (index, variant) in variants.iter().enumerate().filter(|(_, variant)| !types.is_unit(variant.ty)) {
        let name = payload_column(column, &variant.name);
        let to = table.columns.iter().find(|column| column.name == name)?;
        let payload = packed::payload(shapes, packed, ty, variant.ty);
        let value = write_value(dialect, shapes, variant.ty, &payload, to)?;
        written.push((name, Sql::of(format!("CASE WHEN {tag} = {index} THEN {value} END"), &[&value])));
    }
    Some(written)
}

/// The names of variants by their index.
fn names(dialect: &Postgres, tag: &Sql, variants: &[runner_core::Variant], column: &Column) -> Sql {
    let cases: Vec<_> = (0..)
        .zip(variants)
        .map(|(index, variant)| format!(" WHEN {index} THEN {}", dialect.text(&variant.name)))
        .collect();
    let cast = if column.labels.is_empty() { "" } else { column.database_type.as_str() };
    let separator = if cast.is_empty() { "" } else { "::" };
    Sql::of(format!("(CASE {tag}{} END){separator}{cast}", cases.concat()), &[tag]).failing()
}

fn payload_column(column: &Column, variant: &str) -> String {
    format!("{}.{variant}", column.name)
}

/// Whether a column can hold the names of variants.
fn holds_names(column: &Column) -> bool {
    !column.labels.is_empty()
        || matches!(column.database_type.as_str(), "text" | "varchar" | "bpchar" | "name" | "citext")
}

pub(super) fn read_prim(dialect: &Postgres, prim: Prim, column: &Sql, from: &Column) -> Option<Sql> {
    let text = match (prim, from.database_type.as_str()) {
        (Prim::Text, ty) if holds_names(from) => {
            let mut text = if ty == "text" { column.to_string() } else { format!("{column}::text") };
            if from.is_loose {
                text.push_str(" COLLATE \"C\"");
            }
            if dialect.escapes {
                text = format!("pg_temp.nul_escape({text})");
            }
            if text == column.text() {
                return Some(column.clone());
            }
            format!("({text})")
        }
        (_, ty) if is_native(prim, ty) => return Some(column.clone()),
        (Prim::Date, "date") => format!("({column} - '1970-01-01'::date)"),
        (Prim::Time, "time") => format!("trunc(extract(epoch FROM {column}) * 1000000)"),
        (Prim::Timestamp, "timestamp") => format!("(extract(epoch FROM {column}) * 1000000)::int8"),
        (Prim::Duration, "interval") => format!("pg_temp.of_interval({column})"),
        (Prim::Decimal, ty) if scale(ty).is_some_and(|scale| scale <= 2) => format!("({column} * 100)::int8"),
        (Prim::Decimal, ty) if is_numeric(ty) => format!(
            "(CASE WHEN scale({column}) <= 2 THEN ({column} * 100)::int8 ELSE pg_temp.of_numeric({column}) END)"
        ),
        _ => return None,
    };
    // Infinite dates and decimals of more digits fail when they are read, not for being in the table.
    Some(Sql::of(text, &[column]).as_atom())
}

pub(super) fn write_prim(dialect: &Postgres, prim: Prim, value: &Sql, to: &Column) -> Option<Sql> {
    let text = match (prim, to.database_type.as_str()) {
        // An assignment fails where a text is too long; a cast would cut it off.
        (Prim::Text, ty) if holds_names(to) && ty != "name" => {
            let value = match dialect.escapes {
                true => Sql::of(format!("pg_temp.nul_unescape({value})"), &[value]).failing(),
                false => value.clone(),
            };
            if to.labels.is_empty() {
                return Some(value);
            }
            format!("({value})::{ty}")
        }
        (_, ty) if is_native(prim, ty) => return Some(value.clone()),
        (Prim::Date, "date") => format!("('1970-01-01'::date + {value})"),
        (Prim::Time, "time") => format!("pg_temp.to_time({value})"),
        (Prim::Timestamp, "timestamp") => format!("pg_temp.to_timestamp({value})"),
        (Prim::Duration, "interval") => format!("pg_temp.to_interval({value})"),
        (Prim::Decimal, ty) if is_numeric(ty) => format!("({value}::numeric / 100)::numeric(20, 2)"),
        _ => return None,
    };
    Some(Sql::of(text, &[value]).failing())
}

fn is_native(prim: Prim, database_type: &str) -> bool {
    match prim {
        Prim::Date | Prim::Time | Prim::Timestamp | Prim::Decimal | Prim::Text => false,
        Prim::Prim8 | Prim::Prim16 | Prim::Prim32 | Prim::Prim64 => false,
        Prim::Uint64 => database_type == "numeric" || scale(database_type) == Some(0),
        _ => super::prim_type(prim) == database_type,
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
