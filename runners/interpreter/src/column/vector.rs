use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

use runner_core::{Error, Result};

use super::Buffer;
use crate::{
    budget::{Budget, Charge},
    limits::{BUFFER_BYTES, CHECKED_ROWS},
};

/// A vector whose room is charged to the budget of an execution before it is allocated.
///
/// Whatever grows with data is held in one, and a [`Buffer`] can be made of nothing else.
pub(crate) struct Vector<T> {
    items: Vec<T>,
    charge: Charge,
}

impl<T> Vector<T> {
    /// Without room.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if there is no memory left, here and wherever a vector grows.
    #[inline]
    pub(crate) fn new(budget: &Budget) -> Result<Self> {
        Ok(Self { items: Vec::new(), charge: budget.charge(BUFFER_BYTES)? })
    }

    /// With room for as many.
    #[inline]
    pub(crate) fn with_capacity(count: usize, budget: &Budget) -> Result<Self> {
        let bytes = count.saturating_mul(size_of::<T>()).saturating_add(BUFFER_BYTES);
        let charge = budget.charge(bytes)?;
        let mut items = Vec::new();
        items.try_reserve_exact(count).map_err(|_| no_memory(bytes))?;
        Ok(Self { items, charge })
    }

    /// One item.
    pub(crate) fn of(item: T, budget: &Budget) -> Result<Self> {
        let mut items = Self::with_capacity(1, budget)?;
        items.push(item)?;
        Ok(items)
    }

    /// The same item, `count` times.
    pub(crate) fn filled(item: T, count: usize, budget: &Budget) -> Result<Self>
    where
        T: Clone,
    {
        let mut items = Self::with_capacity(count, budget)?;
        items.resize(count, item)?;
        Ok(items)
    }

    pub(crate) fn budget(&self) -> &Budget {
        self.charge.budget()
    }

    /// Makes room for this many more.
    #[inline]
    pub(crate) fn reserve(&mut self, more: usize) -> Result<()> {
        if self.items.capacity() - self.items.len() < more { self.grow(more) } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) -> Result<()> {
        let held = self.items.capacity();
        let wanted = self.items.len().saturating_add(more).max(held.saturating_mul(2)).max(4);
        // While the items move, both are there.
        let bytes = wanted.saturating_mul(size_of::<T>());
        self.charge.add(bytes)?;
        self.items.try_reserve_exact(wanted - self.items.len()).map_err(|_| no_memory(bytes))?;
        self.charge.release(held * size_of::<T>());
        Ok(())
    }

    #[inline]
    pub(crate) fn push(&mut self, item: T) -> Result<()> {
        if self.items.len() == self.items.capacity() {
            self.grow(1)?;
        }
        self.items.push(item);
        Ok(())
    }

    /// Appends what an iterator gives that knows how many there are.
    #[inline]
    pub(crate) fn append_exact(&mut self, items: impl ExactSizeIterator<Item = T>) -> Result<()> {
        self.reserve(items.len())?;
        self.items.extend(items);
        Ok(())
    }

    /// Appends what an iterator gives.
    #[inline]
    pub(crate) fn append(&mut self, items: impl IntoIterator<Item = T>) -> Result<()> {
        for item in items {
            self.push(item)?;
            self.charge.budget().work(1)?;
        }
        Ok(())
    }

    /// Appends a range of numbers, or any other iterator that is cheap and knows its length, checking in between.
    #[inline]
    pub(crate) fn append_run(&mut self, mut items: impl ExactSizeIterator<Item = T>) -> Result<()> {
        self.reserve(items.len())?;
        while items.len() > CHECKED_ROWS {
            self.items.extend(items.by_ref().take(CHECKED_ROWS));
            self.charge.budget().check()?;
        }
        self.charge.budget().work(items.len())?;
        self.items.extend(items);
        Ok(())
    }

    /// Appends the numbers of a range, for which there is room.
    #[inline]
    pub(crate) fn append_range(&mut self, mut range: core::ops::Range<T>) -> Result<()>
    where
        core::ops::Range<T>: Iterator<Item = T>,
    {
        loop {
            let before = self.items.len();
            let room = self.items.capacity() - before;
            self.items.extend(range.by_ref().take(room.min(CHECKED_ROWS)));
            let appended = self.items.len() - before;
            self.charge.budget().work(appended)?;
            if appended == 0 || appended < CHECKED_ROWS {
                return Ok(());
            }
        }
    }

    /// Appends a copy of a slice.
    #[inline]
    pub(crate) fn append_slice(&mut self, items: &[T]) -> Result<()>
    where
        T: Copy,
    {
        self.reserve(items.len())?;
        for chunk in items.chunks(CHECKED_ROWS) {
            self.items.extend_from_slice(chunk);
            self.charge.budget().work(chunk.len())?;
        }
        Ok(())
    }

    /// Appends up to `most` items by a function of a plain vector, which has room for them.
    #[inline]
    pub(crate) fn append_with<R>(
        &mut self,
        most: usize,
        append: impl FnOnce(&mut Vec<T>) -> Result<R>,
    ) -> Result<R> {
        self.reserve(most)?;
        let held = self.items.capacity();
        let done = append(&mut self.items);
        // It did not keep its word: what it took is charged all the same.
        if self.items.capacity() > held {
            self.charge.add((self.items.capacity() - held) * size_of::<T>())?;
        }
        done
    }

    pub(crate) fn resize(&mut self, count: usize, item: T) -> Result<()>
    where
        T: Clone,
    {
        self.reserve(count.saturating_sub(self.items.len()))?;
        while self.items.len() < count {
            let next = count.min(self.items.len() + CHECKED_ROWS);
            self.charge.budget().work(next - self.items.len())?;
            self.items.resize(next, item.clone());
        }
        self.items.truncate(count);
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.items.clear();
    }

    pub(crate) fn truncate(&mut self, count: usize) {
        self.items.truncate(count);
    }

    /// What was appended, in place of which it is empty.
    pub(crate) fn take(&mut self) -> Result<Self> {
        let fresh = Self::new(self.charge.budget())?;
        Ok(core::mem::replace(self, fresh))
    }

    pub(crate) fn finish(self) -> Buffer<T> {
        Buffer::new(self)
    }
}

impl<T> Deref for Vector<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> DerefMut for Vector<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.items
    }
}

#[cold]
pub(super) fn no_memory(bytes: usize) -> Error {
    Error::exhausted("memory", bytes as u64, alloc::format!("there is no memory for {bytes} bytes"))
}
