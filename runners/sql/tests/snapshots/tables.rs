//! Tables as a database would describe them.
//!
//! They have the columns that the program expects, none of which is unique or indexed, unless the program's file says so.
//! A query that is given to `sql::raw` has the columns that the file gives it.
//!
//! ```text
//! #> table: albums
//! #  id: primary key
//! #  artist_id: index
//! #  isbn: unique
//! #  title: nullable
//! #  tags: type jsonb | VARCHAR[]
//! #> table: select count(*) as n from albums
//! #  n: type int8 | BIGINT
//! ```

use runner_core::{Program, Result};
use runner_sql::{Column, Dialect, Table, TableName, assumed_tables, queries};

/// What a file says about columns of tables.
#[derive(Debug, Default)]
pub(crate) struct Declared(Vec<(TableName, String, Property)>);

#[derive(Debug)]
enum Property {
    PrimaryKey,
    Unique,
    Index,
    Nullable,
    Type { postgres: String, duckdb: String },
}

/// Reads the directives.
pub(crate) fn declared(text: &str) -> Declared {
    let mut declared = Declared::default();
    let mut table = None;
    for line in text.lines() {
        if let Some(directive) = line.strip_prefix("#> ") {
            table = directive.strip_prefix("table:").map(|name| TableName::parse(name.trim()));
        } else if let (Some(table), Some(line)) = (&table, line.strip_prefix("#  ")) {
            let (column, property) = line.split_once(':').unwrap_or_else(|| panic!("no property: {line}"));
            declared.0.push((table.clone(), column.trim().to_owned(), property_of(property.trim())));
        }
    }
    declared
}

fn property_of(text: &str) -> Property {
    match text {
        "primary key" => Property::PrimaryKey,
        "unique" => Property::Unique,
        "index" => Property::Index,
        "nullable" => Property::Nullable,
        other => match other.strip_prefix("type ").and_then(|types| types.split_once(" | ")) {
            Some((postgres, duckdb)) => Property::Type { postgres: postgres.into(), duckdb: duckdb.into() },
            None => panic!("no column is `{other}`"),
        },
    }
}

/// The tables of a program.
pub(crate) fn described(program: &Program, dialect: Dialect<'_>, declared: &Declared) -> Result<Vec<Table>> {
    let mut tables = assumed_tables(program, dialect)?;
    for column in tables.iter_mut().flat_map(|table| &mut table.columns) {
        column.has_default = !column.is_not_null;
        column.is_plain = true;
    }
    for query in queries(program) {
        let name = TableName { schema: None, name: query };
        tables.push(Table { name, is_query: true, ..Table::default() });
    }
    for (name, column, property) in &declared.0 {
        if let Some(table) = tables.iter_mut().find(|table| table.name == *name) {
            property.tell(table, column, dialect);
        }
    }
    Ok(tables)
}

impl Property {
    fn tell(&self, table: &mut Table, name: &str, dialect: Dialect<'_>) {
        match self {
            Self::PrimaryKey => {
                table.unique.push(name.into());
                table.indexed.push(name.into());
                table.primary_key = Some(name.into());
            }
            Self::Unique => {
                table.unique.push(name.into());
                table.indexed.push(name.into());
            }
            Self::Index => table.indexed.push(name.into()),
            Self::Nullable => column(table, name).is_not_null = false,
            Self::Type { postgres, duckdb } => {
                let is_postgres = dialect.name() == "postgres";
                column(table, name).database_type =
                    if is_postgres { postgres.clone() } else { duckdb.clone() };
            }
        }
    }
}

/// The column of a name; a field that no column is assumed for has one that is NOT NULL.
fn column<'a>(table: &'a mut Table, name: &str) -> &'a mut Column {
    if !table.columns.iter().any(|column| column.name == name) {
        table.columns.push(Column { name: name.into(), is_not_null: true, ..Column::default() });
    }
    table.columns.iter_mut().find(|column| column.name == name).unwrap()
}
