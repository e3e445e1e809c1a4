//! What the requests of a server share.

use std::{
    collections::HashMap,
    num::NonZero,
    sync::{Arc, OnceLock, atomic::Ordering},
    thread,
    time::Duration,
};

use bytes::Bytes;
use runner_core::{
    Code, Error, Program, ProgramId, Result, Run,
    adapt::{self, Cache, CacheLimits, Gate, InUse, Workers},
};
use tokio::sync::{Notify, watch};

use super::{ServerOptions, metrics::Metrics, readiness::Readiness, route::ROUTES};
use crate::{Function, error::too_many_outputs, limits::CHUNK_BYTES};

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
    /// What requests have to pass in order to run.
    pub(super) gate: Arc<Gate>,
    /// Threads that compile source, once there is some.
    compilers: OnceLock<Workers>,
}

/// A program of the server.
pub(super) type Entry<R> = adapt::Entry<Ready<R>>;

/// The right to run a request.
pub(super) type Permit = adapt::Permit<Arc<Gate>>;

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
            let entry = Arc::new(Entry::<R>::own(function.program().id()));
            (function.name().to_owned(), Served { function: function.clone(), entry, route })
        });
        let named = options.functions.iter().map(|function| format!("/v1/functions/{}", function.name()));
        let routes = ROUTES.iter().map(|route| (*route).to_owned()).chain(named);
        Self {
            runner,
            cache: Cache::new(CacheLimits {
                programs: limits.prepared_programs,
                bytes: limits.prepared_bytes,
                client_bytes: limits.client_prepared_bytes,
            }),
            functions: functions.collect(),
            metrics: Arc::new(Metrics::new(routes)),
            phase: watch::Sender::new(Phase::Serving),
            openapi: OnceLock::new(),
            readiness: Readiness::default(),
            ended: Notify::new(),
            compilers: OnceLock::new(),
            gate: Arc::new(Gate::new(limits.executing, limits.waiting)),
            options,
        }
    }

    pub(super) fn is_serving(&self) -> bool {
        *self.phase.borrow() == Phase::Serving
    }

    /// Waits for the right to run one request.
    pub(super) async fn permit(&self) -> Result<Permit> {
        Gate::enter(Arc::clone(&self.gate)).await
    }

    /// Fails while the outputs that nobody reads are too many.
    pub(super) fn check_outputs(&self) -> Result<()> {
        let limit = self.options.limits.buffered_output_bytes;
        match self.metrics.output_bytes_held.load(Ordering::Relaxed) < limit {
            true => Ok(()),
            false => Err(too_many_outputs(limit).with_retryable(true)),
        }
    }

    /// The threads that compile source, in turns: one for each processor.
    pub(super) fn compilers(&self) -> Result<&Workers> {
        if let Some(workers) = self.compilers.get() {
            return Ok(workers);
        }
        let workers = Workers::new(thread::available_parallelism().map_or(1, NonZero::get))?;
        Ok(self.compilers.get_or_init(|| workers))
    }

    /// Prepares a program, or finds it prepared; says whether it is new.
    pub(super) async fn prepare(&self, bytes: Bytes) -> Result<(InUse<Ready<R>>, bool)> {
        let hashed = bytes.clone();
        let id = unblocked(bytes.len(), move || ProgramId::of(&hashed)).await?;
        // The client sends the encoding again if it has to be.
        let entry = self.cache.entry(id, &[])?;
        let is_new = entry.ready().get().is_none();
        let prepare = async || {
            let program = unblocked(bytes.len(), move || Program::decode(&bytes)).await??;
            let ready = self.ready(program).await?;
            let weight = self.runner.weight(&ready.program, &ready.prepared);
            Ok((ready, weight))
        };
        Ok((self.cache.ready(&entry, prepare).await?, is_new))
    }

    /// Prepares the program of a function, unless it is.
    pub(super) async fn prepare_function(&self, served: &Served<R>) -> Result<InUse<Ready<R>>> {
        served.entry.ready_or(async || self.ready(served.function.program().clone()).await).await
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
