//! An answer that is put together from its parts, in memory that is not moved once it is large.

#[cfg(target_os = "linux")]
mod pages;

use bytes::Bytes;

#[cfg(target_os = "linux")]
use pages::Pages;

use crate::limits::BLOCK_BYTES;

/// A growing block of bytes. A large one is of huge pages where the system has some: without them, the system's work for
/// every new page of 4 KiB takes longer than filling it.
#[derive(Debug)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    /// Where all bytes are instead, once they are many.
    pages: Option<Pages>,
    most: u64,
    may_map: bool,
}

impl Block {
    /// For about `most` bytes, if so many come.
    pub(crate) fn new(most: u64) -> Self {
        Self { bytes: Vec::new(), pages: None, most, may_map: true }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() + self.pages.as_ref().map_or(0, Pages::len)
    }

    pub(crate) fn push(&mut self, part: &[u8]) {
        if self.may_map && self.pages.is_none() && self.bytes.len() + part.len() > BLOCK_BYTES {
            self.map(part.len());
        }
        let Some(pages) = &mut self.pages else {
            return self.bytes.extend_from_slice(part);
        };
        if !pages.push(part) {
            // More than was announced: the caller will not want it.
            self.bytes = [pages.as_ref(), part].concat();
            self.pages = None;
            self.may_map = false;
        }
    }

    /// All that was pushed; empty afterwards.
    pub(crate) fn take(&mut self) -> Bytes {
        match self.pages.take() {
            Some(pages) => Bytes::from_owner(pages),
            None => core::mem::take(&mut self.bytes).into(),
        }
    }

    /// Moves what is there to pages with room for the rest, unless the system gives none.
    fn map(&mut self, more: usize) {
        self.may_map = false;
        let room = usize::try_from(self.most).unwrap_or(usize::MAX).max(self.bytes.len() + more);
        if let Some(mut pages) = Pages::new(room)
            && pages.push(&self.bytes)
        {
            self.bytes = Vec::new();
            self.pages = Some(pages);
        }
    }
}

/// Elsewhere there are none.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
enum Pages {}

#[cfg(not(target_os = "linux"))]
impl Pages {
    fn new(_: usize) -> Option<Self> {
        None
    }

    fn len(&self) -> usize {
        match *self {}
    }

    fn push(&mut self, _: &[u8]) -> bool {
        match *self {}
    }
}

#[cfg(not(target_os = "linux"))]
impl AsRef<[u8]> for Pages {
    fn as_ref(&self) -> &[u8] {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `most`, and parts of which size.
    #[test]
    fn parts_come_together_whatever_their_number() {
        let cases = [
            (0, 10, 3),
            (1 << 30, 1000, 5),
            (1 << 30, 1 << 20, 11),
            (BLOCK_BYTES as u64, 1 << 20, 12),
            (u64::MAX, 3 << 20, 5),
            (1 << 20, BLOCK_BYTES + 1, 3),
        ];
        for (most, size, parts) in cases {
            let mut block = Block::new(most);
            let mut expected = Vec::new();
            for index in 0..parts {
                let part = vec![index as u8; size];
                block.push(&part);
                expected.extend_from_slice(&part);
                assert_eq!(block.len(), expected.len());
            }
            assert!(block.take() == expected, "{parts} parts of {size} bytes, up to {most}");
            assert_eq!(block.len(), 0);
        }
    }
}
