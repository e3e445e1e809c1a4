//! What the connections of a server share.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use runner_core::{
    Caller, Error, Program, Result, Run,
    adapt::{Cache, CacheLimits, Gate, InUse},
};
use tokio::sync::{Notify, Semaphore, watch};

use super::{ServerOptions, job, metrics::Gauges, wake::Wakes};
use crate::{
    error::{limit, shutting_down, too_many_outputs},
    limits::{FRAME_BYTES_MIN, REFUSALS},
};

pub(super) struct Shared<R: Run> {
    pub(super) runner: Arc<R>,
    pub(super) options: ServerOptions,
    pub(super) cache: Cache<R::Prepared>,
    pub(super) gauges: Gauges,
    pub(super) phase: watch::Sender<Phase>,
    /// Told when a connection ends.
    ended: Notify,
    /// Connections that are being told that there are too many.
    pub(super) refusals: Semaphore,
    /// What requests have to pass in order to run.
    pub(super) gate: Gate,
    connections: Mutex<Connections>,
}

/// How far a server has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    /// What is in flight is finished.
    Draining,
    /// What is in flight is cancelled.
    Stopping,
}

#[derive(Default)]
struct Connections {
    wakes: HashMap<u64, Arc<Wakes>>,
    next: u64,
}

impl<R: Run> Shared<R> {
    pub(super) fn new(runner: Arc<R>, mut options: ServerOptions) -> Self {
        options.limits.frame_bytes = options.limits.frame_bytes.max(FRAME_BYTES_MIN);
        let limits = &options.limits;
        Self {
            runner,
            cache: Cache::new(CacheLimits {
                programs: limits.prepared_programs,
                bytes: limits.prepared_bytes,
                client_bytes: limits.client_prepared_bytes,
            }),
            gauges: Gauges::default(),
            phase: watch::Sender::new(Phase::Serving),
            ended: Notify::new(),
            refusals: Semaphore::new(REFUSALS),
            gate: Gate::new(limits.executing, limits.waiting),
            connections: Mutex::default(),
            options,
        }
    }

    /// Sets a number of input bytes aside; they are given back with [`Shared::release_input`].
    pub(super) fn reserve_input(&self, bytes: u64) -> Result<()> {
        let limit = self.options.limits.buffered_input_bytes;
        match Reserved::new(&self.gauges.input_bytes_held, bytes, limit) {
            Some(reserved) => {
                core::mem::forget(reserved);
                Ok(())
            }
            None => {
                let message = format!("the server holds {limit} bytes of inputs");
                Err(Error::exhausted(limit::BUFFERED_INPUT_BYTES, limit, message).with_retryable(true))
            }
        }
    }

    pub(super) fn release_input(&self, bytes: u64) {
        self.gauges.input_bytes_held.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// What the runner made of a program, or makes now: the first time, and after it was let go of.
    pub(super) async fn ready(&self, entry: &Arc<job::Entry<R>>) -> Result<InUse<R::Prepared>> {
        let encoded = entry.encoded.clone();
        let prepare = async move || {
            let program = job::unblocked(encoded.len(), move || Program::decode(&encoded)).await??;
            let prepared = self.runner.prepare(&program).await?;
            let bytes = self.runner.weight(&program, &prepared);
            Ok((prepared, bytes))
        };
        self.cache.ready(entry, prepare).await
    }

    /// Fails while the outputs that nobody reads are too many.
    pub(super) fn check_outputs(&self) -> Result<()> {
        let limit = self.options.limits.buffered_output_bytes;
        match self.gauges.output_bytes_held.load(Ordering::Relaxed) < limit {
            true => Ok(()),
            false => Err(too_many_outputs(limit).with_retryable(true)),
        }
    }

    /// Counts a connection in, if there may be another one.
    pub(super) fn connect(self: &Arc<Self>, caller: Caller) -> Result<Registration<R>> {
        let limit = self.options.limits.connections;
        let mut connections = self.connections();
        if *self.phase.borrow() != Phase::Serving {
            return Err(shutting_down());
        }
        if connections.wakes.len() >= limit {
            let message = format!("{limit} connections are open");
            return Err(Error::exhausted(limit::CONNECTIONS, limit as u64, message).with_retryable(true));
        }
        connections.next += 1;
        let (key, wakes) = (connections.next, Arc::<Wakes>::default());
        connections.wakes.insert(key, Arc::clone(&wakes));
        self.gauges.connections.fetch_add(1, Ordering::Relaxed);
        self.gauges.connections_total.fetch_add(1, Ordering::Relaxed);
        Ok(Registration { shared: Arc::clone(self), caller, key, wakes })
    }

    /// Moves on to a later phase and tells all connections.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.send_if_modified(|current| {
            let later = phase > *current;
            *current = phase.max(*current);
            later
        });
        for wakes in self.connections().wakes.values() {
            wakes.task.wake();
        }
    }

    /// Waits until no connection is left.
    pub(super) async fn all_ended(&self) {
        loop {
            let ended = self.ended.notified();
            if self.connections().wakes.is_empty() {
                return;
            }
            ended.await;
        }
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place among those of its server.
pub(super) struct Registration<R: Run> {
    pub(super) shared: Arc<Shared<R>>,
    /// Whom the work is for.
    pub(super) caller: Caller,
    pub(super) wakes: Arc<Wakes>,
    key: u64,
}

impl<R: Run> Drop for Registration<R> {
    fn drop(&mut self) {
        self.shared.connections().wakes.remove(&self.key);
        self.shared.gauges.connections.fetch_sub(1, Ordering::Relaxed);
        self.shared.ended.notify_waiters();
    }
}

/// A part of a bounded sum, given back when dropped.
pub(super) struct Reserved<'a> {
    sum: &'a AtomicU64,
    amount: u64,
}

impl<'a> Reserved<'a> {
    pub(super) fn new(sum: &'a AtomicU64, amount: u64, limit: u64) -> Option<Self> {
        let before = sum.fetch_add(amount, Ordering::Relaxed);
        let reserved = Self { sum, amount };
        (before.saturating_add(amount) <= limit).then_some(reserved)
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.sum.fetch_sub(self.amount, Ordering::Relaxed);
    }
}
