//! Connections of the pool, each with the helpers and the statements that it has.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use runner_core::{Code, Error, Result};
use tokio_postgres::{Client, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    config::Config,
    error, params,
    prepared::{Form, Prepared},
    session::{self, Limits},
    statements::{Key, Statements},
    tls,
};

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
    /// Of the connection that was made last.
    limits: Mutex<Limits>,
}

/// A connection and what was made on it.
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// Schemas in which a table without one is looked for, from the settings of the role and the database.
    pub(crate) schemas: Vec<String>,
    /// Whether the collation of the database is the order of code points.
    pub(crate) is_c: bool,
    /// What the server keeps.
    pub(crate) limits: Limits,
    helpers: HashSet<&'static str>,
    statements: Statements,
    /// Something was given up on it, and its end is not known.
    pub(crate) is_dirty: bool,
}

impl Manager {
    pub(crate) fn new(config: Config) -> Result<Self> {
        let tls = tls::connector(config.verify, config.authorities.as_deref())?;
        Ok(Self { config, tls, limits: Mutex::default() })
    }

    /// What makes connections secret, if they are.
    pub(crate) fn tls(&self) -> Option<MakeRustlsConnect> {
        self.config.needs_tls().then(|| self.tls.clone())
    }

    /// How long a connection may take to be made.
    pub(crate) fn connect_timeout(&self) -> Duration {
        self.config.connect_timeout()
    }

    /// What the server keeps.
    pub(crate) fn limits(&self) -> Limits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
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
        let limits = session::start(&client, &self.config).await?;
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = limits;
        Ok(Connection {
            client,
            schemas,
            is_c,
            limits,
            helpers: HashSet::new(),
            statements: Statements::default(),
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
        match self.statements.get(&form.key) {
            Some(statement) => Ok(statement),
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
        self.statements.insert(&form.key, statement.clone(), form.statement.sql.len());
        Ok(statement)
    }

    async fn prepare(&mut self, lowered: &runner_sql::Statement) -> Result<Statement> {
        let missing: Vec<_> =
            lowered.helpers.iter().copied().filter(|helper| !self.helpers.contains(helper)).collect();
        if !missing.is_empty() {
            let texts: Vec<_> =
                missing.iter().filter_map(|name| runner_sql::postgres::definition(name)).collect();
            // They are the connection's own, so that they are made although programs may only read.
            let texts = format!("SET TRANSACTION READ WRITE; {}", texts.concat());
            self.client.batch_execute(&texts).await.map_err(|e| error::driver(&e))?;
            self.helpers.extend(missing);
        }
        let types = params::types(&lowered.params);
        self.client.prepare_typed(&lowered.sql, &types).await.map_err(|e| error::driver(&e))
    }

    pub(crate) fn forget(&mut self, key: &Key) {
        self.statements.forget(key);
    }
}
