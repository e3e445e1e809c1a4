use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use runner_core::{Code, Error, Result};

use crate::{
    error,
    limits::{BATCH_SHARE, CONNECTIONS, STATEMENT_LEVELS},
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
    pub(crate) memory: Option<String>,
    temp: Option<PathBuf>,
    temp_bytes: Option<u64>,
    pub(crate) is_read_only: bool,
    has_external_access: bool,
    setup: Vec<String>,
    pub(crate) output_bytes: Option<u64>,
    pub(crate) statement_timeout: Option<Duration>,
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
            temp_bytes: None,
            is_read_only: false,
            has_external_access: false,
            setup: Vec::new(),
            output_bytes: None,
            statement_timeout: None,
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

    /// Memory at most, such as `512MB`: what takes more ends with `RESOURCE_EXHAUSTED`. A quarter of it is for values on
    /// their way from one operation to the next, which DuckDB does not count, and as much for an output.
    #[must_use]
    pub fn memory(mut self, limit: impl Into<String>) -> Self {
        self.memory = Some(limit.into());
        self
    }

    /// Where what does not fit into memory may be put. If this is not set, it is a folder beside the file that is named
    /// like it, with `.tmp` behind; nowhere for a database in memory or one that is only read.
    #[must_use]
    pub fn temp_directory(mut self, path: impl AsRef<Path>) -> Self {
        self.temp = Some(path.as_ref().to_owned());
        self
    }

    /// Bytes that may be put there; more ends with `RESOURCE_EXHAUSTED`.
    #[must_use]
    pub fn temp_limit(mut self, bytes: u64) -> Self {
        self.temp_bytes = Some(bytes);
        self
    }

    /// Refuses programs that change tables, with `PREPARE_ERROR`. A file is opened so that nothing can change it.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// Bytes of an output at most; a longer one ends with `RESOURCE_EXHAUSTED` while its rows are made.
    #[must_use]
    pub fn output_bytes(mut self, bytes: u64) -> Self {
        self.output_bytes = Some(bytes);
        self
    }

    /// Ends statements that take longer, with `DEADLINE_EXCEEDED`.
    #[must_use]
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = Some(timeout);
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

    /// Opens the database, with everything closed that was not asked for, and tells how much memory there is in bytes.
    pub(crate) fn open(&self) -> Result<(duckdb::Connection, u64)> {
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
        let memory = memory_bytes(&connection)?;
        if self.memory.is_some() {
            let own = memory - memory / BATCH_SHARE;
            let set = format!("SET memory_limit = '{own}B'");
            connection.execute_batch(&set).map_err(|e| error::driver(&e))?;
        }
        let close = if self.has_external_access { "" } else { "SET enable_external_access = false; " };
        connection
            .execute_batch(&format!(
                "{close}SET allowed_configs = ['enable_optimizer']; SET lock_configuration = true"
            ))
            .map_err(|e| error::driver(&e))?;
        Ok((connection, memory))
    }

    fn settings(&self) -> duckdb::Result<duckdb::Config> {
        let beside = self.path.as_ref().filter(|_| !self.is_read_only).map(|path| {
            let mut name = path.clone().into_os_string();
            name.push(".tmp");
            PathBuf::from(name)
        });
        let temp = self.temp.clone().or(beside).unwrap_or_default();
        let temp = temp.to_string_lossy();
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
        if let Some(bytes) = self.temp_bytes {
            settings = settings.with("max_temp_directory_size", format!("{bytes}B"))?;
        }
        if self.is_read_only && self.path.is_some() {
            settings = settings.access_mode(duckdb::AccessMode::ReadOnly)?;
        }
        Ok(settings)
    }
}

/// Memory that DuckDB takes at most, in bytes: what it was set to, or what it finds right for the machine.
fn memory_bytes(connection: &duckdb::Connection) -> Result<u64> {
    let text: String = connection
        .query_row("SELECT current_setting('memory_limit')", [], |row| row.get(0))
        .map_err(|e| error::driver(&e))?;
    let (number, unit) = text.split_once(' ').unwrap_or((&text, "bytes"));
    let scale = UNITS.iter().position(|known| *known == unit).and_then(|place| i32::try_from(place).ok());
    match (number.parse::<f64>(), scale) {
        (Ok(number), Some(scale)) => Ok((number * 1024_f64.powi(scale)) as u64),
        _ => Err(Error::new(Code::Internal, format!("DuckDB gives its memory as `{text}`"))),
    }
}

/// What DuckDB counts memory in, each 1,024 of the one before.
const UNITS: &[&str] = &["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
