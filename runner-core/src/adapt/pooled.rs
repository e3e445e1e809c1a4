use std::{
    boxed::Box,
    collections::VecDeque,
    fmt, format,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    string::String,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    thread::{self, JoinHandle},
    vec::Vec,
};

use bytes::Bytes;

use crate::{
    cancel::Cancel,
    describe::Description,
    error::{Code, Error, Result},
    program::Program,
    run::Run,
    run_sync::RunSync,
};

/// Stack of a worker, enough for the deepest program on the deepest value.
const STACK_BYTES: usize = 8 << 20;

/// A [`RunSync`] as a [`Run`], on worker threads of its own.
///
/// Each call is a job for the next free worker. Dropping the future of a call raises the [`Cancel`] of its job; a job
/// that has not begun is dropped. A panic of the runner is `INTERNAL` for that call, and the worker lives on.
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
    workers: Mutex<Vec<JoinHandle<()>>>,
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
        let queue = Arc::new(Queue::default());
        let pooled = Self { runner: Arc::new(runner), queue, workers: Mutex::default() };
        for index in 0..workers.max(1) {
            let queue = Arc::clone(&pooled.queue);
            let worker = thread::Builder::new()
                .name(format!("runner-{index}"))
                .stack_size(STACK_BYTES)
                .spawn(move || queue.work())
                .map_err(|error| {
                    Error::new(Code::ResourceExhausted, format!("no thread for a worker: {error}"))
                })?;
            lock(&pooled.workers).push(worker);
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
        let call = Call { slot: Arc::new(Mutex::new(Slot::default())), cancel: Cancel::new() };
        let (slot, cancel, runner) = (Arc::clone(&call.slot), call.cancel.clone(), Arc::clone(&self.runner));
        let job = Box::new(move || {
            let result = match cancel.check() {
                Ok(()) => catch_unwind(AssertUnwindSafe(|| action(&runner, &cancel))).unwrap_or_else(|_| {
                    Err(Error::new(Code::Internal, "the runner panicked; the call was given up"))
                }),
                Err(error) => Err(error),
            };
            drop(runner);
            Slot::fill(&slot, result);
        });
        if !self.queue.push(job) {
            Slot::fill(&call.slot, Err(Error::new(Code::Unavailable, "the runner is shut down")));
        }
        call
    }
}

impl<R: RunSync + 'static> Run for Pooled<R>
where
    R::Prepared: 'static,
{
    type Prepared = Arc<R::Prepared>;

    fn prepare(&self, program: &Program) -> impl Future<Output = Result<Self::Prepared>> + Send {
        let program = program.clone();
        self.call(move |runner, _| runner.prepare(&program).map(Arc::new))
    }

    fn execute(&self, prepared: &Self::Prepared, input: Bytes) -> impl Future<Output = Result<Bytes>> + Send {
        let prepared = Arc::clone(prepared);
        self.call(move |runner, cancel| runner.execute_with(&prepared, &input, cancel).map(Bytes::from))
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
}

impl<R: RunSync> Drop for Pooled<R> {
    fn drop(&mut self) {
        self.queue.close();
        for worker in core::mem::take(&mut *lock(&self.workers)) {
            // A worker can't panic; there is nothing to do if it did.
            let _ = worker.join();
        }
    }
}

impl<R: RunSync> fmt::Debug for Pooled<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pooled({} workers)", lock(&self.workers).len())
    }
}

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    state: Mutex<(VecDeque<Job>, bool)>,
    changed: Condvar,
}

impl Queue {
    /// Whether the job was taken; a closed queue takes none.
    fn push(&self, job: Job) -> bool {
        let mut state = lock(&self.state);
        if state.1 {
            return false;
        }
        state.0.push_back(job);
        drop(state);
        self.changed.notify_one();
        true
    }

    /// Lets workers end when the jobs are done.
    fn close(&self) {
        lock(&self.state).1 = true;
        self.changed.notify_all();
    }

    fn work(&self) {
        loop {
            let mut state = lock(&self.state);
            let job = loop {
                if let Some(job) = state.0.pop_front() {
                    break job;
                }
                if state.1 {
                    return;
                }
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            };
            drop(state);
            job();
        }
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
