//! The time that a statement may take. One thread looks after all statements of a database.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use runner_core::{Cancel, Code, Detail, Error, Hook, Result};

/// Ends statements that take too long.
pub(crate) struct Timer {
    limit: Duration,
    next: AtomicU64,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Flags of the statements that run, by when they have to end.
    running: BTreeMap<(Instant, u64), Cancel>,
    is_closed: bool,
}

/// A statement that runs.
pub(crate) struct Timed<'a> {
    cancel: Cancel,
    /// Whom it is timed by, as what, and how its caller raises its flag.
    by: Option<(&'a Timer, (Instant, u64), Hook)>,
    caller: Cancel,
}

impl Timer {
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if the system gives no thread.
    pub(crate) fn new(limit: Duration) -> Result<Self> {
        let shared = Arc::<Shared>::default();
        let of_thread = Arc::clone(&shared);
        thread::Builder::new()
            .name("statement timer".into())
            .spawn(move || of_thread.expire_all())
            .map_err(|error| Error::new(Code::ResourceExhausted, format!("no thread: {error}")))?;
        Ok(Self { limit, next: AtomicU64::new(0), shared })
    }

    pub(crate) fn millis(&self) -> u64 {
        u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX)
    }

    fn begin(&self, caller: &Cancel) -> Timed<'_> {
        let cancel = Cancel::new();
        let (flag, reason) = (cancel.clone(), caller.clone());
        let hook = caller.on_cancel(move || match reason.check() {
            Err(error) if error.code() == Code::DeadlineExceeded => flag.expire(),
            _ => flag.cancel(),
        });
        let key = (Instant::now() + self.limit, self.next.fetch_add(1, Ordering::Relaxed));
        let mut state = self.shared.lock();
        let is_first = state.running.first_key_value().is_none_or(|(first, _)| key < *first);
        state.running.insert(key, cancel.clone());
        drop(state);
        if is_first {
            self.shared.changed.notify_one();
        }
        Timed { cancel, by: Some((self, key, hook)), caller: caller.clone() }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expire_all(&self) {
        let mut state = self.lock();
        while !state.is_closed {
            let Some((key, cancel)) = state.running.first_key_value() else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = key.0.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let cancel = cancel.clone();
                state.running.pop_first();
                drop(state);
                cancel.expire();
                state = self.lock();
            } else {
                let waited = self.changed.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }
}

impl<'a> Timed<'a> {
    /// A statement that begins now, for a caller who may cancel it.
    pub(crate) fn begin(timer: Option<&'a Timer>, caller: &Cancel) -> Self {
        match timer {
            Some(timer) => timer.begin(caller),
            None => Self { cancel: caller.clone(), by: None, caller: caller.clone() },
        }
    }

    /// The flag that ends it.
    pub(crate) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// The error that it ended with: another one if its time was over.
    pub(crate) fn late(&self, error: Error) -> Error {
        match &self.by {
            Some((timer, ..)) if self.cancel.is_raised() && !self.caller.is_raised() => {
                let ms = timer.millis();
                let words = format!("the statement takes longer than {ms} ms");
                Error::new(Code::DeadlineExceeded, words)
                    .with_detail(Detail::Limit { name: "time_ms".into(), value: ms })
            }
            _ => error,
        }
    }
}

impl Drop for Timed<'_> {
    fn drop(&mut self) {
        if let Some((timer, key, _)) = &self.by {
            timer.shared.lock().running.remove(key);
        }
    }
}
