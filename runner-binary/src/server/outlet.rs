//! Where a job that is not done yet leaves a piece of its answer.

use std::{
    future::poll_fn,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use bytes::Bytes;

/// Room for one piece. Who polls the job takes the piece, and polls the job again.
#[derive(Debug, Default)]
pub(super) struct Outlet(Mutex<Option<Bytes>>);

impl Outlet {
    /// Leaves a piece, and waits until it was taken. Nobody is woken then: the job is polled anyhow.
    pub(super) async fn put(&self, piece: Bytes) {
        *self.place() = Some(piece);
        poll_fn(|_| if self.place().is_some() { Poll::Pending } else { Poll::Ready(()) }).await;
    }

    /// Takes what was left.
    pub(super) fn take(&self) -> Option<Bytes> {
        self.place().take()
    }

    fn place(&self) -> MutexGuard<'_, Option<Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
