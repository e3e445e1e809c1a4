//! What one call of a function may make. DuckDB counts what it keeps, but not the values on their way from one operation
//! to the next, so that functions have to see to it that these stay small.

use std::ops::Range;

use duckdb::core::{DataChunkHandle, FlatVector, ListVector, LogicalTypeHandle, LogicalTypeId, StructVector};
use libduckdb_sys::v1::duckdb_string_t;
use runner_core::{Error, Result};

use crate::limits::{BATCH_BYTES, BATCH_SHARE, ITEM_BYTES, LEAST_BATCH_BYTES};

/// Bytes for the values of one batch of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room(u64);

impl Room {
    /// That of a database with so much memory.
    pub(crate) fn of(memory_bytes: u64) -> Self {
        Self((memory_bytes / BATCH_SHARE).clamp(LEAST_BATCH_BYTES, BATCH_BYTES))
    }

    pub(crate) fn bytes(self) -> u64 {
        self.0
    }

    /// # Errors
    /// `RESOURCE_EXHAUSTED` if these are more bytes than there is room for.
    #[inline]
    pub(crate) fn check(self, bytes: u64) -> Result<()> {
        if bytes <= self.0 { Ok(()) } else { Err(self.exhausted()) }
    }

    /// Looks at what a function is given before it is copied for it: one text or list may stand for all rows.
    ///
    /// # Errors
    /// As [`Room::check`].
    pub(crate) fn check_chunk(self, chunk: &DataChunkHandle) -> Result<()> {
        let mut left = Left::new(self);
        (0..chunk.num_columns()).try_for_each(|index| {
            let ty = chunk.flat_vector(index).logical_type();
            let vector = match ty.id() {
                LogicalTypeId::List => Vector::List(chunk.list_vector(index)),
                LogicalTypeId::Struct => Vector::Struct(chunk.struct_vector(index)),
                _ => Vector::Flat(chunk.flat_vector(index)),
            };
            vector.take(&ty, 0..chunk.len(), &mut left)
        })
    }

    /// The error, by which it is known again when it comes back from DuckDB as a message.
    #[cold]
    pub(crate) fn exhausted(self) -> Error {
        let words = format!("{EXHAUSTED}{} bytes", self.0);
        Error::exhausted("batch_bytes", self.0, words)
    }
}

const EXHAUSTED: &str = "the values of a batch of rows take more than ";

/// The error that [`Room::exhausted`] was before DuckDB reported it.
pub(crate) fn reported(message: &str) -> Option<Error> {
    let (_, rest) = message.split_once(EXHAUSTED)?;
    let room = rest.split(' ').next()?.parse().ok()?;
    Some(Room(room).exhausted())
}

/// What values may still take.
pub(crate) struct Left {
    room: Room,
    bytes: u64,
}

impl Left {
    pub(crate) fn new(room: Room) -> Self {
        Self { room, bytes: room.bytes() }
    }

    /// # Errors
    /// `RESOURCE_EXHAUSTED` if there is no room for so many bytes more.
    #[inline]
    pub(crate) fn take(&mut self, bytes: u64) -> Result<()> {
        match self.bytes.checked_sub(bytes) {
            Some(left) => {
                self.bytes = left;
                Ok(())
            }
            None => Err(self.room.exhausted()),
        }
    }
}

/// A vector by what it holds.
enum Vector<'a> {
    Flat(FlatVector<'a>),
    List(ListVector<'a>),
    Struct(StructVector<'a>),
}

impl Vector<'_> {
    /// Takes what a copy of these rows needs beside the entries of the vector itself.
    fn take(&self, ty: &LogicalTypeHandle, rows: Range<usize>, left: &mut Left) -> Result<()> {
        match self {
            Vector::Flat(vector) => match ty.id() {
                LogicalTypeId::Varchar | LogicalTypeId::Blob => take_texts(vector, rows, left),
                _ => Ok(()),
            },
            Vector::List(list) => {
                let item = ty.child(0);
                let items = match item.id() {
                    LogicalTypeId::List => Vector::List(list.list_child()),
                    LogicalTypeId::Struct => Vector::Struct(list.struct_child(list.len())),
                    _ => Vector::Flat(list.child(list.len())),
                };
                rows.filter(|row| !list.row_is_null(*row as u64)).try_for_each(|row| {
                    let (start, length) = list.get_entry(row);
                    left.take((length as u64).saturating_mul(ITEM_BYTES))?;
                    items.take(&item, start..start.saturating_add(length), left)
                })
            }
            Vector::Struct(structure) => (0..ty.num_children()).try_for_each(|index| {
                let field = ty.child(index);
                let vector = match field.id() {
                    LogicalTypeId::List => Vector::List(structure.list_vector_child(index)),
                    LogicalTypeId::Struct => Vector::Struct(structure.struct_vector_child(index)),
                    _ => Vector::Flat(structure.child(index, rows.end)),
                };
                vector.take(&field, rows.clone(), left)
            }),
        }
    }
}

fn take_texts(vector: &FlatVector<'_>, rows: Range<usize>, left: &mut Left) -> Result<()> {
    #[expect(
        unsafe_code,
        reason = "the driver's safe way copies all texts first: 2,048 times one of 16 MB are 32 GB"
    )]
    // SAFETY: the column is one of texts or blobs, of which DuckDB holds so many rows.
    let texts = unsafe { vector.as_slice_with_len::<duckdb_string_t>(rows.end) };
    for (row, text) in texts.iter().enumerate().take(rows.end).skip(rows.start) {
        if !vector.row_is_null(row as u64) {
            #[expect(unsafe_code, reason = "a union of the driver")]
            // SAFETY: a text that is there begins with its length, whether it is inlined or not.
            let length = unsafe { text.value.inlined.length };
            left.take(length.into())?;
        }
    }
    Ok(())
}
