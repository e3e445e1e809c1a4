//! Checks that tables are what they were when a statement was made for them.
//!
//! PostgreSQL analyses and plans a statement again when one of its tables has changed. What is said in a branch that can't be
//! taken (`true OR ...`) is looked at then and at no other time; that no NULL is in a column that is NOT NULL is proved
//! then (`constraint_exclusion`). Only what its planner does not know is looked up by each execute.

use super::Postgres;
use crate::{
    catalog::{Column, Table},
    dialect::Dialect,
};

/// What a server's message quotes before the reason why a table is not what it was.
pub const ALTERED: &str = "altered table: ";

/// What a server's message quotes before words on a NULL where none may be.
pub const NULL: &str = "null: ";

/// Types of which an array has a type of its own by this name.
const SCALARS: &[&str] = &[
    "bool",
    "int2",
    "int4",
    "int8",
    "float4",
    "float8",
    "numeric",
    "text",
    "varchar",
    "date",
    "time",
    "timestamp",
    "interval",
    "json",
    "jsonb",
    "uuid",
    "bytea",
];

pub(super) fn null_words(name: &str) -> String {
    format!("the column {name} holds a NULL, but its type is not an option")
}

pub(super) fn null_check(dialect: &Postgres, alias: &str, columns: &[&str]) -> String {
    let names: Vec<_> = columns.iter().map(|name| dialect.quote(name)).collect();
    let nulls: Vec<_> = names.iter().map(|name| format!("{alias}.{name} IS NULL")).collect();
    let failures = names.iter().zip(&nulls).map(|(name, is_null)| {
        // It depends on the row, so that it is not evaluated without one.
        let words = dialect.text(&format!("{NULL}{}", null_words(name)));
        format!(" WHEN {is_null} THEN CAST({words} || left({alias}.ctid::text, 0) AS bool)")
    });
    format!("({}) AND CASE{} END", nulls.join(" OR "), failures.collect::<String>())
}

pub(super) fn table_checks(
    dialect: &Postgres,
    table: &Table,
    name: &str,
    columns: &[&Column],
    key: Option<&str>,
) -> Vec<String> {
    let mut checks = Vec::new();
    let types: Vec<_> = columns.iter().filter_map(|column| typed(dialect, column)).collect();
    let primary = key.filter(|key| table.primary_key.as_deref() == Some(key));
    if !types.is_empty() || primary.is_some() {
        let types = if types.is_empty() { String::new() } else { format!(" WHERE {}", types.join(" AND ")) };
        // A column that is not grouped by is allowed beside a primary key.
        let (column, group) = match primary {
            Some(key) => (" k.ctid", format!(" GROUP BY k.{}", dialect.quote(key))),
            None => ("", String::new()),
        };
        checks.push(format!("(true OR EXISTS (SELECT{column} FROM {name} AS k{types}{group}))"));
    }
    let is_scaled = |column: &&&Column| column.database_type.starts_with("numeric(");
    checks.extend(columns.iter().filter(is_scaled).map(|column| scale_check(dialect, name, column)));
    checks.extend(key.filter(|_| primary.is_none()).map(|key| unique_check(dialect, name, key)));
    checks
}

/// An operator that takes operands of one type only.
fn typed(dialect: &Postgres, column: &Column) -> Option<String> {
    let ty = SCALARS.iter().find(|ty| column.is_plain && **ty == column.database_type)?;
    Some(format!("ARRAY[k.{}] @> NULL::{ty}[]", dialect.quote(&column.name)))
}

fn scale_check(dialect: &Postgres, table: &str, column: &Column) -> String {
    let ty = dialect.text(&column.database_type);
    let words = format!("the column {} was {}", dialect.quote(&column.name), column.database_type);
    let attribute = attribute(dialect, table, &column.name);
    exists(dialect, &words, &format!("{attribute} AND format_type(a.atttypid, a.atttypmod) = {ty}"))
}

fn unique_check(dialect: &Postgres, table: &str, key: &str) -> String {
    let words = format!("no two rows of {table} had one {}", dialect.quote(key));
    let attribute = attribute(dialect, table, key);
    let index = "EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = a.attrelid AND i.indkey[0] = a.attnum \
        AND i.indisunique AND i.indnkeyatts = 1 AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL)";
    exists(dialect, &words, &format!("{attribute} AND {index}"))
}

fn attribute(dialect: &Postgres, table: &str, column: &str) -> String {
    format!(
        "pg_attribute AS a WHERE a.attrelid = {}::regclass AND a.attname = {}",
        dialect.text(table).trim_end_matches("::text"),
        dialect.text(column)
    )
}

/// A condition that fails with these words if there is no such row.
fn exists(dialect: &Postgres, words: &str, rows: &str) -> String {
    let words = dialect.text(&format!("{ALTERED}{words}"));
    format!("(SELECT CAST(CASE WHEN count(*) > 0 THEN 'true' ELSE {words} END AS bool) FROM {rows})")
}
