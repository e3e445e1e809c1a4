use std::{
    fmt,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    sync::{Arc, atomic::Ordering},
};

use bytes::Bytes;
use runner_core::{Code, Error, Result};
use tokio::runtime::Handle;

use crate::{
    limits::READ_BYTES,
    spool::{Place, blocking},
};

/// An output on disk, of which the part that is left is given back from its front. Dropping it frees the disk.
///
/// See [`Spool`](crate::Spool).
pub struct Stored {
    place: Arc<Place>,
    file: Option<File>,
    /// Bytes of the file.
    size: u64,
    left: u64,
}

impl Stored {
    pub(crate) fn new(place: Arc<Place>) -> Self {
        place.files.fetch_add(1, Ordering::Relaxed);
        Self { place, file: None, size: 0, left: 0 }
    }

    pub(crate) fn grow(&mut self, bytes: u64) {
        self.place.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.size += bytes;
        self.left += bytes;
    }

    pub(crate) fn in_file(mut self, file: File) -> Self {
        self.file = Some(file);
        self
    }

    /// Bytes that are left.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let stored = runner_spool::Spool::default().store(vec!["abc".into()]).await.unwrap();
    /// assert_eq!(stored.left(), 3);
    /// # });
    /// ```
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The next bytes, up to 256 KiB; `None` at the end.
    ///
    /// # Errors
    /// `INTERNAL` if the disk does not give back what it took. There is nothing more then.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        let Some(mut file) = self.file.take().filter(|_| self.left > 0) else {
            return Ok(None);
        };
        let bytes = usize::try_from(self.left).unwrap_or(usize::MAX).min(READ_BYTES);
        let read = move || -> io::Result<(File, Vec<u8>)> {
            let mut part = vec![0; bytes];
            file.read_exact(&mut part)?;
            Ok((file, part))
        };
        let (file, part) = blocking(read).await.map_err(|error| {
            Error::new(Code::Internal, format!("an output that waited on disk can't be read: {error}"))
        })?;
        self.left -= bytes as u64;
        self.file = Some(file);
        Ok(Some(part.into()))
    }

    /// Passes over bytes that were taken elsewhere. Nothing is read.
    pub(crate) fn skip(&mut self, bytes: u64) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.seek(SeekFrom::Start(self.size - self.left + bytes))?;
        }
        self.left = self.left.saturating_sub(bytes);
        Ok(())
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.place.bytes.fetch_sub(self.size, Ordering::Relaxed);
        self.place.files.fetch_sub(1, Ordering::Relaxed);
        // Closing a large file without a name takes the system a while.
        if let (Some(file), Ok(runtime)) = (self.file.take(), Handle::try_current()) {
            runtime.spawn_blocking(move || drop(file));
        }
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stored({} of {} bytes)", self.left, self.size)
    }
}
