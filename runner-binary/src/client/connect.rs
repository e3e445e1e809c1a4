//! Ways to a server, and being let in.

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::BytesMut;
use runner_core::{Error, Result};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{ClientOptions, driver::Driver, link::Link};
use crate::{
    error::{late, lost, violation},
    frame::{PREFACE, take_frame, take_preface},
    limits::READ_BYTES,
    message::{Request, Response},
};

/// Makes a new stream to the same server, any number of times.
pub(super) type Connector = Arc<dyn Fn() -> Connecting + Send + Sync>;
pub(super) type Connecting = Pin<Box<dyn Future<Output = Result<Box<dyn Stream>>> + Send>>;

/// Any stream.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Gets a stream and is let in.
pub(super) async fn connect(connector: &Connector, options: &ClientOptions) -> Result<Arc<Link>> {
    let time = options.connect_time;
    timeout(time, async { open(connector().await?, options).await }).await.unwrap_or_else(|_| {
        let error = late("connect_time_ms", time);
        Err(lost(error.message()))
    })
}

/// Shakes hands and starts the driver.
pub(super) async fn open<S>(mut stream: S, options: &ClientOptions) -> Result<Arc<Link>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let hello = Request::Hello {
        frame_bytes: options.frame_bytes,
        token: options.token.clone(),
        name: options.name.clone(),
    };
    let mut out = BytesMut::from(&PREFACE[..]);
    hello.encode(&[], &mut out)?;
    // A server that refuses the connection may close it before it has read all: what it says counts.
    let written = async {
        stream.write_all(&out).await?;
        stream.flush().await
    }
    .await;
    let mut buffer = BytesMut::with_capacity(*READ_BYTES.start());
    while !take_preface(&mut buffer)? {
        read(&mut stream, &mut buffer).await?;
    }
    let welcome = loop {
        match take_frame(&mut buffer, options.frame_bytes)? {
            Some(frame) => break Response::decode(frame)?.0,
            None => read(&mut stream, &mut buffer).await?,
        }
    };
    let limits = match welcome {
        Response::Welcome { limits, name } => {
            tracing::debug!(server = ?name, "connected");
            limits
        }
        Response::Goodbye { error } => {
            return Err(error.unwrap_or_else(|| lost("the server is shutting down")));
        }
        _ => return Err(violation("the first message is not a welcome")),
    };
    written.map_err(|error| lost(format!("writing failed: {error}")))?;
    let idle =
        std::time::Duration::from_millis(limits.idle_time_ms / 4).max(std::time::Duration::from_millis(1));
    let link = Arc::new(Link::new(limits));
    let driver =
        Driver::new(stream, Arc::clone(&link), options.frame_bytes, buffer, options.keepalive.min(idle));
    tokio::spawn(driver.run());
    Ok(link)
}

pub(super) async fn tcp(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await.map_err(|error| unreachable(address, &error))?;
    // Small messages are gathered here; the system must not wait for more.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

pub(super) fn unreachable(address: &str, error: &std::io::Error) -> Error {
    Error::new(runner_core::Code::Unavailable, format!("{address} can't be reached: {error}"))
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut BytesMut) -> Result<()> {
    match stream.read_buf(buffer).await {
        Ok(0) => Err(lost("the server went away during the handshake")),
        Ok(_) => Ok(()),
        Err(error) => Err(lost(format!("reading failed: {error}"))),
    }
}
