//! The queries of `examples/tpch` on every runner, beside the SQL of the specification on DuckDB and PostgreSQL.
//!
//! The interpreter reads the Parquet files that DuckDB's tables are made of, so its answers are compared with DuckDB's.
//! Floats may differ in their last digits: SQL adds them in any order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use libtest_mimic::{Arguments, Failed, Trial};
use runner_core::{RunSync, Value, adapt::Blocking, wire};
use runner_duckdb::DuckDb;
use runner_interpreter::{Interpreter, fs::Root};
use runner_lang::{Checked, check};
use runner_postgres::Postgres;
use runner_test_server::Server;
use runner_tests::tpch::{self, Source};
use tokio_postgres::NoTls;

const SCALE: &str = "0.01";

/// A statement that takes longer hangs.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(120);

fn main() {
    let arguments = Arguments::from_args();
    let bench = Arc::new(Bench::default());
    let mut trials = Vec::new();
    for query in tpch::queries() {
        for runner in [Runner::Interpreter, Runner::DuckDb, Runner::Postgres] {
            let (bench, query) = (Arc::clone(&bench), query.clone());
            let name = format!("{}::{query}", runner.name());
            trials.push(Trial::test(name, move || bench.is_right(&query, runner)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runner {
    Interpreter,
    DuckDb,
    Postgres,
}

/// The databases and the compiled example, each made when it is first needed.
#[derive(Default)]
struct Bench {
    data: OnceLock<Result<PathBuf, String>>,
    files: OnceLock<Checked>,
    tables: OnceLock<Checked>,
    interpreter: OnceLock<Interpreter>,
    duckdb: OnceLock<DuckDb>,
    postgres: OnceLock<(Blocking<Postgres>, Server)>,
}

impl Runner {
    fn name(self) -> &'static str {
        match self {
            Self::Interpreter => "interpreter",
            Self::DuckDb => "duckdb",
            Self::Postgres => "postgres",
        }
    }

    /// The database that answers the same in SQL.
    fn database(self) -> Self {
        if self == Self::Interpreter { Self::DuckDb } else { self }
    }
}

impl Bench {
    fn is_right(&self, query: &str, runner: Runner) -> Result<(), Failed> {
        let found = self.run(runner, &tpch::program(query))?;
        let expected = self.run(runner.database(), &tpch::official_program(query))?;
        if tpch::is_close(&found, &expected) {
            return Ok(());
        }
        Err(format!("expected {expected:#?}\nfound {found:#?}").into())
    }

    fn run(&self, runner: Runner, expression: &str) -> Result<Value, Failed> {
        let (project, source) = match runner {
            Runner::Interpreter => (&self.files, Source::Files),
            Runner::DuckDb | Runner::Postgres => (&self.tables, Source::Database),
        };
        let checked = project.get_or_init(|| check(&tpch::project(source)));
        let compiled = checked.compile(expression).map_err(|errors| format!("{expression}: {errors:#?}"))?;
        let program = compiled.program;
        let data = self.data.get_or_init(|| tpch::data(SCALE)).as_ref()?;
        let bytes = match runner {
            Runner::Interpreter => answer(self.interpreter.get_or_init(|| interpreter(data)), &program),
            Runner::DuckDb => answer(self.duckdb.get_or_init(|| duckdb(data)), &program),
            Runner::Postgres => answer(&self.postgres.get_or_init(|| postgres(data)).0, &program),
        };
        let value = bytes.and_then(|bytes| wire::decode(program.types(), program.output(), &bytes));
        Ok(value.map_err(|error| format!("{expression}: {error}"))?)
    }
}

fn answer<R: RunSync>(runner: &R, program: &runner_core::Program) -> runner_core::Result<Vec<u8>> {
    runner.execute(&runner.prepare(program)?, &[])
}

fn interpreter(data: &Path) -> Interpreter {
    Interpreter::builder().root(Root::open(data).unwrap()).build()
}

fn duckdb(data: &Path) -> DuckDb {
    let setup = tpch::duckdb_tables(data) + &tpch::official_views();
    let config = runner_duckdb::Config::in_memory().threads(2).setup(setup);
    DuckDb::open(config).unwrap()
}

fn postgres(data: &Path) -> (Blocking<Postgres>, Server) {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        tpch::make_postgres_tables(&client, data).await;
        client.batch_execute(&tpch::official_views()).await.unwrap();
    });
    let config = runner_postgres::Config::parse(&server.url()).unwrap().statement_timeout(STATEMENT_TIMEOUT);
    (Blocking::start(Postgres::new(config)).unwrap(), server)
}
