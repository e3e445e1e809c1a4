//! The database as Lutra source.

use duckdb::{Connection, Row};
use runner_core::Result;
use runner_sql::{ColumnType, Interface, InterfaceColumn};

use crate::error;

const COLUMNS: &str = "SELECT c.schema_name, c.table_name, c.column_name, c.data_type, c.is_nullable, \
    coalesce((SELECT bool_or(k.constraint_column_names = [c.column_name]) FROM duckdb_constraints() AS k \
        WHERE k.database_name = c.database_name AND k.schema_name = c.schema_name \
        AND k.table_name = c.table_name AND k.constraint_type IN ('PRIMARY KEY', 'UNIQUE')), false), \
    coalesce(t.comment, v.comment), c.comment \
    FROM duckdb_columns() AS c \
    LEFT JOIN duckdb_tables() AS t ON t.table_oid = c.table_oid AND t.database_oid = c.database_oid \
    LEFT JOIN duckdb_views() AS v ON v.view_oid = c.table_oid AND v.database_oid = c.database_oid \
    WHERE c.database_name = current_database() AND NOT c.internal \
    ORDER BY c.schema_name, c.table_name, c.column_index";

/// The source. Tables of `main` stand in the root module, those of other schemas in a module of the schema's name.
pub(crate) fn describe(connection: &Connection) -> Result<String> {
    let wrong = |e: duckdb::Error| error::driver(&e);
    let mut interface = Interface::new("main");
    let mut statement = connection.prepare(COLUMNS).map_err(wrong)?;
    let mut rows = statement.query([]).map_err(wrong)?;
    while let Some(row) = rows.next().map_err(wrong)? {
        add(row, &mut interface).map_err(wrong)?;
    }
    Ok(interface.source())
}

fn add(row: &Row<'_>, interface: &mut Interface) -> duckdb::Result<()> {
    let (schema, table): (String, String) = (row.get(0)?, row.get(1)?);
    let database_type: String = row.get(3)?;
    let ty = ColumnType::parse(&database_type).and_then(|ty| ty.lutra_type());
    let column = InterfaceColumn {
        name: row.get(2)?,
        ty,
        database_type,
        is_optional: row.get(4)?,
        is_unique: row.get(5)?,
        doc: row.get(7)?,
    };
    interface.add(&schema, &table, row.get(6)?, column);
    Ok(())
}
