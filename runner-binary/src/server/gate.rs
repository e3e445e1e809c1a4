use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use runner_core::{Error, Result};
use tokio::sync::Notify;

use super::shared::Reserved;
use crate::error::limit;

/// How many requests of a server may run at a time. No lock is taken as long as nobody waits.
pub(super) struct Gate {
    running: AtomicUsize,
    most_running: usize,
    waiting: AtomicU64,
    most_waiting: u64,
    vacancy: Notify,
}

/// The right to run one request, given back when dropped.
pub(super) struct Permit<'g>(&'g Gate);

impl Gate {
    pub(super) fn new(most_running: usize, most_waiting: usize) -> Self {
        Self {
            running: AtomicUsize::new(0),
            most_running: most_running.max(1),
            waiting: AtomicU64::new(0),
            most_waiting: most_waiting as u64,
            vacancy: Notify::new(),
        }
    }

    /// A permit, if it need not be waited for. Those who wait come first.
    pub(super) fn try_enter(&self) -> Option<Permit<'_>> {
        if self.waiting.load(Ordering::SeqCst) > 0 { None } else { self.take() }
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if too many wait.
    pub(super) async fn enter(&self) -> Result<Permit<'_>> {
        if let Some(permit) = self.try_enter() {
            return Ok(permit);
        }
        let most = self.most_waiting;
        let _place = Reserved::new(&self.waiting, 1, most).ok_or_else(|| {
            Error::exhausted(limit::WAITING, most, format!("{most} requests wait for their turn"))
                .with_retryable(true)
        })?;
        loop {
            let mut vacancy = core::pin::pin!(self.vacancy.notified());
            // Who leaves from here on sees that somebody waits, and whoever has left before has made room.
            vacancy.as_mut().enable();
            if let Some(permit) = self.take() {
                return Ok(permit);
            }
            vacancy.await;
        }
    }

    fn take(&self) -> Option<Permit<'_>> {
        let more = |running| (running < self.most_running).then_some(running + 1);
        let taken = self.running.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        taken.is_ok().then(|| Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        if self.0.waiting.load(Ordering::SeqCst) > 0 {
            self.0.vacancy.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn everybody_gets_a_turn_and_no_more_than_allowed_run() {
        const MOST: usize = 3;
        let (gate, running) = (Arc::new(Gate::new(MOST, 1000)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..64_usize {
            let (gate, running) = (Arc::clone(&gate), Arc::clone(&running));
            tasks.spawn(async move {
                for turn in 0..500 {
                    let entering = gate.enter();
                    if (task + turn) % 7 == 0 {
                        // Some give up, at any time.
                        let patience = tokio::time::Duration::from_micros((turn % 50) as u64);
                        let _ = tokio::time::timeout(patience, entering).await;
                        continue;
                    }
                    let _permit = entering.await.unwrap();
                    assert!(running.fetch_add(1, Ordering::SeqCst) < MOST);
                    if turn % 3 == 0 {
                        tokio::task::yield_now().await;
                    }
                    running.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        let all: Vec<_> = (0..MOST).map(|_| gate.try_enter().unwrap()).collect();
        assert!(gate.try_enter().is_none());
        drop(all);
        assert_eq!(gate.waiting.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn those_who_wait_are_counted() {
        let gate = Gate::new(1, 1);
        let permit = gate.enter().await.unwrap();
        let mut second = Box::pin(gate.enter());
        assert!(futures_util::FutureExt::now_or_never(&mut second).is_none());
        let refused = gate.enter().await.map(drop).unwrap_err();
        assert!(refused.is_retryable());
        drop(permit);
        assert!(gate.try_enter().is_none(), "who waits comes first");
        drop(second.await.unwrap());
        assert!(gate.try_enter().is_some());
    }
}
