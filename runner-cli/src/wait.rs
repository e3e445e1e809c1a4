//! Waiting for a runner without a runtime, until it is done, late, or interrupted.

use std::{
    fs,
    path::PathBuf,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use runner_core::{Code, Error};

use crate::{
    error::{Failure, INTERRUPTED},
    progress,
};

/// What an interrupt from the keyboard has to look after.
static STATE: Mutex<State> = Mutex::new(State { waiting: None, unfinished: None });
static INTERRUPT: AtomicBool = AtomicBool::new(false);

struct State {
    /// The thread that waits for a runner, and will stop it.
    waiting: Option<Thread>,
    /// A file that is only written in part.
    unfinished: Option<PathBuf>,
}

/// The time that a program may take, from now on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    start: Instant,
    limit: Option<Duration>,
}

impl Deadline {
    /// Begins to count; `None` is no bound.
    pub(crate) fn after(limit: Option<Duration>) -> Self {
        Self { start: Instant::now(), limit }
    }

    /// Puts the start later, since the program did nothing in this time.
    pub(crate) fn extend(&mut self, idle: Duration) {
        self.start += idle;
    }

    fn left(&self) -> Option<Duration> {
        self.limit.map(|limit| limit.saturating_sub(self.start.elapsed()))
    }
}

/// Waits for a future. After the deadline, or if it is interrupted, it is dropped, which stops the work behind it.
///
/// # Errors
/// Those of the future, `DEADLINE_EXCEEDED`, or that it was interrupted.
pub(crate) fn wait<T, E: Into<Failure>>(
    future: impl Future<Output = Result<T, E>>,
    deadline: Deadline,
) -> Result<T, Failure> {
    watch_keyboard();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    state().waiting = Some(thread::current());
    let done = loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            break done.map_err(Into::into);
        }
        if INTERRUPT.load(Ordering::Relaxed) {
            break Err(Failure::interrupted());
        }
        match deadline.left() {
            None => thread::park(),
            Some(Duration::ZERO) => {
                let limit = deadline.limit.unwrap_or_default();
                let words = format!("the program took longer than the {limit:?} that it was allowed");
                break Err(Error::new(Code::DeadlineExceeded, words).into());
            }
            Some(left) => thread::park_timeout(left),
        }
    };
    state().waiting = None;
    done
}

/// Sees to it that an interrupt leaves no half of a file; `None` when it is whole, or gone.
pub(crate) fn unfinished(file: Option<PathBuf>) {
    watch_keyboard();
    state().unfinished = file;
}

/// The first interrupt stops a runner that works; a second one, or one at another time, ends the process.
fn watch_keyboard() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without a handler an interrupt ends the process at once, which is fine as well.
        let _ = ctrlc::set_handler(|| {
            let mut state = state();
            if let Some(thread) = state.waiting.take() {
                INTERRUPT.store(true, Ordering::Relaxed);
                thread.unpark();
                return;
            }
            if let Some(file) = state.unfinished.take() {
                let _ = fs::remove_file(file);
            }
            progress::clear();
            std::process::exit(INTERRUPTED.into());
        });
    });
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
