//! Every numeric limit of this crate; what lies beyond gives `RESOURCE_EXHAUSTED` that names it.

/// Items of all arrays of a column together, and bytes of all its texts: what an offset of 32 bits counts.
pub const COLUMN_ROWS: usize = u32::MAX as usize;

/// Levels that a value may nest while a program runs. A level costs stack in a walk over columns.
pub const COLUMN_DEPTH: u32 = 300;

/// Items that are worked on at a time: small enough for the cache, large enough that the work on a batch as such
/// does not count.
pub(crate) const BATCH: usize = 16 * 1024;

/// Bytes of an output below which it is one piece: it ends with an error, or it is there as a whole.
pub(crate) const FIRST_BYTES: usize = 1 << 20;

/// Bytes of an output that are handed out together after that.
pub(crate) const PIECE_BYTES: usize = 256 * 1024;

/// Rows or bytes of cheap work between two looks at whether an execution has to stop: a few tenths of a millisecond.
pub(crate) const CHECKED_ROWS: usize = 32 * 1024;

/// An allocation of as many bytes is a look as well.
pub(crate) const CHECKED_BYTES: usize = 256 * 1024;

/// What a buffer costs beside its items: its header, the allocator's, and the column that holds it.
pub(crate) const BUFFER_BYTES: usize = 128;

/// Bytes that the text of a number, a date or a time takes at most.
pub(crate) const NUMBER_BYTES: usize = 2048;

/// Levels that a column of a Parquet file may nest.
#[cfg(feature = "fs")]
pub const FILE_DEPTH: usize = 32;

/// Rows of a file that are read or written at a time.
#[cfg(feature = "fs")]
pub(crate) const FILE_BATCH: usize = 64 * 1024;

/// Bytes that such rows take at most, as far as the file says what it holds.
#[cfg(feature = "fs")]
pub(crate) const FILE_BYTES: usize = 4 << 20;

/// Rows from which numbers are sorted by their bytes, not by comparison.
pub(crate) const RADIX_ROWS: usize = 1024;

/// Texts that are sorted at a time, before they are merged: a few milliseconds.
pub(crate) const SORTED_ROWS: usize = 16 * 1024;
