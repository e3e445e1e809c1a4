//! Outputs that nobody takes, on disk instead of in memory.
//!
//! A server has to hold what a client asked for and does not read. A [`Spool`] moves that to files without names, which
//! end with the process at the latest, so that such a client costs the server its window of memory and no more.
//!
//! - [`Spool::store`] moves an output whose server knows itself that nobody takes it; [`Stored`] gives it back.
//! - [`Backlog`] hands out an output and moves it when nobody asked for a while.
//!
//! Where a file can't be had, or its disk is full, the output stays in memory: whoever asks gets it in either case. How
//! much is held in all is bounded by the servers (`buffered_output_bytes`), wherever it lies.

mod backlog;
mod limits;
mod spool;
mod stored;

pub use backlog::Backlog;
pub use limits::{PATIENCE, SPOOLED_BYTES};
pub use spool::Spool;
pub use stored::Stored;
