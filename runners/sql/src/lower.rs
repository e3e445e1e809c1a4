//! From a program's expressions to SQL.

mod aggregate;
mod array;
mod branch;
mod compare;
mod constraint;
mod expr;
mod frame;
mod group;
mod guard;
mod input;
mod invariant;
mod lookup;
mod position;
mod recursive;
mod references;
mod rows;
mod table;

use runner_core::{Code, Detail, Error, Expr, ExprId, INPUT, Kind, LocalId, Op, Program, Result, TypeId};

use crate::plan::build::uses::Uses;
use crate::{
    catalog::Table,
    dialect::Dialect,
    limits::STATEMENT_BYTES,
    output::{Output, Param, Statement},
    relation::Relation,
    shape::{Shape, Shapes},
    sql::Sql,
    value::Val,
};
use constraint::Reliance;
use frame::Frame;
use guard::Guard;

/// Lowers a program to one statement.
///
/// `tables` describes those that [`tables`](crate::tables) names; one that is missing is an error.
///
/// # Errors
/// `PREPARE_ERROR` if a table does not fit the program, `UNSUPPORTED` with the name of an operation that has no SQL.
pub fn lower(program: &Program, dialect: &dyn Dialect, tables: &[Table]) -> Result<Statement> {
    let mut lowering = Lowering {
        program,
        dialect,
        tables,
        shapes: Shapes::new(program)?,
        uses: Uses::of(program),
        locals: vec![None; 2 * program.body().len() + 16],
        params: Vec::new(),
        with: Vec::new(),
        groups: Vec::new(),
        reliances: Vec::new(),
        unnested: Vec::new(),
        has_change: false,
        aliases: 0,
        depth: 0,
        guards: Vec::new(),
    };
    lowering.statement()
}

struct Lowering<'a> {
    program: &'a Program,
    dialect: &'a dyn Dialect,
    tables: &'a [Table],
    shapes: Shapes,
    uses: Uses,
    locals: Vec<Option<Val>>,
    params: Vec<Param>,
    /// Common table expressions of the statement: name and text.
    with: Vec<(String, String)>,
    groups: Vec<group::Grouping>,
    reliances: Vec<Reliance>,
    unnested: Vec<input::Unnested>,
    has_change: bool,
    aliases: usize,
    /// Lambdas and branches around the current expression.
    depth: usize,
    /// What holds where the current expression is needed, if the database may evaluate it elsewhere.
    guards: Vec<Guard>,
}

/// What the statement gives.
enum Root {
    /// A row for each item, of this type.
    Rows(Box<Relation>, TypeId),
    /// One row.
    Row(Val),
}

impl Lowering<'_> {
    fn statement(&mut self) -> Result<Statement> {
        let input = self.input(self.program.input())?;
        self.bind(INPUT, input);
        let mut frame = Frame::default();
        let ty = self.program.output();
        let value = self.root(&mut frame)?;
        let (mut root, output) = match (self.shapes.get(ty), value) {
            (Shape::Null(_) | Shape::Option(_), Val::Rows(rows)) => {
                let types = self.program.types();
                let item = types.as_option(types.unframed(ty)).unwrap_or(ty);
                (Root::Rows(rows, item), Output::Rows(item))
            }
            (Shape::Array(item), value) => {
                let rows = self.rows_of(value, item)?;
                (Root::Rows(Box::new(self.plain(rows)), item), Output::Rows(item))
            }
            (_, value) => {
                let value = self.collected(value, ty)?;
                let output = if value.leaves().is_empty() { Output::Unit } else { Output::Row(ty) };
                (Root::Row(value), output)
            }
        };
        let mut sql = self.select(&root, &frame, "");
        let checks = match &root {
            Root::Rows(rows, item) => self.checks(&sql, &self.decoded(rows, *item)),
            Root::Row(_) => self.checks(&sql, &[]),
        };
        if !checks.is_empty() {
            let rows = match &mut root {
                Root::Rows(rows, _) => Some(&mut **rows),
                Root::Row(_) => None,
            };
            let prefix = self.check(checks, rows, &mut frame);
            sql = self.select(&root, &frame, &prefix);
        }
        let (sql, params) = self.without_unused(sql);
        if sql.len() > STATEMENT_BYTES {
            return Err(Error::new(Code::Unsupported, format!("a statement of {} bytes", sql.len())));
        }
        let helpers = self.dialect.helpers(&sql);
        Ok(Statement { sql, params, output, has_change: self.has_change, helpers })
    }

    /// The statement, in which something stands before its SELECT.
    fn select(&mut self, root: &Root, frame: &Frame, prefix: &str) -> String {
        let body = match root {
            Root::Rows(rows, _) => self.select_rows(rows, frame),
            Root::Row(value) => format!("SELECT {}{}", columns(value), frame.clause()),
        };
        let with: Vec<_> = self.with.iter().map(|(name, text)| format!("{name} AS {text}")).collect();
        let with = if with.is_empty() { String::new() } else { format!("WITH {} ", with.join(", ")) };
        self.with_aggregates(format!("{with}{prefix}{body}"))
    }

    /// The value of the program. An option may be a relation of at most one row.
    fn root(&mut self, frame: &mut Frame) -> Result<Val> {
        let root = self.program.root();
        let is_option = matches!(self.shapes.get(self.program.output()), Shape::Null(_) | Shape::Option(_));
        match &self.program.expr(root).map(|expr| &expr.kind) {
            Some(Kind::Call { op: Op::Index, args }) if is_option => match args.as_slice() {
                [xs, position] if self.int(*position) == Some(0) => {
                    let (rows, item) = self.rows(*xs, frame)?;
                    if rows.can_fail() || rows.limit.is_some() || !frame.is_empty() {
                        return self.item_at(root, rows, item, *position, frame);
                    }
                    let mut rows = self.plain(rows);
                    rows.limit = Some((0, 1));
                    Ok(Val::Rows(Box::new(rows)))
                }
                _ => self.lower(root, frame),
            },
            _ => self.lower(root, frame),
        }
    }

    /// The statement of an array: its rows in order.
    fn select_rows(&mut self, rows: &Relation, frame: &Frame) -> String {
        let (columns, order, limit) = (columns(&rows.item), rows.order_by(), rows.limit_text());
        if frame.is_empty() {
            return format!("SELECT {columns}{}{order}{limit}", rows.tail());
        }
        let alias = self.alias();
        let ordinal = if order.is_empty() { "" } else { ", row_number() OVER () AS o" };
        let inner =
            format!("SELECT *{ordinal} FROM (SELECT {columns}{}{order}{limit}) AS {alias}", rows.tail());
        let alias = self.alias();
        let outer = if ordinal.is_empty() { String::new() } else { format!(" ORDER BY {alias}.o") };
        let joins = frame.joined(&format!("CROSS JOIN LATERAL ({inner}) AS {alias}"));
        let names: Vec<_> = (1..=rows.item.leaves().len().max(1)).map(|n| format!("{alias}.c{n}")).collect();
        format!("SELECT {}{joins}{outer}", names.join(", "))
    }

    /// A value of a type from its columns.
    fn value_of(&self, ty: TypeId, leaves: &mut impl Iterator<Item = Sql>) -> Result<Val> {
        let mut next =
            || leaves.next().ok_or_else(|| Error::new(Code::Internal, "a value has too few columns"));
        Ok(match self.shapes.get(ty) {
            Shape::Tuple => {
                let fields = self.shapes.fields(ty);
                let fields: Result<Vec<_>> = fields.into_iter().map(|ty| self.value_of(ty, leaves)).collect();
                Val::Tuple(fields?)
            }
            Shape::Option(payload) => {
                let some = next()?;
                Val::Option { some, value: Box::new(self.value_of(payload, leaves)?) }
            }
            _ => Val::Leaf(next()?),
        })
    }

    /// A value of a type whose columns are those of an alias.
    fn of_alias(&self, ty: TypeId, alias: &str) -> Result<Val> {
        let count = self.shapes.leaves(ty).len();
        let leaves: Vec<_> = (1..=count).map(|n| Sql::column(alias, &format!("c{n}"))).collect();
        self.value_of(ty, &mut leaves.into_iter())
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("t{}", self.aliases)
    }

    fn bind(&mut self, local: LocalId, value: Val) {
        if let Some(slot) = self.locals.get_mut(local.0 as usize) {
            *slot = Some(value);
        }
    }

    fn expr(&self, id: ExprId) -> Result<&Expr> {
        self.program.expr(id).ok_or_else(|| Error::new(Code::Internal, "an expression is not there"))
    }

    fn ty(&self, id: ExprId) -> Result<TypeId> {
        Ok(self.expr(id)?.ty)
    }

    fn unsupported(&self, id: ExprId, what: &str) -> Error {
        let words = format!("{} has no SQL for {what}", self.dialect.name());
        self.placed(id, Error::new(Code::Unsupported, words))
    }

    fn placed(&self, id: ExprId, error: Error) -> Error {
        match self.program.place(id) {
            Some(place) if error.place().is_none() => error.with_detail(Detail::Place(place)),
            _ => error,
        }
    }
}

/// The columns of a SELECT, which has at least one.
fn columns(value: &Val) -> String {
    match numbered(&value.leaves()).as_slice() {
        [] => "true AS c1".into(),
        columns => columns.join(", "),
    }
}

/// `a AS c1, b AS c2, ...`
fn numbered(columns: &[Sql]) -> Vec<String> {
    columns.iter().enumerate().map(|(index, sql)| format!("{sql} AS c{}", index + 1)).collect()
}
