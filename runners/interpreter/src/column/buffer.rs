use alloc::{sync::Arc, vec::Vec};
use core::{fmt, ops::Deref};

use once_cell::race::OnceBox;

use crate::budget::Charge;

/// What a buffer was charged to a memory budget, released with the buffer.
pub(crate) type Meter = OnceBox<Charge>;

/// A shared slice of a vector.
pub(crate) struct Buffer<T> {
    storage: Arc<Storage<T>>,
    start: usize,
    end: usize,
}

struct Storage<T> {
    items: Vec<T>,
    meter: Meter,
}

impl<T> Buffer<T> {
    /// Part of this buffer; bounds beyond it are cut.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Self {
        let end = (self.start + end).min(self.end);
        let start = (self.start + start).min(end);
        Self { storage: Arc::clone(&self.storage), start, end }
    }

    /// Whether both are the same part of the same vector.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.storage, &other.storage) && self.start == other.start && self.end == other.end
    }

    pub(super) fn visit(&self, visit: &mut dyn FnMut(usize, &Meter)) {
        visit(self.storage.items.capacity() * size_of::<T>(), &self.storage.meter);
    }
}

impl<T> From<Vec<T>> for Buffer<T> {
    fn from(items: Vec<T>) -> Self {
        let end = items.len();
        Self { storage: Arc::new(Storage { items, meter: Meter::new() }), start: 0, end }
    }
}

impl<T> FromIterator<T> for Buffer<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        items.into_iter().collect::<Vec<_>>().into()
    }
}

impl<T> Deref for Buffer<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        self.storage.items.get(self.start..self.end).unwrap_or_default()
    }
}

impl<T> Clone for Buffer<T> {
    fn clone(&self) -> Self {
        Self { storage: Arc::clone(&self.storage), ..*self }
    }
}

impl<T: fmt::Debug> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
