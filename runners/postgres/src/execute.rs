use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{StreamExt, future, pin_mut};
use runner_core::{Code, Error, Result, wire::Writer};
use runner_sql::Output;
use tokio_postgres::{CancelToken, NoTls, Statement, types::ToSql};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    connection::Pooled,
    error,
    limits::CANCEL_AGAIN,
    params,
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
        let (begun, timeout) = (Instant::now(), connection.limits.statement_timeout);
        let ended = match connection.statement(self.prepared, self.form).await {
            Ok(statement) => match self.form.transaction() {
                Some(ends) => Box::pin(self.transaction(ends, &statement, params)).await,
                None => self.query(&statement, params).await,
            },
            Err(error) => Err(error),
        };
        let ended = ended.map_err(|error| error::late(error, begun, timeout));
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
                Err(error::altered(error))
            }
        }
    }

    /// The query in a transaction that is only committed once the output is known. It begins with the query, but ends
    /// in a round trip of its own.
    async fn transaction(
        &self,
        (begin, end): (&'static str, &'static str),
        statement: &Statement,
        params: &[params::Encoded],
    ) -> Result<Result<Bytes>> {
        let Some(connection) = &self.connection else { return Err(given_back()) };
        let command = async |text: &'static str| {
            connection.client.batch_execute(text).await.map_err(|e| error::driver(&e))
        };
        let (begun, ended) = future::join(command(begin), self.query(statement, params)).await;
        begun?;
        match ended {
            Ok(Ok(output)) => command(end).await.map(|()| Ok(output)),
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
        let most = Pooled::pool(connection)
            .and_then(|pool| pool.manager().config().output_bytes)
            .unwrap_or(u64::MAX);
        while let Some(row) = rows.next().await {
            let row = row.map_err(|e| error::driver(&e))?;
            if let Some(plan) = &self.prepared.plan
                && let Err(error) = results.write(plan, &row, &mut writer)
            {
                return Ok(Err(error));
            }
            if writer.len() as u64 > most {
                return Ok(Err(error::output(most)));
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
        let Some(pool) = Pooled::pool(&connection) else { return };
        let cancel = Cancel {
            token: connection.client.cancel_token(),
            tls: pool.manager().tls(),
            timeout: pool.manager().connect_timeout(),
        };
        let given_up = GivenUp(Some((cancel, connection)));
        // Dropped without a runtime, or by one that ends, it sees to itself.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(given_up.cancel());
        }
    }
}

/// How a query is cancelled.
#[derive(Clone)]
struct Cancel {
    token: CancelToken,
    tls: Option<MakeRustlsConnect>,
    timeout: Duration,
}

impl Cancel {
    /// Ends when the server knows, or does not answer.
    async fn send(self) {
        let cancel = async {
            match self.tls {
                Some(tls) => self.token.cancel_query(tls).await,
                None => self.token.cancel_query(NoTls).await,
            }
        };
        let _ = tokio::time::timeout(self.timeout, cancel).await;
    }
}

/// A query that is to be cancelled, and its connection, which is kept from the pool until that is done.
struct GivenUp(Option<(Cancel, Pooled)>);

impl GivenUp {
    async fn cancel(mut self) {
        let Some((cancel, connection)) = &self.0 else { return };
        // A request that comes before its query begins is lost, so it is sent until the connection answers again.
        for wait in CANCEL_AGAIN {
            cancel.clone().send().await;
            if tokio::time::timeout(wait, connection.client.simple_query("")).await.is_ok() {
                break;
            }
        }
        if let Some((_, connection)) = self.0.take() {
            // Closed at once: it may be within a transaction that holds locks.
            drop(Pooled::take(connection));
        }
    }
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        let Some((cancel, connection)) = self.0.take() else { return };
        drop(Pooled::take(connection));
        let send = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(cancel.send());
            }
        };
        // Where there is no thread to be had either, the server finds out by itself that nobody listens any more.
        let _ = std::thread::Builder::new().name("postgres-cancel".into()).spawn(send);
    }
}
