//! Connections of the pool, each with the helpers and the statements that it has.

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::{AtomicU64, Ordering},
};

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use runner_core::Result;
use tokio_postgres::{Client, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{config::Config, error, limits::STATEMENTS, params, tls};

/// What no setting of a role or database may change, because answers would. Repeatable read makes two updates that meet
/// an error for one of them; under read committed it would skip rows.
const SESSION: &str = "SET search_path = pg_catalog; SET timezone = 'UTC'; SET extra_float_digits = 1; \
    SET standard_conforming_strings = on; SET DateStyle = ISO; SET bytea_output = hex; \
    SET client_min_messages = error; SET array_nulls = on; SET jit = off; SET check_function_bodies = off; \
    SET default_transaction_isolation = 'repeatable read'";

pub(crate) type Pool = managed::Pool<Manager>;
pub(crate) type Pooled = managed::Object<Manager>;

/// Makes connections.
pub(crate) struct Manager {
    config: Config,
    tls: MakeRustlsConnect,
}

/// A connection and what was made on it.
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// Schemas in which a table without one is looked for, from the settings of the role and the database.
    pub(crate) schemas: Vec<String>,
    helpers: HashSet<&'static str>,
    statements: HashMap<u64, Statement>,
    /// An execute was given up, and its end is not known.
    pub(crate) is_dirty: bool,
}

impl Manager {
    pub(crate) fn new(config: Config) -> Result<Self> {
        let tls = tls::connector(config.verify)?;
        Ok(Self { config, tls })
    }

    pub(crate) fn tls(&self) -> MakeRustlsConnect {
        self.tls.clone()
    }

    pub(crate) fn needs_tls(&self) -> bool {
        self.config.needs_tls()
    }

    async fn connect(&self) -> Result<Connection, tokio_postgres::Error> {
        let client = if self.config.needs_tls() {
            let (client, connection) = self.config.server.connect(self.tls.clone()).await?;
            tokio::spawn(connection);
            client
        } else {
            let (client, connection) = self.config.server.connect(NoTls).await?;
            tokio::spawn(connection);
            client
        };
        let row = client.query_one("SELECT current_schemas(false)::text[]", &[]).await?;
        let schemas = row.try_get(0)?;
        let mut session = SESSION.to_owned();
        if let Some(timeout) = self.config.statement_timeout {
            session.push_str(&format!("; SET statement_timeout = {}", timeout.as_millis().max(1)));
        }
        client.batch_execute(&session).await?;
        Ok(Connection {
            client,
            schemas,
            helpers: HashSet::new(),
            statements: HashMap::new(),
            is_dirty: false,
        })
    }
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = tokio_postgres::Error;

    async fn create(&self) -> Result<Connection, tokio_postgres::Error> {
        self.connect().await
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        _: &Metrics,
    ) -> RecycleResult<tokio_postgres::Error> {
        if connection.client.is_closed() || connection.is_dirty {
            Err(RecycleError::message("the connection is of no use any more"))
        } else {
            Ok(())
        }
    }
}

impl Connection {
    /// The statement of a program on this connection, which is prepared if it is not yet.
    pub(crate) async fn statement(&mut self, key: u64, lowered: &runner_sql::Statement) -> Result<Statement> {
        if let Some(statement) = self.statements.get(&key) {
            return Ok(statement.clone());
        }
        let missing: Vec<_> =
            lowered.helpers.iter().copied().filter(|helper| !self.helpers.contains(helper)).collect();
        if !missing.is_empty() {
            let texts: Vec<_> =
                missing.iter().filter_map(|name| runner_sql::postgres::definition(name)).collect();
            self.client.batch_execute(&texts.concat()).await.map_err(|e| error::driver(&e))?;
            self.helpers.extend(missing);
        }
        let statement = self
            .client
            .prepare_typed(&lowered.sql, &params::types(&lowered.params))
            .await
            .map_err(|e| error::driver(&e))?;
        if self.statements.len() >= STATEMENTS {
            // Any one: a program that is still used is prepared again.
            if let Some(key) = self.statements.keys().next().copied() {
                self.statements.remove(&key);
            }
        }
        self.statements.insert(key, statement.clone());
        Ok(statement)
    }

    pub(crate) fn forget(&mut self, key: u64) {
        self.statements.remove(&key);
    }
}

/// A number that no other prepared program of this process has.
pub(crate) fn next_key() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
