//! What the fuzz targets do with bytes, and bytes to begin with. Each target has the functions `check`, which panics if
//! something is wrong, and `seeds`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod frame;
pub mod http;
pub mod json;
pub mod message;
pub mod program;
pub mod serve;
pub mod source;

/// A target by name.
pub struct Target {
    /// Its name, that of its file.
    pub name: &'static str,
    /// Does what the target is there for.
    pub check: fn(&[u8]),
    /// Bytes to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: [Target; 7] = [
    Target { name: "frame", check: frame::check, seeds: frame::seeds },
    Target { name: "message", check: message::check, seeds: message::seeds },
    Target { name: "serve", check: serve::check, seeds: serve::seeds },
    Target { name: "http", check: http::check, seeds: http::seeds },
    Target { name: "program", check: program::check, seeds: program::seeds },
    Target { name: "source", check: source::check, seeds: source::seeds },
    Target { name: "json", check: json::check, seeds: json::seeds },
];
