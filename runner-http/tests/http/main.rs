//! The server and the client over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod cancel;
#[cfg(feature = "compression")]
mod compressed;
#[cfg(feature = "tls")]
mod encrypted;
mod hostile;
mod limits;
mod openapi;
mod robot;
mod stream;
mod support;
mod verbs;
