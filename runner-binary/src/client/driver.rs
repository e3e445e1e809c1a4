//! The task that owns a connection's stream.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use runner_core::{Error, Result};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::{Interval, MissedTickBehavior, interval},
};

use super::link::Link;
use crate::{
    error::{lost, violation},
    frame::{put_head, take_frame},
    limits::HANDED_OUT,
    message::{Request, Response},
    outbox::{Batch, Turn},
    wire::{Inbox, poll_write},
};

pub(super) struct Driver<S> {
    stream: S,
    link: Arc<Link>,
    frame_bytes: u32,
    inbox: Inbox,
    batch: Batch,
    /// What was understood and not handed out.
    outputs: Vec<Output>,
    wakers: Vec<Waker>,
    unflushed: bool,
    /// Whether those who call at the same time had their turn since the last batch.
    patient: bool,
    /// Whether the goodbye was queued.
    left: bool,
    /// What the server gave as the reason when it said goodbye.
    goodbye: Option<Error>,
    ticks: Interval,
    /// Whether a frame came since the last tick, and whether a ping was sent since the last frame.
    heard: bool,
    pinged: bool,
}

/// A part of an answer.
struct Output {
    id: u32,
    more: bool,
    body: Bytes,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    pub(super) fn new(
        stream: S,
        link: Arc<Link>,
        frame_bytes: u32,
        rest: BytesMut,
        keepalive: Duration,
    ) -> Self {
        let mut ticks = interval(keepalive);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            stream,
            link,
            frame_bytes,
            inbox: Inbox::new(rest),
            batch: Batch::default(),
            outputs: Vec::new(),
            wakers: Vec::new(),
            unflushed: false,
            patient: false,
            left: false,
            goodbye: None,
            ticks,
            heard: true,
            pinged: false,
        }
    }

    /// Carries messages until the connection ends, for whatever reason.
    pub(super) async fn run(mut self) {
        let error = poll_fn(|cx| self.poll(cx)).await.err();
        let error = match (error, self.goodbye.take()) {
            (_, Some(goodbye)) => lost(format!("the server said goodbye: {goodbye}")),
            (Some(error), None) => error,
            (None, None) => lost("it was closed"),
        };
        tracing::debug!(%error, "connection ended");
        self.link.end(&error);
        // Whether the server sees the end in order is its business.
        let _ = self.stream.shutdown().await;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.link.driver.register(cx.waker());
        if self.expects_more() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            let mut busy = self.poll_write(cx).map_err(|error| lost(format!("writing failed: {error}")))?;
            busy |= self.handle_frames()?;
            match self.inbox.poll_read(&mut self.stream, cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(lost("the server went away"))),
                Poll::Ready(Ok(_)) => {
                    self.handle_frames()?;
                    busy = true;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(lost(format!("reading failed: {error}")))),
            }
            if self.ticks.poll_tick(cx).is_ready() {
                busy = true;
                self.tick()?;
            }
            if self.leave() {
                return Poll::Ready(Ok(()));
            }
            if !busy {
                return Poll::Pending;
            }
        }
    }

    /// Whether others are likely to have something to send in a moment: a runtime runs who was woken last first, so
    /// that the first of many callers would bring its request here alone, and each one a system call.
    fn expects_more(&mut self) -> bool {
        if self.patient || !self.batch.is_empty() {
            return false;
        }
        let state = self.link.state();
        self.patient = state.in_flight.len() > 1 && !state.queue.is_empty();
        self.patient
    }

    /// Writes what there is. Whether something was taken.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        let mut busy = false;
        loop {
            if self.batch.is_empty() {
                self.gather();
            }
            if self.batch.is_empty() {
                break;
            }
            match poll_write(&mut self.stream, &mut self.batch, cx)? {
                Poll::Pending => return Ok(busy),
                Poll::Ready(_) => {
                    busy = true;
                    self.unflushed = true;
                }
            }
        }
        if self.unflushed && Pin::new(&mut self.stream).poll_flush(cx)?.is_ready() {
            self.unflushed = false;
        }
        Ok(busy)
    }

    /// Fills the batch: small frames, then large bodies in turns.
    fn gather(&mut self) {
        self.patient = false;
        let chunk = self.link.chunk_bytes();
        let mut state = self.link.state();
        state.notified = false;
        let super::link::State { queue, in_flight, .. } = &mut *state;
        self.batch.gather(queue, |id, head| {
            match in_flight.take_upload(id, chunk) {
                // The head of a body always fits; see the limit.
                Some((request, body, more)) if put_head(&request, body.len(), head).is_ok() => {
                    Turn::Chunk(body, more)
                }
                _ => Turn::Nothing,
            }
        });
    }

    /// Hands out all frames that have arrived. Whether there were any.
    fn handle_frames(&mut self) -> Result<bool> {
        let taken = self.take_frames();
        // What arrived before what is wrong counts.
        self.hand_out()?;
        taken
    }

    fn take_frames(&mut self) -> Result<bool> {
        let mut busy = false;
        while let Some(frame) = take_frame(&mut self.inbox.buffer, self.frame_bytes)? {
            busy = true;
            self.heard = true;
            match Response::decode(frame)? {
                (Response::Output { id, more }, body) => self.outputs.push(Output { id, more, body }),
                (other, _) => {
                    self.hand_out()?;
                    self.handle(other)?;
                }
            }
        }
        Ok(busy)
    }

    /// Gives the outputs to their callers, some at a time: those who call at the same time need the lock, too.
    fn hand_out(&mut self) -> Result<()> {
        let mut outputs = self.outputs.drain(..);
        let mut handed_out = Ok(());
        while outputs.len() > 0 && handed_out.is_ok() {
            let mut freed = 0;
            let mut state = self.link.state();
            handed_out = outputs.by_ref().take(HANDED_OUT).try_for_each(|Output { id, more, body }| {
                let (waker, free) = state.in_flight.receive(id, body, more)?;
                self.wakers.extend(waker);
                freed += usize::from(free);
                Ok(())
            });
            drop(state);
            self.link.freed(freed);
            // Nobody else wakes them, whatever came after their answers.
            self.wakers.drain(..).for_each(Waker::wake);
        }
        handed_out
    }

    /// Does what a message says that is no output.
    fn handle(&mut self, response: Response) -> Result<()> {
        match response {
            Response::Failed { id, error } => {
                let (waker, free) = self.link.state().in_flight.fail(id, error)?;
                self.link.freed(usize::from(free));
                waker.into_iter().for_each(Waker::wake);
                Ok(())
            }
            Response::Goodbye { error } => {
                self.link.close(&mut self.link.state(), || match &error {
                    None => lost("the server is shutting down"),
                    Some(error) => lost(format!("the server said goodbye: {error}")),
                });
                self.goodbye = error;
                Ok(())
            }
            Response::Welcome { .. } => Err(violation("a second welcome")),
            Response::Output { .. } | Response::Pong { .. } => Ok(()),
        }
    }

    /// Asks for a sign of life after a time of silence, and gives up after two.
    fn tick(&mut self) -> Result<()> {
        if core::mem::take(&mut self.heard) {
            self.pinged = false;
        } else if self.pinged {
            return Err(lost("the server gave no sign of life"));
        } else {
            self.pinged = true;
            Request::Ping { nonce: 0 }.encode(&[], &mut self.link.state().queue.small)?;
        }
        Ok(())
    }

    /// Says goodbye once the client is done. Whether that was sent.
    fn leave(&mut self) -> bool {
        let mut state = self.link.state();
        if !state.leaving || state.in_flight.len() > 0 {
            return false;
        }
        if !self.left {
            self.left = Request::Goodbye { error: None }.encode(&[], &mut state.queue.small).is_ok();
            state.notified = true;
            drop(state);
            self.link.driver.wake();
            return false;
        }
        state.queue.is_empty() && self.batch.is_empty() && !self.unflushed
    }
}

/// A runtime that ends drops its tasks; those who wait elsewhere must not wait for ever.
impl<S> Drop for Driver<S> {
    fn drop(&mut self) {
        self.link.end(&lost("its runtime has ended"));
    }
}
