mod call;
mod queue;

use std::{
    boxed::Box,
    fmt, format,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use crate::{
    cancel::Cancel,
    error::{Code, Error, Result},
    limits::{JOIN_TIME, WORKER_STACK_BYTES},
};
use call::Slot;

pub(super) use call::Call;
pub(super) use queue::{Queue, Ticket};

/// Threads for what blocks or computes, taken in turns by [`Caller`](crate::Caller).
///
/// Dropping the future of a job raises its [`Cancel`]; one that has not begun is dropped. A panic is `INTERNAL` for that
/// job, and its thread lives on.
///
/// A job that takes longer than 20 ms while somebody else's waits is stood in for by another thread, and the system
/// shares the processors out among them: of one connection as many jobs run as there are workers, of one client 8 more,
/// and of all 16 more. So the long jobs of one do not hold up the short ones of another.
///
/// ```
/// use runner_core::adapt::Workers;
///
/// # futures_executor::block_on(async {
/// let workers = Workers::new(2)?;
/// assert_eq!(workers.run(|_| Ok(6 * 7)).await?, 42);
/// # Ok::<(), runner_core::Error>(())
/// # }).unwrap();
/// ```
pub struct Workers {
    pub(super) queue: Arc<Queue>,
}

impl Workers {
    /// Starts so many threads, at least one.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if the system gives no thread.
    pub fn new(workers: usize) -> Result<Self> {
        let workers = workers.max(1);
        // Dropped if there is an error, which ends the threads that were started.
        let this = Self { queue: Queue::new(workers) };
        for _ in 0..workers {
            this.queue.spawn()?;
        }
        Ok(this)
    }

    /// Does something on one of the threads, for the [current](crate::Caller::current) caller, from now on.
    pub fn run<T, F>(&self, job: F) -> impl Future<Output = Result<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&Cancel) -> Result<T> + Send + 'static,
    {
        self.call(job)
    }

    pub(super) fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Cancel) -> Result<T> + Send + 'static,
    ) -> Call<T> {
        let mut call = Call::new();
        let (slot, cancel) = call.parts();
        let work = Box::new(move || {
            let result = guarded(&cancel, || job(&cancel));
            Slot::fill(&slot, result);
        });
        match self.queue.push(work) {
            Some(ticket) => call.is_job(&self.queue, ticket),
            None => call.fill(Err(shut_down())),
        }
        call
    }

    /// The same if a thread has nothing to do, and else this result.
    pub(super) fn offer<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Cancel) -> Result<T> + Send + 'static,
        busy: Result<T>,
    ) -> Call<T> {
        if self.queue.is_busy() {
            let call = Call::new();
            call.fill(busy);
            return call;
        }
        self.call(job)
    }

    /// Takes no more jobs, and calls `last` on a thread of its own once the others have ended, or at once when what is
    /// returned is dropped.
    pub(super) fn end<T: Send + 'static>(
        &self,
        last: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<Call<T>> {
        self.queue.close();
        let call = Call::new();
        let (slot, cancel) = call.parts();
        let queue = Arc::clone(&self.queue);
        let work = move || {
            queue.join(|| cancel.is_raised());
            let result = guarded(&Cancel::new(), last);
            Slot::fill(&slot, result);
        };
        // Not a worker: they may all be at work.
        let thread = thread::Builder::new().name("runner-shutdown".into()).stack_size(WORKER_STACK_BYTES);
        thread.spawn(work).map_err(|error| no_thread(&error))?;
        Ok(call)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.queue.close();
        // Calls are over, and their jobs cancelled; one that does not notice is left alone.
        let end = Instant::now() + JOIN_TIME;
        self.queue.join(|| Instant::now() >= end);
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.queue)
    }
}

/// What a job does, unless nobody waits for it any more.
pub(super) fn guarded<T>(cancel: &Cancel, action: impl FnOnce() -> Result<T>) -> Result<T> {
    cancel.check()?;
    catch_unwind(AssertUnwindSafe(action))
        .unwrap_or_else(|_| Err(Error::new(Code::Internal, "the runner panicked; the call was given up")))
}

pub(super) fn shut_down() -> Error {
    Error::new(Code::Unavailable, "the runner is shut down")
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn no_thread(error: &std::io::Error) -> Error {
    Error::new(Code::ResourceExhausted, format!("no thread for a worker: {error}"))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_executor::block_on;

    use super::*;

    /// A job that begins, ignores its flag, and ends when it is told to.
    fn deaf() -> (impl FnOnce(&Cancel) -> Result<()> + Send, mpsc::Receiver<()>, mpsc::Sender<()>) {
        let ((begin, begun), (end, ended)) = (mpsc::channel(), mpsc::channel::<()>());
        let job = move |_: &Cancel| {
            begin.send(()).map_err(|_| shut_down())?;
            ended.recv().map_err(|_| shut_down())
        };
        (job, begun, end)
    }

    #[test]
    fn a_job_that_does_not_stop_is_left_alone() {
        let workers = Workers::new(1).unwrap();
        let (job, begun, end) = deaf();
        let call = workers.run(job);
        begun.recv().unwrap();
        drop(call);
        let last = workers.end(|| Ok(7)).unwrap();
        assert_eq!(block_on(workers.run(|_| Ok(()))).unwrap_err().code(), Code::Unavailable);
        drop(last);
        drop(workers);
        end.send(()).unwrap();
    }

    #[test]
    fn the_last_comes_after_all_others() {
        let workers = Workers::new(2).unwrap();
        let (job, begun, end) = deaf();
        let call = workers.run(job);
        begun.recv().unwrap();
        let (done, order) = mpsc::channel();
        let last = workers.end(move || done.send(()).map_err(|_| shut_down())).unwrap();
        assert!(order.try_recv().is_err());
        end.send(()).unwrap();
        block_on(call).unwrap();
        block_on(last).unwrap();
        order.recv().unwrap();
    }
}
