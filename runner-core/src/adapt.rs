//! A blocking runner made asynchronous, and the other way round; programs prepared once for many; turns for those who
//! have to wait.

#[cfg(feature = "tokio")]
mod blocking;
#[cfg(feature = "tokio")]
mod cache;
mod gate;
mod pooled;
mod turns;
mod workers;

#[cfg(feature = "tokio")]
pub use blocking::Blocking;
#[cfg(feature = "tokio")]
pub use cache::{Cache, CacheLimits, Entry, InUse};
pub use gate::{Gate, Permit};
pub use pooled::Pooled;
pub use workers::Workers;
