//! Connections of the pool, each with the helpers and the statements that it has.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use runner_core::{Code, Error, Result};
use tokio_postgres::{Client, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    config::Config,
    error,
    limits::STATEMENTS,
    params,
    prepared::{Form, Prepared},
    tls,
};

/// What no setting of a role or database may change, because answers would. Repeatable read makes two updates that meet
/// an error for one of them; under read committed it would skip rows.
const SESSION: &str = "SET search_path = pg_catalog; SET timezone = 'UTC'; SET extra_float_digits = 1; \
    SET standard_conforming_strings = on; SET DateStyle = ISO; SET IntervalStyle = postgres; \
    SET bytea_output = hex; SET client_min_messages = error; SET array_nulls = on; SET transform_null_equals = off; \
    SET gin_fuzzy_search_limit = 0; SET jit = off; SET check_function_bodies = off; \
    SET constraint_exclusion = on; \
    SET default_transaction_isolation = 'repeatable read'";

/// The server looks whether the client is still there while it executes. Older servers, and those on some systems, have
/// no such setting.
const WATCH: &str = "SET client_connection_check_interval = '5s'";

/// Schemas in which a table without one is looked for, from the settings of the role and the database; the encoding of
/// the database; whether its collation is the order of code points. Every name is a full one: at this point the path may
/// lead to functions, types and operators of anybody.
const SERVER: &str = "SELECT pg_catalog.current_schemas(false)::pg_catalog.text[], \
    pg_catalog.current_setting('server_encoding'), \
    datcollate OPERATOR(pg_catalog.=) ANY (ARRAY['C'::pg_catalog.text, 'POSIX'::pg_catalog.text]) \
    AND coalesce(pg_catalog.to_jsonb(d) OPERATOR(pg_catalog.->>) 'datlocprovider', 'c'::pg_catalog.text) \
        OPERATOR(pg_catalog.=) 'c'::pg_catalog.text \
    FROM pg_catalog.pg_database d WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database()";

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
    /// Whether the collation of the database is the order of code points.
    pub(crate) is_c: bool,
    helpers: HashSet<&'static str>,
    statements: HashMap<u64, (Weak<()>, Statement)>,
    /// Something was given up on it, and its end is not known.
    pub(crate) is_dirty: bool,
}

/// Names a statement on every connection, which forgets it when all copies of the name are gone.
#[derive(Debug)]
pub(crate) struct Key {
    number: u64,
    life: Arc<()>,
}

impl Manager {
    pub(crate) fn new(config: Config) -> Result<Self> {
        let tls = tls::connector(config.verify, config.authorities.as_deref())?;
        Ok(Self { config, tls })
    }

    /// What makes connections secret, if they are.
    pub(crate) fn tls(&self) -> Option<MakeRustlsConnect> {
        self.config.needs_tls().then(|| self.tls.clone())
    }

    /// How long a connection may take to be made.
    pub(crate) fn connect_timeout(&self) -> Duration {
        self.config.connect_timeout()
    }

    async fn connect(&self) -> Result<Connection> {
        let driver = |e: tokio_postgres::Error| error::driver(&e);
        let client = match self.tls() {
            Some(tls) => {
                let (client, connection) = self.config.server.connect(tls).await.map_err(driver)?;
                tokio::spawn(connection);
                client
            }
            None => {
                let (client, connection) = self.config.server.connect(NoTls).await.map_err(driver)?;
                tokio::spawn(connection);
                client
            }
        };
        let row = client.query_one(SERVER, &[]).await.map_err(driver)?;
        let (schemas, encoding, is_c): (Vec<String>, String, bool) = (
            row.try_get(0).map_err(driver)?,
            row.try_get(1).map_err(driver)?,
            row.try_get(2).map_err(driver)?,
        );
        if encoding != "UTF8" {
            let words =
                format!("the database is encoded in {encoding}, which does not hold every text; UTF8 does");
            return Err(Error::new(Code::Unsupported, words));
        }
        let mut session = SESSION.to_owned();
        if let Some(timeout) = self.config.statement_timeout {
            session.push_str(&format!("; SET statement_timeout = {}", timeout.as_millis().max(1)));
        }
        client.batch_execute(&session).await.map_err(driver)?;
        let _ = client.batch_execute(WATCH).await;
        Ok(Connection {
            client,
            schemas,
            is_c,
            helpers: HashSet::new(),
            statements: HashMap::new(),
            is_dirty: false,
        })
    }
}

impl managed::Manager for Manager {
    /// Boxed, because the pool moves it about.
    type Type = Box<Connection>;
    type Error = Error;

    async fn create(&self) -> Result<Box<Connection>> {
        // Seldom, and boxed so that what is moved with every execute stays small.
        match Box::pin(tokio::time::timeout(self.connect_timeout(), self.connect())).await {
            Ok(result) => result.map(Box::new),
            Err(_) => Err(Error::new(Code::Unavailable, "PostgreSQL does not answer")),
        }
    }

    async fn recycle(&self, connection: &mut Box<Connection>, _: &Metrics) -> RecycleResult<Error> {
        if connection.client.is_closed() || connection.is_dirty {
            Err(RecycleError::message("the connection is of no use any more"))
        } else {
            Ok(())
        }
    }
}

impl Connection {
    /// The statement of a program on this connection, which is prepared if it is not yet.
    ///
    /// # Errors
    /// `PREPARE_ERROR` if the tables are not what they were when the program was prepared.
    pub(crate) async fn statement(&mut self, prepared: &Prepared, form: &Form) -> Result<Statement> {
        match self.statements.get(&form.key.number) {
            Some((_, statement)) => Ok(statement.clone()),
            None => Box::pin(self.new_statement(prepared, form)).await,
        }
    }

    async fn new_statement(&mut self, prepared: &Prepared, form: &Form) -> Result<Statement> {
        let was_dirty = std::mem::replace(&mut self.is_dirty, true);
        let statement = self.prepare(&form.statement).await;
        self.is_dirty = was_dirty;
        let statement = statement?;
        if let Some(plan) = &prepared.plan {
            plan.check(statement.columns())?;
        }
        self.statements.retain(|_, (life, _)| life.strong_count() > 0);
        if self.statements.len() >= STATEMENTS {
            // Any one: a program that is still used is prepared again.
            if let Some(key) = self.statements.keys().next().copied() {
                self.statements.remove(&key);
            }
        }
        self.statements.insert(form.key.number, (Arc::downgrade(&form.key.life), statement.clone()));
        Ok(statement)
    }

    async fn prepare(&mut self, lowered: &runner_sql::Statement) -> Result<Statement> {
        let missing: Vec<_> =
            lowered.helpers.iter().copied().filter(|helper| !self.helpers.contains(helper)).collect();
        if !missing.is_empty() {
            let texts: Vec<_> =
                missing.iter().filter_map(|name| runner_sql::postgres::definition(name)).collect();
            self.client.batch_execute(&texts.concat()).await.map_err(|e| error::driver(&e))?;
            self.helpers.extend(missing);
        }
        let types = params::types(&lowered.params);
        self.client.prepare_typed(&lowered.sql, &types).await.map_err(|e| error::driver(&e))
    }

    pub(crate) fn forget(&mut self, key: &Key) {
        self.statements.remove(&key.number);
    }
}

impl Key {
    /// One that no other statement of this process has.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), life: Arc::default() }
    }
}
