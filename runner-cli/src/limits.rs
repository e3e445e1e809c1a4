//! Every numeric limit of the executable.

use std::time::Duration;

/// Levels of folders below that of a project.
pub(crate) const FOLDER_DEPTH: usize = 64;

/// Source files of a project.
pub(crate) const FILE_COUNT: usize = 10_000;

/// Work that takes longer than this shows its progress.
pub(crate) const SHOW_AFTER: Duration = Duration::from_millis(500);

/// Time between two pictures of the progress.
pub(crate) const SHOW_EVERY: Duration = Duration::from_millis(100);

/// Time in which a runner elsewhere has to answer a goodbye.
pub(crate) const GOODBYE_TIME: Duration = Duration::from_secs(2);

/// Bytes of a configuration file.
pub(crate) const CONFIG_BYTES: u64 = 1 << 20;

/// Time that requests in flight get when a server is to end, unless the configuration says otherwise.
pub(crate) const SERVER_GRACE: Duration = Duration::from_secs(30);

/// Time for a runner to end when all that it did was cancelled. Then the process ends without it.
pub(crate) const RUNNER_END_TIME: Duration = Duration::from_secs(6);

/// Time for the log to say why when the process ends at once.
#[cfg(unix)]
pub(crate) const LAST_WORDS_TIME: Duration = Duration::from_millis(20);

/// Connections to a Unix socket that wait to be accepted.
#[cfg(unix)]
pub(crate) const BACKLOG: u32 = 1024;

/// Lines of the log that wait to be written. More are lost.
pub(crate) const LOG_LINES: usize = 4096;

/// Time for the log to be written when the process ends.
pub(crate) const LOG_TIME: Duration = Duration::from_secs(1);

/// Steps that a compile of source from a client takes at most, see [`runner_lang::Budget`]; about ten seconds.
#[cfg(feature = "http")]
pub(crate) const COMPILE_STEPS: u64 = 1 << 28;

/// Bytes of memory that a compile of source from a client takes at most.
#[cfg(feature = "http")]
pub(crate) const COMPILE_BYTES: u64 = 256 << 20;
