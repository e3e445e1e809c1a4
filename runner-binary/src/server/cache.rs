//! Prepared programs by content, over all connections of a server.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use runner_core::{Error, ProgramId, Result, Run};
use tokio::sync::OnceCell;

use crate::error::limit;

/// A bounded cache: programs that no connection holds are let go of, the longest unused first.
pub(super) struct Cache<R: Run> {
    state: Mutex<State<R>>,
    limit: usize,
}

struct State<R: Run> {
    programs: HashMap<ProgramId, Cached<R>>,
    clock: u64,
}

struct Cached<R: Run> {
    entry: Arc<Entry<R>>,
    used: u64,
}

/// A program that is prepared, or being prepared by the first of those who asked for it.
pub(super) struct Entry<R: Run> {
    pub(super) id: ProgramId,
    pub(super) prepared: OnceCell<R::Prepared>,
}

impl<R: Run> Cache<R> {
    pub(super) fn new(limit: usize) -> Self {
        Self { state: Mutex::new(State { programs: HashMap::new(), clock: 0 }), limit }
    }

    /// The entry of a program; it is new and empty if nobody holds the program.
    pub(super) fn entry(&self, id: ProgramId) -> Result<Arc<Entry<R>>> {
        // Dropped after the lock: letting go of a prepared program may take time.
        let mut evicted = None;
        let mut state = self.lock();
        state.clock += 1;
        let used = state.clock;
        if let Some(cached) = state.programs.get_mut(&id) {
            cached.used = used;
            return Ok(Arc::clone(&cached.entry));
        }
        if state.programs.len() >= self.limit {
            evicted = state.evict();
            if evicted.is_none() {
                let message = format!("{} programs are prepared and in use", self.limit);
                return Err(Error::exhausted(limit::PREPARED_PROGRAMS, self.limit as u64, message));
            }
        }
        let entry = Arc::new(Entry { id, prepared: OnceCell::new() });
        state.programs.insert(id, Cached { entry: Arc::clone(&entry), used });
        drop(state);
        drop(evicted);
        Ok(entry)
    }

    /// Forgets a program that could not be prepared, unless somebody else is still trying.
    pub(super) fn forget(&self, entry: &Arc<Entry<R>>) {
        let mut state = self.lock();
        // One in the map, one with the caller.
        if !entry.prepared.initialized() && Arc::strong_count(entry) <= 2 {
            state.programs.remove(&entry.id);
        }
    }

    /// Programs in the cache.
    pub(super) fn len(&self) -> usize {
        self.lock().programs.len()
    }

    /// Lets go of all programs that no connection holds.
    pub(super) fn clear(&self) {
        let programs = core::mem::take(&mut self.lock().programs);
        drop(programs);
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Run> State<R> {
    fn evict(&mut self) -> Option<Arc<Entry<R>>> {
        let unused = self.programs.iter().filter(|(_, cached)| Arc::strong_count(&cached.entry) == 1);
        let oldest = unused.min_by_key(|(_, cached)| cached.used).map(|(id, _)| *id)?;
        self.programs.remove(&oldest).map(|cached| cached.entry)
    }
}
