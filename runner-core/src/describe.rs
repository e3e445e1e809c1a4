use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::program::VERSION;

/// What a runner is and what it can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// What it is, such as `interpreter`.
    pub name: String,
    /// Version of its software.
    pub version: String,
    /// Versions of the program encoding that it accepts.
    pub program_versions: Vec<u8>,
    /// Limits that it really enforces, with their values: `memory_bytes`, `steps`, `time_ms`, ...
    pub limits: Vec<(String, u64)>,
    /// Whether output is produced in chunks before all of it is known.
    pub streams: bool,
    /// Whether dropping an execute stops the work behind it.
    pub cancels: bool,
    /// Whether a failing program can't harm other programs on the same runner.
    pub isolates: bool,
    /// Whether an execute can leave something behind that later ones see.
    pub keeps_state: bool,
}

impl Description {
    /// A runner that promises nothing beyond the four verbs.
    #[must_use]
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            program_versions: Vec::from([VERSION]),
            limits: Vec::new(),
            streams: false,
            cancels: false,
            isolates: false,
            keeps_state: false,
        }
    }
}
