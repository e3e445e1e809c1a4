//! The front half of the compiler through its public interface: parsing, recovery, layout, and no panic on any input.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;
mod corpus;
mod dump;
mod habits;
mod mutation;
mod parse;
mod project;
mod recovery;
