//! Connections of a client, plain and encrypted.

use std::{
    error::Error as _,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_util::{
    client::legacy::{
        self,
        connect::{Connected, Connection},
    },
    rt::TokioIo,
};
use runner_core::{Code, Error, Result};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tower_service::Service;

use super::ClientOptions;

/// Opens connections to the one server of a client.
#[derive(Clone)]
pub(super) struct Connector {
    time: Duration,
    #[cfg(feature = "tls")]
    tls: Option<crate::TlsClient>,
}

/// A connection.
pub(super) enum Stream {
    Plain(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

impl Connector {
    /// `None` for a scheme that is not HTTP.
    pub(super) fn new(scheme: &str, options: &ClientOptions) -> Option<Result<Self>> {
        match scheme {
            "http" => Some(Ok(Self {
                time: options.connect_time,
                #[cfg(feature = "tls")]
                tls: None,
            })),
            "https" => Some(Self::encrypted(options)),
            _ => None,
        }
    }

    #[cfg(feature = "tls")]
    fn encrypted(options: &ClientOptions) -> Result<Self> {
        let tls = match &options.tls {
            Some(tls) => tls.clone(),
            None => crate::TlsClient::from_pem(None)?,
        };
        Ok(Self { time: options.connect_time, tls: Some(tls) })
    }

    #[cfg(not(feature = "tls"))]
    fn encrypted(_: &ClientOptions) -> Result<Self> {
        Err(Error::new(Code::Unsupported, "https needs the feature `tls`"))
    }

    async fn connect(self, uri: Uri) -> io::Result<TokioIo<Stream>> {
        let host = uri.host().unwrap_or_default();
        let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let address = format!("{host}:{}", uri.port_u16().unwrap_or(default));
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return Ok(TokioIo::new(Stream::Tls(Box::new(tls.connect(host, stream).await?))));
        }
        Ok(TokioIo::new(Stream::Plain(stream)))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Stream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let time = connector.time;
            timeout(time, connector.connect(uri)).await.map_err(|_| {
                io::Error::new(io::ErrorKind::TimedOut, format!("no connection within {time:?}"))
            })?
        })
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

/// The error of a request that came to no answer; whether the work was done is not known.
pub(super) fn unreachable_server(base: &str, error: &legacy::Error) -> Error {
    let (mut cause, mut is_refused) = (error.source(), false);
    let mut words = error.to_string();
    while let Some(inner) = cause {
        words = inner.to_string();
        // A certificate that is wrong now will be wrong when it is tried again.
        is_refused |=
            inner.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::InvalidData);
        cause = inner.source();
    }
    let what = if error.is_connect() { "can't be reached" } else { "went away before it answered" };
    let error = Error::new(Code::Unavailable, format!("the server at {base} {what}: {words}"));
    error.with_retryable(!is_refused)
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
