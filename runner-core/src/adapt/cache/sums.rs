use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Bytes of all clients together and of each, and a clock that ticks when programs are asked for.
#[derive(Debug, Default)]
pub(super) struct Sums {
    clock: AtomicU64,
    total: AtomicU64,
    clients: Mutex<HashMap<u64, u64>>,
}

/// Bytes that count for a client, until this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    sums: Arc<Sums>,
    client: u64,
    bytes: u64,
}

impl Sums {
    pub(super) fn now(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    /// Lets the clock tick; gives the time before.
    pub(super) fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    pub(super) fn of(&self, client: u64) -> u64 {
        self.clients().get(&client).copied().unwrap_or_default()
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<u64, u64>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    pub(super) fn new(sums: &Arc<Sums>, client: u64, bytes: u64) -> Self {
        if bytes > 0 {
            sums.total.fetch_add(bytes, Ordering::Relaxed);
            *sums.clients().entry(client).or_default() += bytes;
        }
        Self { sums: Arc::clone(sums), client, bytes }
    }

    pub(super) fn sums(&self) -> &Arc<Sums> {
        &self.sums
    }

    /// Counts no longer.
    pub(super) fn give_back(&mut self) {
        let bytes = core::mem::take(&mut self.bytes);
        if bytes == 0 {
            return;
        }
        self.sums.total.fetch_sub(bytes, Ordering::Relaxed);
        let mut clients = self.sums.clients();
        if let Some(sum) = clients.get_mut(&self.client) {
            *sum -= bytes;
            if *sum == 0 {
                clients.remove(&self.client);
            }
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back();
    }
}
