//! The executable as a child process: what it prints, what it writes, and how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod bad_input;
mod commands;
#[cfg(feature = "postgres")]
mod databases;
#[cfg(feature = "duckdb")]
mod duckdb;
mod examples;
mod formats;
mod params;
#[cfg(unix)]
mod serve;
mod stopping;
mod support;
