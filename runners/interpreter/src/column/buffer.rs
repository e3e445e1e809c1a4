use alloc::rc::Rc;
use core::{fmt, ops::Deref};

use runner_core::Result;

use super::Vector;
use crate::{budget::Budget, limits::CHECKED_ROWS};

/// A shared slice of a finished [`Vector`]. Its bytes are charged to the budget of an execution as long as anybody
/// holds a part of it.
pub(crate) struct Buffer<T> {
    storage: Rc<Vector<T>>,
    start: usize,
    end: usize,
}

impl<T> Buffer<T> {
    pub(super) fn new(items: Vector<T>) -> Self {
        let end = items.len();
        Self { storage: Rc::new(items), start: 0, end }
    }

    /// Part of this buffer; bounds beyond it are cut.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Self {
        let end = (self.start + end).min(self.end);
        let start = (self.start + start).min(end);
        Self { storage: Rc::clone(&self.storage), start, end }
    }

    /// Whether both are the same part of the same vector.
    #[inline]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.storage, &other.storage) && self.start == other.start && self.end == other.end
    }
}

/// Buffers of what is made row by row. Work is checked between chunks of rows.
impl Budget {
    /// One item.
    #[inline]
    pub(crate) fn one<T>(&self, item: T) -> Result<Buffer<T>> {
        let mut items = Vector::with_capacity(1, self)?;
        items.push(item)?;
        Ok(items.finish())
    }

    /// The same item, `rows` times.
    pub(crate) fn filled<T: Clone>(&self, item: T, rows: usize) -> Result<Buffer<T>> {
        Ok(Vector::filled(item, rows, self)?.finish())
    }

    /// A function of each value.
    #[inline]
    pub(crate) fn map<T, R>(&self, values: &[T], mut f: impl FnMut(&T) -> R) -> Result<Buffer<R>> {
        let mut items = Vector::with_capacity(values.len(), self)?;
        for chunk in values.chunks(CHECKED_ROWS) {
            items.append_exact(chunk.iter().map(&mut f))?;
            self.work(chunk.len())?;
        }
        Ok(items.finish())
    }

    /// A function of each pair of values.
    #[inline]
    pub(crate) fn zip<A, B, R>(&self, a: &[A], b: &[B], mut f: impl FnMut(&A, &B) -> R) -> Result<Buffer<R>> {
        let mut items = Vector::with_capacity(a.len().min(b.len()), self)?;
        for (a, b) in a.chunks(CHECKED_ROWS).zip(b.chunks(CHECKED_ROWS)) {
            items.append_exact(a.iter().zip(b).map(|(a, b)| f(a, b)))?;
            self.work(a.len())?;
        }
        Ok(items.finish())
    }

    /// A function of the number of each row.
    #[inline]
    pub(crate) fn rows<R>(&self, rows: usize, mut f: impl FnMut(usize) -> R) -> Result<Buffer<R>> {
        let mut items = Vector::with_capacity(rows, self)?;
        let mut start = 0;
        while start < rows {
            let end = rows.min(start + CHECKED_ROWS);
            items.append_exact((start..end).map(&mut f))?;
            self.work(end - start)?;
            start = end;
        }
        Ok(items.finish())
    }

    /// A function of the number of each row, which may fail.
    #[inline]
    pub(crate) fn try_rows<R>(
        &self,
        rows: usize,
        mut f: impl FnMut(usize) -> Result<R>,
    ) -> Result<Buffer<R>> {
        let mut items = Vector::with_capacity(rows, self)?;
        for row in 0..rows {
            items.push(f(row)?)?;
            self.work(1)?;
        }
        Ok(items.finish())
    }
}

impl<T> Deref for Buffer<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        self.storage.get(self.start..self.end).unwrap_or_default()
    }
}

impl<T> Clone for Buffer<T> {
    #[inline]
    fn clone(&self) -> Self {
        Self { storage: Rc::clone(&self.storage), ..*self }
    }
}

impl<T: fmt::Debug> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
