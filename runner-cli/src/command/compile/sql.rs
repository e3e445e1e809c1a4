//! `compile --sql`: what a database would be asked, for people.

use std::path::Path;

use runner_core::Program;
use runner_sql::{Dialect, assumed_tables, lower};

use crate::{args::Database, error::Failure, output};

/// Writes the statement, and what its parameters are, to a file or standard output.
pub(super) fn print(program: &Program, database: Database, file: Option<&Path>) -> Result<(), Failure> {
    let dialect: &dyn Dialect = match database {
        Database::Postgres => &runner_sql::Postgres::default(),
        #[cfg(feature = "duckdb")]
        Database::Duckdb => &runner_sql::DuckDb::new(program),
    };
    let statement = lower(program, dialect, &assumed_tables(program, dialect)?)?;
    let file = file.filter(|file| file.as_os_str() != "-");
    output::write(file, |out| Ok(writeln!(out, "{};", statement.pretty())?))
}
