//! Work that is tried in rounds until nothing changes, without trying what waits for nothing new.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Numbered tasks that are to be tried. In each round they are tried in the order of their numbers, so the result is
/// that of trying all of them again and again.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    heap: BinaryHeap<Reverse<(u32, usize)>>,
    queued: Vec<bool>,
    round: u32,
    /// What is being tried.
    current: Option<usize>,
}

impl Rounds {
    /// The next task.
    pub(crate) fn pop(&mut self) -> Option<usize> {
        let Reverse((round, index)) = self.heap.pop()?;
        (self.round, self.current) = (round, Some(index));
        if let Some(queued) = self.queued.get_mut(index) {
            *queued = false;
        }
        Some(index)
    }

    /// Tries a task again: in this round if its turn is still to come.
    pub(crate) fn wake(&mut self, index: usize) {
        let later = self.current.is_some_and(|current| index <= current);
        self.push(index, self.round + u32::from(later));
    }

    /// Tries a task in the next round.
    pub(crate) fn wake_later(&mut self, index: usize) {
        self.push(index, self.round + 1);
    }

    /// The number of the round, from 0.
    pub(crate) fn round(&self) -> u32 {
        self.round
    }

    fn push(&mut self, index: usize, round: u32) {
        if self.queued.len() <= index {
            self.queued.resize(index + 1, false);
        }
        if let Some(queued) = self.queued.get_mut(index)
            && !std::mem::replace(queued, true)
        {
            self.heap.push(Reverse((round, index)));
        }
    }
}
