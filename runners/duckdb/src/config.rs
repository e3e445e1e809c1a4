use std::path::{Path, PathBuf};

use runner_core::{Code, Error, Result};

use crate::{
    error,
    limits::{CONNECTIONS, STATEMENT_LEVELS},
};

/// Which database, and what programs may do with the machine.
///
/// ```
/// use runner_duckdb::{Config, DuckDb};
///
/// let runner = DuckDb::open(Config::in_memory().threads(2).memory("256MB"))?;
/// # let _ = runner;
/// # Ok::<(), runner_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    path: Option<PathBuf>,
    threads: Option<u16>,
    memory: Option<String>,
    temp: Option<PathBuf>,
    is_read_only: bool,
    has_external_access: bool,
    setup: Vec<String>,
    pub(crate) connections: usize,
}

impl Config {
    /// A database that lives as long as the runner.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            path: None,
            threads: None,
            memory: None,
            temp: None,
            is_read_only: false,
            has_external_access: false,
            setup: Vec::new(),
            connections: CONNECTIONS,
        }
    }

    /// The database in this file, which is made if there is none.
    #[must_use]
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self { path: Some(path.as_ref().to_owned()), ..Self::in_memory() }
    }

    /// Threads at most that DuckDB executes with; as many as the machine has cores if this is not set.
    #[must_use]
    pub fn threads(mut self, threads: u16) -> Self {
        self.threads = Some(threads.max(1));
        self
    }

    /// Memory at most, such as `512MB`: what takes more ends with `RESOURCE_EXHAUSTED`.
    #[must_use]
    pub fn memory(mut self, limit: impl Into<String>) -> Self {
        self.memory = Some(limit.into());
        self
    }

    /// Where what does not fit into memory may be put; nowhere if this is not set.
    #[must_use]
    pub fn temp_directory(mut self, path: impl AsRef<Path>) -> Self {
        self.temp = Some(path.as_ref().to_owned());
        self
    }

    /// Refuses changes to the file.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// Lets SQL (`std::sql::raw`, views) reach files and the network. Off unless this is called.
    #[must_use]
    pub fn external_access(mut self) -> Self {
        self.has_external_access = true;
        self
    }

    /// SQL that is executed once, when the database is opened and before it is locked: tables, views, attached files.
    #[must_use]
    pub fn setup(mut self, sql: impl Into<String>) -> Self {
        self.setup.push(sql.into());
        self
    }

    /// Executes that may run at the same time; more wait.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// Opens the database, with everything closed that was not asked for.
    pub(crate) fn open(&self) -> Result<duckdb::Connection> {
        let settings = self.settings().map_err(|e| error::driver(&e))?;
        let connection = match &self.path {
            Some(path) => duckdb::Connection::open_with_flags(path, settings),
            None => duckdb::Connection::open_in_memory_with_flags(settings),
        };
        let connection = connection.map_err(|error| match error::driver(&error).code() {
            Code::Internal | Code::Unavailable => Error::new(Code::Unavailable, error.to_string()),
            _ => error::driver(&error),
        })?;
        for sql in &self.setup {
            connection.execute_batch(sql).map_err(|e| error::driver(&e).context("the setup"))?;
        }
        let close = if self.has_external_access { "" } else { "SET enable_external_access = false; " };
        connection
            .execute_batch(&format!(
                "{close}SET allowed_configs = ['enable_optimizer']; SET lock_configuration = true"
            ))
            .map_err(|e| error::driver(&e))?;
        Ok(connection)
    }

    fn settings(&self) -> duckdb::Result<duckdb::Config> {
        let temp = self.temp.as_deref().map(Path::to_string_lossy).unwrap_or_default();
        let mut settings = duckdb::Config::default()
            .enable_autoload_extension(false)?
            .with("autoinstall_known_extensions", "false")?
            .with("allow_community_extensions", "false")?
            .with("max_expression_depth", STATEMENT_LEVELS)?
            // A key that is the same for all items.
            .with("order_by_non_integer_literal", "true")?
            // It keeps values as keys to sort by, which have no negative zero.
            .with("disabled_optimizers", "top_n_window_elimination")?
            .with("temp_directory", temp)?;
        if let Some(threads) = self.threads {
            settings = settings.threads(threads.into())?;
        }
        if let Some(memory) = &self.memory {
            settings = settings.max_memory(memory)?;
        }
        if self.is_read_only {
            settings = settings.access_mode(duckdb::AccessMode::ReadOnly)?;
        }
        Ok(settings)
    }
}
