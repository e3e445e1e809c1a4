//! Every numeric limit of this crate.

/// Connections of a pool, unless configured.
pub(crate) const POOL_SIZE: usize = 8;

/// Prepared statements that a connection keeps.
pub(crate) const STATEMENTS: usize = 256;
