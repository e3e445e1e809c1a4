use runner_core::{Kind, Literal, Program};

/// A table that a program names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// Its schema, if the program says one (`"schema/table"`).
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
}

/// A table as the database describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The name by which a program asks for it.
    pub name: TableName,
    /// The schema that it was found in.
    pub schema: String,
    /// Its columns in order.
    pub columns: Vec<Column>,
    /// Names of the columns that are unique, each by itself.
    pub unique: Vec<String>,
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
    /// Whether its collation holds texts equal that are not the same.
    pub is_loose: bool,
    /// The fields of its type, if that is composite.
    pub fields: Vec<Column>,
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
    for expr in program.body() {
        let Kind::External { function, args } = &expr.kind else { continue };
        let path = program.externals().get(*function as usize).map(|external| external.path.as_str());
        let place = match path {
            Some("std::sql::from") => 0,
            Some("std::sql::insert" | "std::sql::update" | "std::sql::delete") => {
                usize::from(path == Some("std::sql::insert"))
            }
            _ => continue,
        };
        let name = args.get(place).and_then(|arg| program.expr(*arg)).map(|expr| &expr.kind);
        if let Some(Kind::Literal(Literal::Text(text))) = name {
            let name = TableName::parse(text);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}
