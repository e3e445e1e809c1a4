//! What the suites share: conformance cases, the runners that they run on, and random types and values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod arbitrary;
pub mod backend;
pub mod case;
pub mod differential;
pub mod dynamic;
pub mod generate;
pub mod tpch;
pub mod transport;

/// The examples of the README, compiled and run with the documentation's examples.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
