//! The columnar interpreter: the reference runner, embedded

#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod budget;
mod column;
pub mod limits;
mod native;
mod scalar;

pub use budget::Limits;
