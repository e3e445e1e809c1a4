//! What ends a wait early: time, and the end of the server. One of a connection is for all its requests, so that a
//! request that is answered soon costs no timer.

use std::{
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use runner_core::Run;
use tokio::time::{Instant, Sleep, sleep_until};

use super::shared::{Phase, Shared};

/// One timer for any number of deadlines of one task, set no later than the first of them. Deadlines that are not
/// reached do not touch it: it goes off at times, and is set anew for those that wait then.
#[derive(Clone)]
pub(super) struct Clock(Arc<Mutex<State>>);

struct State {
    timer: Option<Pin<Box<Sleep>>>,
    /// Done when requests in flight are to be given up.
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Clock {
    /// For a connection, or a request that does not come from one of the server's own.
    pub(super) fn new<R: Run + 'static>(shared: &Shared<R>) -> Self {
        Self(Arc::new(Mutex::new(State { timer: None, stopping: Box::pin(shared.reached(Phase::Stopping)) })))
    }

    /// What `work` gives, or `None` if it waits beyond `deadline`, which is only asked for if it waits.
    pub(super) async fn within<T>(
        &self,
        deadline: impl FnOnce() -> Instant,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let mut work = pin!(work);
        let (mut asked, mut known) = (Some(deadline), None);
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => {
                known = known.or_else(|| asked.take().map(|deadline| deadline()));
                known.map_or(Poll::Pending, |deadline| self.poll(deadline, cx).map(|()| None))
            }
        })
        .await
    }

    /// What `work` gives, or `None` if it waits while the server gives up what is in flight.
    pub(super) async fn unless_stopping<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => self.state().stopping.as_mut().poll(cx).map(|()| None),
        })
        .await
    }

    /// Ready when the deadline has passed.
    fn poll(&self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        let timer = state.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        loop {
            if timer.deadline() > deadline {
                timer.as_mut().reset(deadline);
            }
            std::task::ready!(timer.as_mut().poll(cx));
            if timer.deadline() == deadline || Instant::now() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// When a time from now on is over; in decades if that is said to be later.
pub(super) fn after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now + Duration::from_secs(1 << 30))
}

/// For the time that a head may take.
impl hyper::rt::Timer for Clock {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Waiting { clock: self.clone(), deadline: deadline.into() })
    }

    fn now(&self) -> std::time::Instant {
        Instant::now().into_std()
    }
}

struct Waiting {
    clock: Clock,
    deadline: Instant,
}

impl Future for Waiting {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.clock.poll(self.deadline, cx)
    }
}

impl hyper::rt::Sleep for Waiting {}
