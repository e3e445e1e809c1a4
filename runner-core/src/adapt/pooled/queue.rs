use std::{
    boxed::Box,
    collections::VecDeque,
    fmt, format,
    sync::{Arc, Condvar, Mutex},
    thread::{self, JoinHandle},
    vec::Vec,
};

use super::lock;
use crate::{
    error::{Code, Error, Result},
    limits::{WAITING_OUTPUTS, WORKER_STACK_BYTES},
};

pub(super) type Job = Box<dyn FnOnce() + Send>;

/// Jobs, and the threads that do them.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct State {
    jobs: VecDeque<Job>,
    is_closed: bool,
    /// Threads that there are, those of them that wait for receivers, and how many others there are to be.
    threads: usize,
    waiting: usize,
    workers: usize,
    /// Threads that have nothing to do.
    idle: usize,
}

/// What became of a job that must not wait.
pub(super) enum Offer {
    Taken,
    /// All workers have something to do.
    Busy,
    Closed,
}

/// A worker that waits for a receiver. Another one stands in for it until this is dropped.
pub(super) struct Waiting<'a>(&'a Queue);

impl Queue {
    /// A queue that is to have so many workers, and has none yet.
    pub(super) fn new(workers: usize) -> Arc<Self> {
        let state =
            State { jobs: VecDeque::new(), is_closed: false, threads: 0, waiting: 0, workers, idle: 0 };
        Arc::new(Self { state: Mutex::new(state), changed: Condvar::new(), threads: Mutex::default() })
    }

    /// Starts a worker.
    pub(super) fn spawn(self: &Arc<Self>) -> Result<()> {
        let queue = Arc::clone(self);
        let mut threads = lock(&self.threads);
        threads.retain(|thread| !thread.is_finished());
        lock(&self.state).threads += 1;
        let name = format!("runner-{}", threads.len());
        let worker =
            thread::Builder::new().name(name).stack_size(WORKER_STACK_BYTES).spawn(move || queue.work());
        let worker = worker.map_err(|error| {
            lock(&self.state).threads -= 1;
            Error::new(Code::ResourceExhausted, format!("no thread for a worker: {error}"))
        })?;
        threads.push(worker);
        Ok(())
    }

    /// Whether the job was taken; a closed queue takes none.
    pub(super) fn push(&self, job: Job) -> bool {
        let mut state = lock(&self.state);
        if state.is_closed {
            return false;
        }
        state.jobs.push_back(job);
        drop(state);
        self.changed.notify_one();
        true
    }

    /// Takes a job if a worker can begin it at once.
    pub(super) fn offer(&self, job: Job) -> Offer {
        let mut state = lock(&self.state);
        if state.is_closed {
            return Offer::Closed;
        }
        if state.idle <= state.jobs.len() {
            return Offer::Busy;
        }
        state.jobs.push_back(job);
        drop(state);
        self.changed.notify_one();
        Offer::Taken
    }

    /// Gives the place of the worker that calls this to another one.
    pub(super) fn wait(self: &Arc<Self>) -> Result<Waiting<'_>> {
        let mut state = lock(&self.state);
        if state.waiting >= WAITING_OUTPUTS {
            let message = format!("{WAITING_OUTPUTS} outputs wait for who receives them");
            return Err(
                Error::exhausted("waiting_outputs", WAITING_OUTPUTS as u64, message).with_retryable(true)
            );
        }
        state.waiting += 1;
        let is_short = state.threads - state.waiting < state.workers;
        drop(state);
        let waiting = Waiting(self);
        if is_short {
            self.spawn()?;
        }
        Ok(waiting)
    }

    /// Lets workers end when the jobs are done.
    pub(super) fn close(&self) {
        lock(&self.state).is_closed = true;
        self.changed.notify_all();
    }

    /// Waits until all workers have ended.
    pub(super) fn join(&self) {
        let threads = core::mem::take(&mut *lock(&self.threads));
        for thread in threads {
            // A worker can't panic; there is nothing to do if it did.
            let _ = thread.join();
        }
    }

    fn work(&self) {
        loop {
            let mut state = lock(&self.state);
            let job = loop {
                // Who waited is back.
                let is_one_too_many = state.threads - state.waiting > state.workers;
                match state.jobs.pop_front() {
                    Some(job) if !is_one_too_many => break job,
                    Some(job) => state.jobs.push_front(job),
                    None if state.is_closed => {}
                    None if !is_one_too_many => {
                        state.idle += 1;
                        state = self.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
                        state.idle -= 1;
                        continue;
                    }
                    None => {}
                }
                state.threads -= 1;
                drop(state);
                // What woke this one may have been meant for another.
                return self.changed.notify_one();
            };
            drop(state);
            job();
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        write!(f, "{} workers, {} more wait for receivers", state.workers, state.waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).waiting -= 1;
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_that_wait_are_stood_in_for_and_bounded() {
        let queue = Queue::new(1);
        queue.spawn().unwrap();
        let waiting: Vec<_> = (0..WAITING_OUTPUTS).map(|_| queue.wait().unwrap()).collect();
        let refused = queue.wait().err().unwrap();
        assert_eq!((refused.code(), refused.is_retryable()), (Code::ResourceExhausted, true));
        let (done, told) = std::sync::mpsc::channel();
        assert!(queue.push(Box::new(move || done.send(()).unwrap())));
        told.recv().unwrap();
        drop(waiting);
        // All but one find that they are too many.
        while lock(&queue.state).threads > 1 {
            thread::yield_now();
        }
        queue.close();
        queue.join();
        assert!(!queue.push(Box::new(|| {})));
    }
}
