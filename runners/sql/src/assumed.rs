use runner_core::{Expr, Field, Kind, Literal, Program, Result, TypeId};

use crate::{
    catalog::{Column, Table, TableName},
    dialect::Dialect,
    shape::{Shape, Shapes},
};

/// The tables that a program names, as if each had just the columns that the program expects, without keys. For
/// looking at SQL where no database is at hand.
///
/// ```
/// use runner_core::{Expr, INPUT, Kind, Parts, Prim, Program, TypeTable};
///
/// let mut types = TypeTable::new();
/// let int = types.prim(Prim::Int64);
/// let body = vec![Expr { kind: Kind::Local(INPUT), ty: int }];
/// let program = Program::new(Parts { types, input: int, output: int, body, ..Parts::default() })?;
/// assert!(runner_sql::assumed_tables(&program, &runner_sql::Postgres::default())?.is_empty());
/// # Ok::<(), runner_core::Error>(())
/// ```
///
/// # Errors
/// As [`Shapes::new`].
pub fn assumed_tables<'d>(program: &Program, dialect: impl Into<Dialect<'d>>) -> Result<Vec<Table>> {
    let dialect = dialect.into();
    let shapes = Shapes::new(program)?;
    let mut tables: Vec<Table> = Vec::new();
    for expr in program.body() {
        let Kind::External { function, args } = &expr.kind else { continue };
        let path = program.externals().get(*function as usize).map(|external| external.path.as_str());
        let arg = |index: usize| args.get(index).and_then(|arg| program.expr(*arg));
        let item = |array: TypeId| match shapes.get(array) {
            Shape::Array(item) => Some(item),
            _ => None,
        };
        let (name, row) = match path {
            Some("std::sql::from") => (arg(0), item(expr.ty)),
            Some("std::sql::insert") => (arg(1), arg(0).and_then(|rows| item(rows.ty))),
            Some("std::sql::update" | "std::sql::delete") => (arg(0), arg(1).and_then(parameter)),
            _ => continue,
        };
        let (Some(Kind::Literal(Literal::Text(name))), Some(row)) = (name.map(|expr| &expr.kind), row) else {
            continue;
        };
        let name = TableName::parse(name);
        let columns = columns(&shapes, row, dialect);
        match tables.iter_mut().find(|table| table.name == name) {
            Some(table) => {
                let is_new = |column: &Column| table.columns.iter().all(|old| old.name != column.name);
                let new: Vec<_> = columns.into_iter().filter(is_new).collect();
                table.columns.extend(new);
            }
            None => tables.push(Table {
                is_query: false,
                schema: name.schema.clone().unwrap_or_else(|| dialect.home_schema().into()),
                name,
                columns,
                unique: Vec::new(),
                primary_key: None,
                indexed: Vec::new(),
            }),
        }
    }
    Ok(tables)
}

fn parameter(function: &Expr) -> Option<TypeId> {
    match &function.kind {
        Kind::Lambda { params, .. } => params.first().map(|(_, ty)| *ty),
        _ => None,
    }
}

fn columns(shapes: &Shapes, row: TypeId, dialect: Dialect<'_>) -> Vec<Column> {
    let types = shapes.types();
    let fields = types.as_tuple(types.unframed(row)).unwrap_or_default();
    let columns = |field: &Field| {
        field.name.as_deref().map(|name| dialect.assumed_columns(shapes, name, field.ty)).unwrap_or_default()
    };
    fields.iter().flat_map(columns).collect()
}
