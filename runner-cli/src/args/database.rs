use std::path::PathBuf;

use clap::Args as ClapArgs;
use serde::Deserialize;

use crate::{
    error::Failure,
    serve::{Size, Time},
};

/// How a database is used. In a configuration file it is the table `[database]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, ClapArgs, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DatabaseArgs {
    /// Connections to the database, each for one program at a time [default: 8; on DuckDB the workers and 16 more]
    #[arg(long, value_name = "N", help_heading = "Databases")]
    pub(crate) pool_size: Option<usize>,
    /// The longest time that a statement may take [default: none; on PostgreSQL what the role is set to]
    #[arg(long, value_name = "TIME", help_heading = "Databases")]
    pub(crate) statement_timeout: Option<Time>,
    /// Memory that PostgreSQL takes for one sort or hash table before it goes to files [default: what the role is set to]
    #[arg(long, value_name = "SIZE", help_heading = "Databases")]
    pub(crate) work_mem: Option<Size>,
    /// The folder for what does not fit into DuckDB's memory [default: beside the file; none for a database in memory]
    #[arg(long, value_name = "DIR", help_heading = "Databases")]
    pub(crate) temp_dir: Option<PathBuf>,
    /// Bytes of temporary files; PostgreSQL takes it from superusers only, for each connection
    #[arg(long, value_name = "SIZE", help_heading = "Databases")]
    pub(crate) temp_limit: Option<Size>,
    /// Refuse programs that change something; the database sees to it, for `std::sql::raw` too
    #[arg(long, help_heading = "Databases")]
    pub(crate) read_only: bool,
}

impl DatabaseArgs {
    /// These, and others where nothing is said.
    pub(crate) fn or(self, others: Self) -> Self {
        Self {
            pool_size: self.pool_size.or(others.pool_size),
            statement_timeout: self.statement_timeout.or(others.statement_timeout),
            work_mem: self.work_mem.or(others.work_mem),
            temp_dir: self.temp_dir.or(others.temp_dir),
            temp_limit: self.temp_limit.or(others.temp_limit),
            read_only: self.read_only || others.read_only,
        }
    }

    /// Refuses what a runner of this scheme would not keep.
    ///
    /// # Errors
    /// If something is set that means nothing there.
    pub(crate) fn check(&self, scheme: &str) -> Result<(), Failure> {
        let (postgres, duckdb) = (matches!(scheme, "postgres" | "postgresql"), scheme == "duckdb");
        let flags = [
            ("pool-size", self.pool_size.is_some(), postgres || duckdb),
            ("statement-timeout", self.statement_timeout.is_some(), postgres || duckdb),
            ("work-mem", self.work_mem.is_some(), postgres),
            ("temp-dir", self.temp_dir.is_some(), duckdb),
            ("temp-limit", self.temp_limit.is_some(), postgres || duckdb),
            ("read-only", self.read_only, postgres || duckdb),
        ];
        match flags.iter().find(|(_, is_set, is_known)| *is_set && !is_known) {
            Some((flag, ..)) => {
                Err(Failure::wrong(format!("`--{flag}` means nothing to a runner of the kind `{scheme}`")))
            }
            None => Ok(()),
        }
    }
}
