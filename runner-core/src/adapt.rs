//! A blocking runner made asynchronous, and the other way round; programs prepared once for many.

#[cfg(feature = "tokio")]
mod blocking;
#[cfg(feature = "tokio")]
mod cache;
mod pooled;

#[cfg(feature = "tokio")]
pub use blocking::Blocking;
#[cfg(feature = "tokio")]
pub use cache::{Cache, Entry};
pub use pooled::Pooled;
