use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use runner_core::{Kind, Literal, Program, Result};
use runner_sql::{Output, Shapes, Statement, Table};

use crate::{connection::Key, rows::Plan};

/// A program as a statement of PostgreSQL.
///
/// PostgreSQL can't hold U+0000 in a text. A second form of the statement, whose texts are escaped, is made when a
/// literal, an input or a character made while it runs is U+0000; all others never pay for it.
pub struct Prepared {
    pub(crate) program: Program,
    pub(crate) shapes: Shapes,
    pub(crate) plan: Option<Plan>,
    pub(crate) output: Output,
    /// What the statement was made for.
    tables: Vec<Table>,
    is_c: bool,
    plain: Arc<Form>,
    escaping: OnceLock<Arc<Form>>,
}

/// A statement, and how its texts are held.
pub(crate) struct Form {
    pub(crate) key: Key,
    pub(crate) statement: Statement,
    pub(crate) escapes: bool,
    /// Whether it changes tables, and its output may turn out to be none.
    needs_transaction: bool,
    /// Whether PostgreSQL has found no plan for it among those that join in another order than it is written in.
    joins_as_written: AtomicBool,
}

impl Prepared {
    pub(crate) fn new(program: &Program, tables: Vec<Table>, is_c: bool) -> Result<Self> {
        let shapes = Shapes::new(program)?;
        let plain = Arc::new(Form::new(program, &tables, is_c, holds_nul(program))?);
        let output = plain.statement.output;
        let plan = match output {
            Output::Row(ty) | Output::Rows(ty) => Some(Plan::new(&shapes, ty)),
            Output::Unit => None,
        };
        let program = program.clone();
        Ok(Self { program, shapes, plan, output, tables, is_c, plain, escaping: OnceLock::new() })
    }

    /// The statement.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.plain.statement.sql
    }

    /// The statement on many lines, for people.
    #[must_use]
    pub fn pretty(&self) -> String {
        self.plain.statement.pretty()
    }

    pub(crate) fn plain(&self) -> Arc<Form> {
        Arc::clone(&self.plain)
    }

    /// The statement whose texts may hold U+0000.
    pub(crate) fn escaping(&self) -> Result<Arc<Form>> {
        if let Some(form) = self.escaping.get() {
            return Ok(Arc::clone(form));
        }
        let form = Arc::new(Form::new(&self.program, &self.tables, self.is_c, true)?);
        Ok(Arc::clone(self.escaping.get_or_init(|| form)))
    }
}

impl Form {
    fn new(program: &Program, tables: &[Table], is_c: bool, escapes: bool) -> Result<Self> {
        let dialect =
            if escapes { runner_sql::Postgres::escaping() } else { runner_sql::Postgres::default() };
        let statement =
            runner_sql::lower(program, &dialect.with_c_collation(is_c).with_table_checks(), tables)?;
        let can_fail = match statement.output {
            Output::Row(ty) | Output::Rows(ty) => Plan::new(&Shapes::new(program)?, ty).can_fail(),
            Output::Unit => false,
        };
        let needs_transaction = statement.has_change && can_fail;
        let joins_as_written = AtomicBool::new(false);
        Ok(Self { key: Key::new(), statement, escapes, needs_transaction, joins_as_written })
    }

    /// From now on its joins are planned in the order in which they are written.
    pub(crate) fn join_as_written(&self) {
        self.joins_as_written.store(true, Ordering::Relaxed);
    }

    /// What begins the transaction that it needs, if it can't be one by itself.
    pub(crate) fn begin(&self) -> Option<&'static str> {
        match (self.joins_as_written.load(Ordering::Relaxed), self.needs_transaction) {
            (true, _) => Some("BEGIN; SET LOCAL join_collapse_limit = 1"),
            (false, true) => Some("BEGIN"),
            (false, false) => None,
        }
    }
}

/// Whether a literal holds U+0000.
fn holds_nul(program: &Program) -> bool {
    let is_nul = |kind: &Kind| matches!(kind, Kind::Literal(Literal::Text(text)) if text.contains('\0'));
    program.body().iter().any(|expr| is_nul(&expr.kind))
}
