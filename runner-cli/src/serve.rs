//! What `runner serve` is made of.

mod address;
mod gate;
#[cfg(feature = "http")]
mod http;
mod limits;
mod listen;
pub(crate) mod log;
mod quantity;
mod servers;
mod settings;
mod signals;
#[cfg(unix)]
mod socket;
mod socket_mode;

pub(crate) use address::Address;
pub(crate) use listen::Bound;
pub(crate) use quantity::{Size, Time};
pub(crate) use servers::Servers;
pub(crate) use settings::{ServeArgs, Settings};
pub(crate) use signals::{Signals, abandon};
