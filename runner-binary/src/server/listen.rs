//! Accepting connections.

#[cfg(feature = "tls")]
use std::sync::Arc;
use std::{future::Future, io, net::SocketAddr, time::Duration};

use runner_core::{Caller, Code, Error, Result, Run};
#[cfg(feature = "tls")]
use tokio::sync::Semaphore;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};

use super::{Server, shared::Phase};

/// How long accepting rests after it failed, as it does when no more files can be opened.
const REST: Duration = Duration::from_millis(50);

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
        self.check_address(listener.local_addr(), false)?;
        self.accept(listener).await;
        Ok(())
    }

    /// Serves whoever connects, until the server is shut down.
    ///
    /// # Errors
    /// None today.
    #[cfg(all(unix, feature = "unix"))]
    pub async fn listen_unix(&self, listener: tokio::net::UnixListener) -> Result<()> {
        self.accept(listener).await;
        Ok(())
    }

    /// Serves whoever connects and passes the TLS handshake, until the server is shut down.
    ///
    /// # Errors
    /// As [`Server::listen_tcp`], unless clients have to show certificates.
    #[cfg(feature = "tls")]
    pub async fn listen_tls(&self, listener: TcpListener, tls: crate::TlsServer) -> Result<()> {
        self.check_address(listener.local_addr(), tls.knows_clients())?;
        let time = self.0.options.limits.handshake_time;
        // A connection counts as one when it is encrypted; until then it takes one of these places.
        let places = Arc::new(Semaphore::new(self.0.options.limits.connections.min(Semaphore::MAX_PERMITS)));
        self.accept_with(listener, move |server, stream, caller| {
            let (tls, place) = (tls.clone(), Arc::clone(&places).try_acquire_owned());
            async move {
                let Ok(place) = place else {
                    return tracing::info!("too many TLS handshakes");
                };
                let accepted = tokio::time::timeout(time, tls.accept(stream)).await;
                drop(place);
                match accepted {
                    Ok(Ok(stream)) => drop(server.serve_caller(stream, caller).await),
                    Ok(Err(error)) => tracing::info!(%error, "TLS handshake failed"),
                    Err(_) => tracing::info!("TLS handshake took too long"),
                }
            }
        })
        .await;
        Ok(())
    }

    async fn accept<L: Listen>(&self, listener: L) {
        self.accept_with(listener, |server, stream, caller| async move {
            drop(server.serve_caller(stream, caller).await)
        })
        .await;
    }

    async fn accept_with<L, F>(&self, listener: L, serve: impl Fn(Self, L::Stream, Caller) -> F + Send)
    where
        L: Listen,
        F: Future<Output = ()> + Send + 'static,
    {
        let mut phase = self.0.phase.subscribe();
        loop {
            tokio::select! {
                () = async { drop(phase.wait_for(|phase| *phase != Phase::Serving).await) } => return,
                stream = listener.next() => match stream {
                    Ok((stream, caller)) => drop(tokio::spawn(serve(self.clone(), stream, caller))),
                    Err(error) => {
                        tracing::warn!(%error, "accepting failed");
                        tokio::time::sleep(REST).await;
                    }
                },
            }
        }
    }

    fn check_address(&self, address: io::Result<SocketAddr>, knows_clients: bool) -> Result<()> {
        let address = address.map_err(|error| {
            Error::new(Code::Unavailable, format!("the listener has no address: {error}"))
        })?;
        let options = &self.0.options;
        if address.ip().is_loopback() || knows_clients || options.open || !options.tokens.is_empty() {
            return Ok(());
        }
        let message = format!("other machines reach {address}: a token is needed, or the word that none is");
        Err(Error::new(Code::Unauthenticated, message))
    }
}

/// Where streams come from.
trait Listen: Send + Sync {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Caller)>> + Send;
}

impl Listen for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<(TcpStream, Caller)> {
        let (stream, peer) = self.accept().await?;
        tracing::debug!(%peer, "connection");
        // Small messages are gathered here; the system must not wait for more.
        let _ = stream.set_nodelay(true);
        Ok((stream, Caller::at(peer.ip())))
    }
}

#[cfg(all(unix, feature = "unix"))]
impl Listen for tokio::net::UnixListener {
    type Stream = tokio::net::UnixStream;

    async fn next(&self) -> io::Result<(tokio::net::UnixStream, Caller)> {
        Ok((self.accept().await?.0, Caller::alone()))
    }
}
