use runner_core::{Kind, Literal, Program};

/// A table that a program names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// Its schema, if the program says one (`"schema/table"`).
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
}

/// A table, or the result of a query, as the database describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// The name by which a program asks for it; for a query its text, without a schema.
    pub name: TableName,
    /// Whether it is a query, see [`queries`].
    pub is_query: bool,
    /// The schema that it was found in.
    pub schema: String,
    /// Its columns in order.
    pub columns: Vec<Column>,
    /// Names of the columns that are unique, each by itself.
    pub unique: Vec<String>,
    /// The one of them that is the primary key.
    pub primary_key: Option<String>,
    /// Names of the columns that an index begins with.
    pub indexed: Vec<String>,
}

/// A column, or a field of a column's composite type.
///
/// ```
/// use runner_sql::Column;
///
/// let column = Column { name: "id".into(), database_type: "int8".into(), is_not_null: true, ..Column::default() };
/// assert!(!column.is_loose);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The name of its type in the database, such as `int8`.
    pub database_type: String,
    /// Whether it is declared NOT NULL.
    pub is_not_null: bool,
    /// Whether an insert may leave it out: it has a default or may be NULL.
    pub has_default: bool,
    /// Whether its type is one of the database's own, no domain or other type made of them.
    pub is_plain: bool,
    /// Whether its collation holds texts equal that are not the same.
    pub is_loose: bool,
    /// The fields of its type, if that is composite.
    pub fields: Vec<Column>,
    /// The labels of its type, if that is an enumeration of the database.
    pub labels: Vec<String>,
}

impl TableName {
    /// Reads `table` or `schema/table`.
    ///
    /// ```
    /// use runner_sql::TableName;
    ///
    /// let name = TableName::parse("shop/order");
    /// assert_eq!((name.schema.as_deref(), name.name.as_str()), (Some("shop"), "order"));
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.split_once('/') {
            Some((schema, name)) => Self { schema: Some(schema.into()), name: name.into() },
            None => Self { schema: None, name: text.into() },
        }
    }
}

/// The tables that a program names, each once.
///
/// ```
/// # let mut types = runner_core::TypeTable::new();
/// # let int = types.prim(runner_core::Prim::Int64);
/// # let body = vec![runner_core::Expr { kind: runner_core::Kind::Local(runner_core::INPUT), ty: int }];
/// # let parts = runner_core::Parts { types, input: int, output: int, body, ..Default::default() };
/// # let program = runner_core::Program::new(parts)?;
/// assert!(runner_sql::tables(&program).is_empty());
/// # Ok::<(), runner_core::Error>(())
/// ```
#[must_use]
pub fn tables(program: &Program) -> Vec<TableName> {
    let mut names = Vec::new();
    for name in constants(program, |path| match path {
        "std::sql::from" | "std::sql::update" | "std::sql::delete" => Some(0),
        "std::sql::insert" => Some(1),
        _ => None,
    }) {
        let name = TableName::parse(name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The queries that a program gives to `std::sql::raw`, each once. A runner describes them as tables that are queries.
///
/// ```
/// # let mut types = runner_core::TypeTable::new();
/// # let int = types.prim(runner_core::Prim::Int64);
/// # let body = vec![runner_core::Expr { kind: runner_core::Kind::Local(runner_core::INPUT), ty: int }];
/// # let parts = runner_core::Parts { types, input: int, output: int, body, ..Default::default() };
/// # let program = runner_core::Program::new(parts)?;
/// assert!(runner_sql::queries(&program).is_empty());
/// # Ok::<(), runner_core::Error>(())
/// ```
#[must_use]
pub fn queries(program: &Program) -> Vec<String> {
    let mut queries: Vec<String> = Vec::new();
    for query in constants(program, |path| (path == "std::sql::raw").then_some(0)) {
        if !queries.iter().any(|known| known == query) {
            queries.push(query.to_owned());
        }
    }
    queries
}

/// Literal texts that external functions are given, at the place that `place` says for a function's path.
fn constants(program: &Program, place: impl Fn(&str) -> Option<usize>) -> impl Iterator<Item = &str> {
    program.body().iter().filter_map(move |expr| {
        let Kind::External { function, args } = &expr.kind else { return None };
        let path = &program.externals().get(*function as usize)?.path;
        match &program.expr(*args.get(place(path)?)?)?.kind {
            Kind::Literal(Literal::Text(text)) => Some(&**text),
            _ => None,
        }
    })
}
