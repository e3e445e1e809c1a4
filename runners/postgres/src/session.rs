//! What a session is set to, and what of it the server really keeps.

use std::time::Duration;

use runner_core::{Error, Result};
use tokio_postgres::{Client, error::SqlState};

use crate::{config::Config, error};

/// What no setting of a role or database may change, because answers would. Repeatable read makes two updates that meet
/// an error for one of them; under read committed it would skip rows.
const SESSION: &str = "SET search_path = pg_catalog; SET timezone = 'UTC'; SET extra_float_digits = 1; \
    SET standard_conforming_strings = on; SET DateStyle = ISO; SET IntervalStyle = postgres; \
    SET bytea_output = hex; SET client_min_messages = error; SET array_nulls = on; SET transform_null_equals = off; \
    SET gin_fuzzy_search_limit = 0; SET jit = off; SET check_function_bodies = off; \
    SET constraint_exclusion = on; \
    SET default_transaction_isolation = 'repeatable read'";

/// The server looks whether the client is still there while it executes. Older servers, and those on some systems, have
/// no such setting.
const WATCH: &str = "SET client_connection_check_interval = '5s'";

/// In milliseconds, and twice in units of 1 KiB; 0 or less is no limit.
const LIMITS: &str = "SELECT max(setting::int8) FILTER (WHERE name = 'statement_timeout'), \
    max(setting::int8) FILTER (WHERE name = 'work_mem'), \
    max(setting::int8) FILTER (WHERE name = 'temp_file_limit') \
    FROM pg_settings WHERE name IN ('statement_timeout', 'work_mem', 'temp_file_limit')";

/// The least that PostgreSQL takes for `work_mem`, in KiB.
const LEAST_WORK_MEM: u64 = 64;

/// Limits that the server keeps in a session, whoever has set them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) statement_timeout: Option<Duration>,
    pub(crate) work_mem: Option<u64>,
    pub(crate) temp_file_limit: Option<u64>,
}

/// Sets a new session up.
pub(crate) async fn start(client: &Client, config: &Config) -> Result<Limits> {
    let mut session = SESSION.to_owned();
    if let Some(timeout) = config.statement_timeout {
        session.push_str(&format!("; SET statement_timeout = {}", timeout.as_millis().max(1)));
    }
    if let Some(bytes) = config.work_mem {
        session.push_str(&format!("; SET work_mem = {}", kib(bytes).max(LEAST_WORK_MEM)));
    }
    if config.is_read_only {
        session.push_str("; SET default_transaction_read_only = on");
    }
    client.batch_execute(&session).await.map_err(|e| error::driver(&e))?;
    let _ = client.batch_execute(WATCH).await;
    if let Some(bytes) = config.temp_file_limit {
        match client.batch_execute(&format!("SET temp_file_limit = {}", kib(bytes))).await {
            Err(error) if error.code() != Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                return Err(error::driver(&error));
            }
            _ => {}
        }
    }
    limits(client).await
}

async fn limits(client: &Client) -> Result<Limits> {
    let wrong = |e: tokio_postgres::Error| -> Error { error::driver(&e) };
    let row = client.query_one(LIMITS, &[]).await.map_err(wrong)?;
    let setting = |place: usize| -> Result<Option<u64>> {
        let value: Option<i64> = row.try_get(place).map_err(wrong)?;
        Ok(value.and_then(|value| u64::try_from(value).ok()))
    };
    let bytes = |kib: u64| kib << 10;
    Ok(Limits {
        statement_timeout: setting(0)?.filter(|ms| *ms > 0).map(Duration::from_millis),
        work_mem: setting(1)?.map(bytes),
        temp_file_limit: setting(2)?.map(bytes),
    })
}

fn kib(bytes: u64) -> u64 {
    (bytes >> 10).min(i32::MAX as u64)
}
