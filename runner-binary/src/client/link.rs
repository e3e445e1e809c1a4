//! One connection, as those see it who use it at the same time.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use runner_core::{Error, Result};
use tokio::sync::{Notify, SetOnce};

use crate::{
    error::{limit, too_large},
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
    /// Requests in flight at most, how many callers wait because there are so many, and what tells them of a free id.
    requests: usize,
    queued: AtomicUsize,
    vacancy: Notify,
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
pub(super) struct Call<'l> {
    link: &'l Link,
    id: u32,
    is_open: bool,
    /// Bytes that were taken and not granted again, and after how many they are; 0 if never.
    taken: u64,
    grant: u64,
}

/// Who sends a request.
pub(super) enum Caller<'w> {
    /// One that has not waited for an id, and wants to be woken by this.
    Passing(Option<&'w Waker>),
    /// One of those that wait for an id.
    Queued,
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
            requests: requests as usize,
            queued: AtomicUsize::new(0),
            vacancy: Notify::new(),
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

    /// Sends a request as soon as an id is free. `grant` is how many bytes are taken between two credits, if any; if
    /// none, the answer is wanted as a whole.
    pub(super) async fn call(
        &self,
        request: impl FnOnce(u32, bool) -> Request,
        body: Bytes,
        credit: u64,
        grant: u64,
    ) -> Result<Call<'_>> {
        match self.begin(request, body, credit, grant, Caller::Passing(None))? {
            Ok(call) => Ok(call),
            // Seldom, and boxed so that what is moved with every call stays small.
            Err((request, body)) => Box::pin(self.call_later(request, body, credit, grant)).await,
        }
    }

    /// Sends a request as soon as an id is free, and gives the whole answer, which has less than `credit` bytes, or none.
    pub(super) async fn ask(
        &self,
        request: impl FnOnce(u32, bool) -> Request,
        body: Bytes,
        credit: u64,
    ) -> Result<Bytes> {
        let mut call = self.call(request, body, credit, 0).await?;
        poll_fn(|cx| call.poll_whole(credit.saturating_sub(1), cx)).await
    }

    async fn call_later(
        &self,
        mut request: impl FnOnce(u32, bool) -> Request,
        mut body: Bytes,
        credit: u64,
        grant: u64,
    ) -> Result<Call<'_>> {
        let _queued = Queued::new(&self.queued);
        loop {
            let mut vacancy = pin!(self.vacancy.notified());
            vacancy.as_mut().enable();
            match self.begin(request, body, credit, grant, Caller::Queued)? {
                Ok(call) => return Ok(call),
                Err(back) => (request, body) = back,
            }
            vacancy.await;
        }
    }

    /// Sends a request, or gives it back if no id is free, or others wait for one and this caller does not.
    pub(super) fn begin<F>(
        &self,
        request: F,
        body: Bytes,
        credit: u64,
        grant: u64,
        caller: Caller<'_>,
    ) -> Result<Result<Call<'_>, (F, Bytes)>>
    where
        F: FnOnce(u32, bool) -> Request,
    {
        let mut state = self.state();
        if let Some(error) = &state.closed {
            return Err(error.clone());
        }
        let (passes_by, waker) = match caller {
            Caller::Passing(waker) => (self.queued.load(Ordering::SeqCst) > 0, waker),
            Caller::Queued => (false, None),
        };
        if passes_by || state.in_flight.len() >= self.requests {
            return Ok(Err((request, body)));
        }
        let whole = (grant == 0).then(|| credit.saturating_sub(1));
        let id = state.in_flight.insert(credit, whole, waker);
        let call = Call { link: self, id, is_open: true, taken: 0, grant };
        if body.len() <= SMALL_BYTES.min(self.chunk_bytes()) {
            let encoded = request(id, false).encode(&body, &mut state.queue.small);
            if let Err(error) = encoded {
                // The call, which is given up, looks at the state.
                drop(state);
                return Err(error);
            }
        } else {
            let more = body.len() > self.chunk_bytes();
            if state.in_flight.upload(id, (Some(request(id, more)), body)) {
                state.queue.line_up(id);
            }
        }
        self.notify(state);
        Ok(Ok(call))
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
        self.notify(state);
        self.vacancy.notify_waiters();
    }

    /// Fails what is in flight and all that comes.
    pub(super) fn end(&self, error: &Error) {
        let mut state = self.state();
        self.close(&mut state, || error.clone());
        state.has_ended = true;
        let wakers = state.in_flight.fail_all(error);
        drop(state);
        self.vacancy.notify_waiters();
        wakers.into_iter().for_each(std::task::Waker::wake);
        let _ = self.ended.set(());
    }

    /// Tells those who wait that ids have become free: whoever counts as one of them before looking in vain is seen here.
    pub(super) fn freed(&self, ids: usize) {
        let queued = self.queued.load(Ordering::SeqCst);
        (0..ids.min(queued)).for_each(|_| self.vacancy.notify_one());
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

    /// Wakes the driver, unless it is awake.
    fn notify(&self, mut state: MutexGuard<'_, State>) {
        let notified = core::mem::replace(&mut state.notified, true);
        drop(state);
        if !notified {
            self.driver.wake();
        }
    }
}

/// A place among the callers that wait for an id.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Call<'_> {
    /// The next part of the answer and whether it is the last one.
    pub(super) async fn next(&mut self) -> Result<(Bytes, bool)> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// The whole answer, if it has at most so many bytes. What was asked for has to be wanted as a whole.
    pub(super) fn poll_whole(&mut self, most: u64, cx: &mut Context<'_>) -> Poll<Result<Bytes>> {
        Poll::Ready(match ready!(self.poll(cx))? {
            (bytes, true) if bytes.len() as u64 <= most => Ok(bytes),
            _ => Err(too_large("an output", limit::OUTPUT_BYTES, most)),
        })
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(Bytes, bool)>> {
        let step = ready!(self.link.state().in_flight.poll(self.id, cx));
        Poll::Ready(match step {
            Step::Piece(piece, last) => {
                if last {
                    self.is_open = false;
                    self.link.freed(1);
                } else if self.grant > 0 {
                    self.grant(piece.len() as u64);
                }
                Ok((piece, last))
            }
            Step::Failed(error) => {
                self.is_open = false;
                self.link.freed(1);
                Err(error)
            }
        })
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

impl Drop for Call<'_> {
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

impl Binding {
    /// Whether an input may be sent.
    pub(super) fn check_input(&self, input: &Bytes) -> Result<()> {
        let most = self.link.limits.input_bytes;
        match input.len() as u64 <= most {
            true => Ok(()),
            false => Err(too_large("an input", limit::INPUT_BYTES, most)),
        }
    }
}

impl Drop for Binding {
    fn drop(&mut self) {
        self.link.tell(&Request::Release { program: self.number });
        self.link.state().numbers.free.push(self.number);
    }
}
