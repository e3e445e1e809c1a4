//! What ends the executable early, and the exit code that says so.

use std::{fmt, io, process::ExitCode};

use runner_core::{Code, Error};

use crate::terminal;

/// The program failed.
pub(crate) const FAILED: u8 = 1;
/// The source, the input or a flag is wrong.
pub(crate) const WRONG: u8 = 2;
/// The runner could not be reached.
pub(crate) const UNREACHABLE: u8 = 3;
/// Interrupted from the keyboard, as shells number it.
pub(crate) const INTERRUPTED: u8 = 130;

/// A message for people and an exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: u8,
    /// What a runner, or the library that reads values, called it.
    code: Option<Code>,
    /// Empty if all was said already.
    message: String,
}

impl Failure {
    /// The source, the input or a flag is wrong.
    pub(crate) fn wrong(message: impl Into<String>) -> Self {
        Self { exit: WRONG, code: None, message: message.into() }
    }

    /// An address that can't be had.
    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self { exit: UNREACHABLE, code: None, message: message.into() }
    }

    /// A defect, or a machine without resources.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::from(Error::new(Code::Internal, message))
    }

    /// The source is wrong, and diagnostics have said how.
    pub(crate) fn told() -> Self {
        Self { exit: WRONG, code: None, message: String::new() }
    }

    /// Interrupted from the keyboard.
    pub(crate) fn interrupted() -> Self {
        Self { exit: INTERRUPTED, code: None, message: "interrupted".into() }
    }

    /// The same with the exit code of a failure, whoever is to blame.
    pub(crate) fn failed(mut self) -> Self {
        self.exit = FAILED;
        self
    }

    /// A file that can't be read or written.
    pub(crate) fn file(path: impl fmt::Display, error: &io::Error) -> Self {
        let words = match error.kind() {
            io::ErrorKind::NotFound => "no such file or folder".into(),
            io::ErrorKind::PermissionDenied => "permission denied".into(),
            _ => error.to_string(),
        };
        Self::wrong(format!("{path}: {words}"))
    }

    /// A value in a file or argument that is not what it should be.
    pub(crate) fn value(origin: impl fmt::Display, error: &Error) -> Self {
        let code = error.code();
        Self { exit: exit(code), code: Some(code), message: format!("{origin}: {}", error.message()) }
    }

    /// The message for people.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What it was called, if it came from an [`Error`].
    pub(crate) fn code(&self) -> Option<Code> {
        self.code
    }

    /// Puts words before the message, to say where it happened.
    pub(crate) fn context(mut self, words: impl fmt::Display) -> Self {
        self.message = format!("{words}: {}", self.message);
        self
    }

    /// Adds a line that may help.
    pub(crate) fn hint(mut self, words: impl fmt::Display) -> Self {
        self.message = format!("{}\n  hint: {words}", self.message);
        self
    }

    /// Writes the message to standard error and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if !self.message.is_empty() {
            terminal::error(&self.message);
        }
        ExitCode::from(self.exit)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { exit: exit(error.code()), code: Some(error.code()), message: error.to_string() }
    }
}

fn exit(code: Code) -> u8 {
    match code {
        Code::DecodeError | Code::PrepareError | Code::ProgramNotFound | Code::Unsupported => WRONG,
        Code::Unavailable | Code::Unauthenticated => UNREACHABLE,
        _ => FAILED,
    }
}
