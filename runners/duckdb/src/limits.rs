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

/// Bytes of SQL of the statements that a connection keeps; DuckDB's plans take some twenty times as much.
pub(crate) const STATEMENT_BYTES: usize = 2 << 20;

/// A batch of values may take this part of DuckDB's memory, which DuckDB does not get.
pub(crate) const BATCH_SHARE: u64 = 4;

/// Bytes of a batch of values at most, also where there is more memory: so much takes a fraction of a second, within which
/// a function is not interrupted.
pub(crate) const BATCH_BYTES: u64 = 512 << 20;

/// Bytes of a batch of values for which there is always room.
pub(crate) const LEAST_BATCH_BYTES: u64 = 1 << 20;

/// Bytes that an item of a list takes on its way to a function, beside what it holds itself.
pub(crate) const ITEM_BYTES: u64 = 16;

/// Bytes that DuckDB's plan of a statement takes for one byte of it, roughly.
pub(crate) const PLAN_FACTOR: u64 = 20;
