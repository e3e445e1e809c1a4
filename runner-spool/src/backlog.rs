use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::{Buf, Bytes};
use runner_core::Result;
use tokio::{task::AbortHandle, time::sleep};

use crate::{
    Spool, Stored,
    limits::{PATIENCE, READ_BYTES, SPOOLED_BYTES},
};

/// An output that is there as a whole, and is handed out part by part. If it is large and nobody asks for the next part
/// for [`PATIENCE`], what is left is moved to disk.
///
/// ```
/// # use runner_core::Error;
/// use runner_spool::{Backlog, Spool};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let mut backlog = Backlog::new(&Spool::default(), vec![7; 5_000_000].into());
/// let mut bytes = 0;
/// while let Some(part) = backlog.next().await? {
///     bytes += part.len();
/// }
/// assert_eq!(bytes, 5_000_000);
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
pub struct Backlog {
    /// What is too little to be moved.
    small: Bytes,
    large: Option<Large>,
    stored: Option<Stored>,
}

/// What may be moved, and the task that does it.
struct Large {
    rest: Arc<Mutex<Rest>>,
    task: AbortHandle,
}

enum Rest {
    Memory(Bytes),
    Disk(Option<Stored>),
}

impl Backlog {
    /// Must be called on a tokio runtime, which watches what is large.
    #[must_use]
    pub fn new(spool: &Spool, output: Bytes) -> Self {
        if output.len() <= SPOOLED_BYTES {
            return Self { small: output, large: None, stored: None };
        }
        let size = output.len();
        let rest = Arc::new(Mutex::new(Rest::Memory(output)));
        let task = tokio::spawn(watch(spool.clone(), Arc::clone(&rest), size)).abort_handle();
        Self { small: Bytes::new(), large: Some(Large { rest, task }), stored: None }
    }

    /// The next part; `None` at the end. A part of a large output is a copy, so that whoever keeps it does not keep all.
    ///
    /// # Errors
    /// Those of [`Stored::next`].
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if let Some(large) = &self.large {
            match &mut *lock(&large.rest) {
                Rest::Memory(rest) => {
                    let part = rest.get(..READ_BYTES.min(rest.len())).unwrap_or_default();
                    let part = Bytes::copy_from_slice(part);
                    rest.advance(part.len());
                    return Ok((!part.is_empty()).then_some(part));
                }
                Rest::Disk(stored) => self.stored = stored.take(),
            }
            self.large = None;
        }
        match &mut self.stored {
            Some(stored) => stored.next().await,
            None => Ok(Some(core::mem::take(&mut self.small)).filter(|small| !small.is_empty())),
        }
    }
}

impl Drop for Large {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Backlog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, place) = match (&self.stored, &self.large) {
            (Some(stored), _) => (stored.left(), "on disk"),
            (None, None) => (self.small.len() as u64, "in memory"),
            (None, Some(large)) => match &*lock(&large.rest) {
                Rest::Memory(rest) => (rest.len() as u64, "in memory"),
                Rest::Disk(stored) => (stored.as_ref().map_or(0, Stored::left), "on disk"),
            },
        };
        write!(f, "Backlog({bytes} bytes {place})")
    }
}

/// Moves what is left to disk, once nobody took anything for a while.
async fn watch(spool: Spool, rest: Arc<Mutex<Rest>>, mut size: usize) {
    loop {
        sleep(PATIENCE).await;
        let bytes = match &*lock(&rest) {
            Rest::Memory(bytes) if bytes.len() > SPOOLED_BYTES => bytes.clone(),
            _ => return,
        };
        let was_taken = bytes.len() < size;
        size = bytes.len();
        if was_taken || !spool.is_ready() {
            continue;
        }
        let Ok(mut stored) = spool.store(vec![bytes]).await else { continue };
        let _moved = {
            let mut rest = lock(&rest);
            let Rest::Memory(now) = &*rest else { return };
            // Somebody may have taken something meanwhile.
            if stored.skip((size - now.len()) as u64).is_err() {
                continue;
            }
            core::mem::replace(&mut *rest, Rest::Disk(Some(stored)))
        };
        return;
    }
}

fn lock(rest: &Mutex<Rest>) -> MutexGuard<'_, Rest> {
    rest.lock().unwrap_or_else(PoisonError::into_inner)
}
