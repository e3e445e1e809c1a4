//! Tables as the database describes them.

use duckdb::Connection;
use runner_core::{Error, Result};
use runner_sql::{Column, Table, TableName};

use crate::error;

const COLUMNS: &str = "SELECT schema_name, column_name, data_type, NOT is_nullable, \
    is_nullable OR column_default IS NOT NULL \
    FROM duckdb_columns() WHERE database_name = current_database() AND table_name = $1 \
    AND schema_name = coalesce($2, current_schema()) ORDER BY column_index";

/// Columns that are unique by themselves.
const UNIQUE: &str = "SELECT constraint_column_names[1] FROM duckdb_constraints() \
    WHERE database_name = current_database() AND table_name = $1 AND schema_name = $2 \
    AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND len(constraint_column_names) = 1";

/// Describes those of the tables that are there.
pub(crate) fn describe(connection: &Connection, names: &[TableName]) -> Result<Vec<Table>> {
    let wrong = |e: duckdb::Error| error::driver(&e);
    let mut columns = connection.prepare(COLUMNS).map_err(wrong)?;
    let mut unique = connection.prepare(UNIQUE).map_err(wrong)?;
    let mut tables = Vec::new();
    for name in names {
        let mut schema = String::new();
        let mut found = Vec::new();
        let mut rows = columns.query(duckdb::params![name.name, name.schema]).map_err(wrong)?;
        while let Some(row) = rows.next().map_err(wrong)? {
            schema = row.get(0).map_err(wrong)?;
            found.push(Column {
                name: row.get(1).map_err(wrong)?,
                database_type: row.get(2).map_err(wrong)?,
                is_not_null: row.get(3).map_err(wrong)?,
                has_default: row.get(4).map_err(wrong)?,
                ..Column::default()
            });
        }
        drop(rows);
        if found.is_empty() {
            continue;
        }
        let mut keys = Vec::new();
        let mut rows = unique.query(duckdb::params![name.name, schema]).map_err(wrong)?;
        while let Some(row) = rows.next().map_err(wrong)? {
            keys.push(row.get(0).map_err(wrong)?);
        }
        tables.push(Table { name: name.clone(), schema, columns: found, unique: keys, ..Table::default() });
    }
    Ok(tables)
}

/// Describes the columns that a query gives.
pub(crate) fn describe_query(connection: &Connection, query: &str) -> Result<Table> {
    let wrong = |error: duckdb::Error| {
        let error = error::driver(&error);
        Error::prepare(format!("the query `{query}`: {}", error.message()))
    };
    let text = query.trim_end().trim_end_matches(';');
    // The driver executes all statements of a text but the last one while it prepares it. Where a text ends is for
    // DuckDB's parser to say, so none is looked for within quotes.
    if text.contains(';') {
        return Err(Error::prepare(format!("the query `{query}` holds a `;`: `raw` takes one query")));
    }
    let describe = format!("DESCRIBE SELECT * FROM (\n{text}\n) AS t");
    let mut statement = connection.prepare(&describe).map_err(wrong)?;
    if statement.parameter_count() > 0 {
        return Err(Error::prepare(format!("the query `{query}` has parameters, which nothing gives it")));
    }
    let mut rows = statement.query([]).map_err(wrong)?;
    let mut columns = Vec::new();
    while let Some(row) = rows.next().map_err(wrong)? {
        let (name, database_type) = (row.get(0).map_err(wrong)?, row.get(1).map_err(wrong)?);
        columns.push(Column { name, database_type, ..Column::default() });
    }
    let name = TableName { schema: None, name: query.to_owned() };
    Ok(Table { name, is_query: true, columns, ..Table::default() })
}
