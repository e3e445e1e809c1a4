//! `duckdb` and `duckdb:FILE`: programs run as statements of a database in this process.

use std::path::Path;

use runner_core::{DynRun, adapt::Pooled};
use runner_duckdb::{Config, DuckDb};

use super::Bounds;
use crate::error::Failure;

pub(super) fn connect(file: Option<&str>, bounds: Bounds) -> Result<DynRun, Failure> {
    let workers = bounds.workers.max(1);
    Ok(DynRun::new(Pooled::new(open(file, bounds)?, workers)?))
}

pub(super) fn open(file: Option<&str>, bounds: Bounds) -> Result<DuckDb, Failure> {
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
    Ok(DuckDb::open(config.connections(bounds.workers.max(1)))?)
}
