mod sums;

use std::{
    collections::HashMap,
    format,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    vec::Vec,
};

use arc_swap::{ArcSwapOption, Guard};
use bytes::Bytes;

use crate::{
    caller::Caller,
    error::{Error, Result},
    limits::ENTRY_BYTES,
    program::ProgramId,
};
use sums::{Share, Sums};

/// What a server made of the programs that it was sent, by their content: each is prepared once, whoever sends it.
///
/// It is bounded by number and by weight, for each client and in all. When there is no room, programs that do not run are
/// let go of, the longest unused first: those of the client that has too much, or of all. A client pays for what was
/// prepared for it, and for the encoding of what it holds; others that use the same program do not.
///
/// ```
/// # use runner_core::{Caller, Error, ProgramId, adapt::{Cache, CacheLimits}};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let limits = CacheLimits { programs: 16, bytes: 100_000, client_bytes: 50_000 };
/// let (cache, bytes) = (Cache::new(limits), b"a program");
/// let entry = cache.entry(ProgramId::of(bytes), bytes)?;
/// let prepared = cache.ready(&entry, async || Ok(("prepared", 40_000))).await?;
/// assert_eq!((prepared.get(), cache.len()), (Some(&"prepared"), 1));
/// drop(prepared);
///
/// let other = cache.entry(ProgramId::of(b"other"), b"other")?;
/// cache.ready(&other, async || Ok(("also prepared", 40_000))).await?;
/// assert!(entry.ready().get().is_none(), "it was let go of for the other");
/// assert!(cache.ready(&entry, async || Ok(("too large", 60_000))).await.is_err());
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Cache<T> {
    state: Mutex<State<T>>,
    limits: CacheLimits,
    sums: Arc<Sums>,
}

/// How much a [`Cache`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Prepared programs.
    pub programs: usize,
    /// Bytes of prepared programs and of the encoding of those that somebody holds.
    pub bytes: u64,
    /// The same of one client.
    pub client_bytes: u64,
}

/// A program of a [`Cache`]: prepared, being prepared by the first of those who asked for it, or let go of.
#[derive(Debug)]
pub struct Entry<T> {
    /// The program's content.
    pub id: ProgramId,
    /// Its encoding, by which it is prepared again.
    pub encoded: Bytes,
    ready: ArcSwapOption<Weighed<T>>,
    /// Held by the one who prepares it.
    preparing: tokio::sync::Mutex<()>,
    /// When it was used last.
    used: AtomicU64,
    /// What it counts for in the cache.
    share: Share,
}

/// What was made of a program, if it was not let go of, which it is not while this is there.
#[derive(Debug)]
pub struct InUse<T>(Guard<Option<Arc<Weighed<T>>>>);

#[derive(Debug)]
struct Weighed<T> {
    value: T,
    share: Share,
}

#[derive(Debug)]
struct State<T> {
    /// Programs that somebody holds, or that are prepared.
    entries: HashMap<ProgramId, Weak<Entry<T>>>,
    /// Those that are prepared, with the client that pays.
    prepared: HashMap<ProgramId, (u64, Arc<Entry<T>>)>,
    /// How many entries there are when those that nobody holds are looked for.
    sweep: usize,
}

impl<T> InUse<T> {
    /// What was made of the program.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|weighed| &weighed.value)
    }
}

/// Nothing.
impl<T> Default for InUse<T> {
    fn default() -> Self {
        Self(Guard::from_inner(None))
    }
}

impl<T> Entry<T> {
    /// A program that is in no cache, and is never let go of.
    #[must_use]
    pub fn own(id: ProgramId) -> Self {
        Self::new(id, Bytes::new(), Share::new(&Arc::default(), 0, 0))
    }

    fn new(id: ProgramId, encoded: Bytes, share: Share) -> Self {
        let used = AtomicU64::new(share.sums().tick());
        Self {
            id,
            encoded,
            ready: ArcSwapOption::empty(),
            preparing: tokio::sync::Mutex::default(),
            used,
            share,
        }
    }

    /// What was made of the program.
    pub fn ready(&self) -> InUse<T> {
        let now = self.share.sums().now();
        if self.used.load(Ordering::Relaxed) != now {
            self.used.store(now, Ordering::Relaxed);
        }
        InUse(self.ready.load())
    }

    /// What is made of a program that is in no cache, once.
    ///
    /// # Errors
    /// Those of `make`.
    pub async fn ready_or(&self, make: impl AsyncFnOnce() -> Result<T>) -> Result<InUse<T>> {
        let make = async || Ok((make().await?, 0));
        self.made(make, |value, _| {
            let made = Arc::new(Weighed { value, share: Share::new(self.share.sums(), 0, 0) });
            self.ready.store(Some(Arc::clone(&made)));
            Ok(made)
        })
        .await
    }

    async fn made(
        &self,
        make: impl AsyncFnOnce() -> Result<(T, u64)>,
        keep: impl FnOnce(T, u64) -> Result<Arc<Weighed<T>>>,
    ) -> Result<InUse<T>> {
        let ready = self.ready();
        if ready.get().is_some() {
            return Ok(ready);
        }
        let _preparing = self.preparing.lock().await;
        let ready = self.ready();
        if ready.get().is_some() {
            return Ok(ready);
        }
        let (value, bytes) = make().await?;
        Ok(InUse(Guard::from_inner(Some(keep(value, bytes)?))))
    }
}

impl<T> Cache<T> {
    /// For so many programs of so many bytes.
    #[must_use]
    pub fn new(limits: CacheLimits) -> Self {
        let state = State { entries: HashMap::new(), prepared: HashMap::new(), sweep: 0 };
        Self { state: Mutex::new(state), limits, sums: Arc::default() }
    }

    /// The entry of a program, for the [current](Caller::current) caller; it is new if the program is not known.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` with the limit `prepared_bytes` or `client_prepared_bytes` if there is no room for it.
    pub fn entry(&self, id: ProgramId, encoded: &[u8]) -> Result<Arc<Entry<T>>> {
        // Dropped after the lock: letting go of a prepared program may take time.
        let mut gone = Vec::new();
        let mut state = self.lock();
        if let Some(entry) = state.entries.get(&id).and_then(Weak::upgrade) {
            entry.used.store(self.sums.tick(), Ordering::Relaxed);
            return Ok(entry);
        }
        if state.entries.len() >= state.sweep {
            state.entries.retain(|_, entry| entry.strong_count() > 0);
            state.sweep = 64.max(2 * state.entries.len());
        }
        let (client, bytes) = (Caller::current().client(), encoded.len() as u64 + ENTRY_BYTES);
        let room = self.make_room(&mut state, client, bytes, &mut gone);
        let entry = room.map(|()| {
            let share = Share::new(&self.sums, client, bytes);
            let entry = Arc::new(Entry::new(id, Bytes::copy_from_slice(encoded), share));
            state.entries.insert(id, Arc::downgrade(&entry));
            entry
        });
        drop(state);
        drop(gone);
        entry
    }

    /// The entry of a program that is prepared.
    pub fn get(&self, id: ProgramId) -> Option<Arc<Entry<T>>> {
        let state = self.lock();
        let (_, entry) = state.prepared.get(&id)?;
        entry.used.store(self.sums.tick(), Ordering::Relaxed);
        Some(Arc::clone(entry))
    }

    /// What was made of a program, or is made now: the value and the bytes that it holds. The
    /// [current](Caller::current) caller pays for it.
    ///
    /// # Errors
    /// Those of `make`, and `RESOURCE_EXHAUSTED` with the limit `prepared_programs`, `prepared_bytes` or
    /// `client_prepared_bytes` if there is no room: a retry may help if that is because of programs that run.
    pub async fn ready(
        &self,
        entry: &Arc<Entry<T>>,
        make: impl AsyncFnOnce() -> Result<(T, u64)>,
    ) -> Result<InUse<T>> {
        let client = Caller::current().client();
        entry.made(make, |value, bytes| self.keep(entry, client, value, bytes)).await
    }

    /// Number of programs that are prepared.
    pub fn len(&self) -> usize {
        self.lock().prepared.len()
    }

    /// Whether no program is prepared.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of all programs: of what was made of them, and of their encoding.
    pub fn bytes(&self) -> u64 {
        self.sums.total()
    }

    /// Lets go of all programs; those who hold one keep it.
    pub fn clear(&self) {
        let prepared = core::mem::take(&mut self.lock().prepared);
        drop(prepared);
    }

    fn keep(&self, entry: &Arc<Entry<T>>, client: u64, value: T, bytes: u64) -> Result<Arc<Weighed<T>>> {
        let mut gone = Vec::new();
        let mut state = self.lock();
        let room = self.make_room(&mut state, client, bytes, &mut gone).and_then(|()| {
            while state.prepared.len() >= self.limits.programs {
                gone.push(state.let_go(None).ok_or_else(|| self.too_many())?);
            }
            Ok(())
        });
        let made = room.map(|()| {
            let made = Arc::new(Weighed { value, share: Share::new(&self.sums, client, bytes) });
            entry.ready.store(Some(Arc::clone(&made)));
            entry.used.store(self.sums.tick(), Ordering::Relaxed);
            state.prepared.insert(entry.id, (client, Arc::clone(entry)));
            made
        });
        drop(state);
        drop(gone);
        made
    }

    /// Lets go of programs until there is room for so many bytes of a client more.
    fn make_room(
        &self,
        state: &mut State<T>,
        client: u64,
        bytes: u64,
        gone: &mut Vec<Weighed<T>>,
    ) -> Result<()> {
        let CacheLimits { bytes: most, client_bytes: most_of_client, .. } = self.limits;
        loop {
            let (of, name, limit) = if self.sums.of(client).saturating_add(bytes) > most_of_client {
                (Some(client), "client_prepared_bytes", most_of_client)
            } else if self.sums.total().saturating_add(bytes) > most {
                (None, "prepared_bytes", most)
            } else {
                return Ok(());
            };
            let let_go = if bytes > limit { None } else { state.let_go(of) };
            let Some(mut weighed) = let_go else {
                let whose = if of.is_some() { "a client" } else { "all clients" };
                let message = format!(
                    "a program takes {bytes} bytes, where {limit} are for those that {whose} may hold"
                );
                return Err(Error::exhausted(name, limit, message).with_retryable(bytes <= limit));
            };
            weighed.share.give_back();
            gone.push(weighed);
        }
    }

    fn too_many(&self) -> Error {
        let limit = self.limits.programs;
        let message = format!("{limit} programs are prepared and in use");
        Error::exhausted("prepared_programs", limit as u64, message).with_retryable(true)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    /// Takes out what is longest unused, of one client or of all, and does not run.
    fn let_go(&mut self, of: Option<u64>) -> Option<Weighed<T>> {
        let prepared = self.prepared.values().filter(|(client, _)| of.is_none_or(|of| of == *client));
        let mut candidates: Vec<_> =
            prepared.map(|(_, entry)| (entry.used.load(Ordering::Relaxed), entry.id)).collect();
        candidates.sort_unstable();
        candidates.into_iter().find_map(|(_, id)| {
            let (_, entry) = self.prepared.get(&id)?;
            match Arc::try_unwrap(entry.ready.swap(None)?) {
                Ok(weighed) => {
                    self.prepared.remove(&id);
                    Some(weighed)
                }
                Err(in_use) => {
                    entry.ready.store(Some(in_use));
                    None
                }
            }
        })
    }
}
