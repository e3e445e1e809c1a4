//! Programs on real servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod database;
mod faults;
mod interface;
mod joins;
mod names;
mod plans;
mod proxy;
mod read_only;
mod sessions;
mod tables;
mod tls;
mod types;
