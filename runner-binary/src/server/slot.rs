//! One request in flight, at its id.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::{Buf, Bytes, BytesMut};
use runner_core::{Result, Run};
use runner_spool::{SPOOLED_BYTES, Spool};

use super::{
    job::{self, Bound, Job},
    outlet::Outlet,
    shared::Shared,
    wake::{SlotWake, Wakes},
};
use crate::error::{limit, panicked, too_large};

/// The place of an id. It is kept for the next request when one is answered.
pub(super) struct Slot<R: Run> {
    pub(super) id: u32,
    pub(super) state: State<R>,
    /// What is to learn how the preparation of a program ends.
    pub(super) preparing: Option<Arc<Bound<R>>>,
    /// Bytes of output that may be sent.
    pub(super) credit: u64,
    /// Bytes of output that the job gave.
    pub(super) output: u64,
    /// Those of them that are not in `piece` or `ahead`, because they are on disk or on the way there.
    pub(super) spooled: u64,
    /// Tick since which nothing was taken, though there is much.
    stalled: Option<u64>,
    /// Bytes of input that count as held.
    pub(super) reserved: u64,
    /// Tick in which the request began.
    pub(super) since: u64,
    /// Whether the id stands among those whose turn it will be.
    pub(super) lined_up: bool,
    /// Whether the request counts as one that runs.
    pub(super) executing: bool,
    /// Whether there is no room for what the job gave.
    pub(super) overfull: bool,
    /// Whether the job had to be waited for, and may have left something in the outlet.
    waited: bool,
    /// Whether the last byte of the answer was sent.
    pub(super) answered: bool,
    /// What is to be sent next.
    pub(super) piece: Option<Bytes>,
    /// What the job gave after that: `None` if it has to be asked, `Some(None)` if it has ended.
    ahead: Option<Option<Result<Bytes>>>,
    /// What the job gives before it ends.
    pub(super) outlet: Arc<Outlet<R>>,
    wake: Arc<SlotWake>,
    waker: Waker,
}

pub(super) enum State<R: Run> {
    /// The id is free.
    Free,
    /// Bodies are missing.
    Collecting(Task<R>, BytesMut),
    /// All is there, but too much else runs.
    Waiting(Task<R>, Bytes),
    /// The job runs, or has ended and is being sent (`None`).
    Running(Option<Job>),
}

/// What a request asks for.
pub(super) enum Task<R: Run> {
    Prepare(Arc<Bound<R>>),
    Execute(Arc<Bound<R>>),
    Interface,
    Describe,
    Ready,
}

/// What can be said about the next piece.
pub(super) enum Next {
    /// There is one in `piece`.
    Piece,
    /// It is not known yet.
    Pending,
    /// There is none: all was sent.
    End,
    /// There is none: the job failed.
    Failed(runner_core::Error),
}

impl<R: Run> Slot<R> {
    pub(super) fn new(id: u32, wakes: &Arc<Wakes>, shared: &Arc<Shared<R>>) -> Self {
        let wake = SlotWake::new(id, Arc::clone(wakes));
        Self {
            id,
            state: State::Free,
            preparing: None,
            executing: false,
            overfull: false,
            answered: false,
            credit: 0,
            output: 0,
            spooled: 0,
            stalled: None,
            reserved: 0,
            since: 0,
            lined_up: false,
            piece: None,
            ahead: None,
            outlet: Outlet::new(Arc::clone(shared)),
            waited: false,
            waker: Waker::from(Arc::clone(&wake)),
            wake,
        }
    }

    pub(super) fn is_free(&self) -> bool {
        matches!(self.state, State::Free)
    }

    /// Whether the piece that is there is the last one.
    pub(super) fn is_last(&self) -> bool {
        matches!(self.ahead, Some(None))
    }

    /// Bytes that the job gave and that are not sent.
    pub(super) fn held(&self) -> u64 {
        self.in_memory() + self.spooled
    }

    fn in_memory(&self) -> u64 {
        let ahead = match &self.ahead {
            Some(Some(Ok(bytes))) => bytes.len(),
            _ => 0,
        };
        (self.piece.as_ref().map_or(0, Bytes::len) + ahead) as u64
    }

    /// To be asked each tick: whether there is much in memory of which nothing was taken for so many ticks.
    pub(super) fn is_stalled(&mut self, now: u64, patience: u64) -> bool {
        let is_large = self.in_memory() > SPOOLED_BYTES as u64;
        self.stalled = is_large.then(|| self.stalled.unwrap_or(now));
        self.stalled.is_some_and(|since| now - since >= patience)
    }

    /// Moves what is in memory to disk. The job has to be polled for that.
    pub(super) fn spool(&mut self, spool: &Spool)
    where
        R: 'static,
        R::Prepared: 'static,
    {
        let State::Running(job) = &mut self.state else {
            return;
        };
        self.stalled = None;
        self.spooled += self.piece.as_ref().map_or(0, Bytes::len) as u64;
        let mut pieces: Vec<_> = self.piece.take().into_iter().collect();
        let rest = match self.ahead.take() {
            None => job.take(),
            Some(None) => None,
            Some(Some(Err(error))) => Some(job::failed(error)),
            Some(Some(Ok(ahead))) => {
                self.spooled += ahead.len() as u64;
                pieces.push(ahead);
                job.take()
            }
        };
        *job = Some(job::spooled(spool.clone(), Arc::clone(&self.outlet), pieces, rest));
    }

    /// Gets the next piece, and looks ahead whether it is the last one. `limit` is that on bytes of output.
    pub(super) fn advance(&mut self, limit: u64) -> Next {
        if self.piece.is_some() {
            return Next::Piece;
        }
        let next = match self.ahead.take() {
            Some(next) => next,
            None => match self.poll(limit) {
                Poll::Ready(next) => next,
                Poll::Pending => return Next::Pending,
            },
        };
        match next {
            None => Next::End,
            Some(Err(error)) => Next::Failed(error),
            Some(Ok(piece)) => {
                self.piece = Some(piece);
                if let Poll::Ready(ahead) = self.poll(limit) {
                    self.ahead = Some(ahead);
                }
                Next::Piece
            }
        }
    }

    /// Gets the next piece if it is there already. Whether it is.
    pub(super) fn refill(&mut self, limit: u64) -> bool {
        matches!(self.ahead, Some(Some(Ok(_)))) && matches!(self.advance(limit), Next::Piece)
    }

    /// Takes up to `most` bytes off the piece; whether some are left.
    pub(super) fn take(&mut self, most: usize) -> (Bytes, bool) {
        let Some(mut piece) = self.piece.take() else {
            return (Bytes::new(), false);
        };
        self.stalled = None;
        if piece.len() <= most {
            return (piece, false);
        }
        let chunk = piece.slice(..most);
        piece.advance(most);
        self.piece = Some(piece);
        (chunk, true)
    }

    /// Frees the id. Dropping the job stops the work.
    pub(super) fn clear(&mut self) {
        match core::mem::replace(&mut self.state, State::Free) {
            State::Free | State::Running(None) => {}
            state => discard(state),
        }
        self.preparing = None;
        self.executing = false;
        self.overfull = false;
        self.answered = false;
        self.piece = None;
        self.ahead = None;
        if core::mem::take(&mut self.waited) {
            self.outlet.take();
        }
        self.reserved = 0;
        self.output = 0;
        self.spooled = 0;
        self.stalled = None;
        self.credit = 0;
    }

    /// Polls the job; once it has ended, it is let go of and stays ended.
    fn poll(&mut self, limit: u64) -> Poll<Option<Result<Bytes>>> {
        let State::Running(job) = &mut self.state else {
            return Poll::Pending;
        };
        let Some(running) = job else {
            return Poll::Ready(None);
        };
        self.wake.rearm();
        let mut cx = Context::from_waker(&self.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(&mut cx)))
            .unwrap_or_else(|_| Poll::Ready(Err(panicked())));
        let next = match polled {
            Poll::Ready(last) => {
                discard(job.take());
                last.transpose()
            }
            Poll::Pending => {
                self.waited = true;
                match self.outlet.take() {
                    Some(piece) => Some(Ok(piece)),
                    None => return Poll::Pending,
                }
            }
        };
        if let Some(Ok(piece)) = &next {
            let size = piece.len() as u64;
            let known = size.min(self.spooled);
            self.spooled -= known;
            self.output = self.output.saturating_add(size - known);
            if self.output > limit {
                discard(job.take());
                return Poll::Ready(Some(Err(too_large("an output", limit::OUTPUT_BYTES, limit))));
            }
        }
        Poll::Ready(next)
    }
}

/// Drops what is a runner's, which may panic.
pub(super) fn discard<T>(value: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}
