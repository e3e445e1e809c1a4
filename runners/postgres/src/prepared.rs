use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use runner_core::{Error, Kind, Literal, Program, Result};
use runner_sql::{Explanation, Output, Shapes, Statement, Table};

use crate::{rows::Plan, statements::Key};

/// A program as a statement of PostgreSQL.
///
/// PostgreSQL can't hold U+0000 in a text. A second form of the statement, whose texts are escaped, is made when a
/// literal, an input or a character made while it runs is U+0000; all others never pay for it.
///
/// Its operators on floats fail where IEEE 754 has an infinity, a zero or none, and are many times as fast as what does
/// not. A second form, which has the value, is made when a statement ends so.
pub struct Prepared {
    pub(crate) program: Program,
    pub(crate) shapes: Shapes,
    pub(crate) plan: Option<Plan>,
    pub(crate) output: Output,
    /// What the statement was made for.
    tables: Vec<Table>,
    server: Server,
    plain: Arc<Form>,
    exact: OnceLock<Arc<Form>>,
    escaping: OnceLock<Arc<Form>>,
}

/// What a statement depends on beside the program and its tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Server {
    /// Whether the collation of the database is the order of code points.
    pub(crate) is_c: bool,
    pub(crate) is_read_only: bool,
}

/// What a statement needs around it, if it can't be a transaction by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transaction {
    None,
    /// It changes tables, and its output may turn out to be none.
    Change,
    /// It is SQL from outside that may only read: not what it sets in its session may stay.
    ReadOnly,
}

/// How the texts of a statement are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Texts {
    Bare,
    Escaped,
}

/// How a statement computes with floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Floats {
    /// With operators that may fail.
    Plain,
    Exact,
}

/// A statement, and how its texts are held.
pub(crate) struct Form {
    pub(crate) key: Key,
    pub(crate) statement: Statement,
    pub(crate) escapes: bool,
    transaction: Transaction,
    /// Whether PostgreSQL has found no plan for it among those that join in another order than it is written in.
    joins_as_written: AtomicBool,
}

impl Prepared {
    /// # Errors
    /// `PREPARE_ERROR`, also if the program changes tables and may only read.
    pub(crate) fn new(program: &Program, tables: Vec<Table>, server: Server) -> Result<Self> {
        let shapes = Shapes::new(program)?;
        let texts = if holds_nul(program) { Texts::Escaped } else { Texts::Bare };
        let plain = Arc::new(Form::new(program, &tables, server, texts, Floats::Plain)?);
        if server.is_read_only && plain.statement.has_change {
            return Err(Error::prepare("the program changes tables, and this runner only reads"));
        }
        let output = plain.statement.output;
        let plan = match output {
            Output::Row(ty) | Output::Rows(ty) => Some(Plan::new(&shapes, ty)),
            Output::Unit => None,
        };
        let program = program.clone();
        let (exact, escaping) = (OnceLock::new(), OnceLock::new());
        Ok(Self { program, shapes, plan, output, tables, server, plain, exact, escaping })
    }

    /// The statement.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.plain.statement.sql
    }

    pub(crate) fn explain(&self) -> Result<Explanation> {
        let texts = if self.plain.escapes { Texts::Escaped } else { Texts::Bare };
        let dialect = dialect(texts, Floats::Plain, self.server);
        runner_sql::explain(&self.program, &dialect, &self.tables)
    }

    /// Bytes of memory that it holds in this process beside its program, estimated from the statement.
    pub(crate) fn memory_bytes(&self) -> u64 {
        // Other forms may be made, and the shapes hold the program's types once more.
        (3 * self.plain.statement.sql.len() + self.program.bytes().len()) as u64
    }

    pub(crate) fn plain(&self) -> Arc<Form> {
        Arc::clone(&self.plain)
    }

    /// The statement that has a value for whatever floats come to.
    pub(crate) fn exact(&self) -> Result<Arc<Form>> {
        let texts = if self.plain.escapes { Texts::Escaped } else { Texts::Bare };
        self.form(&self.exact, texts)
    }

    /// The statement whose texts may hold U+0000.
    pub(crate) fn escaping(&self) -> Result<Arc<Form>> {
        self.form(&self.escaping, Texts::Escaped)
    }

    fn form(&self, kept: &OnceLock<Arc<Form>>, texts: Texts) -> Result<Arc<Form>> {
        if let Some(form) = kept.get() {
            return Ok(Arc::clone(form));
        }
        let form = Arc::new(Form::new(&self.program, &self.tables, self.server, texts, Floats::Exact)?);
        Ok(Arc::clone(kept.get_or_init(|| form)))
    }
}

impl Form {
    fn new(
        program: &Program,
        tables: &[Table],
        server: Server,
        texts: Texts,
        floats: Floats,
    ) -> Result<Self> {
        let statement = runner_sql::lower(program, &dialect(texts, floats, server), tables)?;
        let escapes = texts == Texts::Escaped;
        let can_fail = match statement.output {
            Output::Row(ty) | Output::Rows(ty) => Plan::new(&Shapes::new(program)?, ty).can_fail(),
            Output::Unit => false,
        };
        let is_raw = !runner_sql::queries(program).is_empty();
        let transaction = match statement.has_change && can_fail {
            _ if server.is_read_only && is_raw => Transaction::ReadOnly,
            true => Transaction::Change,
            false => Transaction::None,
        };
        let joins_as_written = AtomicBool::new(false);
        Ok(Self { key: Key::new(), statement, escapes, transaction, joins_as_written })
    }

    /// From now on its joins are planned in the order in which they are written.
    pub(crate) fn join_as_written(&self) {
        self.joins_as_written.store(true, Ordering::Relaxed);
    }

    /// What begins the transaction that it needs, if it can't be one by itself, and what ends it if all went well.
    pub(crate) fn transaction(&self) -> Option<(&'static str, &'static str)> {
        let joins_as_written = self.joins_as_written.load(Ordering::Relaxed);
        match (self.transaction, joins_as_written) {
            (Transaction::None, false) => None,
            (Transaction::Change, false) => Some(("BEGIN", "COMMIT")),
            (Transaction::None | Transaction::Change, true) => {
                Some(("BEGIN; SET LOCAL join_collapse_limit = 1", "COMMIT"))
            }
            (Transaction::ReadOnly, false) => Some(("BEGIN READ ONLY", "ROLLBACK")),
            (Transaction::ReadOnly, true) => {
                Some(("BEGIN READ ONLY; SET LOCAL join_collapse_limit = 1", "ROLLBACK"))
            }
        }
    }
}

fn dialect(texts: Texts, floats: Floats, server: Server) -> runner_sql::Postgres {
    let dialect = match texts {
        Texts::Bare => runner_sql::Postgres::default(),
        Texts::Escaped => runner_sql::Postgres::escaping(),
    };
    let dialect = match floats {
        Floats::Plain => dialect,
        Floats::Exact => dialect.with_exact_floats(),
    };
    dialect.with_c_collation(server.is_c).with_table_checks()
}

/// Whether a literal holds U+0000.
fn holds_nul(program: &Program) -> bool {
    let is_nul = |kind: &Kind| matches!(kind, Kind::Literal(Literal::Text(text)) if text.contains('\0'));
    program.body().iter().any(|expr| is_nul(&expr.kind))
}
