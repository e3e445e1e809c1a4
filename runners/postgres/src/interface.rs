//! The database as Lutra source: a type and a function for each table and view, and look-ups by unique columns.

use std::{collections::BTreeMap, fmt::Write};

use runner_core::Result;
use tokio_postgres::{Client, Row};

use crate::error;

const COLUMNS: &str = "SELECT n.nspname, c.relname, a.attname, \
    CASE WHEN t.typname = 'numeric' THEN format_type(t.oid, a.atttypmod) ELSE t.typname END, a.attnotnull, \
    coalesce(i.is_unique, false), obj_description(c.oid, 'pg_class'), col_description(c.oid, a.attnum) \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    JOIN pg_type t ON t.oid = a.atttypid \
    LEFT JOIN LATERAL (SELECT bool_or(i.indisunique AND i.indnkeyatts = 1) AS is_unique FROM pg_index i \
        WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid) i ON true \
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition \
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
    AND has_table_privilege(c.oid, 'SELECT') ORDER BY n.nspname, c.relname, a.attnum";

/// A table or view.
#[derive(Default)]
struct Table {
    doc: Option<String>,
    columns: Vec<Column>,
    /// Columns whose type has no Lutra type.
    left_out: Vec<String>,
}

struct Column {
    name: String,
    ty: &'static str,
    is_optional: bool,
    is_unique: bool,
    doc: Option<String>,
}

/// The source. Tables of `public` stand in the root module, those of other schemas in a module of the schema's name.
pub(crate) async fn describe(client: &Client) -> Result<String> {
    let rows = client.query(COLUMNS, &[]).await.map_err(|e| error::driver(&e))?;
    let mut schemas: BTreeMap<String, BTreeMap<String, Table>> = BTreeMap::new();
    for row in rows {
        read(&row, &mut schemas).map_err(|e| error::driver(&e))?;
    }
    let mut source = String::new();
    for (schema, tables) in &schemas {
        let (indent, prefix) = if schema == "public" { ("", "") } else { ("  ", schema.as_str()) };
        if !prefix.is_empty() {
            let _ = writeln!(source, "module {} {{", quoted(schema));
        }
        for (name, table) in tables {
            print(&mut source, indent, prefix, name, table);
        }
        if !prefix.is_empty() {
            source.push_str("}\n\n");
        }
    }
    Ok(source)
}

fn read(
    row: &Row,
    schemas: &mut BTreeMap<String, BTreeMap<String, Table>>,
) -> Result<(), tokio_postgres::Error> {
    let (schema, table, name, database_type): (String, String, String, String) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    if !can_be_written(&schema) || !can_be_written(&table) || schema.contains('/') || table.contains('/') {
        return Ok(());
    }
    let table = schemas.entry(schema).or_default().entry(table).or_default();
    table.doc = row.try_get(6)?;
    match lutra_type(&database_type).filter(|_| can_be_written(&name)) {
        Some(ty) => table.columns.push(Column {
            name,
            ty,
            is_optional: !row.try_get::<_, bool>(4)?,
            is_unique: row.try_get(5)?,
            doc: row.try_get(7)?,
        }),
        None => table.left_out.push(one_line(&format!("{name} ({database_type})"))),
    }
    Ok(())
}

fn print(source: &mut String, indent: &str, schema: &str, name: &str, table: &Table) {
    if table.columns.is_empty() {
        let _ = writeln!(source, "{indent}# {}: no column has a type of Lutra\n", one_line(name));
        return;
    }
    let row = quoted(&format!("{name}_row"));
    doc(source, indent, table.doc.as_deref());
    if !table.left_out.is_empty() {
        let _ = writeln!(source, "{indent}# left out: {}", one_line(&table.left_out.join(", ")));
    }
    let _ = writeln!(source, "{indent}type {row}: {{");
    for column in &table.columns {
        if let Some(text) = &column.doc {
            text.lines().for_each(|line| {
                let _ = writeln!(source, "{indent}  # {line}");
            });
        }
        let option = if column.is_optional { "?" } else { "" };
        let _ = writeln!(source, "{indent}  {}: {}{option},", quoted(&column.name), column.ty);
    }
    let _ = writeln!(source, "{indent}}}");
    let path = if schema.is_empty() { name.to_owned() } else { format!("{schema}/{name}") };
    let _ = writeln!(source, "{indent}func {}(): [{row}] -> sql::from({})\n", quoted(name), text(&path));
    for column in table.columns.iter().filter(|column| column.is_unique) {
        let function = quoted(&format!("{name}_by_{}", column.name));
        let (field, ty) = (quoted(&column.name), column.ty);
        let value = if column.is_optional { ".some(value)" } else { "value" };
        let _ = writeln!(
            source,
            "{indent}func {function}(value: {ty}): {row}? -> {}() | find(row -> row.{field} == {value})\n",
            quoted(name)
        );
    }
}

fn doc(source: &mut String, indent: &str, text: Option<&str>) {
    for line in text.unwrap_or_default().lines() {
        let _ = writeln!(source, "{indent}## {line}");
    }
}

/// Whether a name can be written in Lutra.
fn can_be_written(name: &str) -> bool {
    !name.contains(|c: char| c == '`' || c.is_control())
}

/// A name between backticks, which every name may stand in; a backtick itself can't be written.
fn quoted(name: &str) -> String {
    let is_plain = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !KEYWORDS.contains(&name);
    if is_plain { name.into() } else { format!("`{name}`") }
}

const KEYWORDS: [&str; 22] = [
    "anno",
    "as",
    "const",
    "do",
    "else",
    "enum",
    "external",
    "false",
    "for",
    "func",
    "if",
    "import",
    "in",
    "internal",
    "let",
    "match",
    "module",
    "submodule",
    "then",
    "true",
    "type",
    "where",
];

fn text(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn lutra_type(database_type: &str) -> Option<&'static str> {
    Some(match database_type {
        "bool" => "Bool",
        "int2" => "Int16",
        "int4" => "Int32",
        "int8" => "Int64",
        "float4" => "Float32",
        "float8" => "Float64",
        "text" | "varchar" | "bpchar" | "name" => "Text",
        "date" => "Date",
        "time" => "Time",
        "timestamp" => "Timestamp",
        "numeric(20,0)" => "Uint64",
        numeric if numeric.starts_with("numeric(") && numeric.ends_with(",2)") => "Decimal",
        _ => return None,
    })
}
