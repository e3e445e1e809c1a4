//! Programs on real databases: what they read and change, what they may not, and how they end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod changes;
mod columns;
mod deep;
mod growth;
mod hostile;
mod interface;
mod joins;
mod limits;
mod plans;
mod revival;
mod support;
mod typed;
