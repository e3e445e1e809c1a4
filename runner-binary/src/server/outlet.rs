//! Where a job that is not done yet leaves a piece of its answer.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use bytes::Bytes;
use runner_core::Run;

use super::shared::Shared;

/// Room for one piece. Who polls the job takes the piece, and polls the job again.
///
/// It knows the server as well, so that a job is given one thing for both.
pub(super) struct Outlet<R: Run> {
    pub(super) shared: Arc<Shared<R>>,
    piece: Mutex<Option<Bytes>>,
}

impl<R: Run> Outlet<R> {
    pub(super) fn new(shared: Arc<Shared<R>>) -> Arc<Self> {
        Arc::new(Self { shared, piece: Mutex::default() })
    }

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
        self.piece.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
