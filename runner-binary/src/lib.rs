//! x
#![cfg_attr(not(any(feature = "tokio", test)), no_std)]

extern crate alloc;

#[cfg(feature = "tokio")]
mod client;
mod error;
mod frame;
#[cfg(feature = "tokio")]
mod in_flight;
mod limits;
mod message;
#[cfg(feature = "tokio")]
mod outbox;
#[cfg(feature = "tokio")]
mod server;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tokio")]
mod wire;

pub use error::limit;
pub use frame::{MAGIC, PREFACE, VERSION, take_frame, take_preface};
pub use limits::{CHUNK_BYTES, FRAME_BYTES_MIN, HANDSHAKE_BYTES, HEAD_BYTES, ServerLimits, TOKEN_BYTES};
pub use message::{Limits, Request, Response, Token};
#[cfg(feature = "tokio")]
pub use client::{Client, ClientOptions, Prepared, Reconnect};
#[cfg(feature = "tokio")]
pub use server::{Metrics, Server, ServerOptions, serve};
#[cfg(feature = "tls")]
pub use tls::{TlsClient, TlsServer};
