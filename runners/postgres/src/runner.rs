use bytes::Bytes;
use deadpool::managed::PoolError;
use futures_util::{StreamExt, pin_mut};
use runner_core::{Code, Description, Error, Program, Result, Run, wire::Writer};
use runner_sql::{Output, Shapes, Statement};
use tokio_postgres::{CancelToken, NoTls, types::ToSql};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    catalog,
    config::Config,
    connection::{Manager, Pool, Pooled, next_key},
    error, interface, params,
    rows::Plan,
};

/// A runner on a PostgreSQL database.
pub struct Postgres {
    pool: Pool,
}

/// A program as a statement of PostgreSQL.
pub struct Prepared {
    /// Names the statement on every connection.
    key: u64,
    program: Program,
    shapes: Shapes,
    statement: Statement,
    plan: Option<Plan>,
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
        let size = config.pool_size;
        let pool = Pool::builder(Manager::new(config)?).max_size(size).build();
        let runner = Self { pool: pool.map_err(|error| Error::new(Code::Internal, error.to_string()))? };
        drop(runner.connection().await?);
        Ok(runner)
    }

    async fn connection(&self) -> Result<Pooled> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error::driver(&error),
            PoolError::Closed => {
                Error::new(Code::Unavailable, "the runner was shut down").with_retryable(false)
            }
            other => Error::new(Code::Unavailable, other.to_string()),
        })
    }
}

impl Prepared {
    /// The statement.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.statement.sql
    }
}

impl Run for Postgres {
    type Prepared = Prepared;

    async fn prepare(&self, program: &Program) -> Result<Prepared> {
        let names = runner_sql::tables(program);
        let mut connection = self.connection().await?;
        let tables = if names.is_empty() {
            Vec::new()
        } else {
            catalog::describe(&connection.client, &connection.schemas, &names).await?
        };
        let statement = runner_sql::lower(program, &runner_sql::Postgres::default(), &tables)?;
        let shapes = Shapes::new(program)?;
        let plan = match statement.output {
            Output::Row(ty) | Output::Rows(ty) => Some(Plan::new(&shapes, ty)),
            Output::Unit => None,
        };
        let key = next_key();
        connection.statement(key, &statement).await.map_err(|error| {
            match error.code() {
                // The server has found fault with SQL that this crate wrote.
                Code::Internal | Code::ExecutionError => {
                    Error::new(Code::Internal, error.message()).context("PostgreSQL refuses the statement")
                }
                _ => error,
            }
        })?;
        Ok(Prepared { key, program: program.clone(), shapes, statement, plan })
    }

    async fn execute(&self, prepared: &Prepared, input: Bytes) -> Result<Bytes> {
        let input =
            params::encode(&prepared.shapes, prepared.program.input(), &prepared.statement.params, &input)?;
        let mut connection = self.connection().await?;
        let statement = connection.statement(prepared.key, &prepared.statement).await?;
        let mut guard = Guard::new(connection);
        let result = guard.query(&statement, &input, prepared).await;
        if let Err(error) = &result {
            guard.forget_if_stale(prepared.key, error);
        }
        guard.finish();
        result
    }

    async fn get_interface(&self) -> Result<String> {
        let connection = self.connection().await?;
        interface::describe(&connection.client).await
    }

    async fn shutdown(&self) -> Result<()> {
        self.pool.close();
        Ok(())
    }

    async fn describe(&self) -> Result<Description> {
        let mut description = Description::new("postgres", env!("CARGO_PKG_VERSION"));
        description.cancels = true;
        description.isolates = true;
        description.keeps_state = true;
        description.limits.push(("connections".into(), self.pool.status().max_size as u64));
        Ok(description)
    }
}

/// Cancels the query on the server if the future that waits for it is dropped.
struct Guard {
    connection: Option<Pooled>,
    token: CancelToken,
    tls: Option<MakeRustlsConnect>,
}

impl Guard {
    fn new(connection: Pooled) -> Self {
        let pool = Pooled::pool(&connection);
        let tls =
            pool.map(|pool| pool.manager().needs_tls().then(|| pool.manager().tls())).unwrap_or_default();
        Self { token: connection.client.cancel_token(), tls, connection: Some(connection) }
    }

    async fn query(
        &mut self,
        statement: &tokio_postgres::Statement,
        input: &[params::Encoded],
        prepared: &Prepared,
    ) -> Result<Bytes> {
        let Some(connection) = &self.connection else {
            return Err(Error::new(Code::Internal, "a connection was given back"));
        };
        let params = input.iter().map(|param| param as &(dyn ToSql + Sync));
        let rows = connection.client.query_raw(statement, params).await.map_err(|e| error::driver(&e))?;
        pin_mut!(rows);
        let mut writer = Writer::new();
        let mut count = 0;
        while let Some(row) = rows.next().await {
            let row = row.map_err(|e| error::driver(&e))?;
            if let Some(plan) = &prepared.plan {
                plan.write(&prepared.shapes, &row, &mut 0, &mut writer)?;
            }
            count += 1;
        }
        if let Output::Rows(_) = prepared.statement.output {
            writer.length_before(0, count);
        }
        Ok(writer.into_bytes().into())
    }

    /// Prepares a statement anew after its table has changed.
    fn forget_if_stale(&mut self, key: u64, error: &Error) {
        if let (Code::PrepareError, Some(connection)) = (error.code(), &mut self.connection) {
            connection.forget(key);
        }
    }

    fn finish(&mut self) {
        self.connection = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        connection.is_dirty = true;
        let (token, tls) = (self.token.clone(), self.tls.take());
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            // The connection is kept from the pool until the server knows.
            let _ = match tls {
                Some(tls) => token.cancel_query(tls).await,
                None => token.cancel_query(NoTls).await,
            };
            drop(connection);
        });
    }
}
