//! `duckdb` and `duckdb:FILE`: programs run as statements of a database in this process.

use std::path::Path;

use runner_core::{DynRun, adapt::Pooled};
use runner_duckdb::{Config, DuckDb};

use super::Bounds;
use crate::error::Failure;

pub(super) fn connect(file: Option<&str>, bounds: Bounds) -> Result<DynRun, Failure> {
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
    let workers = bounds.workers.max(1);
    let runner = DuckDb::open(config.connections(workers))?;
    Ok(DynRun::new(Pooled::new(runner, workers)?))
}
