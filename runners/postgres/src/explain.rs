use runner_core::Result;
use runner_sql::{Param, Statement};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::error;

/// The plan that PostgreSQL has for a statement whatever its parameters are. The session has a statement of this name then.
pub(crate) async fn plan(client: &Client, statement: &Statement) -> Result<String> {
    let used = statement.params.iter().rposition(|param| *param != Param::Unused).map_or(0, |last| last + 1);
    let nulls = vec!["NULL"; used].join(", ");
    let arguments = if nulls.is_empty() { String::new() } else { format!("({nulls})") };
    let prepare =
        format!("SET plan_cache_mode = force_generic_plan; PREPARE runner_explained AS {}", statement.sql);
    client.batch_execute(&prepare).await.map_err(|e| error::driver(&e))?;
    let explain = format!("EXPLAIN EXECUTE runner_explained{arguments}");
    let messages = client.simple_query(&explain).await.map_err(|e| error::driver(&e))?;
    let lines = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}
