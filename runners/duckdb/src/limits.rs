//! Every numeric limit of this crate.

/// Connections at most, unless the configuration says otherwise. A call that finds none free waits.
pub(crate) const CONNECTIONS: usize = 8;

/// Statements that a connection keeps; the one that was not used for longest is prepared again when it is needed.
pub(crate) const STATEMENTS: usize = 128;

/// Levels of a program's expressions from which DuckDB, which plans recursively, gets a thread with a stack for it.
pub(crate) const SHALLOW_LEVELS: usize = 32;

/// That stack. What is not touched takes no memory.
pub(crate) const STACK_BYTES: usize = 256 << 20;

/// Levels that DuckDB lets a statement nest, which is more than the deepest program makes; DuckDB itself has 1,000.
pub(crate) const STATEMENT_LEVELS: &str = "100000";
