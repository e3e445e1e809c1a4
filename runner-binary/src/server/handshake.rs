//! The first words of a connection, and the last ones.

use bytes::BytesMut;
use runner_core::{Code, Error, Result};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use super::ServerOptions;
use crate::{
    error::{late, limit, lost, violation},
    frame::{PREFACE, take_frame, take_preface},
    limits::{FRAME_BYTES_MIN, HANDSHAKE_BYTES, LINGER_TIME, READ_BYTES},
    message::{Request, Response},
};

/// What is known of a client after the handshake.
pub(super) struct Peer {
    /// Bytes of a frame that it takes.
    pub(super) frame_bytes: u32,
    /// What it sent behind its hello.
    pub(super) rest: BytesMut,
}

/// Lets a client in, or tells it why not.
pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    options: &ServerOptions,
) -> Result<Peer> {
    let time = options.limits.handshake_time;
    let greeted = timeout(time, greet(stream, options)).await;
    let error = match greeted.unwrap_or_else(|_| Err(late(limit::HANDSHAKE_TIME, time))) {
        Ok(peer) => return Ok(peer),
        Err(error) => error,
    };
    // Who went away before asking for anything is told nothing.
    if error.code() != Code::Unavailable {
        refuse(stream, &error).await;
    }
    Err(error)
}

/// Says goodbye to a client that was never let in.
pub(super) async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, error: &Error) {
    let mut out = BytesMut::from(&PREFACE[..]);
    if (Response::Goodbye { error: Some(error.clone()) }).encode(&[], &mut out).is_ok() {
        // The client may be gone; nobody else wants to know.
        let _ = timeout(LINGER_TIME, stream.write_all(&out)).await;
        linger(stream).await;
    }
}

/// Closes the writing side and reads on for a moment: unread bytes would make the system reset the connection, and
/// the goodbye would be lost.
pub(super) async fn linger<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let _ = timeout(LINGER_TIME, async {
        let _ = stream.shutdown().await;
        let mut sink = [0; 1024];
        while matches!(stream.read(&mut sink).await, Ok(1..)) {}
    })
    .await;
}

async fn greet<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, options: &ServerOptions) -> Result<Peer> {
    let mut buffer = BytesMut::with_capacity(*READ_BYTES.start());
    while !take_preface(&mut buffer)? {
        read(stream, &mut buffer).await?;
    }
    let hello = loop {
        match take_frame(&mut buffer, HANDSHAKE_BYTES)? {
            Some(frame) => break Request::decode(frame)?.0,
            None => read(stream, &mut buffer).await?,
        }
    };
    let Request::Hello { frame_bytes, token, name } = hello else {
        return Err(violation("the first message is not a hello"));
    };
    if frame_bytes < FRAME_BYTES_MIN {
        return Err(violation(format!(
            "frames of at most {frame_bytes} bytes; at least {FRAME_BYTES_MIN} are needed"
        )));
    }
    options.admit(token.as_ref())?;
    tracing::debug!(client = ?name, "client let in");
    let welcome = Response::Welcome { limits: options.announced(), name: options.name.clone() };
    let mut out = BytesMut::from(&PREFACE[..]);
    welcome.encode(&[], &mut out)?;
    stream.write_all(&out).await.map_err(|error| lost(format!("writing failed: {error}")))?;
    stream.flush().await.map_err(|error| lost(format!("writing failed: {error}")))?;
    Ok(Peer { frame_bytes, rest: buffer })
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut BytesMut) -> Result<()> {
    match stream.read_buf(buffer).await {
        Ok(0) => Err(lost("the client went away during the handshake")),
        Ok(_) => Ok(()),
        Err(error) => Err(lost(format!("reading failed: {error}"))),
    }
}
