//! What a child says on standard error: the last lines, bounded.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::{Buf, BytesMut};
use futures_util::{Stream, stream};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::watch,
};

use crate::limits::LINE_BYTES;

/// Lines of all children of a process, one after the other.
#[derive(Debug)]
pub(crate) struct Log {
    lines: Mutex<Lines>,
    /// Number of the line that comes next.
    next: watch::Sender<u64>,
}

#[derive(Debug)]
struct Lines {
    kept: VecDeque<Arc<str>>,
    bytes: usize,
    most: usize,
    /// Number of the line that comes next.
    next: u64,
}

impl Log {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        let lines = Lines { kept: VecDeque::new(), bytes: 0, most, next: 0 };
        Arc::new(Self { lines: Mutex::new(lines), next: watch::Sender::new(0) })
    }

    /// The lines that are kept.
    pub(crate) fn tail(&self) -> Vec<String> {
        self.lock().kept.iter().map(|line| line.as_ref().to_owned()).collect()
    }

    /// The lines that are kept, and those that come. Who is slow misses some.
    pub(crate) fn follow(self: &Arc<Self>) -> impl Stream<Item = String> + Send + Unpin + use<> {
        let log = Arc::downgrade(self);
        let told = self.next.subscribe();
        Box::pin(stream::unfold((log, told, 0), |(log, mut told, wanted)| async move {
            loop {
                told.borrow_and_update();
                let found = log.upgrade()?.lock().at(wanted);
                if let Some((line, number)) = found {
                    return Some((line.as_ref().to_owned(), (log, told, number + 1)));
                }
                told.changed().await.ok()?;
            }
        }))
    }

    /// Keeps what is read until the end.
    pub(crate) async fn read(self: Arc<Self>, mut stderr: impl AsyncRead + Unpin) {
        let mut buffer = BytesMut::with_capacity(LINE_BYTES);
        loop {
            let read = stderr.read_buf(&mut buffer).await.unwrap_or(0);
            while let Some(line) = take_line(&mut buffer, read == 0) {
                self.push(&line);
            }
            if read == 0 {
                return;
            }
        }
    }

    fn push(&self, line: &[u8]) {
        let mut lines = self.lock();
        lines.push(String::from_utf8_lossy(line).trim_end().into());
        let next = lines.next;
        drop(lines);
        self.next.send_replace(next);
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn push(&mut self, line: Arc<str>) {
        self.bytes += line.len() + 1;
        self.kept.push_back(line);
        self.next += 1;
        while self.bytes > self.most
            && let Some(oldest) = self.kept.pop_front()
        {
            self.bytes -= oldest.len() + 1;
        }
    }

    /// The first line from this number on that is kept, and its number.
    fn at(&self, number: u64) -> Option<(Arc<str>, u64)> {
        let first = self.next - self.kept.len() as u64;
        let number = number.max(first);
        let line = self.kept.get(usize::try_from(number - first).ok()?)?;
        Some((Arc::clone(line), number))
    }
}

/// A line without its end, if it is whole, too long, or the last one.
fn take_line(buffer: &mut BytesMut, is_last: bool) -> Option<BytesMut> {
    match buffer.iter().take(LINE_BYTES).position(|byte| *byte == b'\n') {
        Some(end) => {
            let line = buffer.split_to(end);
            buffer.advance(1);
            Some(line)
        }
        None if buffer.len() >= LINE_BYTES => Some(buffer.split_to(LINE_BYTES)),
        None if is_last && !buffer.is_empty() => Some(buffer.split()),
        None => None,
    }
}
