//! What a compile takes grows with its source: sources of each construct, alone and within each other, at growing sizes.
//! Steps and allocated bytes are counted, so that no clock is asked.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod alone;
mod budget;
mod constructs;
mod counted;
mod errors;
mod nested;
