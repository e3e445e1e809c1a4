//! From a program to a statement by way of a plan: [`build`], [`rewrite`], [`emit`], [`print`].

use runner_core::{Code, Error, Program, Result};

use crate::{
    catalog::Table,
    dialect::Dialect,
    emit::emit,
    engine::Engine,
    limits::STATEMENT_BYTES,
    output::{Explanation, Statement},
    plan::{Plan, build::build},
    print::{Style, print},
    rewrite::rewrite,
    shape::Shapes,
};

/// Lowers a program to one statement.
///
/// `tables` describes at least those that [`tables`](crate::tables) names, and the queries of
/// [`queries`](crate::queries).
///
/// # Errors
/// `PREPARE_ERROR` if a table does not fit the program, `UNSUPPORTED` with the name of an operation that has no SQL.
pub fn lower<'d>(program: &Program, dialect: impl Into<Dialect<'d>>, tables: &[Table]) -> Result<Statement> {
    let shapes = Shapes::new(program)?;
    dialect.into().with_engine(&shapes, |engine| statement(program, engine, &shapes, tables, Lines::One))
}

/// The same statement on many lines, for people.
///
/// ```
/// use runner_core::{Expr, INPUT, Kind, Parts, Prim, Program, TypeTable};
///
/// let mut types = TypeTable::new();
/// let int = types.prim(Prim::Int64);
/// let body = vec![Expr { kind: Kind::Local(INPUT), ty: int }];
/// let program = Program::new(Parts { types, input: int, output: int, body, ..Parts::default() })?;
/// let lines = runner_sql::pretty(&program, &runner_sql::Postgres::default(), &[])?;
/// assert_eq!(lines, "SELECT $1::int8 AS c1");
/// # Ok::<(), runner_core::Error>(())
/// ```
///
/// # Errors
/// As [`lower`].
pub fn pretty<'d>(program: &Program, dialect: impl Into<Dialect<'d>>, tables: &[Table]) -> Result<String> {
    let shapes = Shapes::new(program)?;
    let dialect = dialect.into();
    let statement =
        dialect.with_engine(&shapes, |engine| statement(program, engine, &shapes, tables, Lines::Many))?;
    Ok(statement.sql)
}

/// The plan of a program, before and after its rewrites, and its SQL.
///
/// ```
/// # use runner_core::{Expr, INPUT, Kind, Parts, Prim, Program, TypeTable};
/// # let mut types = TypeTable::new();
/// # let int = types.prim(Prim::Int64);
/// # let body = vec![Expr { kind: Kind::Local(INPUT), ty: int }];
/// # let program = Program::new(Parts { types, input: int, output: int, body, ..Parts::default() })?;
/// let explanation = runner_sql::explain(&program, &runner_sql::Postgres::default(), &[])?;
/// assert_eq!(explanation.built, "root $1\n  unit\n");
/// assert_eq!(explanation.sql, "SELECT $1::int8 AS c1");
/// # Ok::<(), runner_core::Error>(())
/// ```
///
/// # Errors
/// As [`lower`].
pub fn explain<'d>(
    program: &Program,
    dialect: impl Into<Dialect<'d>>,
    tables: &[Table],
) -> Result<Explanation> {
    let shapes = Shapes::new(program)?;
    dialect.into().with_engine(&shapes, |engine| {
        let mut plan = build(program, engine, &shapes, tables)?;
        let built = plan.to_string();
        rewrite(&mut plan, engine);
        let sql = written(&plan, engine, &shapes, Lines::Many)?.sql;
        Ok(Explanation { built, rewritten: plan.to_string(), sql, executed: None })
    })
}

/// How many lines a statement has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Many,
}

fn statement(
    program: &Program,
    engine: &Engine<'_>,
    shapes: &Shapes,
    tables: &[Table],
    lines: Lines,
) -> Result<Statement> {
    let mut plan = build(program, engine, shapes, tables)?;
    rewrite(&mut plan, engine);
    written(&plan, engine, shapes, lines)
}

/// The statement of a plan.
fn written(plan: &Plan, engine: &Engine<'_>, shapes: &Shapes, lines: Lines) -> Result<Statement> {
    let emitted = emit(plan, engine, shapes);
    let style = Style { param: engine.capabilities.param, is_indented: lines == Lines::Many };
    let sql = print(&emitted.query, style);
    if sql.len() > STATEMENT_BYTES {
        return Err(Error::new(Code::Unsupported, format!("a statement of {} bytes", sql.len())));
    }
    let helpers = engine.spelling.helpers(&emitted.query.helpers());
    Ok(Statement {
        sql,
        params: emitted.params,
        output: plan.output,
        is_plain: engine.capabilities.fails_on_floats && plan.computes_floats(),
        has_change: plan.change.is_some(),
        helpers,
    })
}
