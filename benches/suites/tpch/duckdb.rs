//! Tables of DuckDB with two threads: the driver beside the runner, each with a database of its own.

use std::{
    path::Path,
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use duckdb::Connection;
use runner_core::{Cancel, Result, RunSync};
use runner_duckdb::{Config, DuckDb, Prepared};
use runner_lang::{Checked, check};

use crate::{
    compare::{self, Compared, Engine, Trouble},
    options::Options,
    tpch::{self, Source},
};

const THREADS: u16 = 2;

pub struct DuckDbEngine {
    connection: Connection,
    runner: DuckDb,
    project: Checked,
    _folder: tempfile::TempDir,
}

impl DuckDbEngine {
    pub fn open(data: &Path, options: &Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["driver.db", "runner.db"].map(|name| folder.path().join(name));
        let setup = tpch::duckdb_tables(data) + &tpch::official_views() + "CHECKPOINT;";
        let connection = Connection::open(&one).unwrap();
        connection.execute_batch(&setup).unwrap();
        connection.close().unwrap();
        std::fs::copy(&one, &other).unwrap();
        let settings = duckdb::Config::default().threads(THREADS.into()).unwrap();
        let settings = settings.max_memory(&options.memory).unwrap();
        let config = Config::file(other).threads(THREADS).memory(&options.memory);
        Self {
            connection: Connection::open_with_flags(&one, settings).unwrap(),
            runner: DuckDb::open(config).unwrap(),
            project: check(&tpch::project(Source::Database)),
            _folder: folder,
        }
    }

    fn execute(&self, prepared: &Prepared, timeout: Duration) -> Result<Vec<u8>> {
        let cancel = Cancel::new();
        let (done, waits) = channel::<()>();
        let raised = cancel.clone();
        let watch = thread::spawn(move || {
            if waits.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
                raised.expire();
            }
        });
        let result = self.runner.execute_with(prepared, &[], &cancel);
        drop(done);
        watch.join().unwrap();
        result
    }
}

impl Engine for DuckDbEngine {
    fn title(&self) -> String {
        let version: String = self.connection.query_row("SELECT version()", [], |row| row.get(0)).unwrap();
        format!("DuckDB {version}, {THREADS} threads")
    }

    fn compare(&mut self, query: &str, options: &Options) -> Compared {
        let program = compare::compile(&self.project, &tpch::program(query));
        let prepared = self.runner.prepare(&program).unwrap();
        let timed = || {
            let start = Instant::now();
            let result = self.execute(&prepared, options.timeout);
            let time = start.elapsed();
            compare::outcome(result, time, options).map(|output| (time, output))
        };
        let warm = timed().and_then(|(time, output)| {
            let official = compare::compile(&self.project, &tpch::official_program(query));
            let expected = self.runner.execute(&self.runner.prepare(&official).unwrap(), &[]).unwrap();
            compare::check(&program, &output, &expected).map(|()| time)
        });
        let mut statement = self.connection.prepare(&tpch::sql(&format!("{query}.sql"))).unwrap();
        let official = || {
            let start = Instant::now();
            let rows: usize = statement.query_arrow([]).unwrap().map(|batch| batch.num_rows()).sum();
            std::hint::black_box(rows);
            start.elapsed()
        };
        compare::in_turns(options, warm, official, || -> std::result::Result<_, Trouble> { Ok(timed()?.0) })
    }

    fn show(&mut self, query: &str) -> String {
        let program = compare::compile(&self.project, &tpch::program(query));
        let prepared = self.runner.prepare(&program).unwrap();
        let plan = self.runner.analyze(&prepared, &[]).unwrap_or_else(|error| error.to_string());
        let official = tpch::sql(&format!("{query}.sql"));
        let explain = format!("EXPLAIN ANALYZE {official}");
        let by_hand: String = self.connection.query_row(&explain, [], |row| row.get(1)).unwrap();
        format!(
            "-- {query} on DuckDB\n{}\n\n-- its plan\n{plan}\n-- official\n{official}\n-- its plan\n{by_hand}",
            prepared.sql()
        )
    }
}
