//! Columns of tables, whose types PostgreSQL has for dates, times and decimals.

use runner_core::{Prim, TypeId};

use super::Postgres;
use crate::{
    catalog::{Column, Table},
    dialect::Dialect,
    shape::{Leaf, Shape, Shapes},
    sql::Sql,
    value::Val,
};

/// What reads a value; `None` if the types don't fit.
pub(super) fn read(
    dialect: &Postgres,
    shapes: &Shapes,
    ty: TypeId,
    alias: &str,
    column: &Column,
    _table: &Table,
) -> Option<Val> {
    let sql = Sql::column(alias, &dialect.quote(&column.name));
    match shapes.get(ty) {
        Shape::Prim(prim) => {
            let value = read_prim(dialect, prim, &sql, column)?;
            Some(Val::Leaf(if column.is_not_null {
                value
            } else {
                not_null(dialect, &value, column, Leaf::Prim(prim))
            }))
        }
        Shape::Null(prim) => read_prim(dialect, prim, &sql, column).map(Val::Leaf),
        _ => None,
    }
}

/// What writes a value; `None` if the types don't fit.
pub(super) fn write(
    dialect: &Postgres,
    shapes: &Shapes,
    ty: TypeId,
    value: &Val,
    column: &Column,
    _table: &Table,
) -> Option<Vec<(String, Sql)>> {
    let value = match (shapes.get(ty), value) {
        (Shape::Prim(prim) | Shape::Null(prim), Val::Leaf(sql)) => write_prim(dialect, prim, sql, column)?,
        _ => return None,
    };
    Some(vec![(column.name.clone(), value)])
}

/// The value, or a failure that names the column if it is NULL.
fn not_null(dialect: &Postgres, sql: &Sql, column: &Column, leaf: Leaf) -> Sql {
    let name = dialect.quote(&column.name);
    let fail = dialect.fail(&format!("the column {name} holds a NULL, but its type is not an option"), leaf);
    Sql::atom(format!("coalesce({sql}, {fail})"))
}

fn read_prim(dialect: &Postgres, prim: Prim, column: &Sql, from: &Column) -> Option<Sql> {
    let text = match (prim, from.database_type.as_str()) {
        (Prim::Text, ty @ ("text" | "varchar" | "bpchar" | "name" | "citext")) => {
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
        (Prim::Decimal, "numeric") => format!("({column} * 100)::int8"),
        _ => return None,
    };
    // Infinite dates and decimals of more digits fail when they are read, not for being in the table.
    Some(Sql::of(text, &[column]).as_atom())
}

fn write_prim(dialect: &Postgres, prim: Prim, value: &Sql, to: &Column) -> Option<Sql> {
    let text = match (prim, to.database_type.as_str()) {
        // An assignment fails where a text is too long; a cast would cut it off.
        (Prim::Text, "text" | "varchar" | "bpchar" | "citext") => {
            let value = match dialect.escapes {
                true => Sql::of(format!("pg_temp.nul_unescape({value})"), &[value]).failing(),
                false => value.clone(),
            };
            return Some(value);
        }
        (_, ty) if is_native(prim, ty) => return Some(value.clone()),
        (Prim::Date, "date") => format!("('1970-01-01'::date + {value})"),
        (Prim::Time, "time") => format!("pg_temp.to_time({value})"),
        (Prim::Timestamp, "timestamp") => format!("pg_temp.to_timestamp({value})"),
        (Prim::Decimal, "numeric") => format!("({value}::numeric / 100)::numeric(20, 2)"),
        _ => return None,
    };
    Some(Sql::of(text, &[value]).failing())
}

fn is_native(prim: Prim, database_type: &str) -> bool {
    match prim {
        Prim::Date | Prim::Time | Prim::Timestamp | Prim::Decimal | Prim::Text => false,
        Prim::Prim8 | Prim::Prim16 | Prim::Prim32 | Prim::Prim64 => false,
        _ => super::prim_type(prim) == database_type,
    }
}
