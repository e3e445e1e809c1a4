//! What is to be written: small frames together and first, large bodies in turns of one chunk.

use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf, Bytes, BytesMut};

use crate::limits::BATCH_BYTES;

/// What waits to be written.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// Whole frames, in order.
    pub(crate) small: BytesMut,
    /// Ids of requests that have a large body to send. Each stands here once.
    turns: VecDeque<u32>,
}

/// What a request sends when it is its turn.
pub(crate) enum Turn {
    /// A body whose head was put into the buffer; whether another one may follow at once.
    Chunk(Bytes, bool),
    /// Nothing any more.
    Nothing,
}

impl Queue {
    pub(crate) fn is_empty(&self) -> bool {
        self.small.is_empty() && self.turns.is_empty()
    }

    /// Lets a request send its body, behind the others that do so.
    pub(crate) fn line_up(&mut self, id: u32) {
        self.turns.push_back(id);
    }
}

/// What is being written: one batch of frames.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    parts: VecDeque<Bytes>,
    bytes: usize,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Bytes that are left to be written.
    pub(crate) fn len(&self) -> usize {
        self.bytes
    }

    /// Takes all small frames and, in turns, chunks of bodies until the batch is full.
    pub(crate) fn gather(&mut self, queue: &mut Queue, mut turn: impl FnMut(u32, &mut BytesMut) -> Turn) {
        self.take_small(queue);
        while self.bytes < BATCH_BYTES
            && let Some(id) = queue.turns.pop_front()
        {
            if let Turn::Chunk(body, again) = turn(id, &mut queue.small) {
                self.take_small(queue);
                self.push(body);
                if again {
                    queue.turns.push_back(id);
                }
            }
        }
    }

    fn take_small(&mut self, queue: &mut Queue) {
        if !queue.small.is_empty() {
            self.push(queue.small.split().freeze());
        }
    }

    fn push(&mut self, part: Bytes) {
        self.bytes += part.len();
        self.parts.push_back(part);
    }

    /// Makes copies of all parts, which may be views into something far larger.
    pub(crate) fn detach(&mut self) {
        for part in &mut self.parts {
            *part = Bytes::copy_from_slice(part);
        }
    }

    /// The next parts to write; how many of `slices` are filled.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for (slice, part) in slices.iter_mut().zip(&self.parts) {
            *slice = IoSlice::new(part);
            filled += 1;
        }
        filled
    }

    /// Takes note that so many bytes were written.
    pub(crate) fn advance(&mut self, mut written: usize) {
        self.bytes = self.bytes.saturating_sub(written);
        while let Some(part) = self.parts.front_mut() {
            if written < part.len() {
                part.advance(written);
                return;
            }
            written -= part.len();
            self.parts.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three bodies of ten chunks each, in a batch that holds all.
    #[test]
    fn bodies_take_turns_behind_small_frames() {
        let (mut queue, mut batch) = (Queue::default(), Batch::default());
        for id in 0..3 {
            queue.line_up(id);
        }
        queue.small.extend_from_slice(b"small");
        let mut left = [10_usize; 3];
        let mut order = Vec::new();
        batch.gather(&mut queue, |id, head| {
            head.extend_from_slice(b"head");
            order.push(id);
            left[id as usize] -= 1;
            Turn::Chunk(Bytes::from_static(b"body"), left[id as usize] > 0)
        });
        assert_eq!(order.len(), 30);
        assert!(order.chunks(3).all(|round| round == [0, 1, 2]));
        assert!(queue.is_empty());

        let mut written = Vec::new();
        while !batch.is_empty() {
            let mut slices = [IoSlice::new(&[]); 5];
            let filled = batch.slices(&mut slices);
            let bytes: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect();
            let take = bytes.len().min(7);
            written.extend_from_slice(&bytes[..take]);
            batch.advance(take);
        }
        assert_eq!(batch.len(), 0);
        assert_eq!(written, ["small".to_owned(), "headbody".repeat(30)].concat().into_bytes());
    }

    #[test]
    fn a_batch_is_bounded() {
        let (mut queue, mut batch) = (Queue::default(), Batch::default());
        queue.line_up(0);
        batch.gather(&mut queue, |_, _| Turn::Chunk(Bytes::from(vec![0; 1000]), true));
        assert!(batch.len() >= BATCH_BYTES && batch.len() < BATCH_BYTES + 1000);
        assert!(!queue.is_empty());
    }
}
