//! The database as Lutra source.

use runner_core::{Code, Error, Result};
use tokio_postgres::Client;

pub(crate) async fn describe(_: &Client) -> Result<String> {
    Err(Error::new(Code::Unsupported, "the interface of a PostgreSQL database"))
}
