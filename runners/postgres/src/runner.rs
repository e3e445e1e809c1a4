use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use deadpool::managed::{PoolError, TimeoutType, Timeouts};
use runner_core::{Code, Description, Error, Program, Result, Run, adapt::Gate};
use runner_sql::{
    Explanation, Table,
    postgres::{TEXT_BYTES, TEXT_PARTS},
};
use tokio::{sync::RwLock, time::timeout};

use crate::{
    catalog,
    config::Config,
    connection::{Manager, Pool, Pooled},
    error,
    execute::Execution,
    explain, interface,
    limits::{PARAMETER_BYTES, READY, WAITING},
    params,
    prepared::{Form, Prepared, Server},
};

/// A runner on a PostgreSQL database.
///
/// An execute is a transaction of one statement at the isolation level `repeatable read`: it sees one snapshot, and is
/// rolled back whole on an error. Of two that change the same row at once, one fails with a retryable `UNAVAILABLE`.
pub struct Postgres {
    pool: Pool,
    /// Who may have a connection: clients take turns, and none has all.
    turns: Gate,
    allows_raw: bool,
    is_read_only: bool,
    /// Read by each call, written by the shutdown, which so waits for them.
    calls: RwLock<()>,
}

impl Postgres {
    /// Connects to `postgres://...`, see [`Config::parse`].
    ///
    /// # Errors
    /// `PREPARE_ERROR` if this is no address, `UNAVAILABLE` or `UNAUTHENTICATED` if the database can't be used.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::new(Config::parse(url)?).await
    }

    /// Makes a pool and its first connection.
    ///
    /// # Errors
    /// As [`Postgres::connect`].
    pub async fn new(config: Config) -> Result<Self> {
        let (size, allows_raw, is_read_only) = (config.pool_size, config.allows_raw, config.is_read_only);
        let pool = Pool::builder(Manager::new(config)?).max_size(size).build();
        let pool = pool.map_err(|error| Error::new(Code::Internal, error.to_string()))?;
        let turns = Gate::new(size, WAITING).with_share_for_others();
        let runner = Self { pool, turns, allows_raw, is_read_only, calls: RwLock::new(()) };
        drop(runner.connection().await?);
        Ok(runner)
    }

    async fn connection(&self) -> Result<Pooled> {
        self.pool.get().await.map_err(unconnected)
    }

    /// Waits for an answer of the database, to nothing.
    async fn ask(&self) -> Result<()> {
        let at_once = Timeouts { wait: Some(Duration::ZERO), ..Timeouts::default() };
        loop {
            let mut connection = match self.pool.timeout_get(&at_once).await {
                Err(PoolError::Timeout(TimeoutType::Wait)) => return Ok(()),
                connection => connection.map_err(unconnected)?,
            };
            let is_new = Pooled::metrics(&connection).recycle_count == 0;
            connection.is_dirty = true;
            match connection.client.simple_query("").await {
                Ok(_) => {
                    connection.is_dirty = false;
                    return Ok(());
                }
                Err(error) if is_new => return Err(error::driver(&error)),
                // It may have been lost while nobody used it. The pool has fewer of these now.
                Err(_) => {}
            }
        }
    }

    /// What the database says of the tables and queries that a program names.
    async fn tables(&self, connection: &Pooled, program: &Program) -> Result<Vec<Table>> {
        let names = runner_sql::tables(program);
        let queries = runner_sql::queries(program);
        if !queries.is_empty() && !self.allows_raw {
            return Err(Error::new(Code::Unsupported, "`std::sql::raw` is switched off"));
        }
        let mut tables = Vec::new();
        if !names.is_empty() {
            tables = catalog::describe(&connection.client, &connection.schemas, &names).await?;
        }
        for query in &queries {
            tables.push(catalog::describe_query(&connection.client, query).await?);
        }
        Ok(tables)
    }

    /// The plan and the SQL of a program, and PostgreSQL's generic plan of that SQL. The program is not executed.
    ///
    /// # Errors
    /// As [`Run::prepare`].
    pub async fn explain(&self, program: &Program) -> Result<Explanation> {
        let prepared = self.prepare(program).await?;
        let mut connection = self.connection().await?;
        let mut explanation = prepared.explain()?;
        // It leaves a name in the session, and is not reused.
        connection.is_dirty = true;
        connection.statement(&prepared, &prepared.plain()).await?;
        let plan = explain::plan(&connection.client, &prepared.plain().statement).await?;
        explanation.executed = Some(plan);
        Ok(explanation)
    }

    /// One execute in one form of the statement.
    async fn attempt(&self, prepared: &Prepared, form: &Arc<Form>, input: &[u8]) -> Result<Bytes> {
        let statement = &form.statement;
        let params = params::encode(
            &prepared.shapes,
            prepared.program.input(),
            &statement.params,
            input,
            form.escapes,
        )?;
        let connection = self.connection().await?;
        let result = Execution::new(connection, prepared, form).run(&params).await;
        match &result {
            // The server's plan is one for a table that has changed. It was not begun.
            Err(error) if error::is_stale(error) => {}
            Err(error) if error::is_unplanned(error) => form.join_as_written(),
            _ => return result,
        }
        let connection = self.connection().await?;
        // Seldom, and boxed so that what is moved with every execute stays small.
        Box::pin(Execution::new(connection, prepared, form).run(&params)).await
    }
}

impl Run for Postgres {
    type Prepared = Prepared;

    async fn prepare(&self, program: &Program) -> Result<Prepared> {
        let _call = self.calls.read().await;
        let _turn = Gate::enter(&self.turns).await?;
        let queries = runner_sql::queries(program);
        let mut connection = self.connection().await?;
        let server = Server { is_c: connection.is_c, is_read_only: self.is_read_only };
        let mut tables = self.tables(&connection, program).await?;
        let mut prepared = Prepared::new(program, tables.clone(), server)?;
        let mut result = connection.statement(&prepared, &prepared.plain()).await.map(drop);
        if let Err(error) = &result
            && error::is_ambiguous_collation(error)
        {
            // Columns of several collations meet: all are read without theirs.
            tables.iter_mut().flat_map(|table| &mut table.columns).for_each(|column| column.is_loose = true);
            prepared = Prepared::new(program, tables, server)?;
            result = connection.statement(&prepared, &prepared.plain()).await.map(drop);
        }
        match result {
            Ok(()) => Ok(prepared),
            // A query may be one by itself, and none within another.
            Err(error) if !queries.is_empty() && error.code() == Code::Internal => {
                Err(Error::prepare(format!("`std::sql::raw` takes a query: {}", error.message())))
            }
            // The server has found fault with SQL that was made here.
            Err(error) if matches!(error.code(), Code::Internal) => {
                Err(error.context("PostgreSQL refuses the statement"))
            }
            Err(error) => Err(error),
        }
    }

    async fn execute(&self, prepared: &Prepared, input: Bytes) -> Result<Bytes> {
        let _call = self.calls.read().await;
        let _turn = Gate::enter(&self.turns).await?;
        let plain = prepared.plain();
        let result = match self.attempt(prepared, &plain, &input).await {
            Err(error) if plain.statement.is_plain && error::is_of_floats(&error) => {
                Box::pin(self.attempt(prepared, &prepared.exact()?, &input)).await
            }
            result => result,
        };
        match result {
            Err(error) if error::is_nul(&error) => {
                Box::pin(self.attempt(prepared, &prepared.escaping()?, &input)).await
            }
            result => result,
        }
    }

    async fn get_interface(&self) -> Result<String> {
        let _call = self.calls.read().await;
        let _turn = Gate::enter(&self.turns).await?;
        let connection = self.connection().await?;
        interface::describe(&connection.client).await
    }

    async fn shutdown(&self) -> Result<()> {
        self.pool.close();
        drop(self.calls.write().await);
        Ok(())
    }

    fn weight(&self, program: &Program, prepared: &Prepared) -> u64 {
        program.memory_bytes() + prepared.memory_bytes()
    }

    async fn describe(&self) -> Result<Description> {
        self.ready().await?;
        let mut description = Description::new("postgres", env!("CARGO_PKG_VERSION"));
        description.cancels = true;
        description.isolates = true;
        description.keeps_state = true;
        let (kept, config) = (self.pool.manager().limits(), self.pool.manager().config());
        let time = kept.statement_timeout.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let limits = [
            ("connections", Some(self.pool.status().max_size as u64)),
            ("time_ms", time),
            ("work_mem_bytes", kept.work_mem),
            ("temp_file_bytes", kept.temp_file_limit),
            ("output_bytes", config.output_bytes),
            ("parameter_bytes", Some(PARAMETER_BYTES as u64)),
            ("text_bytes", Some(TEXT_BYTES)),
            ("text_parts", Some(TEXT_PARTS)),
        ];
        let limits = limits.into_iter().filter_map(|(name, value)| Some((name.into(), value?)));
        description.limits.extend(limits);
        Ok(description)
    }

    /// Asks the database over a connection that is free. If all of them are at work, it is ready.
    async fn ready(&self) -> Result<()> {
        match timeout(READY, self.ask()).await {
            Ok(answered) => answered,
            Err(_) => Err(Error::new(Code::Unavailable, "PostgreSQL does not answer")),
        }
    }
}

fn unconnected(error: PoolError<Error>) -> Error {
    match error {
        PoolError::Backend(error) => error,
        PoolError::Closed => Error::new(Code::Unavailable, "the runner was shut down").with_retryable(false),
        other => Error::new(Code::Unavailable, other.to_string()),
    }
}
