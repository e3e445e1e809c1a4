//! What is known about a process, for all who ask.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use runner_core::{Code, Error, Result};
use tokio::{sync::watch, time::timeout};

use crate::{
    error::{Ending, unavailable},
    limits::REASON_TIME,
    log::Log,
    pipes::Pipes,
    resource::ResourceLimits,
    status::{State, Status},
};

/// Written by the supervisor, read by everybody.
#[derive(Debug)]
pub(crate) struct Board {
    known: watch::Sender<Known>,
    /// The connection to the youngest child, until somebody takes it.
    pipes: Mutex<Option<Pipes>>,
    /// Number of the child that the client is connected to.
    connected: AtomicU64,
    pub(crate) log: Arc<Log>,
    limits: ResourceLimits,
}

/// What changes. Children are numbered from 1.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) status: Status,
    /// Number of the youngest child, and of the youngest that has ended.
    pub(crate) started: u64,
    ended: u64,
    ending: Option<Ending>,
    /// Why the last attempt to start a child failed.
    failure: Option<Error>,
}

impl Board {
    pub(crate) fn new(log_bytes: usize, limits: ResourceLimits) -> Arc<Self> {
        Arc::new(Self {
            known: watch::Sender::default(),
            pipes: Mutex::default(),
            connected: AtomicU64::new(0),
            log: Log::new(log_bytes),
            limits,
        })
    }

    pub(crate) fn status(&self) -> Status {
        self.known.borrow().status.clone()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Known> {
        self.known.subscribe()
    }

    /// There is a new child.
    pub(crate) fn begin(&self, pid: u32, pipes: Pipes) {
        *self.pipes.lock().unwrap_or_else(PoisonError::into_inner) = Some(pipes);
        self.known.send_modify(|known| {
            known.started += 1;
            known.failure = None;
            known.status.restarts = known.started - 1;
            known.status.pid = Some(pid);
            known.status.state = State::Running;
        });
    }

    /// The child has ended.
    pub(crate) fn end(&self, ending: Ending, state: State) {
        drop(self.take_pipes());
        self.known.send_modify(|known| {
            known.ended = known.started;
            known.status.last_exit = Some(ending.status);
            known.status.pid = None;
            known.status.state = state;
            known.ending = Some(ending);
        });
    }

    pub(crate) fn enter(&self, state: State) {
        self.known.send_modify(|known| known.status.state = state);
    }

    /// A child could not be started.
    pub(crate) fn fail(&self, error: &Error, state: State) {
        self.known.send_modify(|known| {
            known.failure = Some(error.clone());
            known.status.state = state;
        });
    }

    /// There will be no child any more.
    pub(crate) fn close(&self) {
        drop(self.take_pipes());
        self.known.send_modify(|known| {
            if known.ended < known.started {
                known.ended = known.started;
                known.ending = None;
            }
            known.status.pid = None;
            known.status.state = State::Stopped;
        });
    }

    /// Takes the connection away if nobody has it, so that the child's input ends.
    pub(crate) fn take_pipes(&self) -> Option<Pipes> {
        self.pipes.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits for the connection to the next child.
    pub(crate) async fn connection(&self) -> Result<Pipes> {
        let mut seen = self.known.subscribe();
        loop {
            let (refusal, number) = {
                let known = seen.borrow_and_update();
                (known.refusal(&self.limits), known.started)
            };
            if let Some(pipes) = self.take_pipes() {
                self.connected.store(number, Ordering::Release);
                return Ok(pipes);
            }
            if let Some(error) = refusal {
                return Err(error);
            }
            seen.changed().await.map_err(|_| gone())?;
        }
    }

    /// Number of the child that the client is connected to.
    pub(crate) fn connected(&self) -> u64 {
        self.connected.load(Ordering::Acquire)
    }

    /// Says why a call failed that began when the client was connected to this child.
    pub(crate) async fn explain(&self, error: Error, child: u64) -> Error {
        if error.code() != Code::Unavailable {
            return error;
        }
        let mut seen = self.known.subscribe();
        // If the client has another child by now, the end of the former is known already.
        let wait = if self.connected() == child { REASON_TIME } else { Duration::ZERO };
        let ended = timeout(wait, seen.wait_for(|known| known.ended >= child)).await;
        let Ok(Ok(known)) = ended else { return error };
        let Some(ending) = &known.ending else { return error };
        // The connector may have said it already.
        let refusal = known.refusal(&self.limits);
        let is_told = refusal.is_some_and(|refusal| error.message().contains(refusal.message()));
        if is_told { error } else { ending.error(&self.limits) }
    }
}

impl Known {
    /// Why there is no connection and will be none.
    fn refusal(&self, limits: &ResourceLimits) -> Option<Error> {
        match self.status.state {
            State::Running | State::Stopping | State::Pausing => None,
            State::Stopped => Some(unavailable("the runner process is stopped")),
            State::Ended => Some(match (&self.failure, &self.ending) {
                (Some(failure), _) => failure.clone(),
                (None, Some(ending)) => ending.error(limits),
                (None, None) => gone(),
            }),
        }
    }
}

fn gone() -> Error {
    unavailable("the runner process is gone")
}
