//! `postgres://...`: programs run as statements of a database.

use runner_core::DynRun;
use runner_postgres::{Config, Postgres};

use super::Bounds;
use crate::{args::DatabaseArgs, error::Failure};

pub(super) async fn connect(url: &str, bounds: Bounds, database: &DatabaseArgs) -> Result<DynRun, Failure> {
    Ok(DynRun::new(open(url, bounds, database).await?))
}

pub(super) async fn open(url: &str, bounds: Bounds, database: &DatabaseArgs) -> Result<Postgres, Failure> {
    // The URL may hold a password: it is in no message.
    let wrong = |error| Failure::from(error).context("PostgreSQL");
    let mut config = Config::parse(url).map_err(wrong)?;
    if let Some(connections) = database.pool_size {
        config = config.pool_size(connections);
    }
    if let Some(time) = database.statement_timeout {
        config = config.statement_timeout(time.0);
    }
    if let Some(size) = database.work_mem {
        config = config.work_mem(size.0);
    }
    if let Some(size) = database.temp_limit {
        config = config.temp_file_limit(size.0);
    }
    if let Some(bytes) = bounds.output_bytes {
        config = config.output_bytes(bytes);
    }
    if database.read_only {
        config = config.read_only();
    }
    Postgres::new(config).await.map_err(wrong)
}
