//! Prepared programs by content.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use runner_core::{Error, Program, ProgramId, Result, Run};
use tokio::sync::OnceCell;

use crate::error::limit;

/// A bounded cache: of the programs that no request works with, the longest unused goes first.
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
    pub(super) ready: OnceCell<Ready<R>>,
}

/// A program and what the runner made of it.
pub(super) struct Ready<R: Run> {
    pub(super) program: Program,
    pub(super) prepared: R::Prepared,
}

impl<R: Run> Cache<R> {
    pub(super) fn new(limit: usize) -> Self {
        Self { state: Mutex::new(State { programs: HashMap::new(), clock: 0 }), limit }
    }

    /// The entry of a program; it is new and empty if the program is not known.
    pub(super) fn entry(&self, id: ProgramId) -> Result<Arc<Entry<R>>> {
        // Dropped after the lock: letting go of a prepared program may take time.
        let mut evicted = None;
        let mut state = self.lock();
        if let Some(entry) = state.get(id) {
            return Ok(entry);
        }
        if state.programs.len() >= self.limit {
            evicted = state.evict();
            if evicted.is_none() {
                let message = format!("{} programs are prepared and in use", self.limit);
                let error = Error::exhausted(limit::PREPARED_PROGRAMS, self.limit as u64, message);
                return Err(error.with_retryable(true));
            }
        }
        let entry = Arc::new(Entry { id, ready: OnceCell::new() });
        let used = state.clock;
        state.programs.insert(id, Cached { entry: Arc::clone(&entry), used });
        drop(state);
        drop(evicted);
        Ok(entry)
    }

    /// The entry of a program that is known.
    pub(super) fn get(&self, id: ProgramId) -> Option<Arc<Entry<R>>> {
        self.lock().get(id)
    }

    /// Forgets a program that could not be prepared, unless somebody else is still trying.
    pub(super) fn forget(&self, entry: &Arc<Entry<R>>) {
        let mut state = self.lock();
        // One in the map, one with the caller.
        if !entry.ready.initialized() && Arc::strong_count(entry) <= 2 {
            state.programs.remove(&entry.id);
        }
    }

    /// Programs in the cache.
    pub(super) fn len(&self) -> usize {
        self.lock().programs.len()
    }

    /// Lets go of all programs.
    pub(super) fn clear(&self) {
        let programs = core::mem::take(&mut self.lock().programs);
        drop(programs);
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Run> State<R> {
    fn get(&mut self, id: ProgramId) -> Option<Arc<Entry<R>>> {
        self.clock += 1;
        let cached = self.programs.get_mut(&id)?;
        cached.used = self.clock;
        Some(Arc::clone(&cached.entry))
    }

    fn evict(&mut self) -> Option<Arc<Entry<R>>> {
        let unused = self.programs.iter().filter(|(_, cached)| Arc::strong_count(&cached.entry) == 1);
        let oldest = unused.min_by_key(|(_, cached)| cached.used).map(|(id, _)| *id)?;
        self.programs.remove(&oldest).map(|cached| cached.entry)
    }
}
