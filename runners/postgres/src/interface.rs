//! The database as Lutra source: a type and a function for each table and view, and look-ups by unique columns.

use runner_core::Result;
use runner_sql::{Column, Interface, InterfaceColumn, Table, TableName, lutra_name};
use tokio_postgres::{Client, Row};

use crate::{catalog, error};

const COLUMNS: &str = "SELECT n.nspname, c.relname, a.attname, \
    CASE WHEN t.typname = 'numeric' THEN format_type(t.oid, a.atttypmod) ELSE t.typname END, a.attnotnull, \
    coalesce(i.is_unique, false), obj_description(c.oid, 'pg_class'), col_description(c.oid, a.attnum), \
    t.typtype <> 'b' OR t.typelem <> 0 AND t.typlen = -1 \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    JOIN pg_type t ON t.oid = a.atttypid \
    LEFT JOIN LATERAL (SELECT bool_or(i.indisunique AND i.indnkeyatts = 1) AS is_unique FROM pg_index i \
        WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid) i ON true \
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition \
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
    AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') \
    ORDER BY n.nspname, c.relname, a.attnum";

/// Unique indexes of several columns, all of them plain ones.
const KEYS: &str = "SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY k.o) \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
    JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(n, o) ON k.o <= i.indnkeyatts \
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.n \
    WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts > 1 \
    GROUP BY n.nspname, c.relname, i.indexrelid, i.indisprimary \
    ORDER BY n.nspname, c.relname, i.indisprimary DESC, i.indexrelid";

/// A table or view.
struct Found {
    table: Table,
    doc: Option<String>,
    /// What is known of each column beside its type.
    columns: Vec<InterfaceColumn>,
    is_nested: bool,
}

/// The source. Tables of `public` stand in the root module, those of other schemas in a module of the schema's name.
pub(crate) async fn describe(client: &Client) -> Result<String> {
    let wrong = |e: tokio_postgres::Error| error::driver(&e);
    let mut all: Vec<Found> = Vec::new();
    for row in client.query(COLUMNS, &[]).await.map_err(wrong)? {
        add(&row, &mut all).map_err(wrong)?;
    }
    let mut interface = Interface::new("public");
    for mut found in all {
        if found.is_nested {
            catalog::describe_types(client, &mut found.table).await?;
        }
        for (column, known) in found.table.columns.iter().zip(found.columns) {
            let (ty, database_type) = (lutra_type(column), column.database_type.clone());
            let column = InterfaceColumn { ty, database_type, ..known };
            interface.add(&found.table.schema, &found.table.name.name, found.doc.clone(), column);
        }
    }
    for row in client.query(KEYS, &[]).await.map_err(wrong)? {
        let (schema, table): (String, String) =
            (row.try_get(0).map_err(wrong)?, row.try_get(1).map_err(wrong)?);
        let columns: Vec<String> = row.try_get(2).map_err(wrong)?;
        interface.add_key(&schema, &table, &columns);
    }
    Ok(interface.source())
}

fn add(row: &Row, all: &mut Vec<Found>) -> Result<(), tokio_postgres::Error> {
    let (schema, name): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let is_known = all.last().is_some_and(|last| last.table.schema == schema && last.table.name.name == name);
    if !is_known {
        let name = TableName { schema: Some(schema.clone()), name };
        all.push(Found {
            table: Table { name, schema, ..Table::default() },
            doc: row.try_get(6)?,
            columns: Vec::new(),
            is_nested: false,
        });
    }
    if let Some(found) = all.last_mut() {
        let (name, database_type): (String, String) = (row.try_get(2)?, row.try_get(3)?);
        found.table.columns.push(Column { name: name.clone(), database_type, ..Column::default() });
        found.columns.push(InterfaceColumn {
            name,
            is_optional: !row.try_get::<_, bool>(4)?,
            is_unique: row.try_get(5)?,
            doc: row.try_get(7)?,
            ..InterfaceColumn::default()
        });
        found.is_nested |= row.try_get::<_, bool>(8)?;
    }
    Ok(())
}

/// The type of a field for a column; parts of composites and items of arrays may always be NULL.
fn lutra_type(column: &Column) -> Option<String> {
    let can_be_written =
        |name: &str| !name.is_empty() && !name.contains(|c: char| c == '`' || c.is_control());
    if let Some(item) = column.database_type.strip_suffix("[]") {
        let item = Column { database_type: item.into(), ..column.clone() };
        return Some(format!("[{}?]", lutra_type(&item)?));
    }
    if !column.labels.is_empty() {
        let names = column.labels.iter().map(|label| can_be_written(label).then(|| lutra_name(label)));
        return Some(format!("enum {{{}}}", names.collect::<Option<Vec<_>>>()?.join(", ")));
    }
    if !column.fields.is_empty() {
        let fields = column.fields.iter().map(|field| {
            let name = can_be_written(&field.name).then(|| lutra_name(&field.name))?;
            Some(format!("{name}: {}?", lutra_type(field)?))
        });
        return Some(format!("{{{}}}", fields.collect::<Option<Vec<_>>>()?.join(", ")));
    }
    let ty = match column.database_type.as_str() {
        "bool" => "Bool",
        "int2" => "Int16",
        "int4" => "Int32",
        "int8" => "Int64",
        "float4" => "Float32",
        "float8" => "Float64",
        "text" | "varchar" | "bpchar" | "name" | "citext" => "Text",
        "date" => "Date",
        "time" => "Time",
        "timestamp" => "Timestamp",
        "interval" => "Duration",
        "numeric(20,0)" => "Uint64",
        numeric if numeric.starts_with("numeric(") && numeric.ends_with(",2)") => "Decimal",
        _ => return None,
    };
    Some(ty.into())
}
