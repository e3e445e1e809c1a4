use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use super::{Queue, Ticket, lock};
use crate::{cancel::Cancel, error::Result};

/// The future of a job's result.
pub(in crate::adapt) struct Call<T> {
    slot: Arc<Mutex<Slot<T>>>,
    cancel: Cancel,
    /// Where the job waits, until there is a result.
    job: Option<(Arc<Queue>, Ticket)>,
}

pub(super) struct Slot<T> {
    result: Option<Result<T>>,
    waker: Option<Waker>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { result: None, waker: None }
    }
}

impl<T> Slot<T> {
    pub(super) fn fill(slot: &Mutex<Self>, result: Result<T>) {
        let mut slot = lock(slot);
        slot.result = Some(result);
        let waker = slot.waker.take();
        drop(slot);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Call<T> {
    pub(super) fn new() -> Self {
        Self { slot: Arc::default(), cancel: Cancel::new(), job: None }
    }

    /// What the job is given: the place of its result, and the flag that is raised when this is dropped.
    pub(super) fn parts(&self) -> (Arc<Mutex<Slot<T>>>, Cancel) {
        (Arc::clone(&self.slot), self.cancel.clone())
    }

    pub(super) fn is_job(&mut self, queue: &Arc<Queue>, ticket: Ticket) {
        self.job = Some((Arc::clone(queue), ticket));
    }

    pub(super) fn fill(&self, result: Result<T>) {
        Slot::fill(&self.slot, result);
    }
}

impl<T> Future for Call<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = lock(&self.slot);
        let Some(result) = slot.result.take() else {
            slot.waker = Some(context.waker().clone());
            return Poll::Pending;
        };
        drop(slot);
        self.job = None;
        Poll::Ready(result)
    }
}

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        self.cancel.cancel();
        if let Some((queue, ticket)) = self.job.take() {
            queue.remove(ticket);
        }
    }
}
