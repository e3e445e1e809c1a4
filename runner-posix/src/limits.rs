//! Every numeric limit of this crate.

use std::time::Duration;

/// Bytes of standard error that are kept, unless the builder says otherwise.
pub(crate) const LOG_BYTES: usize = 64 << 10;

/// Bytes of a line of standard error. Longer ones are kept as several.
pub(crate) const LINE_BYTES: usize = 8 << 10;

/// Lines of standard error that an error quotes, and their bytes.
pub(crate) const QUOTED_LINES: usize = 3;
pub(crate) const QUOTED_BYTES: usize = 1 << 10;

/// Time that a child gets to end by itself, unless the builder says otherwise.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// How long the failure of a call waits for the reason: how the child ended.
pub(crate) const REASON_TIME: Duration = Duration::from_secs(2);

/// How long the rest of standard error is waited for once a child has ended.
pub(crate) const REST_TIME: Duration = Duration::from_secs(1);

/// Seconds between the signal that a child has used up its CPU time and the one that it can't ignore.
pub(crate) const CPU_GRACE_SECONDS: u64 = 1;
