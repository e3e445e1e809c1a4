//! The errors that processes give rise to. All are [`runner_core::Error`]s, as on every transport.

use std::{fmt::Write, os::unix::process::ExitStatusExt, process::ExitStatus};

use runner_core::{Code, Error};
use rustix::process::Signal;

use crate::{
    limits::{QUOTED_BYTES, QUOTED_LINES},
    log::Log,
    resource::ResourceLimits,
};

/// Names of limits, as they stand in the [`Detail::Limit`](runner_core::Detail::Limit) of the error that tells of one.
///
/// ```
/// assert_eq!(runner_posix::limit::CPU_SECONDS, "cpu_seconds");
/// ```
pub mod limit {
    /// `ResourceLimits::address_space_bytes`.
    pub const ADDRESS_SPACE_BYTES: &str = "address_space_bytes";
    /// `ResourceLimits::cpu_seconds`.
    pub const CPU_SECONDS: &str = "cpu_seconds";
}

/// What Rust says before it aborts because an allocation failed.
const OUT_OF_MEMORY: &str = "memory allocation of ";

/// How a child ended, when, and what it said last.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    pub(crate) status: ExitStatus,
    /// Whether it was asked to.
    pub(crate) asked: bool,
    last_words: Vec<String>,
}

impl Ending {
    pub(crate) fn new(status: ExitStatus, asked: bool, log: &Log) -> Self {
        let mut last_words = log.tail();
        let mut bytes = 0;
        let quoted = last_words.iter().rev().take(QUOTED_LINES).take_while(|line| {
            bytes += line.len();
            bytes <= QUOTED_BYTES
        });
        last_words.drain(..last_words.len() - quoted.count());
        Self { status, asked, last_words }
    }

    /// The error of a request that was in flight, or comes too late.
    pub(crate) fn error(&self, limits: &ResourceLimits) -> Error {
        let words = self.words();
        if let Some(seconds) = limits.cpu_seconds
            && self.status.signal() == Some(Signal::XCPU.as_raw())
        {
            let message = format!("the runner process has used its {seconds} s of CPU time; {words}");
            return Error::exhausted(limit::CPU_SECONDS, seconds, message);
        }
        if let Some(bytes) = limits.address_space_bytes
            && self.last_words.iter().any(|line| line.starts_with(OUT_OF_MEMORY))
        {
            let message = format!("the runner process needs more than {bytes} bytes of memory; {words}");
            return Error::exhausted(limit::ADDRESS_SPACE_BYTES, bytes, message);
        }
        unavailable(words)
    }

    /// How it ended, for people.
    fn words(&self) -> String {
        if self.asked {
            return "the runner process was stopped".into();
        }
        let mut words = format!("the runner process has ended: {}", self.status);
        if !self.last_words.is_empty() {
            let _ = write!(words, "; its last words: {}", self.last_words.join(" / "));
        }
        words
    }
}

/// The process is not there now.
pub(crate) fn unavailable(message: impl Into<String>) -> Error {
    Error::new(Code::Unavailable, message)
}

/// A process or thread that the system does not start. What is missing now will be missing later.
pub(crate) fn no_start(what: &str, error: &std::io::Error) -> Error {
    let retryable = error.kind() == std::io::ErrorKind::WouldBlock;
    unavailable(format!("{what} can't be started: {error}")).with_retryable(retryable)
}
