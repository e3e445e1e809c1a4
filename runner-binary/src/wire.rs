//! Polling a stream for both sides: reads into one growing buffer, writes of whole batches.

use std::{
    future::Future,
    io,
    io::IoSlice,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use crate::{limits::READ_BYTES, outbox::Batch};

/// Parts that are handed to one vectored write.
const SLICES: usize = 16;

/// What was read and is not yet understood.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) buffer: BytesMut,
    /// Bytes to ask for: grows while reads fill it, shrinks when they do not.
    want: usize,
}

impl Inbox {
    pub(crate) fn new(buffer: BytesMut) -> Self {
        Self { buffer, want: *READ_BYTES.start() }
    }

    /// Reads once; 0 at the end of the stream.
    pub(crate) fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.buffer.capacity() - self.buffer.len() < self.want / 2 {
            self.buffer.reserve(self.want);
        }
        let room = self.buffer.capacity() - self.buffer.len();
        let read = ready!(pin!(stream.read_buf(&mut self.buffer)).poll(cx))?;
        if read == room {
            self.want = (self.want * 2).min(*READ_BYTES.end());
        } else if read < self.want / 4 {
            self.want = (self.want / 2).max(*READ_BYTES.start());
        }
        Poll::Ready(Ok(read))
    }
}

/// Writes some of the batch.
pub(crate) fn poll_write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    batch: &mut Batch,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut slices = [IoSlice::new(&[]); SLICES];
    let filled = batch.slices(&mut slices);
    let slices = slices.get(..filled).unwrap_or_default();
    let written = match slices {
        [one] => ready!(Pin::new(stream).poll_write(cx, one))?,
        _ => ready!(Pin::new(stream).poll_write_vectored(cx, slices))?,
    };
    if written == 0 {
        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
    }
    batch.advance(written);
    Poll::Ready(Ok(written))
}
