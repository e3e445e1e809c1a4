use std::{
    collections::HashMap,
    format,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::OnceCell;

use crate::{
    error::{Error, Result},
    program::ProgramId,
};

/// What a server made of the programs that it was sent, by their content: each is prepared once, whoever sends it.
///
/// It is bounded: of the entries that nobody holds, the longest unused goes first.
///
/// ```
/// # use runner_core::{Error, ProgramId, adapt::Cache};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let cache = Cache::new(16);
/// let entry = cache.entry(ProgramId::of(b"a program"))?;
/// let prepared = entry.ready.get_or_try_init(async || Ok::<_, Error>("prepared")).await?;
/// assert_eq!((*prepared, cache.len()), ("prepared", 1));
/// cache.forget(&entry);
/// assert!(cache.get(entry.id).is_some(), "only what could not be prepared is forgotten");
/// cache.clear();
/// assert!(cache.is_empty());
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Cache<T> {
    state: Mutex<State<T>>,
    limit: usize,
}

/// A program of a [`Cache`], prepared, or being prepared by the first of those who asked for it.
#[derive(Debug)]
pub struct Entry<T> {
    /// The program's content.
    pub id: ProgramId,
    /// What was made of it.
    pub ready: OnceCell<T>,
}

#[derive(Debug)]
struct State<T> {
    programs: HashMap<ProgramId, Cached<T>>,
    clock: u64,
}

#[derive(Debug)]
struct Cached<T> {
    entry: Arc<Entry<T>>,
    used: u64,
}

impl<T> Entry<T> {
    /// An entry that is not prepared, and in no cache.
    #[must_use]
    pub fn new(id: ProgramId) -> Self {
        Self { id, ready: OnceCell::new() }
    }
}

impl<T> Cache<T> {
    /// For so many programs.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { state: Mutex::new(State { programs: HashMap::new(), clock: 0 }), limit }
    }

    /// The entry of a program; it is new and empty if the program is not known.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED`, which a retry may help, with the limit `prepared_programs`, if somebody holds each of so many
    /// programs.
    pub fn entry(&self, id: ProgramId) -> Result<Arc<Entry<T>>> {
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
                let error = Error::exhausted("prepared_programs", self.limit as u64, message);
                return Err(error.with_retryable(true));
            }
        }
        let entry = Arc::new(Entry::new(id));
        let used = state.clock;
        state.programs.insert(id, Cached { entry: Arc::clone(&entry), used });
        drop(state);
        drop(evicted);
        Ok(entry)
    }

    /// The entry of a program that is known.
    pub fn get(&self, id: ProgramId) -> Option<Arc<Entry<T>>> {
        self.lock().get(id)
    }

    /// Forgets a program that could not be prepared, unless somebody else is still trying.
    pub fn forget(&self, entry: &Arc<Entry<T>>) {
        let mut state = self.lock();
        // One in the map, one with the caller.
        if !entry.ready.initialized() && Arc::strong_count(entry) <= 2 {
            state.programs.remove(&entry.id);
        }
    }

    /// Number of programs.
    pub fn len(&self) -> usize {
        self.lock().programs.len()
    }

    /// Whether there is no program.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lets go of all programs; those who hold one keep it.
    pub fn clear(&self) {
        let programs = core::mem::take(&mut self.lock().programs);
        drop(programs);
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn get(&mut self, id: ProgramId) -> Option<Arc<Entry<T>>> {
        self.clock += 1;
        let cached = self.programs.get_mut(&id)?;
        cached.used = self.clock;
        Some(Arc::clone(&cached.entry))
    }

    fn evict(&mut self) -> Option<Arc<Entry<T>>> {
        let unused = self.programs.iter().filter(|(_, cached)| Arc::strong_count(&cached.entry) == 1);
        let oldest = unused.min_by_key(|(_, cached)| cached.used).map(|(id, _)| *id)?;
        self.programs.remove(&oldest).map(|cached| cached.entry)
    }
}
