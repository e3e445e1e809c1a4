//! A PostgreSQL server as a test has it: the driver beside the runner.

use std::{path::Path, time::Instant};

use runner_core::Run;
use runner_lang::{Checked, check};
use runner_postgres::{Config, Postgres};
use runner_test_server::{Options as ServerOptions, Server};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::{
    compare::{self, Compared, Engine},
    options::Options,
    tpch::{self, Source},
};

/// The server logs the plan of what it has executed: only the runner's session has the functions that a statement calls.
const LOG_PLANS: [(&str, &str); 4] = [
    ("session_preload_libraries", "auto_explain"),
    ("auto_explain.log_min_duration", "0"),
    ("auto_explain.log_analyze", "on"),
    ("auto_explain.log_buffers", "on"),
];

pub struct PostgresEngine {
    runtime: Runtime,
    client: Client,
    runner: Postgres,
    server: Server,
    project: Checked,
}

impl PostgresEngine {
    pub fn open(data: &Path, options: &Options) -> Self {
        // One thread: the server has the other.
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let settings: &[_] = if options.shows { &LOG_PLANS } else { &[] };
        let server = Server::with(&ServerOptions { settings, ..ServerOptions::default() });
        let (client, runner) = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
            tokio::spawn(connection);
            tpch::make_postgres_tables(&client, data).await;
            client.batch_execute(&tpch::official_views()).await.unwrap();
            client.batch_execute("VACUUM ANALYZE").await.unwrap();
            let config = Config::parse(&server.url()).unwrap().statement_timeout(options.timeout);
            (client, Postgres::new(config.pool_size(1)).await.unwrap())
        });
        Self { runtime, client, runner, server, project: check(&tpch::project(Source::Database)) }
    }
}

impl Engine for PostgresEngine {
    fn title(&self) -> String {
        let row = self.runtime.block_on(self.client.query_one("SHOW server_version", &[])).unwrap();
        format!("PostgreSQL {}", row.get::<_, &str>(0))
    }

    fn compare(&mut self, query: &str, options: &Options) -> Compared {
        let program = compare::compile(&self.project, &tpch::program(query));
        let prepared = self.runtime.block_on(self.runner.prepare(&program)).unwrap();
        let timed = || {
            let start = Instant::now();
            let result = self.runtime.block_on(self.runner.execute(&prepared, Vec::new().into()));
            let time = start.elapsed();
            compare::outcome(result, time, options).map(|output| (time, output))
        };
        let warm = timed().and_then(|(time, output)| {
            let official = compare::compile(&self.project, &tpch::official_program(query));
            let expected = self.runtime.block_on(async {
                let prepared = self.runner.prepare(&official).await.unwrap();
                self.runner.execute(&prepared, Vec::new().into()).await
            });
            let expected = compare::outcome(expected, time, options)?;
            compare::check(&program, &output, &expected).map(|()| time)
        });
        let sql = tpch::sql(&format!("{query}.sql"));
        let statement = self.runtime.block_on(self.client.prepare(&sql)).unwrap();
        let official = || {
            let start = Instant::now();
            std::hint::black_box(self.runtime.block_on(self.client.query(&statement, &[])).unwrap());
            start.elapsed()
        };
        compare::in_turns(options, warm, official, || Ok(timed()?.0))
    }

    fn show(&mut self, query: &str) -> String {
        let program = compare::compile(&self.project, &tpch::program(query));
        let prepared = self.runtime.block_on(self.runner.prepare(&program)).unwrap();
        let logged = self.server.log().len();
        let result = self.runtime.block_on(self.runner.execute(&prepared, Vec::new().into()));
        let plan = match result {
            Ok(_) => self.server.log().get(logged..).unwrap_or_default().to_owned(),
            Err(error) => error.to_string(),
        };
        let official = tpch::sql(&format!("{query}.sql"));
        let explain = format!("EXPLAIN (ANALYZE, BUFFERS) {official}");
        let rows = self.runtime.block_on(self.client.simple_query(&explain)).unwrap();
        let lines = rows.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        let by_hand = lines.collect::<Vec<_>>().join("\n");
        format!(
            "-- {query} on PostgreSQL\n{}\n\n-- its plan\n{plan}\n-- official\n{official}\n-- its plan\n{by_hand}",
            prepared.sql()
        )
    }
}
