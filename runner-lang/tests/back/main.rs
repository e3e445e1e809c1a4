//! Checking and compiling, through the public API: the conformance cases, the examples, the standard library, and
//! sources that were damaged at random.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod common;
mod limits;
mod mutation;
mod programs;
