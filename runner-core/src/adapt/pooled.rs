mod pipe;

use std::{boxed::Box, fmt, future::Future, string::String, sync::Arc};

use bytes::Bytes;
use futures_util::Stream;

use super::workers::{Call, Workers, guarded, shut_down};
use crate::{
    cancel::Cancel,
    describe::Description,
    error::{Code, Result},
    limits::STAND_INS,
    program::Program,
    run::Run,
    run_sync::RunSync,
};
use pipe::{Pieces, Pipe};

/// A [`RunSync`] as a [`Run`], on worker threads of its own.
///
/// Each call is a job for [`Workers`]. Dropping the future of a call raises the [`Cancel`] of its job; a job that has not
/// begun is dropped. A panic of the runner is `INTERNAL` for that call, and the worker lives on.
///
/// The pieces of an output ([`Run::execute_chunks`]) are made a little ahead of who receives them. A worker that has to
/// wait there is stood in for by another one, so that receivers that stop keep nobody else from work; when too many do,
/// the output of the next one ends with `RESOURCE_EXHAUSTED`.
///
/// ```
/// # use runner_core::{Cancel, Error, Program, Result, RunSync};
/// # struct Echo;
/// # impl RunSync for Echo {
/// #     type Prepared = ();
/// #     fn prepare(&self, _: &Program) -> Result<()> { Ok(()) }
/// #     fn execute_with(&self, _: &(), input: &[u8], _: &Cancel) -> Result<Vec<u8>> { Ok(input.to_vec()) }
/// #     fn get_interface(&self) -> Result<String> { Ok("func echo(x: Text): Text".into()) }
/// #     fn shutdown(&self) -> Result<()> { Ok(()) }
/// # }
/// use runner_core::{Run, adapt::Pooled};
///
/// # futures_executor::block_on(async {
/// let runner = Pooled::new(Echo, 4)?;
/// assert!(runner.get_interface().await?.contains("echo"));
/// runner.shutdown().await?;
/// assert!(runner.get_interface().await.unwrap_err().is_retryable());
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
pub struct Pooled<R: RunSync> {
    runner: Arc<R>,
    workers: Workers,
}

impl<R: RunSync + 'static> Pooled<R>
where
    R::Prepared: 'static,
{
    /// Starts this many workers, at least one.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if the system gives no thread.
    pub fn new(runner: R, workers: usize) -> Result<Self> {
        Ok(Self { runner: Arc::new(runner), workers: Workers::new(workers)? })
    }

    /// The runner itself.
    #[must_use]
    pub fn inner(&self) -> &R {
        &self.runner
    }

    fn call<T: Send + 'static>(
        &self,
        action: impl FnOnce(&R, &Cancel) -> Result<T> + Send + 'static,
    ) -> Call<T> {
        let runner = Arc::clone(&self.runner);
        self.workers.call(move |cancel| action(&runner, cancel))
    }
}

impl<R: RunSync + 'static> Run for Pooled<R>
where
    R::Prepared: 'static,
{
    type Prepared = Arc<R::Prepared>;

    fn prepare(&self, program: &Program) -> impl Future<Output = Result<Self::Prepared>> + Send {
        let program = program.clone();
        self.call(move |runner, cancel| runner.prepare_with(&program, cancel).map(Arc::new))
    }

    fn execute(&self, prepared: &Self::Prepared, input: Bytes) -> impl Future<Output = Result<Bytes>> + Send {
        let prepared = Arc::clone(prepared);
        self.call(move |runner, cancel| runner.execute_with(&prepared, &input, cancel).map(Bytes::from))
    }

    fn execute_chunks<'a>(
        &'a self,
        prepared: &'a Self::Prepared,
        input: Bytes,
    ) -> impl Stream<Item = Result<Bytes>> + Send + 'a {
        let (pipe, cancel) = (Arc::<Pipe>::default(), Cancel::new());
        let mut pieces = Pieces::new(Arc::clone(&pipe), cancel.clone());
        let (prepared, runner, queue) =
            (Arc::clone(prepared), Arc::clone(&self.runner), Arc::clone(&self.workers.queue));
        let made = Arc::clone(&pipe);
        let job = Box::new(move || {
            let last = guarded(&cancel, || {
                runner.execute_chunks_with(&prepared, &input, &cancel, &mut |piece| made.push(piece, &queue))
            });
            drop((prepared, runner));
            made.end(last);
        });
        match self.workers.queue.push(job) {
            Some(ticket) => pieces.is_job(&self.workers.queue, ticket),
            None => pipe.end(Err(shut_down())),
        }
        pieces
    }

    fn get_interface(&self) -> impl Future<Output = Result<String>> + Send {
        self.call(|runner, _| runner.get_interface())
    }

    /// Waits for the jobs that there are. Dropping this does not wait for them any longer: the runner is shut down while
    /// they run.
    async fn shutdown(&self) -> Result<()> {
        let runner = Arc::clone(&self.runner);
        match self.workers.end(move || runner.shutdown())?.await {
            Err(error) if error.code() != Code::Unavailable => Err(error),
            _ => Ok(()),
        }
    }

    fn describe(&self) -> impl Future<Output = Result<Description>> + Send {
        let workers = self.workers.queue.workers() as u64;
        self.call(move |runner, _| {
            let mut description = runner.describe()?;
            let bounds = [("workers", workers), ("stand_ins", STAND_INS as u64)];
            description.limits.extend(bounds.map(|(name, value)| (name.into(), value)));
            Ok(description)
        })
    }

    fn weight(&self, program: &Program, prepared: &Self::Prepared) -> u64 {
        self.runner.weight(program, prepared)
    }

    /// Asks the runner on a worker that has nothing to do. If all of them work, the runner is ready.
    fn ready(&self) -> impl Future<Output = Result<()>> + Send {
        let runner = Arc::clone(&self.runner);
        self.workers.offer(move |_| runner.ready(), Ok(()))
    }
}

impl<R: RunSync> fmt::Debug for Pooled<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pooled({:?})", self.workers)
    }
}
