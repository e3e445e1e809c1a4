//! Accepting connections, and serving each.

use std::{future::Future, io, net::SocketAddr, sync::Arc, sync::atomic::Ordering};

use axum::{Router, response::IntoResponse, routing::any};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use runner_core::{Caller, Code, Error, Result, Run};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{
    Server,
    clock::Clock,
    reply::Problem,
    route::Connected,
    shared::{Phase, Shared},
    stall::Stall,
};
use crate::{
    error::limit,
    limits::{ACCEPT_REST, HEAD_BYTES_MIN, REFUSAL_TIME},
};

impl<R> Server<R>
where
    R: Run + 'static,
    R::Prepared: 'static,
{
    /// Serves whoever connects, until the server is shut down.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` at once if other machines reach the address, there is no token, and it was not said that this
    /// is meant ([`ServerOptions::open_to_everybody`](crate::ServerOptions::open_to_everybody)).
    pub async fn listen_tcp(&self, listener: TcpListener) -> Result<()> {
        self.check_address(listener.local_addr())?;
        self.accept(
            listener,
            |server, stream, caller| async move { server.serve_caller(stream, caller).await },
        )
        .await;
        Ok(())
    }

    /// Serves whoever connects and passes the TLS handshake, until the server is shut down.
    ///
    /// # Errors
    /// As [`Server::listen_tcp`].
    #[cfg(feature = "tls")]
    pub async fn listen_tls(&self, listener: TcpListener, tls: crate::TlsServer) -> Result<()> {
        use tokio::sync::Semaphore;

        self.check_address(listener.local_addr())?;
        let limits = &self.shared.options.limits;
        let time = limits.handshake_time;
        // A connection counts as one when it is encrypted; until then it takes one of these places.
        let places = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
        self.accept(listener, move |server, stream, caller| {
            let (tls, place) = (tls.clone(), Arc::clone(&places).try_acquire_owned());
            async move {
                let Ok(place) = place else {
                    return tracing::info!("too many TLS handshakes");
                };
                let accepted = timeout(time, tls.accept(stream)).await;
                drop(place);
                match accepted {
                    Ok(Ok(stream)) => server.serve_caller(stream, caller).await,
                    Ok(Err(error)) => tracing::info!(%error, "TLS handshake failed"),
                    Err(_) => tracing::info!("TLS handshake took too long"),
                }
            }
        })
        .await;
        Ok(())
    }

    /// Serves one stream until the client is done with it, or the server is shut down. The client is one that has no
    /// other connection.
    ///
    /// ```
    /// # use runner_core::{Result, Run};
    /// # async fn example<R: Run + 'static>(server: runner_http::Server<R>) where R::Prepared: 'static {
    /// let (ours, theirs) = tokio::io::duplex(64 << 10);
    /// tokio::spawn(async move { server.serve(theirs).await });
    /// # drop(ours);
    /// # }
    /// ```
    pub async fn serve<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(&self, stream: S) {
        self.serve_caller(stream, Caller::alone()).await;
    }

    /// The same for a client that is known. Where there are several tokens, clients that show different ones are others.
    pub async fn serve_caller<S>(&self, stream: S, caller: Caller)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let shared = &self.shared;
        let Some(_connection) = Connection::new(shared) else {
            shared.metrics.connections_refused.fetch_add(1, Ordering::Relaxed);
            return self.refuse(stream).await;
        };
        let limits = &shared.options.limits;
        let clock = Clock::new(shared);
        let connection = http1::Builder::new()
            .timer(clock.clone())
            .header_read_timeout(limits.head_time)
            .max_buf_size(limits.head_bytes.max(HEAD_BYTES_MIN))
            .serve_connection(
                TokioIo::new(Stall::new(stream, limits.write_time)),
                Connected { shared: Arc::clone(shared), routes: self.routes.clone(), clock },
            );
        let mut connection = std::pin::pin!(connection);
        let served = async {
            tokio::select! {
                served = connection.as_mut() => served,
                () = shared.reached(Phase::Draining) => {
                    connection.as_mut().graceful_shutdown();
                    tokio::select! {
                        served = connection.as_mut() => served,
                        () = aborted(shared) => Ok(()),
                    }
                }
            }
        };
        let served = caller.scope(served).await;
        if let Err(error) = served {
            shared.metrics.broken_total.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(%error, "connection ended");
        }
    }

    /// Tells a connection that there are too many, if not too many are being told so.
    async fn refuse<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(&self, stream: S) {
        let Ok(_place) = self.refusals.try_acquire() else { return };
        let limit = self.shared.options.limits.connections;
        let refusal = move || async move {
            let error =
                Error::exhausted(limit::CONNECTIONS, limit as u64, format!("{limit} connections are open"));
            Problem::from(error.with_retryable(true)).into_response()
        };
        let router = Router::new().fallback(any(refusal));
        let connection = http1::Builder::new()
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
        // Whoever does not ask in time is not told.
        drop(timeout(REFUSAL_TIME, connection).await);
    }

    async fn accept<F>(&self, listener: TcpListener, serve: impl Fn(Self, TcpStream, Caller) -> F + Send)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        loop {
            tokio::select! {
                () = self.shared.reached(Phase::Draining) => return,
                stream = listener.accept() => match stream {
                    Ok((stream, peer)) => {
                        tracing::debug!(%peer, "connection");
                        // Answers are written as a whole; the system must not wait for more.
                        let _ = stream.set_nodelay(true);
                        drop(tokio::spawn(serve(self.clone(), stream, Caller::at(peer.ip()))));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "accepting failed");
                        tokio::time::sleep(ACCEPT_REST).await;
                    }
                },
            }
        }
    }

    fn check_address(&self, address: io::Result<SocketAddr>) -> Result<()> {
        let address = address.map_err(|error| {
            Error::new(Code::Unavailable, format!("the listener has no address: {error}"))
        })?;
        let options = &self.shared.options;
        if address.ip().is_loopback() || options.is_open() {
            return Ok(());
        }
        let message = format!("other machines reach {address}: a token is needed, or the word that none is");
        Err(Error::new(Code::Unauthenticated, message))
    }
}

/// When requests in flight were told to stop and had time to say so.
async fn aborted<R: Run>(shared: &Shared<R>) {
    shared.reached(Phase::Stopping).await;
    tokio::time::sleep(REFUSAL_TIME).await;
}

/// A connection's place among those of its server.
struct Connection<'a, R: Run>(&'a Shared<R>);

impl<'a, R: Run> Connection<'a, R> {
    fn new(shared: &'a Shared<R>) -> Option<Self> {
        let metrics = &shared.metrics;
        let before = metrics.connections.fetch_add(1, Ordering::SeqCst);
        let connection = Self(shared);
        if before >= shared.options.limits.connections as u64 {
            return None;
        }
        metrics.connections_total.fetch_add(1, Ordering::Relaxed);
        Some(connection)
    }
}

impl<R: Run> Drop for Connection<'_, R> {
    fn drop(&mut self) {
        self.0.metrics.connections.fetch_sub(1, Ordering::SeqCst);
        self.0.ended.notify_waiters();
    }
}
