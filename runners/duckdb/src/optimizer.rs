//! Statements that DuckDB's optimizer breaks: it reports an internal error of its own, and they run without it.

use duckdb::Connection;
use runner_core::{Code, Result};

use crate::error;

/// Calls `action`, and once more without the optimizer where DuckDB breaks with it. A statement that failed has done
/// nothing. Gives what came of it, and whether the optimizer worked.
pub(crate) fn with_or_without<T>(
    is_optimized: bool,
    action: impl Fn(bool) -> Result<T>,
) -> Result<(T, bool)> {
    match action(is_optimized) {
        Ok(done) => Ok((done, is_optimized)),
        Err(error) if is_optimized && error.code() == Code::Internal => match action(false) {
            Ok(done) => Ok((done, false)),
            Err(_) => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// A connection whose statements are planned as they are written, as long as this lives.
pub(crate) struct Unoptimized<'a>(&'a Connection);

impl<'a> Unoptimized<'a> {
    pub(crate) fn unless(is_optimized: bool, connection: &'a Connection) -> Result<Option<Self>> {
        if is_optimized {
            return Ok(None);
        }
        connection.execute_batch("PRAGMA disable_optimizer").map_err(|e| error::driver(&e))?;
        Ok(Some(Self(connection)))
    }
}

impl Drop for Unoptimized<'_> {
    fn drop(&mut self) {
        // It fails only where no statement is taken any more.
        let _ = self.0.execute_batch("PRAGMA enable_optimizer");
    }
}
