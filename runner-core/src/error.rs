//! The one error type that crosses every transport unchanged.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::fmt;

use serde::{Deserialize, Serialize};

/// Result of every fallible call of this crate.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// What went wrong, in one word that never changes once released.
///
/// `Display` and [`Code::as_str`] give the stable name; the wire carries the variant's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Code {
    /// Bytes are not a value of the expected type, or not a program.
    DecodeError,
    /// A handle or content hash names no prepared program.
    ProgramNotFound,
    /// The program is invalid, or this runner can't run it.
    PrepareError,
    /// The program itself failed on this input, as a division by zero does.
    ExecutionError,
    /// The runner does not offer what was asked.
    Unsupported,
    /// The caller gave up, and the work was stopped.
    Cancelled,
    /// The time that was allowed ran out, and the work was stopped.
    DeadlineExceeded,
    /// A limit on memory, steps, size or concurrency was reached.
    ResourceExhausted,
    /// The peer did not prove who it is.
    Unauthenticated,
    /// The runner, or what it depends on, can't be reached now.
    Unavailable,
    /// A defect in a runner or transport.
    Internal,
}

impl Code {
    /// The stable name, such as `EXECUTION_ERROR`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DecodeError => "DECODE_ERROR",
            Self::ProgramNotFound => "PROGRAM_NOT_FOUND",
            Self::PrepareError => "PREPARE_ERROR",
            Self::ExecutionError => "EXECUTION_ERROR",
            Self::Unsupported => "UNSUPPORTED",
            Self::Cancelled => "CANCELLED",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A fact beside the message that a program may act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Detail {
    /// Where in the source the failing expression stands.
    Place(Place),
    /// The five characters of a database's error class.
    SqlState(String),
    /// The name of the limit that was reached, and its value.
    Limit {
        /// The limit's name, as in the configuration.
        name: String,
        /// Its value, in its own unit.
        value: u64,
    },
}

/// A position in Lutra source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file's name, relative to the project.
    pub source: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// An error with a stable code, a message for people, and details for programs.
///
/// ```
/// use runner_core::{Code, Error};
///
/// let error = Error::new(Code::ExecutionError, "division by zero");
/// assert_eq!(error.code(), Code::ExecutionError);
/// assert_eq!(error.to_string(), "EXECUTION_ERROR: division by zero");
/// assert!(!error.is_retryable());
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Inner {
    code: Code,
    message: String,
    retryable: bool,
    details: Vec<Detail>,
}

impl Error {
    /// An error of this code. `Unavailable` alone starts out as retryable.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let retryable = code == Code::Unavailable;
        Self(Box::new(Inner { code, message: message.into(), retryable, details: Vec::new() }))
    }

    /// Shorthand for [`Code::DecodeError`].
    #[must_use]
    pub fn decode(message: impl Into<String>) -> Self {
        Self::new(Code::DecodeError, message)
    }

    /// Shorthand for [`Code::PrepareError`].
    #[must_use]
    pub fn prepare(message: impl Into<String>) -> Self {
        Self::new(Code::PrepareError, message)
    }

    /// Shorthand for [`Code::ExecutionError`].
    #[must_use]
    pub fn execution(message: impl Into<String>) -> Self {
        Self::new(Code::ExecutionError, message)
    }

    /// Shorthand for [`Code::ResourceExhausted`] with the limit that was reached.
    #[must_use]
    pub fn exhausted(name: &str, value: u64, message: impl Into<String>) -> Self {
        Self::new(Code::ResourceExhausted, message).with_detail(Detail::Limit { name: name.into(), value })
    }

    /// Adds a detail.
    #[must_use]
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.0.details.push(detail);
        self
    }

    /// Says whether the same call may succeed later.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Puts words before the message, to say where it happened.
    #[must_use]
    pub fn context(mut self, words: impl fmt::Display) -> Self {
        self.0.message = alloc::format!("{words}: {}", self.0.message);
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The message, without the code.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Everything else that is known.
    #[must_use]
    pub fn details(&self) -> &[Detail] {
        &self.0.details
    }

    /// The place in the source, if it is known.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.0.details.iter().find_map(|detail| match detail {
            Detail::Place(place) => Some(place),
            _ => None,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)?;
        match self.place() {
            Some(Place { source, line, column }) => write!(f, " (at {source}:{line}:{column})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        if self.0.details.is_empty() { Ok(()) } else { write!(f, " {:?}", self.0.details) }
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    }
}
