//! x
#![cfg_attr(not(any(feature = "tokio", test)), no_std)]

extern crate alloc;

mod error;
mod frame;
mod limits;
mod message;

pub use error::limit;
pub use frame::{MAGIC, PREFACE, VERSION, take_frame, take_preface};
pub use limits::{CHUNK_BYTES, FRAME_BYTES_MIN, HANDSHAKE_BYTES, HEAD_BYTES, ServerLimits, TOKEN_BYTES};
pub use message::{Limits, Request, Response, Token};
