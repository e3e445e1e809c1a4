//! One connection, as those see it who use it at the same time.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, ready},
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use runner_core::{Error, Result};
use tokio::sync::{Semaphore, SetOnce};

use crate::{
    error::{limit, lost, too_large},
    in_flight::{InFlight, Step},
    limits::{CHUNK_BYTES, HEAD_BYTES, SMALL_BYTES},
    message::{Limits, Request},
    outbox::Queue,
};

/// Requests that one client has in flight at most, whatever the server allows.
const REQUESTS: u32 = 1 << 16;

pub(super) struct Link {
    state: Mutex<State>,
    /// The task that owns the stream.
    pub(super) driver: AtomicWaker,
    /// One permit for each id that is free.
    requests: Semaphore,
    pub(super) limits: Limits,
    /// Whether `State::closed` is set, for those who need not know why.
    is_closed: AtomicBool,
    /// Set when the driver has ended.
    pub(super) ended: SetOnce<()>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) in_flight: InFlight,
    pub(super) queue: Queue,
    /// Why nothing new can be asked.
    pub(super) closed: Option<Error>,
    /// Whether the client is done, once all is answered.
    pub(super) leaving: bool,
    /// Whether the driver has ended: nothing more is sent.
    has_ended: bool,
    /// Whether the driver knows that there is something to send.
    pub(super) notified: bool,
    numbers: Numbers,
}

/// Numbers of programs.
#[derive(Default)]
struct Numbers {
    free: Vec<u32>,
    next: u32,
}

/// A request in flight. Dropping it cancels what is not answered.
pub(super) struct Call {
    link: Arc<Link>,
    id: u32,
    is_open: bool,
    /// Bytes that were taken and not granted again, and after how many they are; 0 if never.
    taken: u64,
    grant: u64,
}

/// A program that the server holds. Dropping it releases the program.
pub(super) struct Binding {
    pub(super) link: Arc<Link>,
    pub(super) number: u32,
}

impl Link {
    pub(super) fn new(limits: Limits) -> Self {
        let requests = limits.requests.clamp(1, REQUESTS);
        Self {
            state: Mutex::default(),
            driver: AtomicWaker::new(),
            requests: Semaphore::new(requests as usize),
            limits,
            is_closed: AtomicBool::new(false),
            ended: SetOnce::new(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_open(&self) -> bool {
        !self.is_closed.load(Ordering::Acquire)
    }

    /// Takes nothing new from now on, for this reason if there is none yet.
    pub(super) fn close(&self, state: &mut State, why: impl FnOnce() -> Error) {
        state.closed.get_or_insert_with(why);
        self.is_closed.store(true, Ordering::Release);
    }

    /// Sends a request as soon as an id is free. `grant` is how many bytes are taken between two credits, if any.
    pub(super) async fn call(
        self: &Arc<Self>,
        request: impl FnOnce(u32, bool) -> Request,
        body: Bytes,
        credit: u64,
        grant: u64,
    ) -> Result<Call> {
        match self.requests.try_acquire() {
            Ok(permit) => permit.forget(),
            // Seldom, and boxed so that what is moved with every call stays small.
            Err(_) => match Box::pin(self.requests.acquire()).await {
                Ok(permit) => permit.forget(),
                Err(_) => return Err(self.closed()),
            },
        }
        let mut state = self.state();
        if let Some(error) = &state.closed {
            let error = error.clone();
            self.requests.add_permits(1);
            return Err(error);
        }
        let id = state.in_flight.insert(credit);
        let call = Call { link: Arc::clone(self), id, is_open: true, taken: 0, grant };
        if body.len() <= SMALL_BYTES.min(self.chunk_bytes()) {
            request(id, false).encode(&body, &mut state.queue.small)?;
        } else {
            let more = body.len() > self.chunk_bytes();
            if state.in_flight.upload(id, (Some(request(id, more)), body)) {
                state.queue.line_up(id);
            }
        }
        self.notify(state);
        Ok(call)
    }

    /// Bytes of a body that one frame carries to the server.
    pub(super) fn chunk_bytes(&self) -> usize {
        CHUNK_BYTES.min((self.limits.frame_bytes as usize).saturating_sub(HEAD_BYTES)).max(1)
    }

    /// Sends a message that has no answer, if the connection is still there.
    pub(super) fn tell(&self, message: &Request) {
        let mut state = self.state();
        // Messages that are told are short; they can't be too long to be encoded.
        if !state.has_ended && message.encode(&[], &mut state.queue.small).is_ok() {
            self.notify(state);
        }
    }

    /// Takes nothing new and says goodbye when all is answered.
    pub(super) fn leave(&self, why: &Error) {
        let mut state = self.state();
        state.leaving = true;
        self.close(&mut state, || why.clone());
        self.requests.close();
        self.notify(state);
    }

    /// Fails what is in flight and all that comes.
    pub(super) fn end(&self, error: &Error) {
        let mut state = self.state();
        self.close(&mut state, || error.clone());
        state.has_ended = true;
        let wakers = state.in_flight.fail_all(error);
        drop(state);
        self.requests.close();
        wakers.into_iter().for_each(std::task::Waker::wake);
        let _ = self.ended.set(());
    }

    /// Takes note that ids have become free.
    pub(super) fn freed(&self, ids: usize) {
        if ids > 0 {
            self.requests.add_permits(ids);
        }
    }

    /// A number for a program.
    pub(super) fn number(self: &Arc<Self>) -> Result<Binding> {
        let mut state = self.state();
        let numbers = &mut state.numbers;
        let number = match numbers.free.pop() {
            Some(number) => number,
            None if numbers.next < self.limits.programs => {
                numbers.next += 1;
                numbers.next - 1
            }
            None => {
                let limit = self.limits.programs;
                let message = format!("{limit} programs are prepared on this connection");
                return Err(Error::exhausted(limit::PROGRAMS, u64::from(limit), message));
            }
        };
        drop(state);
        Ok(Binding { link: Arc::clone(self), number })
    }

    fn closed(&self) -> Error {
        self.state().closed.clone().unwrap_or_else(|| lost("it was closed"))
    }

    /// Wakes the driver, unless it is awake.
    fn notify(&self, mut state: MutexGuard<'_, State>) {
        let notified = core::mem::replace(&mut state.notified, true);
        drop(state);
        if !notified {
            self.driver.wake();
        }
    }
}

impl Call {
    /// The next part of the answer and whether it is the last one.
    pub(super) async fn next(&mut self) -> Result<(Bytes, bool)> {
        let (piece, last) = poll_fn(|cx| {
            let step = ready!(self.link.state().in_flight.poll(self.id, cx));
            Poll::Ready(match step {
                Step::Piece(piece, last) => {
                    self.is_open = !last;
                    Ok((piece, last))
                }
                Step::Failed(error) => {
                    self.is_open = false;
                    Err(error)
                }
            })
        })
        .await
        .inspect_err(|_| self.link.freed(1))?;
        if last {
            self.link.freed(1);
        } else if self.grant > 0 {
            self.grant(piece.len() as u64);
        }
        Ok((piece, last))
    }

    /// The whole answer, of at most `most` bytes.
    pub(super) async fn collect(mut self, most: u64) -> Result<Bytes> {
        let (first, mut last) = self.next().await?;
        let mut size = first.len() as u64;
        let mut whole = if last { Vec::new() } else { first.to_vec() };
        while !last && size <= most {
            let piece;
            (piece, last) = self.next().await?;
            size += piece.len() as u64;
            whole.extend_from_slice(&piece);
        }
        if size > most {
            return Err(too_large("an output", limit::OUTPUT_BYTES, most));
        }
        Ok(if whole.is_empty() { first } else { whole.into() })
    }

    fn grant(&mut self, bytes: u64) {
        self.taken += bytes;
        if self.taken >= self.grant {
            let bytes = core::mem::take(&mut self.taken);
            self.link.state().in_flight.grant(self.id, bytes);
            self.link.tell(&Request::Credit { id: self.id, bytes });
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        let cancel = self.link.state().in_flight.abandon(self.id);
        match cancel {
            true => self.link.tell(&Request::Cancel { id: self.id }),
            false => self.link.freed(1),
        }
    }
}

impl Drop for Binding {
    fn drop(&mut self) {
        self.link.tell(&Request::Release { program: self.number });
        self.link.state().numbers.free.push(self.number);
    }
}
