//! The protocol from outside: clients and servers over every stream, and peers that mean no good.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(feature = "tokio")]

mod cancel;
#[cfg(feature = "embedded")]
mod embedded;
mod hostile;
mod limits;
mod spool;
mod support;
mod transports;
mod verbs;
mod weight;
