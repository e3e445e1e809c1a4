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

/// Buffers below this size in bytes are not charged to the memory budget.
pub(crate) const CHARGED_BYTES: usize = 4 * 1024;

/// Levels that a column of a Parquet file may nest.
#[cfg(feature = "fs")]
pub const FILE_DEPTH: usize = 32;

/// Rows of a file that are read or written at a time.
#[cfg(feature = "fs")]
pub(crate) const FILE_BATCH: usize = 64 * 1024;

/// Rows from which numbers are sorted by their bytes, not by comparison.
pub(crate) const RADIX_ROWS: usize = 1024;
