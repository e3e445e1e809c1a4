use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, future, pin_mut};
use runner_core::{Code, Error, Result, wire::Writer};
use runner_sql::Output;
use tokio_postgres::{NoTls, Statement, types::ToSql};

use crate::{
    connection::Pooled,
    error, params,
    prepared::{Form, Prepared},
    rows::Results,
};

/// An execute on a connection of its own. Dropping it before its end cancels the query on the server.
pub(crate) struct Execution<'a> {
    prepared: &'a Prepared,
    form: &'a Arc<Form>,
    /// `None` once the end is known.
    connection: Option<Pooled>,
}

impl<'a> Execution<'a> {
    pub(crate) fn new(connection: Pooled, prepared: &'a Prepared, form: &'a Arc<Form>) -> Self {
        Self { prepared, form, connection: Some(connection) }
    }

    pub(crate) async fn run(mut self, params: &[params::Encoded]) -> Result<Bytes> {
        let Some(connection) = &mut self.connection else { return Err(given_back()) };
        let ended = match connection.statement(self.prepared, self.form).await {
            Ok(statement) if self.form.needs_transaction => self.transaction(&statement, params).await,
            Ok(statement) => self.query(&statement, params).await,
            Err(error) => Err(error),
        };
        if let (Some(connection), Err(error)) = (&mut self.connection, &ended) {
            if error.code() == Code::PrepareError || error::is_stale(error) {
                connection.forget(&self.form.key);
            }
            // Nobody else is to be given one that is about to close.
            connection.is_dirty |= error::is_lost(error);
        }
        match ended {
            // Rows are still to come. The query is cancelled, and the connection closed.
            Ok(Err(error)) => Err(error),
            Ok(Ok(output)) => {
                self.connection = None;
                Ok(output)
            }
            Err(error) => {
                self.connection = None;
                Err(error)
            }
        }
    }

    /// The query in a transaction that is only committed once the output is known. It begins with the query, but ends
    /// in a round trip of its own.
    async fn transaction(&self, statement: &Statement, params: &[params::Encoded]) -> Result<Result<Bytes>> {
        let Some(connection) = &self.connection else { return Err(given_back()) };
        let command = async |text: &'static str| {
            connection.client.batch_execute(text).await.map_err(|e| error::driver(&e))
        };
        let (begun, ended) = future::join(command("BEGIN"), self.query(statement, params)).await;
        begun?;
        match ended {
            Ok(Ok(output)) => command("COMMIT").await.map(|()| Ok(output)),
            Ok(Err(error)) => Ok(Err(error)),
            Err(error) => {
                if !error::is_lost(&error) {
                    command("ROLLBACK").await?;
                }
                Err(error)
            }
        }
    }

    /// Fails as the server does; within, as the output does where rows may still come.
    async fn query(&self, statement: &Statement, params: &[params::Encoded]) -> Result<Result<Bytes>> {
        let Some(connection) = &self.connection else { return Err(given_back()) };
        let params = params.iter().map(|param| param as &(dyn ToSql + Sync));
        let rows = connection.client.query_raw(statement, params).await.map_err(|e| error::driver(&e))?;
        pin_mut!(rows);
        let mut writer = Writer::new();
        let mut count = 0;
        let results = Results { shapes: &self.prepared.shapes, escapes: self.form.escapes };
        while let Some(row) = rows.next().await {
            let row = row.map_err(|e| error::driver(&e))?;
            if let Some(plan) = &self.prepared.plan
                && let Err(error) = results.write(plan, &row, &mut writer)
            {
                return Ok(Err(error));
            }
            count += 1;
        }
        if let Output::Rows(_) = self.prepared.output {
            writer.length_before(0, count);
        }
        Ok(Ok(writer.into_bytes().into()))
    }
}

fn given_back() -> Error {
    Error::new(Code::Internal, "a connection was given back")
}

impl Drop for Execution<'_> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        connection.is_dirty = true;
        let token = connection.client.cancel_token();
        let Some(pool) = Pooled::pool(&connection) else { return };
        let (tls, timeout) = (pool.manager().tls(), pool.manager().connect_timeout());
        // Without a runtime the server finds out by itself that nobody listens any more.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            // The connection is kept from the pool until the server knows, or does not answer.
            let cancel = async {
                match tls {
                    Some(tls) => token.cancel_query(tls).await,
                    None => token.cancel_query(NoTls).await,
                }
            };
            let _ = tokio::time::timeout(timeout, cancel).await;
            // Closed at once: it may be within a transaction that holds locks.
            drop(Pooled::take(connection));
        });
    }
}
