//! The side that has programs.

mod connect;
mod driver;
mod execute;
mod link;
mod options;
mod prepared;

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use async_stream::try_stream;
use bytes::Bytes;
use futures_util::Stream;
use runner_core::{Code, Description, Error, Program, ProgramId, Result, Run};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::message::{Limits, Request};
use connect::Connector;
use execute::Execute;
use link::Link;
use prepared::Remote;

pub use options::{ClientOptions, Reconnect};
pub use prepared::Prepared;

/// A remote runner as a [`Run`]. Clones share the connection, which any number of tasks may use at the same time.
///
/// Requests are sent as they come and answered as they are done. Dropping the future of a call cancels the work on the
/// server; dropping the last clone of a [`Prepared`] releases the program there. A program that is prepared already is
/// not sent again. When the connection is lost, what is in flight fails with `UNAVAILABLE`, and so does all that
/// comes, unless the client was told to [reconnect](ClientOptions::with_reconnect). When more requests are made than
/// the server takes at a time, they wait here.
///
/// [`Run::shutdown`] ends the connection, not the server.
///
/// ```
/// # use runner_core::{Program, Run};
/// use runner_binary::{Client, ClientOptions, Token};
///
/// # async fn example(program: Program) -> runner_core::Result<()> {
/// let options = ClientOptions::new().with_token(Token::new("swordfish"));
/// let client = Client::connect_tcp("localhost:4567", options).await?;
/// let prepared = client.prepare(&program).await?;
/// let output = client.execute(&prepared, vec![0x54].into()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    options: ClientOptions,
    connector: Option<Connector>,
    state: Mutex<State>,
    /// Held by the one who connects again.
    connecting: tokio::sync::Mutex<()>,
}

struct State {
    link: Arc<Link>,
    is_shut: bool,
    /// Programs that somebody holds.
    programs: HashMap<ProgramId, Weak<Remote>>,
}

impl Client {
    /// Talks over a stream. When that ends, so does the client: it can't reconnect.
    ///
    /// Must be called on a tokio runtime, where the connection is driven.
    ///
    /// # Errors
    /// What the server refuses the client with, `UNAVAILABLE` if it can't be reached, `DECODE_ERROR` if it does not
    /// speak the protocol.
    pub async fn new<S>(stream: S, options: ClientOptions) -> Result<Self>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let opening = tokio::time::timeout(options.connect_time, connect::open(stream, &options));
        let link =
            opening.await.unwrap_or_else(|_| Err(crate::error::lost("the handshake took too long")))?;
        Ok(Self::with(link, None, options))
    }

    /// Talks over the streams that `connector` makes: one now, and another one whenever it has to reconnect.
    ///
    /// ```
    /// # use runner_core::{Code, Error};
    /// use runner_binary::{Client, ClientOptions, Reconnect};
    ///
    /// # async fn example() -> runner_core::Result<()> {
    /// let options = ClientOptions::new().with_reconnect(Reconnect::default());
    /// let connector = || async {
    ///     let stream = tokio::net::TcpStream::connect("localhost:4567").await;
    ///     stream.map_err(|error| Error::new(Code::Unavailable, error.to_string()))
    /// };
    /// let client = Client::connect(connector, options).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Client::new`], and what the connector fails with.
    pub async fn connect<F, S>(
        connector: impl Fn() -> F + Send + Sync + 'static,
        options: ClientOptions,
    ) -> Result<Self>
    where
        F: Future<Output = Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let connector: Connector = Arc::new(move || {
            let stream = connector();
            Box::pin(async move { Ok(Box::new(stream.await?) as Box<dyn connect::Stream>) })
        });
        let link = connect::connect(&connector, &options).await?;
        Ok(Self::with(link, Some(connector), options))
    }

    /// Talks over TCP to `host:port`.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub async fn connect_tcp(address: impl Into<String>, options: ClientOptions) -> Result<Self> {
        let address: Arc<str> = address.into().into();
        let connector = move || {
            let address = Arc::clone(&address);
            async move { connect::tcp(&address).await }
        };
        Self::connect(connector, options).await
    }

    /// Talks over a Unix socket.
    ///
    /// # Errors
    /// As [`Client::new`].
    #[cfg(all(unix, feature = "unix"))]
    pub async fn connect_unix(path: impl Into<std::path::PathBuf>, options: ClientOptions) -> Result<Self> {
        let path: Arc<std::path::Path> = path.into().into();
        let connector = move || {
            let path = Arc::clone(&path);
            async move {
                let stream = tokio::net::UnixStream::connect(&path).await;
                stream.map_err(|error| connect::unreachable(&path.to_string_lossy(), &error))
            }
        };
        Self::connect(connector, options).await
    }

    /// Talks over TLS to `host:port`. The server has to have a certificate for the host.
    ///
    /// # Errors
    /// As [`Client::new`].
    #[cfg(feature = "tls")]
    pub async fn connect_tls(
        address: impl Into<String>,
        tls: crate::TlsClient,
        options: ClientOptions,
    ) -> Result<Self> {
        let address: Arc<str> = address.into().into();
        let connector = move || {
            let (address, tls) = (Arc::clone(&address), tls.clone());
            async move { tls.connect(&address, connect::tcp(&address).await?).await }
        };
        Self::connect(connector, options).await
    }

    /// What the server lets this client do.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.0.state().link.limits.clone()
    }

    /// Whether the connection is there. One that can be made again is not.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.state().link.is_open()
    }

    /// Connects again if the connection is lost, as the next call would.
    ///
    /// # Errors
    /// As [`Client::connect`], and why the connection was lost if the client was not told to reconnect.
    pub async fn reconnect(&self) -> Result<()> {
        self.link().await.map(drop)
    }

    /// Waits until all that is in flight is answered, and ends the connection. The next call connects again, if the
    /// client was told to [reconnect](ClientOptions::with_reconnect).
    pub async fn disconnect(&self) {
        let link = Arc::clone(&self.0.state().link);
        link.leave(&crate::error::lost("the client has ended it"));
        link.ended.wait().await;
    }

    fn with(link: Arc<Link>, connector: Option<Connector>, options: ClientOptions) -> Self {
        let state = Mutex::new(State { link, is_shut: false, programs: HashMap::new() });
        Self(Arc::new(Inner { options, connector, state, connecting: tokio::sync::Mutex::default() }))
    }

    /// A connection that is there, made again if need be.
    async fn link(&self) -> Result<Arc<Link>> {
        let link = Arc::clone(&self.0.state().link);
        match link.is_open() {
            true => Ok(link),
            false => self.connect_again().await,
        }
    }

    async fn connect_again(&self) -> Result<Arc<Link>> {
        let _connecting = self.0.connecting.lock().await;
        let link = {
            let state = self.0.state();
            if state.is_shut {
                return Err(shut());
            }
            Arc::clone(&state.link)
        };
        let closed = link.state().closed.clone();
        let Some(mut error) = closed else {
            return Ok(link);
        };
        let (Some(connector), Some(policy)) = (&self.0.connector, &self.0.options.reconnect) else {
            return Err(error);
        };
        let mut pause = policy.first_pause;
        for attempt in 0..policy.attempts {
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(policy.longest_pause);
            }
            match connect::connect(connector, &self.0.options).await {
                Ok(link) => {
                    let mut state = self.0.state();
                    if state.is_shut {
                        link.leave(&shut());
                        return Err(shut());
                    }
                    state.link = Arc::clone(&link);
                    return Ok(link);
                }
                Err(failed) if failed.is_retryable() => error = failed,
                Err(failed) => return Err(failed),
            }
        }
        Err(error)
    }

    /// Bytes of an answer that is wanted as a whole, and one more, by which one that is too large is known.
    fn credit(&self) -> u64 {
        self.0.options.output_bytes.saturating_add(1)
    }

    /// Asks what has no program and a short answer.
    async fn ask(&self, request: impl FnOnce(u32, u64) -> Request) -> Result<Bytes> {
        let credit = self.credit();
        self.link().await?.ask(|id, _| request(id, credit), Bytes::new(), credit).await
    }
}

impl Run for Client {
    type Prepared = Prepared;

    async fn prepare(&self, program: &Program) -> Result<Prepared> {
        let prepared = Prepared::of(program, &self.0);
        prepared.bound(self).await?;
        Ok(prepared)
    }

    fn execute(&self, prepared: &Prepared, input: Bytes) -> impl Future<Output = Result<Bytes>> + Send {
        Execute::new(self, prepared, input)
    }

    fn execute_chunks<'a>(
        &'a self,
        prepared: &'a Prepared,
        input: Bytes,
    ) -> impl Stream<Item = Result<Bytes>> + Send + 'a {
        let window = self.0.options.window_bytes;
        try_stream! {
            let bound = prepared.bound(self).await?;
            bound.check_input(&input)?;
            let program = bound.number;
            let request = |id, more| Request::Execute { id, program, credit: window, more };
            let mut call = bound.link.call(request, input, window, window.div_ceil(2)).await?;
            loop {
                let (piece, last) = call.next().await?;
                if !piece.is_empty() {
                    yield piece;
                }
                if last {
                    break;
                }
            }
        }
    }

    async fn get_interface(&self) -> Result<String> {
        let text = self.ask(|id, credit| Request::Interface { id, credit }).await?;
        String::from_utf8(text.into()).map_err(|_| crate::error::violation("an interface that is not UTF-8"))
    }

    async fn shutdown(&self) -> Result<()> {
        let link = {
            let mut state = self.0.state();
            state.is_shut = true;
            Arc::clone(&state.link)
        };
        link.leave(&shut());
        link.ended.wait().await;
        Ok(())
    }

    async fn describe(&self) -> Result<Description> {
        let bytes = self.ask(|id, credit| Request::Describe { id, credit }).await?;
        postcard::from_bytes(&bytes)
            .map_err(|error| crate::error::violation(format!("a description that can't be decoded: {error}")))
    }

    async fn ready(&self) -> Result<()> {
        self.ask(|id, _| Request::Ready { id }).await.map(drop)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("is_connected", &self.is_connected()).finish_non_exhaustive()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.state().link.leave(&shut());
    }
}

fn shut() -> Error {
    Error::new(Code::Unavailable, "the client is shut down")
}
