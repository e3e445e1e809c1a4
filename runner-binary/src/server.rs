//! The side that has a runner.

mod clock;
mod connection;
mod handshake;
mod job;
mod listen;
mod metrics;
mod options;
mod outlet;
mod requests;
mod shared;
mod slot;
mod wake;

use std::{fmt, sync::Arc, sync::atomic::Ordering, time::Duration};

use runner_core::{Caller, Result, Run};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream},
    time::timeout,
};

use crate::limits::{CHUNK_BYTES, LINGER_TIME};
use connection::Connection;
use shared::{Phase, Shared};

pub use metrics::Metrics;
pub use options::ServerOptions;

/// Serves a runner on one stream until the client is done with it.
///
/// ```
/// # use runner_core::{Cancel, Error, Program, Result, Run, RunSync, adapt::Pooled};
/// # struct Echo;
/// # impl RunSync for Echo {
/// #     type Prepared = ();
/// #     fn prepare(&self, _: &Program) -> Result<()> { Ok(()) }
/// #     fn execute_with(&self, _: &(), input: &[u8], _: &Cancel) -> Result<Vec<u8>> { Ok(input.to_vec()) }
/// #     fn get_interface(&self) -> Result<String> { Ok("func echo(x: Text): Text".into()) }
/// #     fn shutdown(&self) -> Result<()> { Ok(()) }
/// # }
/// use runner_binary::{Client, ClientOptions, ServerOptions, serve};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let (ours, theirs) = tokio::io::duplex(4096);
/// let server = tokio::spawn(serve(theirs, Pooled::new(Echo, 2)?.into(), ServerOptions::new()));
/// let client = Client::new(ours, ClientOptions::new()).await?;
/// assert!(client.get_interface().await?.contains("echo"));
/// client.shutdown().await?;
/// server.await.unwrap()?;
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
///
/// # Errors
/// What ended the connection, if the client did not say goodbye.
pub async fn serve<S, R>(stream: S, runner: Arc<R>, options: ServerOptions) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    R: Run + 'static,
    R::Prepared: 'static,
{
    Server::new(runner, options).serve(stream).await
}

/// A runner that is served on any number of streams, which share prepared programs and limits. Clones are the same
/// server.
///
/// ```
/// # use runner_core::{Error, Run};
/// use runner_binary::{Client, ClientOptions, Server, ServerOptions};
/// use tokio::net::TcpListener;
///
/// # async fn example<R: Run + 'static>(runner: std::sync::Arc<R>) -> runner_core::Result<()> where R::Prepared: 'static {
/// let server = Server::new(runner, ServerOptions::new());
/// let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
/// let address = listener.local_addr().unwrap();
/// tokio::spawn({
///     let server = server.clone();
///     async move { server.listen_tcp(listener).await }
/// });
/// let client = Client::connect_tcp(address.to_string(), ClientOptions::new()).await?;
/// assert_eq!(server.metrics().connections, 1);
/// server.shutdown(std::time::Duration::from_secs(5)).await
/// # }
/// ```
pub struct Server<R: Run>(Arc<Shared<R>>);

impl<R> Server<R>
where
    R: Run + 'static,
    R::Prepared: 'static,
{
    /// A server without connections.
    #[must_use]
    pub fn new(runner: Arc<R>, options: ServerOptions) -> Self {
        Self(Arc::new(Shared::new(runner, options)))
    }

    /// Serves one stream until the client is done with it, or the server is shut down. The client is one that has no
    /// other connection.
    ///
    /// # Errors
    /// What ended the connection, if not a goodbye.
    pub async fn serve<S>(&self, stream: S) -> Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        self.serve_caller(stream, Caller::alone()).await
    }

    /// The same for a client that is known.
    ///
    /// # Errors
    /// What ended the connection, if not a goodbye.
    pub async fn serve_caller<S>(&self, mut stream: S, caller: Caller) -> Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let result = self.converse(&mut stream, caller).await;
        if let Err(error) = &result {
            self.0.gauges.broken_total.fetch_add(1, Ordering::Relaxed);
            tracing::info!(%error, "connection ended");
        }
        result
    }

    /// A connection within this process.
    ///
    /// Must be called on a tokio runtime, where the connection is served.
    #[must_use]
    pub fn connect(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(4 * CHUNK_BYTES);
        let server = self.clone();
        tokio::spawn(async move { server.serve(theirs).await });
        ours
    }

    /// What the server is doing and has done.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics {
            prepared_programs: self.0.cache.len() as u64,
            prepared_bytes: self.0.cache.bytes(),
            output_bytes_on_disk: self.0.options.spool.bytes(),
            ..self.0.gauges.snapshot()
        }
    }

    /// Takes nothing new, lets what is in flight finish within `grace`, cancels the rest, and shuts the runner down.
    ///
    /// Listening ends with `Ok`. Doing it twice is fine.
    ///
    /// # Errors
    /// Those of the runner's shutdown.
    pub async fn shutdown(&self, grace: Duration) -> Result<()> {
        tracing::debug!(?grace, "shutting down");
        self.0.enter(Phase::Draining);
        if timeout(grace, self.0.all_ended()).await.is_err() {
            self.0.enter(Phase::Stopping);
            let _ = timeout(2 * LINGER_TIME, self.0.all_ended()).await;
        }
        self.0.cache.clear();
        self.0.runner.shutdown().await
    }

    async fn converse<S>(&self, stream: &mut S, caller: Caller) -> Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let registration = match self.0.connect(caller) {
            Ok(registration) => registration,
            Err(error) => {
                if let Ok(_refusal) = self.0.refusals.try_acquire() {
                    handshake::refuse(stream, &error).await;
                }
                return Err(error);
            }
        };
        let peer = handshake::accept(stream, &self.0.options).await?;
        let result = Connection::new(stream, registration, peer).run().await;
        handshake::linger(stream).await;
        result
    }
}

impl<R: Run> Clone for Server<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: Run> fmt::Debug for Server<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({:?})", self.0.gauges.snapshot())
    }
}
