mod pipe;
mod queue;

use std::{
    boxed::Box,
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    string::String,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures_util::Stream;

use crate::{
    cancel::Cancel,
    describe::Description,
    error::{Code, Error, Result},
    program::Program,
    run::Run,
    run_sync::RunSync,
};
use pipe::{Pieces, Pipe};
use queue::{Job, Offer, Queue};

/// A [`RunSync`] as a [`Run`], on worker threads of its own.
///
/// Each call is a job for the next free worker. Dropping the future of a call raises the [`Cancel`] of its job; a job
/// that has not begun is dropped. A panic of the runner is `INTERNAL` for that call, and the worker lives on.
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
    queue: Arc<Queue>,
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
        let pooled = Self { runner: Arc::new(runner), queue: Queue::new(workers.max(1)) };
        for _ in 0..workers.max(1) {
            pooled.queue.spawn()?;
        }
        Ok(pooled)
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
        let (job, call) = self.job(action);
        if !self.queue.push(job) {
            Slot::fill(&call.slot, Err(shut_down()));
        }
        call
    }

    /// A job, and the future of its result.
    fn job<T: Send + 'static>(
        &self,
        action: impl FnOnce(&R, &Cancel) -> Result<T> + Send + 'static,
    ) -> (Job, Call<T>) {
        let call = Call { slot: Arc::new(Mutex::new(Slot::default())), cancel: Cancel::new() };
        let (slot, cancel, runner) = (Arc::clone(&call.slot), call.cancel.clone(), Arc::clone(&self.runner));
        let job = Box::new(move || {
            let result = guarded(&cancel, || action(&runner, &cancel));
            drop(runner);
            Slot::fill(&slot, result);
        });
        (job, call)
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
        let pieces = Pieces::new(Arc::clone(&pipe), cancel.clone());
        let (prepared, runner, queue) =
            (Arc::clone(prepared), Arc::clone(&self.runner), Arc::clone(&self.queue));
        let made = Arc::clone(&pipe);
        let job = Box::new(move || {
            let last = guarded(&cancel, || {
                runner.execute_chunks_with(&prepared, &input, &cancel, &mut |piece| made.push(piece, &queue))
            });
            drop((prepared, runner));
            made.end(last);
        });
        if !self.queue.push(job) {
            pipe.end(Err(shut_down()));
        }
        pieces
    }

    fn get_interface(&self) -> impl Future<Output = Result<String>> + Send {
        self.call(|runner, _| runner.get_interface())
    }

    async fn shutdown(&self) -> Result<()> {
        let runner = self.call(|runner, _| runner.shutdown());
        self.queue.close();
        match runner.await {
            Err(error) if error.code() != Code::Unavailable => Err(error),
            _ => Ok(()),
        }
    }

    fn describe(&self) -> impl Future<Output = Result<Description>> + Send {
        self.call(|runner, _| runner.describe())
    }

    fn weight(&self, program: &Program, prepared: &Self::Prepared) -> u64 {
        self.runner.weight(program, prepared)
    }

    /// Asks the runner on a worker that has nothing to do. If all of them work, the runner is ready.
    fn ready(&self) -> impl Future<Output = Result<()>> + Send {
        let (job, call) = self.job(|runner, _| runner.ready());
        match self.queue.offer(job) {
            Offer::Taken => {}
            Offer::Busy => Slot::fill(&call.slot, Ok(())),
            Offer::Closed => Slot::fill(&call.slot, Err(shut_down())),
        }
        call
    }
}

impl<R: RunSync> Drop for Pooled<R> {
    fn drop(&mut self) {
        self.queue.close();
        self.queue.join();
    }
}

impl<R: RunSync> fmt::Debug for Pooled<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pooled({:?})", self.queue)
    }
}

/// The future of a job's result.
struct Call<T> {
    slot: Arc<Mutex<Slot<T>>>,
    cancel: Cancel,
}

struct Slot<T> {
    result: Option<Result<T>>,
    waker: Option<Waker>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { result: None, waker: None }
    }
}

impl<T> Slot<T> {
    fn fill(slot: &Mutex<Self>, result: Result<T>) {
        let mut slot = lock(slot);
        slot.result = Some(result);
        let waker = slot.waker.take();
        drop(slot);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Call<T> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = lock(&self.slot);
        match slot.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                slot.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// What a job does, unless nobody waits for it any more.
fn guarded<T>(cancel: &Cancel, action: impl FnOnce() -> Result<T>) -> Result<T> {
    cancel.check()?;
    catch_unwind(AssertUnwindSafe(action))
        .unwrap_or_else(|_| Err(Error::new(Code::Internal, "the runner panicked; the call was given up")))
}

fn shut_down() -> Error {
    Error::new(Code::Unavailable, "the runner is shut down")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
