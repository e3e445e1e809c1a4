use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures_util::Stream;

use crate::{
    adapt::workers::{Queue, Ticket, lock},
    cancel::Cancel,
    error::{Code, Error, Result},
    limits::AHEAD_BYTES,
};

/// The way of pieces from a worker to the receiver.
#[derive(Default)]
pub(super) struct Pipe {
    state: Mutex<State>,
    taken: Condvar,
}

#[derive(Default)]
struct State {
    pieces: VecDeque<Bytes>,
    bytes: usize,
    /// Whether there was a piece before the last one.
    is_begun: bool,
    end: Option<Result<Bytes>>,
    has_ended: bool,
    /// Whether nobody receives any more.
    is_closed: bool,
    waker: Option<Waker>,
}

impl Pipe {
    /// Hands a piece to the receiver, and waits for it if it is behind.
    pub(super) fn push(&self, piece: Bytes, queue: &Arc<Queue>) -> Result<()> {
        let is_full =
            |state: &State| state.bytes > 0 && state.bytes + piece.len() > AHEAD_BYTES && !state.is_closed;
        let mut state = lock(&self.state);
        if is_full(&state) {
            drop(state);
            let waiting = queue.wait()?;
            state = lock(&self.state);
            while is_full(&state) {
                state = self.taken.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            drop(waiting);
        }
        if state.is_closed {
            return Err(Error::new(Code::Cancelled, "the caller gave up"));
        }
        state.is_begun = true;
        state.bytes += piece.len();
        state.pieces.push_back(piece);
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Hands over the last piece, or why there is none.
    pub(super) fn end(&self, last: Result<Bytes>) {
        let mut state = lock(&self.state);
        state.end = Some(last);
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let mut state = lock(&self.state);
        if let Some(piece) = state.pieces.pop_front() {
            state.bytes -= piece.len();
            drop(state);
            self.taken.notify_one();
            return Poll::Ready(Some(Ok(piece)));
        }
        if let Some(last) = state.end.take() {
            state.has_ended = true;
            let is_empty = last.as_ref().is_ok_and(Bytes::is_empty) && state.is_begun;
            return Poll::Ready(Some(last).filter(|_| !is_empty));
        }
        if state.has_ended {
            return Poll::Ready(None);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn close(&self) {
        let mut state = lock(&self.state);
        state.is_closed = true;
        let pieces = core::mem::take(&mut state.pieces);
        drop(state);
        drop(pieces);
        self.taken.notify_one();
    }
}

/// The pieces of one output. Dropping it stops the work.
pub(super) struct Pieces {
    pipe: Arc<Pipe>,
    cancel: Cancel,
    /// Where the job waits, until there is a piece.
    job: Option<(Arc<Queue>, Ticket)>,
}

impl Pieces {
    pub(super) fn new(pipe: Arc<Pipe>, cancel: Cancel) -> Self {
        Self { pipe, cancel, job: None }
    }

    pub(super) fn is_job(&mut self, queue: &Arc<Queue>, ticket: Ticket) {
        self.job = Some((Arc::clone(queue), ticket));
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.pipe.poll(cx);
        if next.is_ready() {
            self.job = None;
        }
        next
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.pipe.close();
        if let Some((queue, ticket)) = self.job.take() {
            queue.remove(ticket);
        }
    }
}
