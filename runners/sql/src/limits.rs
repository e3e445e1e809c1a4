//! Every numeric limit of this crate. What lies beyond is `UNSUPPORTED` in `prepare`, with the limit's name.

/// Columns that one value may take; PostgreSQL selects at most 1,664.
pub const COLUMNS: usize = 1_000;

/// Bytes of a statement.
pub const STATEMENT_BYTES: usize = 16 << 20;

/// Arguments of one call in SQL; PostgreSQL allows 100.
pub const ARGUMENTS: usize = 100;
