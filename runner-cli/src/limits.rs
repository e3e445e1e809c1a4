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
