//! Tables as the database describes them.

use runner_core::{Error, Result};
use runner_sql::{Column, Table, TableName};
use tokio_postgres::{
    Client,
    types::{Kind, ToSql, Type},
};

use crate::{error, limits::TYPE_DEPTH};

const COLUMNS: &str = "SELECT n.nspname, a.attname, \
    CASE WHEN t.typname = 'numeric' THEN format_type(t.oid, a.atttypmod) ELSE t.typname END, \
    a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint v WHERE v.conrelid = a.attrelid AND v.contype = 'n' \
        AND v.conkey = ARRAY[a.attnum] AND NOT v.convalidated), \
    t.typtype <> 'b' OR t.typelem <> 0 AND t.typlen = -1, a.atthasdef OR NOT a.attnotnull OR a.attidentity <> '', \
    NOT coalesce(o.collisdeterministic, true), t.typtype = 'b' AND t.typnamespace = 'pg_catalog'::regnamespace \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_collation o ON o.oid = a.attcollation \
    WHERE c.relname = $1 AND n.nspname = ANY($2) AND c.relkind IN ('r', 'v', 'm', 'f', 'p') \
    ORDER BY array_position($2, n.nspname::text), a.attnum";

/// First columns of complete indexes, and whether the index makes them unique, or is that of the primary key.
const INDEXES: &str = "SELECT a.attname, i.indisunique AND i.indnkeyatts = 1 AND i.indimmediate, \
    i.indisprimary AND i.indnkeyatts = 1 AND i.indimmediate \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] \
    WHERE c.relname = $1 AND n.nspname = $2 AND i.indisvalid AND i.indpred IS NULL";

/// Describes those of the tables that are there; one without a schema is the first of `schemas` that has it.
pub(crate) async fn describe(client: &Client, schemas: &[String], names: &[TableName]) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    for name in names {
        let schemas = match &name.schema {
            Some(schema) => vec![schema.clone()],
            None => schemas.to_vec(),
        };
        let rows = client.query(COLUMNS, &[&name.name, &schemas]).await.map_err(|e| error::driver(&e))?;
        let mut table: Option<Table> = None;
        let mut is_nested = false;
        for row in rows {
            let schema: String = row.try_get(0).map_err(|e| error::driver(&e))?;
            let table = table.get_or_insert_with(|| Table {
                name: name.clone(),
                schema: schema.clone(),
                ..Table::default()
            });
            if table.schema == schema {
                table.columns.push(column(&row).map_err(|e| error::driver(&e))?);
                is_nested |= row.try_get::<_, bool>(4).map_err(|e| error::driver(&e))?;
            }
        }
        if let Some(table) = &mut table {
            if is_nested {
                describe_types(client, table).await?;
            }
            let params: [&(dyn ToSql + Sync); 2] = [&table.name.name, &table.schema];
            for row in client.query(INDEXES, &params).await.map_err(|e| error::driver(&e))? {
                let column: String = row.try_get(0).map_err(|e| error::driver(&e))?;
                if row.try_get(1).map_err(|e| error::driver(&e))? {
                    table.unique.push(column.clone());
                }
                if row.try_get(2).map_err(|e| error::driver(&e))? {
                    table.primary_key = Some(column.clone());
                }
                table.indexed.push(column);
            }
        }
        tables.extend(table);
    }
    Ok(tables)
}

fn column(row: &tokio_postgres::Row) -> Result<Column, tokio_postgres::Error> {
    Ok(Column {
        name: row.try_get(1)?,
        database_type: row.try_get(2)?,
        is_not_null: row.try_get(3)?,
        is_loose: row.try_get(6)?,
        is_plain: row.try_get(7)?,
        has_default: row.try_get(5)?,
        ..Column::default()
    })
}

/// Describes the columns of a table whose types are made of others, as the driver sees them.
pub(crate) async fn describe_types(client: &Client, table: &mut Table) -> Result<()> {
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let names: Vec<_> = table.columns.iter().map(|column| quote(&column.name)).collect();
    let query =
        format!("SELECT {} FROM {}.{}", names.join(", "), quote(&table.schema), quote(&table.name.name));
    let statement = client.prepare(&query).await.map_err(|e| error::driver(&e))?;
    for (column, found) in table.columns.iter_mut().zip(statement.columns()) {
        let Column { database_type, fields, labels, .. } = of_type(&column.name, found.type_(), 0);
        // What is known already says how many digits there are.
        if !column.database_type.starts_with(&database_type) {
            column.database_type = database_type;
        }
        (column.fields, column.labels) = (fields, labels);
    }
    Ok(())
}

/// A column of a type: domains are what they are made of.
fn of_type(name: &str, ty: &Type, depth: usize) -> Column {
    let column = Column { name: name.into(), database_type: ty.name().into(), ..Column::default() };
    // As SQL calls it, wherever it is.
    let full_name = || {
        let parts = [ty.schema(), ty.name()].map(|part| format!("\"{}\"", part.replace('"', "\"\"")));
        parts.join(".")
    };
    match ty.kind() {
        _ if depth > TYPE_DEPTH => column,
        Kind::Domain(base) => of_type(name, base, depth + 1),
        Kind::Array(item) => {
            let item = of_type(name, item, depth + 1);
            Column { database_type: format!("{}[]", item.database_type), ..item }
        }
        Kind::Composite(fields) => {
            let fields = fields.iter().map(|field| of_type(field.name(), field.type_(), depth + 1));
            Column { database_type: full_name(), fields: fields.collect(), ..column }
        }
        Kind::Enum(labels) => Column { database_type: full_name(), labels: labels.clone(), ..column },
        _ => column,
    }
}

/// Describes the columns that a query gives.
pub(crate) async fn describe_query(client: &Client, query: &str) -> Result<Table> {
    let statement = client.prepare(query).await.map_err(|error| {
        let error = error::driver(&error);
        let place = error.message().to_owned();
        Error::prepare(format!("the query `{query}`: {place}"))
    })?;
    if !statement.params().is_empty() {
        return Err(Error::prepare(format!("the query `{query}` has parameters, which nothing gives it")));
    }
    let columns = statement.columns().iter().map(|column| of_type(column.name(), column.type_(), 0));
    let name = TableName { schema: None, name: query.to_owned() };
    Ok(Table { name, is_query: true, columns: columns.collect(), ..Table::default() })
}
