//! A server with tables, a client to look at them, and a runner.

use std::time::Duration;

use runner_core::{Code, Program, Result, Run, value, wire};
use runner_lang::{Project, compile};
use runner_postgres::{Config, Postgres, Prepared};
use runner_test_server::{Options, Server};
use tokio_postgres::{Client, NoTls};

/// After which a test hangs rather than waits.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A program that does not end by itself.
pub(crate) const ENDLESS: &str =
    "func main(): [Text] -> sql::raw(\"SELECT 'endless' || pg_catalog.pg_sleep(100000)\")";

pub(crate) struct Database {
    pub(crate) client: Client,
    pub(crate) runner: Postgres,
    pub(crate) server: Server,
}

impl Database {
    pub(crate) async fn start(schema: &str) -> Self {
        Self::with(&Options::default(), schema, |config| config).await
    }

    pub(crate) async fn with(
        options: &Options<'_>,
        schema: &str,
        configure: impl FnOnce(Config) -> Config,
    ) -> Self {
        let server = Server::with(options);
        let client = client(&server).await;
        client.batch_execute(schema).await.unwrap();
        let config = configure(Config::parse(&url(&server)).unwrap());
        let runner = Postgres::new(config).await.unwrap();
        Self { client, runner, server }
    }

    /// Runs `main` of a source and prints its output, or its error.
    pub(crate) async fn run(&self, source: &str, input: &str) -> String {
        run(&self.runner, source, input).await.unwrap_or_else(|error| error.to_string())
    }

    pub(crate) async fn prepare(&self, source: &str) -> (Program, Prepared) {
        let program = program(source);
        let prepared = self.runner.prepare(&program).await.unwrap();
        (program, prepared)
    }

    /// Executes a program without an input for its error.
    pub(crate) async fn code(&self, prepared: &Prepared) -> Option<Code> {
        let execute = self.runner.execute(prepared, Vec::new().into());
        let result = tokio::time::timeout(PATIENCE, execute).await.expect("an execute hangs");
        result.err().map(|error| error.code())
    }

    pub(crate) async fn number(&self, query: &str) -> i64 {
        self.client.query_one(query, &[]).await.unwrap().get(0)
    }

    /// Waits until a query gives `true`.
    pub(crate) async fn wait(&self, query: &str) {
        wait(&self.client, query).await;
    }

    /// Waits until the runner executes something on the server.
    pub(crate) async fn wait_until_busy(&self) {
        self.wait(&format!("SELECT count(*) > 0 FROM {OURS} AND state = 'active'")).await;
    }

    /// Waits until the server executes nothing for the runner.
    pub(crate) async fn wait_until_idle(&self) {
        self.wait(&format!("SELECT count(*) = 0 FROM {OURS} AND state <> 'idle'")).await;
    }

    /// Process of a connection that executes something for the runner.
    pub(crate) async fn busy_process(&self) -> i32 {
        self.wait_until_busy().await;
        let query = format!("SELECT pid FROM {OURS} AND state = 'active'");
        self.client.query_one(&query, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn connections(&self) -> i64 {
        self.number(&format!("SELECT count(*) FROM {OURS}")).await
    }

    /// Executes until an execute succeeds, as a caller does whose errors are retryable. Any other is a failure.
    pub(crate) async fn recovers(&self, prepared: &Prepared) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            match self.runner.execute(prepared, Vec::new().into()).await {
                Ok(_) => return,
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
            assert!(tokio::time::Instant::now() < deadline, "the runner does not recover");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Connections of the runner, which names itself.
pub(crate) const OURS: &str = "pg_stat_activity WHERE application_name = 'tested'";

pub(crate) fn url(server: &Server) -> String {
    format!("{}?application_name=tested", server.url())
}

pub(crate) async fn client(server: &Server) -> Client {
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub(crate) async fn wait(client: &Client, query: &str) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !client.query_one(query, &[]).await.unwrap().get::<_, bool>(0) {
        assert!(tokio::time::Instant::now() < deadline, "never true: {query}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn program(source: &str) -> Program {
    let project = Project::from_source("main.lt", source);
    compile(&project, "main").unwrap_or_else(|errors| panic!("{source}: {errors:#?}")).program
}

/// Runs `main` of a source and prints its output.
pub(crate) async fn run(runner: &Postgres, source: &str, input: &str) -> Result<String> {
    let program = program(source);
    let types = program.types();
    let input = value::read(types, program.input(), input).unwrap();
    let input = wire::encode(types, program.input(), &input).unwrap();
    let prepared = runner.prepare(&program).await?;
    let execute = runner.execute(&prepared, input.into());
    let output = tokio::time::timeout(PATIENCE, execute).await.expect("an execute hangs")?;
    let output = wire::decode(types, program.output(), &output).unwrap();
    Ok(value::print(types, program.output(), &output).unwrap())
}
