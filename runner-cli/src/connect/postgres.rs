//! `postgres://...`: programs run as statements of a database.

use runner_core::DynRun;
use runner_postgres::Postgres;

use crate::error::Failure;

pub(super) async fn connect(url: &str) -> Result<DynRun, Failure> {
    Ok(DynRun::new(open(url).await?))
}

pub(super) async fn open(url: &str) -> Result<Postgres, Failure> {
    // The URL may hold a password: it is in no message.
    Postgres::connect(url).await.map_err(|error| Failure::from(error).context("PostgreSQL"))
}
