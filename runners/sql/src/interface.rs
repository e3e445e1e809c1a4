//! Tables as Lutra source: a type and a function for each, and look-ups by unique columns.

use std::{collections::BTreeMap, fmt::Write};

/// The tables and views of a database, to be printed as source that the compiler accepts.
///
/// ```
/// use runner_sql::{Interface, InterfaceColumn};
///
/// let mut interface = Interface::new("main");
/// let id = InterfaceColumn { name: "id".into(), ty: Some("Int64".into()), is_unique: true, ..Default::default() };
/// interface.add("main", "albums", None, id);
/// let source = interface.source();
/// assert!(source.contains("func albums(): [albums_row] -> sql::from(\"albums\")"));
/// assert!(source.contains("func albums_by_id(value: Int64): albums_row?"));
/// ```
#[derive(Debug)]
pub struct Interface {
    home: String,
    schemas: BTreeMap<String, BTreeMap<String, Table>>,
}

/// A column of a table.
#[derive(Debug, Clone, Default)]
pub struct InterfaceColumn {
    /// Its name.
    pub name: String,
    /// Its type in Lutra without the option, if there is one.
    pub ty: Option<String>,
    /// Its type as the database calls it.
    pub database_type: String,
    /// Whether it may hold NULL.
    pub is_optional: bool,
    /// Whether no two rows agree in it.
    pub is_unique: bool,
    /// The database's comment on it.
    pub doc: Option<String>,
}

#[derive(Debug, Default)]
struct Table {
    doc: Option<String>,
    columns: Vec<InterfaceColumn>,
    /// Columns that can't be said in Lutra.
    left_out: Vec<String>,
}

impl Interface {
    /// No tables yet. Those of the schema `home` will stand in the root module, others in modules of their schemas' names.
    #[must_use]
    pub fn new(home: &str) -> Self {
        Self { home: home.into(), schemas: BTreeMap::new() }
    }

    /// Adds a column to a table, which is made with its first one. A table or schema whose name can't be written in
    /// Lutra is left out.
    pub fn add(&mut self, schema: &str, table: &str, doc: Option<String>, column: InterfaceColumn) {
        if [schema, table].iter().any(|name| !can_be_written(name) || name.contains('/')) {
            return;
        }
        let tables = self.schemas.entry(schema.into()).or_default();
        let table = tables.entry(table.into()).or_default();
        table.doc = doc;
        if column.ty.is_some() && can_be_written(&column.name) {
            table.columns.push(column);
        } else {
            table.left_out.push(one_line(&format!("{} ({})", column.name, column.database_type)));
        }
    }

    /// The source.
    #[must_use]
    pub fn source(&self) -> String {
        let mut source = String::new();
        for (schema, tables) in &self.schemas {
            let (indent, prefix) = if *schema == self.home { ("", "") } else { ("  ", schema.as_str()) };
            if !prefix.is_empty() {
                let _ = writeln!(source, "module {} {{", lutra_name(schema));
            }
            for (name, table) in tables {
                print(&mut source, indent, prefix, name, table);
            }
            if !prefix.is_empty() {
                source.push_str("}\n\n");
            }
        }
        source
    }
}

fn print(source: &mut String, indent: &str, schema: &str, name: &str, table: &Table) {
    if table.columns.is_empty() {
        let _ = writeln!(source, "{indent}# {}: no column has a type of Lutra\n", one_line(name));
        return;
    }
    let row = lutra_name(&format!("{name}_row"));
    for line in table.doc.as_deref().unwrap_or_default().lines() {
        let _ = writeln!(source, "{indent}## {line}");
    }
    if !table.left_out.is_empty() {
        let _ = writeln!(source, "{indent}# left out: {}", one_line(&table.left_out.join(", ")));
    }
    let _ = writeln!(source, "{indent}type {row}: {{");
    for column in &table.columns {
        for line in column.doc.as_deref().unwrap_or_default().lines() {
            let _ = writeln!(source, "{indent}  # {line}");
        }
        let option = if column.is_optional { "?" } else { "" };
        let ty = column.ty.as_deref().unwrap_or_default();
        let _ = writeln!(source, "{indent}  {}: {ty}{option},", lutra_name(&column.name));
    }
    let _ = writeln!(source, "{indent}}}");
    let path = if schema.is_empty() { name.to_owned() } else { format!("{schema}/{name}") };
    let table_function = lutra_name(name);
    let _ =
        writeln!(source, "{indent}func {table_function}(): [{row}] -> sql::from({})\n", lutra_text(&path));
    for column in table.columns.iter().filter(|column| column.is_unique) {
        let function = lutra_name(&format!("{name}_by_{}", column.name));
        let (field, ty) = (lutra_name(&column.name), column.ty.as_deref().unwrap_or_default());
        let value = if column.is_optional { ".some(value)" } else { "value" };
        let _ = writeln!(
            source,
            "{indent}func {function}(value: {ty}): {row}? -> {table_function}() | find(row -> row.{field} == {value})\n"
        );
    }
}

/// Whether a name can be written in Lutra.
fn can_be_written(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '`' || c.is_control())
}

/// A name in Lutra source, between backticks where it needs them. A backtick itself can't be written.
#[must_use]
pub fn lutra_name(name: &str) -> String {
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

fn lutra_text(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
