//! One function for each command.

mod check;
mod compile;
mod docs;
#[cfg(feature = "sql")]
mod explain;
mod fmt;
mod interface;
mod run;
mod serve;

pub(crate) use check::check;
pub(crate) use compile::compile;
pub(crate) use docs::docs;
#[cfg(feature = "sql")]
pub(crate) use explain::explain;
pub(crate) use fmt::fmt;
pub(crate) use interface::interface;
pub(crate) use run::run;
pub(crate) use serve::serve;
