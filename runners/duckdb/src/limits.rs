//! Every numeric limit of this crate.

/// Connections at most, unless the configuration says otherwise. A call that finds none free waits.
pub(crate) const CONNECTIONS: usize = 8;

/// Statements that a connection keeps; the one that was not used for longest is prepared again when it is needed.
pub(crate) const STATEMENTS: usize = 128;

/// Stack of the thread that prepares a statement: DuckDB plans recursively, and programs may be deep.
pub(crate) const STACK_BYTES: usize = 64 << 20;
