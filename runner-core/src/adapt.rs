//! A blocking runner made asynchronous, and the other way round.

#[cfg(feature = "tokio")]
mod blocking;
mod pooled;

#[cfg(feature = "tokio")]
pub use blocking::Blocking;
pub use pooled::Pooled;
