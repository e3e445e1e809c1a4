//! What a database would be asked, for people, where there is none: tables are taken to be as the program has them.

use std::path::Path;

use runner_core::Program;
use runner_sql::{Dialect, Explanation, assumed_tables, pretty};

use crate::{args::Database, error::Failure, output};

/// Writes the statement to a file or standard output.
pub(super) fn print(program: &Program, database: Database, file: Option<&Path>) -> Result<(), Failure> {
    let lines = with_dialect(program, database, |dialect| {
        pretty(program, dialect, &assumed_tables(program, dialect)?)
    })?;
    let file = file.filter(|file| file.as_os_str() != "-");
    output::write(file, |out| Ok(writeln!(out, "{lines};")?))
}

/// The plan and the SQL of a program.
pub(in crate::command) fn explain(program: &Program, database: Database) -> Result<Explanation, Failure> {
    with_dialect(program, database, |dialect| {
        runner_sql::explain(program, dialect, &assumed_tables(program, dialect)?)
    })
}

fn with_dialect<T>(
    program: &Program,
    database: Database,
    action: impl FnOnce(Dialect<'_>) -> runner_core::Result<T>,
) -> Result<T, Failure> {
    #[cfg(not(feature = "duckdb"))]
    let _ = program;
    let result = match database {
        Database::Postgres => action(Dialect::Postgres(&runner_sql::Postgres::default())),
        #[cfg(feature = "duckdb")]
        Database::Duckdb => action(Dialect::DuckDb(&runner_sql::DuckDb::new(program))),
    };
    Ok(result?)
}
