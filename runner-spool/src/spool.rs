use std::{
    env, fmt,
    fs::File,
    io::{self, Seek, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use runner_core::{Code, Error, Result};
use tokio::time::Instant;

use crate::{
    Stored,
    limits::{FILES, REST, WRITE_BYTES},
};

/// Where outputs wait that nobody takes. Clones are the same spool.
///
/// ```
/// # use bytes::Bytes;
/// # use runner_core::Error;
/// use runner_spool::Spool;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let spool = Spool::new(std::env::temp_dir());
/// spool.check()?;
/// let pieces = vec![Bytes::from_static(b"an "), Bytes::from_static(b"output")];
/// let mut stored = spool.store(pieces).await.expect("room for six bytes");
/// assert_eq!(spool.bytes(), 9);
/// assert_eq!(stored.next().await?.as_deref(), Some(&b"an output"[..]));
/// assert_eq!(stored.next().await?, None);
/// drop(stored);
/// assert_eq!(spool.bytes(), 0);
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Spool(Option<Arc<Place>>);

pub(crate) struct Place {
    folder: PathBuf,
    pub(crate) bytes: AtomicU64,
    pub(crate) files: AtomicUsize,
    /// Until when nothing is tried, because it failed.
    rests: Mutex<Option<Instant>>,
}

impl Spool {
    /// Files in this folder. It should be on a disk; many systems have their `/tmp` in memory.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(Some(Arc::new(Place {
            folder: folder.into(),
            bytes: AtomicU64::new(0),
            files: AtomicUsize::new(0),
            rests: Mutex::default(),
        })))
    }

    /// Everything stays in memory.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// assert!(runner_spool::Spool::off().store(vec![]).await.is_err());
    /// # });
    /// ```
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    /// Tries whether there can be files.
    ///
    /// # Errors
    /// `UNAVAILABLE` with the folder and what the system says.
    pub fn check(&self) -> Result<()> {
        let Some(place) = &self.0 else { return Ok(()) };
        let failed = |error| {
            Error::new(Code::Unavailable, format!("{}: no file can be made: {error}", place.folder.display()))
        };
        tempfile::tempfile_in(&place.folder).map(drop).map_err(failed)
    }

    /// Bytes that are on disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.as_ref().map_or(0, |place| place.bytes.load(Ordering::Relaxed))
    }

    /// Whether trying to store something makes sense now: there is a folder, it has not just failed, and there are not
    /// too many files.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.as_ref().is_some_and(|place| {
            let rests = *place.rests.lock().unwrap_or_else(PoisonError::into_inner);
            rests.is_none_or(|until| Instant::now() >= until) && place.files.load(Ordering::Relaxed) < FILES
        })
    }

    /// Moves pieces of an output to a file, in order. Must be called on a tokio runtime, whose threads for blocking work
    /// do it.
    ///
    /// # Errors
    /// The pieces, if they can't be stored; why is logged.
    pub async fn store(&self, pieces: Vec<Bytes>) -> core::result::Result<Stored, Vec<Bytes>> {
        let Some(place) = self.0.as_ref().filter(|_| self.is_ready()) else {
            return Err(pieces);
        };
        let mut stored = Stored::new(Arc::clone(place));
        match write(&place.folder, &pieces, &mut stored).await {
            Ok(file) => Ok(stored.in_file(file)),
            Err(error) => {
                let folder = place.folder.display();
                tracing::warn!(%folder, %error, "outputs that nobody takes stay in memory");
                *place.rests.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REST);
                Err(pieces)
            }
        }
    }
}

impl Default for Spool {
    /// Files where `TMPDIR` says; else in `/var/tmp`, which is on disk where `/tmp` may not be; else where the system has
    /// its temporary files.
    fn default() -> Self {
        let var_tmp = Path::new("/var/tmp");
        match env::var_os("TMPDIR") {
            None if var_tmp.is_dir() => Self::new(var_tmp),
            _ => Self::new(env::temp_dir()),
        }
    }
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(place) => write!(f, "Spool({}, {} bytes)", place.folder.display(), self.bytes()),
            None => f.write_str("Spool(off)"),
        }
    }
}

/// Writes pieces to a file, and counts them as stored.
async fn write(folder: &Path, pieces: &[Bytes], stored: &mut Stored) -> io::Result<File> {
    let folder = folder.to_owned();
    let mut file = blocking(move || tempfile::tempfile_in(folder)).await?;
    for piece in pieces {
        let mut rest = piece.clone();
        while !rest.is_empty() {
            let part = rest.split_to(rest.len().min(WRITE_BYTES));
            let bytes = part.len();
            file = blocking(move || file.write_all(&part).map(|()| file)).await?;
            stored.grow(bytes as u64);
        }
    }
    blocking(move || file.rewind().map(|()| file)).await
}

/// Does what may block on a thread for it.
pub(crate) async fn blocking<T: Send + 'static>(
    action: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(action).await.map_err(io::Error::other)?
}
