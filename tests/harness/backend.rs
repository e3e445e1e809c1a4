//! The runners that every case runs on.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use runner_core::{
    DynRun, Program, Result, RunSync, Value,
    adapt::{Blocking, Pooled},
};
use runner_duckdb::DuckDb;
use runner_interpreter::{Interpreter, Limits};
use runner_postgres::Postgres;
use runner_test_server::Server;

use crate::{generate::tables, transport::Transport};

/// A statement that takes longer hangs.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(120);

/// A runner by name.
pub struct Backend {
    /// Its name in the names of tests.
    pub name: &'static str,
    /// Where generated programs find the tables that they read.
    pub tables: Tables,
    execute: Box<Execute>,
}

/// Where the tables of generated programs are.
#[derive(Clone, Copy)]
pub enum Tables {
    /// In the database.
    Stored,
    /// In the input, as they are stored.
    Input,
    /// In the input, with the rows in another order. What such a runner gives shows whether a program depends on the order
    /// of a table, which has none.
    Rearranged(fn(&mut Vec<Value>)),
}

type Execute = dyn Fn(&Program, &[u8]) -> Result<Vec<u8>> + Send + Sync;

impl Backend {
    /// Prepares and executes.
    ///
    /// # Errors
    /// Those of the runner.
    pub fn execute(&self, program: &Program, input: &[u8]) -> Result<Vec<u8>> {
        (self.execute)(program, input)
    }

    /// A runner that gives what a function does, for tests of what looks at runners.
    #[must_use]
    pub fn of(
        name: &'static str,
        execute: impl Fn(&Program, &[u8]) -> Result<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        Self { name, tables: Tables::Input, execute: Box::new(execute) }
    }

    /// The same with the tables of generated programs elsewhere.
    #[must_use]
    pub fn with_tables(self, tables: Tables) -> Self {
        Self { tables, ..self }
    }

    /// A runner that is made when it is first needed, with what has to live as long as it.
    fn new<R: RunSync + 'static, H: Send + Sync + 'static>(
        name: &'static str,
        make: impl Fn() -> (R, H) + Send + Sync + 'static,
    ) -> Self {
        let made = OnceLock::new();
        let execute = move |program: &Program, input: &[u8]| {
            let (runner, _) = made.get_or_init(&make);
            let prepared = runner.prepare(program)?;
            runner.execute(&prepared, input)
        };
        Self { name, tables: Tables::Input, execute: Box::new(execute) }
    }
}

/// Every runner that there is.
#[must_use]
pub fn all() -> Vec<Backend> {
    vec![
        Backend::new("interpreter", || (Interpreter::new(), ())),
        Backend::new("postgres", postgres).with_tables(Tables::Stored),
        Backend::new("duckdb", duckdb).with_tables(Tables::Stored),
    ]
}

/// The interpreter behind every transport.
#[must_use]
pub fn transports() -> Vec<Backend> {
    let backend = |transport: Transport| Backend::new(transport.name(), move || (remote(transport), ()));
    Transport::ALL.map(backend).into()
}

/// An interpreter behind a transport, with a runtime for client and server.
fn remote(transport: Transport) -> Blocking<DynRun> {
    let runner = Arc::new(interpreters());
    let connect = async { transport.serve(runner, "").await.connect().await };
    Blocking::start(connect).expect("a connection")
}

/// The databases behind every transport, for a sample of the cases.
#[must_use]
pub fn databases_behind_transports() -> Vec<Backend> {
    let server = Arc::new(OnceLock::new());
    let backend = |database: &'static str, transport: Transport| {
        let server: Arc<OnceLock<Server>> = Arc::clone(&server);
        let name = format!("{database}-{}", transport.name()).leak();
        Backend::new(name, move || {
            let about = match database {
                "postgres" => server.get_or_init(Server::start).url(),
                other => other.to_owned(),
            };
            let runner = Arc::new(served(&about));
            let connect = async { transport.serve(runner, &about).await.connect().await };
            (Blocking::start(connect).expect("a connection"), Arc::clone(&server))
        })
    };
    let databases = ["postgres", "duckdb"].into_iter();
    databases.flat_map(|database| Transport::ALL.map(|transport| backend(database, transport))).collect()
}

/// What is served behind transports: an interpreter if nothing is said about it, `duckdb`, or PostgreSQL at a URL.
#[must_use]
pub fn served(about: &str) -> DynRun {
    match about {
        "" => DynRun::new(interpreters()),
        "duckdb" => DynRun::new(Pooled::new(duckdb().0, 2).expect("threads")),
        url => {
            let config = runner_postgres::Config::parse(url).expect("an address");
            let runner = Blocking::start(Postgres::new(config.statement_timeout(STATEMENT_TIMEOUT)));
            DynRun::new(Pooled::new(runner.expect("a connection"), 2).expect("threads"))
        }
    }
}

/// What is served: an interpreter that works for several callers at a time.
#[must_use]
pub fn interpreters() -> Pooled<Interpreter> {
    Pooled::new(Interpreter::new(), 2).expect("threads")
}

/// Every runner, with budgets that end programs which are too large for a test; only the interpreter and the one that
/// `RUNNER_DIFFERENTIAL_RUNNER` in the environment names, if it names one.
#[must_use]
pub fn bounded() -> Vec<Backend> {
    let limits = Limits { memory_bytes: Some(1 << 26), steps: Some(1 << 22), time: None };
    let interpreter = move || (Interpreter::builder().limits(limits).build(), ());
    let mut backends = vec![
        Backend::new("interpreter", interpreter),
        Backend::new("interpreter, tables reversed", interpreter)
            .with_tables(Tables::Rearranged(|rows| rows.reverse())),
        Backend::new("interpreter, tables mixed", interpreter).with_tables(Tables::Rearranged(mix)),
    ];
    let only = std::env::var("RUNNER_DIFFERENTIAL_RUNNER").ok();
    let is_meant = |backend: &Backend| only.as_ref().is_none_or(|only| only == backend.name);
    backends.extend(all().into_iter().skip(1).filter(is_meant));
    backends
}

/// Every third row first.
fn mix(rows: &mut Vec<Value>) {
    let place = |index: usize| (index % 3, index);
    let mut numbered: Vec<_> = std::mem::take(rows).into_iter().enumerate().collect();
    numbered.sort_by_key(|(index, _)| place(*index + 1));
    rows.extend(numbered.into_iter().map(|(_, row)| row));
}

/// What makes the tables of generated programs.
fn table_sql() -> String {
    tables::all().iter().map(tables::Table::sql).collect()
}

/// PostgreSQL with a server of its own.
fn postgres() -> (Blocking<Postgres>, Server) {
    let server = Server::start();
    server.execute(&table_sql());
    let config = runner_postgres::Config::parse(&server.url())
        .expect("an address")
        .statement_timeout(STATEMENT_TIMEOUT);
    (Blocking::start(Postgres::new(config)).expect("a connection"), server)
}

/// DuckDB in memory. The tests run side by side already, so that a statement needs no threads of its own.
fn duckdb() -> (DuckDb, ()) {
    let config = runner_duckdb::Config::in_memory().threads(1).memory("1GB").setup(table_sql());
    (DuckDb::open(config).expect("a database"), ())
}
