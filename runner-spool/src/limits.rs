//! Every numeric limit of this crate.

use std::time::Duration;

/// Outputs of which more than this is left are moved to disk, and smaller ones are not. It is what a client of the binary
/// protocol has as its window by default.
pub const SPOOLED_BYTES: usize = 1 << 20;

/// How long nobody takes anything of an output before it is moved.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// Files of a spool at a time, which are a part of those that a process may open. Further outputs stay in memory.
pub(crate) const FILES: usize = 256;

/// How long a spool rests after it could not write.
pub(crate) const REST: Duration = Duration::from_secs(30);

/// Bytes that are written at a time; in between, the output may be dropped.
pub(crate) const WRITE_BYTES: usize = 4 << 20;

/// Bytes that are handed out at a time.
pub(crate) const READ_BYTES: usize = 256 << 10;
