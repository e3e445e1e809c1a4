//! `duckdb` and `duckdb:FILE`: programs run as statements of a database in this process.

use std::path::Path;

use runner_core::{DynRun, adapt::Pooled, limits::STAND_INS};
use runner_duckdb::{Config, DuckDb};

use super::Bounds;
use crate::{args::DatabaseArgs, error::Failure};

pub(super) fn connect(
    file: Option<&str>,
    bounds: Bounds,
    database: &DatabaseArgs,
) -> Result<DynRun, Failure> {
    let most = database.pool_size.unwrap_or(usize::MAX);
    let workers = bounds.workers.min(most).max(1);
    Ok(DynRun::new(Pooled::new(open(file, bounds, database)?, workers)?))
}

pub(super) fn open(file: Option<&str>, bounds: Bounds, database: &DatabaseArgs) -> Result<DuckDb, Failure> {
    let mut config = match file {
        // Programs make no tables, so that a new file would be of no use: the name is wrong.
        Some(file) if !Path::new(file).is_file() => {
            return Err(Failure::wrong(format!("`duckdb:{file}`: there is no such file")));
        }
        Some(file) => Config::file(file),
        None => Config::in_memory(),
    };
    if let Some(bytes) = bounds.memory_bytes {
        config = config.memory(format!("{bytes}B"));
    }
    if let Some(bytes) = bounds.output_bytes {
        config = config.output_bytes(bytes);
    }
    if let Some(folder) = &database.temp_dir {
        config = config.temp_directory(folder);
    }
    if let Some(size) = database.temp_limit {
        config = config.temp_limit(size.0);
    }
    if database.read_only {
        config = config.read_only();
    }
    if let Some(time) = database.statement_timeout {
        config = config.statement_timeout(time.0);
    }
    // Whoever stands in for a worker needs a connection, too.
    let connections = database.pool_size.unwrap_or(bounds.workers.max(1) + STAND_INS);
    Ok(DuckDb::open(config.connections(connections))?)
}
