//! What the requests of a server share.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use runner_core::{
    Code, Error, Program, ProgramId, Result, Run,
    adapt::{self, Cache},
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use super::{
    ServerOptions,
    metrics::{Held, Metrics},
    readiness::Readiness,
    route::ROUTES,
};
use crate::{
    Function,
    error::{limit, shutting_down, too_many_outputs},
    limits::CHUNK_BYTES,
};

pub(super) struct Shared<R: Run> {
    pub(super) runner: Arc<R>,
    pub(super) options: ServerOptions,
    pub(super) cache: Cache<Ready<R>>,
    pub(super) functions: HashMap<String, Served<R>>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) phase: watch::Sender<Phase>,
    /// The OpenAPI document, once somebody asked for it.
    pub(super) openapi: OnceLock<Bytes>,
    pub(super) readiness: Readiness,
    /// Told when a connection ends.
    pub(super) ended: Notify,
    executing: Arc<Semaphore>,
}

/// A program of the server.
pub(super) type Entry<R> = adapt::Entry<Ready<R>>;

/// A program and what the runner made of it.
pub(super) struct Ready<R: Run> {
    pub(super) program: Program,
    pub(super) prepared: R::Prepared,
}

/// A function, its program, and the number of its route.
pub(super) struct Served<R: Run> {
    pub(super) function: Function,
    pub(super) entry: Arc<Entry<R>>,
    pub(super) route: usize,
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

impl<R: Run> Shared<R> {
    pub(super) fn new(runner: Arc<R>, options: ServerOptions) -> Self {
        let limits = &options.limits;
        let functions = options.functions.iter().zip(ROUTES.len()..).map(|(function, route)| {
            let entry = Arc::new(Entry::<R>::new(function.program().id()));
            (function.name().to_owned(), Served { function: function.clone(), entry, route })
        });
        let named = options.functions.iter().map(|function| format!("/v1/functions/{}", function.name()));
        let routes = ROUTES.iter().map(|route| (*route).to_owned()).chain(named);
        Self {
            runner,
            cache: Cache::new(limits.prepared_programs),
            functions: functions.collect(),
            metrics: Arc::new(Metrics::new(routes)),
            phase: watch::Sender::new(Phase::Serving),
            openapi: OnceLock::new(),
            readiness: Readiness::default(),
            ended: Notify::new(),
            executing: Arc::new(Semaphore::new(limits.executing.clamp(1, Semaphore::MAX_PERMITS))),
            options,
        }
    }

    pub(super) fn is_serving(&self) -> bool {
        *self.phase.borrow() == Phase::Serving
    }

    /// Waits for the right to run one request.
    pub(super) async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.executing).try_acquire_owned() {
            return Ok(permit);
        }
        let limit = self.options.limits.waiting as u64;
        let mut place = Held::new(&self.metrics, |metrics| &metrics.waiting, 0);
        if !place.grow(1, limit) {
            let error =
                Error::exhausted(limit::WAITING, limit, format!("{limit} requests wait for their turn"));
            return Err(error.with_retryable(true));
        }
        Arc::clone(&self.executing).acquire_owned().await.map_err(|_| shutting_down())
    }

    /// Fails while the outputs that nobody reads are too many.
    pub(super) fn check_outputs(&self) -> Result<()> {
        let limit = self.options.limits.buffered_output_bytes;
        match self.metrics.output_bytes_held.load(Ordering::Relaxed) < limit {
            true => Ok(()),
            false => Err(too_many_outputs(limit).with_retryable(true)),
        }
    }

    /// Prepares a program, or finds it prepared; says whether it is new.
    pub(super) async fn prepare(&self, bytes: Bytes) -> Result<(Arc<Entry<R>>, bool)> {
        let hashed = bytes.clone();
        let id = unblocked(bytes.len(), move || ProgramId::of(&hashed)).await?;
        let preparing = Preparing { cache: &self.cache, entry: self.cache.entry(id)? };
        let entry = &preparing.entry;
        let is_new = !entry.ready.initialized();
        entry
            .ready
            .get_or_try_init(|| async {
                let program = unblocked(bytes.len(), move || Program::decode(&bytes)).await??;
                self.ready(program).await
            })
            .await?;
        Ok((Arc::clone(entry), is_new))
    }

    /// Prepares the program of a function, unless it is.
    pub(super) async fn prepare_function(&self, served: &Served<R>) -> Result<()> {
        let program = || served.function.program().clone();
        served.entry.ready.get_or_try_init(|| self.ready(program())).await.map(drop)
    }

    async fn ready(&self, program: Program) -> Result<Ready<R>> {
        let prepared = self.runner.prepare(&program).await?;
        Ok(Ready { program, prepared })
    }

    /// Moves on to a later phase and tells all connections.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.send_if_modified(|current| {
            let later = phase > *current;
            *current = phase.max(*current);
            later
        });
    }

    /// Waits until the server has come that far.
    pub(super) fn reached(&self, wanted: Phase) -> impl Future<Output = ()> + Send + use<R> {
        let mut phase = self.phase.subscribe();
        async move { drop(phase.wait_for(|phase| *phase >= wanted).await) }
    }

    /// Waits until no connection is left.
    pub(super) async fn all_ended(&self, time: Duration) -> bool {
        let ended = async {
            loop {
                let ended = self.ended.notified();
                if self.metrics.connections.load(Ordering::SeqCst) == 0 {
                    return;
                }
                ended.await;
            }
        };
        tokio::time::timeout(time, ended).await.is_ok()
    }
}

/// A preparation that leaves nothing behind when it fails or is dropped.
struct Preparing<'a, R: Run> {
    cache: &'a Cache<Ready<R>>,
    entry: Arc<Entry<R>>,
}

impl<R: Run> Drop for Preparing<'_, R> {
    fn drop(&mut self) {
        self.cache.forget(&self.entry);
    }
}

/// Computes here what is small, and on a thread for it what would keep others waiting.
pub(super) async fn unblocked<T: Send + 'static>(
    bytes: usize,
    compute: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    if bytes <= CHUNK_BYTES {
        return Ok(compute());
    }
    let computed = tokio::task::spawn_blocking(compute).await;
    computed.map_err(|_| Error::new(Code::Internal, "what was sent could not be read"))
}
