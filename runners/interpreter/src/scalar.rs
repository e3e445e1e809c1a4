//! What each standard operation means for single values, apart from columns: the reference of every runner.
//!
//! Nothing here allocates but what it appends to a caller's buffer, and nothing panics. What can fail gives a
//! [`Fault`], two words that become an [`Error`](runner_core::Error) only when somebody looks at them.

mod cast;
mod fault;
mod float;
mod int;
mod text;
mod time;
mod to_text;
mod window;
mod zone;

pub(crate) use cast::Cast;
pub(crate) use fault::Fault;
pub(crate) use float::Float;
pub(crate) use int::Int;
pub(crate) use text::{
    Case, bounds, change_case, find, floor, from_ascii, length, replace, slice, split, trim,
};
#[cfg(feature = "fs")]
pub(crate) use time::DAY_MICROS;
pub(crate) use time::{date_sub, time_add, time_diff, time_sub, timestamp_sub};
pub(crate) use to_text::{Meaning, ToText};
pub(crate) use window::{
    Ranked, cume_dist, rank, rank_dense, rank_percentile, rolling_mean_floats, rolling_mean_ints, shift,
};
pub(crate) use zone::Zone;
