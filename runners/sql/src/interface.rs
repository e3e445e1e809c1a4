//! Tables as Lutra source: a type and a function for each, and look-ups by unique columns.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use runner_core::value::is_keyword;

/// The tables and views of a database, to be printed as source that the compiler accepts.
///
/// ```
/// use runner_sql::{Interface, InterfaceColumn};
///
/// let mut interface = Interface::new("main");
/// let id = InterfaceColumn { name: "id".into(), ty: Some("Int64".into()), is_unique: true, ..Default::default() };
/// interface.add("main", "albums", None, id);
/// let source = interface.source();
/// assert!(source.contains("func albums(): [albums_row] -> std::sql::from(\"albums\")"));
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
    /// Columns that together are unique.
    keys: Vec<Vec<String>>,
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

    /// Adds columns that together tell the rows of a table apart. Those of a table that was not added are ignored.
    ///
    /// ```
    /// use runner_sql::{Interface, InterfaceColumn};
    ///
    /// let mut interface = Interface::new("main");
    /// for name in ["a", "b"] {
    ///     let column = InterfaceColumn { name: name.into(), ty: Some("Int64".into()), ..Default::default() };
    ///     interface.add("main", "pairs", None, column);
    /// }
    /// interface.add_key("main", "pairs", &["a".into(), "b".into()]);
    /// assert!(interface.source().contains("func pairs_by_a_b(value_1: Int64, value_2: Int64): pairs_row?"));
    /// ```
    pub fn add_key(&mut self, schema: &str, table: &str, columns: &[String]) {
        if let Some(table) = self.schemas.get_mut(schema).and_then(|tables| tables.get_mut(table))
            && !table.keys.iter().any(|key| key == columns)
        {
            table.keys.push(columns.to_vec());
        }
    }

    /// The source.
    #[must_use]
    pub fn source(&self) -> String {
        let mut source = String::new();
        let mut modules = Names { taken: ROOTS.iter().map(|name| (*name).to_owned()).collect() };
        modules.taken.extend(self.schemas.get(&self.home).into_iter().flat_map(BTreeMap::keys).cloned());
        for (schema, tables) in &self.schemas {
            let (indent, prefix) = if *schema == self.home { ("", "") } else { ("  ", schema.as_str()) };
            let mut names = Names::of_types();
            let functions: Vec<_> = tables.keys().map(|name| names.claim(name)).collect();
            if !prefix.is_empty() {
                let _ = writeln!(source, "module {} {{", modules.claim(schema));
            }
            for ((name, table), function) in tables.iter().zip(&functions) {
                Printer { source: &mut source, indent, names: &mut names }
                    .table(prefix, name, function, table);
            }
            if !prefix.is_empty() {
                source.push_str("}\n\n");
            }
        }
        source
    }
}

/// Names of a module. Tables have theirs; what is made of them gives way.
struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// Those that the types of columns have.
    fn of_types() -> Self {
        Self { taken: TYPES.iter().map(|name| (*name).to_owned()).collect() }
    }

    /// A name that nothing else has, as it is written.
    fn claim(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        lutra_name(&name)
    }
}

/// What the first name of a path may mean, whatever a module is called.
const ROOTS: [&str; 4] = ["std", "project", "module", "super"];

/// Types of columns.
const TYPES: [&str; 17] = [
    "Bool",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "Uint8",
    "Uint16",
    "Uint32",
    "Uint64",
    "Float32",
    "Float64",
    "Text",
    "Date",
    "Time",
    "Timestamp",
    "Duration",
    "Decimal",
];

struct Printer<'a> {
    source: &'a mut String,
    indent: &'a str,
    names: &'a mut Names,
}

impl Printer<'_> {
    fn table(&mut self, schema: &str, name: &str, function: &str, table: &Table) {
        if table.columns.is_empty() {
            self.line("", &format!("# {}: no column has a type of Lutra\n", one_line(name)));
            return;
        }
        let row = self.names.claim(&format!("{name}_row"));
        for line in table.doc.as_deref().unwrap_or_default().lines() {
            self.line("", &format!("## {line}"));
        }
        if !table.left_out.is_empty() {
            self.line("", &format!("# left out: {}", one_line(&table.left_out.join(", "))));
        }
        self.line("", &format!("type {row}: {{"));
        for column in &table.columns {
            for line in column.doc.as_deref().unwrap_or_default().lines() {
                self.line("  ", &format!("# {line}"));
            }
            let option = if column.is_optional { "?" } else { "" };
            let ty = column.ty.as_deref().unwrap_or_default();
            self.line("  ", &format!("{}: {ty}{option},", lutra_name(&column.name)));
        }
        self.line("", "}");
        let path = if schema.is_empty() { name.to_owned() } else { format!("{schema}/{name}") };
        let path = lutra_text(&path);
        self.line("", &format!("func {function}(): [{row}] -> std::sql::from({path})\n"));
        for column in table.columns.iter().filter(|column| column.is_unique) {
            self.look_up(name, function, &row, &[column]);
        }
        for key in &table.keys {
            let find = |name: &String| table.columns.iter().find(|column| column.name == *name);
            if let Some(columns) = key.iter().map(find).collect::<Option<Vec<_>>>() {
                self.look_up(name, function, &row, &columns);
            }
        }
    }

    /// A function that finds the row with these values.
    fn look_up(&mut self, table: &str, rows: &str, row: &str, columns: &[&InterfaceColumn]) {
        let by: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        let function = self.names.claim(&format!("{table}_by_{}", by.join("_")));
        let (mut params, mut conditions) = (Vec::new(), Vec::new());
        for (index, column) in columns.iter().enumerate() {
            let value = if columns.len() == 1 { "value".into() } else { format!("value_{}", index + 1) };
            params.push(format!("{value}: {}", column.ty.as_deref().unwrap_or_default()));
            let wanted = if column.is_optional { format!(".some({value})") } else { value };
            conditions.push(format!("row.{} == {wanted}", lutra_name(&column.name)));
        }
        let (params, condition) = (params.join(", "), conditions.join(" && "));
        // A parameter may have the table's name, and a table that of a standard function.
        let text = format!(
            "func {function}({params}): {row}? -> module::{rows}() | std::find(row -> {condition})\n"
        );
        self.line("", &text);
    }

    fn line(&mut self, indent: &str, text: &str) {
        let _ = writeln!(self.source, "{}{indent}{text}", self.indent);
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
        && !is_keyword(name);
    if is_plain { name.into() } else { format!("`{name}`") }
}

fn lutra_text(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
