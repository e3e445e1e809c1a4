//! Which requests of a connection want to be polled, and telling the connection's task.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Wake,
};

use futures_util::task::AtomicWaker;

/// Shared by the requests of a connection and the task that polls them.
#[derive(Debug, Default)]
pub(super) struct Wakes {
    /// The task of the connection.
    pub(super) task: AtomicWaker,
    ready: Mutex<Vec<u32>>,
}

impl Wakes {
    /// Moves the ids of requests that want to be polled into `ids`, which is empty.
    pub(super) fn take(&self, ids: &mut Vec<u32>) {
        core::mem::swap(&mut *self.ready.lock().unwrap_or_else(PoisonError::into_inner), ids);
    }
}

/// Wakes one request. It lives as long as the id's slot, over many requests.
#[derive(Debug)]
pub(super) struct SlotWake {
    id: u32,
    /// Whether the id is among those that are ready.
    queued: AtomicBool,
    wakes: Arc<Wakes>,
}

impl SlotWake {
    pub(super) fn new(id: u32, wakes: Arc<Wakes>) -> Arc<Self> {
        Arc::new(Self { id, queued: AtomicBool::new(false), wakes })
    }

    /// To be called before the request is polled: what wakes it from now on counts again.
    pub(super) fn rearm(&self) {
        self.queued.store(false, Ordering::Release);
    }
}

impl Wake for SlotWake {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.wakes.ready.lock().unwrap_or_else(PoisonError::into_inner).push(self.id);
            self.wakes.task.wake();
        }
    }
}
