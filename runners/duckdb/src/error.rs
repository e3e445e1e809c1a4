//! From what DuckDB reports to errors with codes.

use duckdb::arrow::error::ArrowError;
use runner_core::{Cancel, Code, Error};

use crate::room;

/// What the system says where there is no more room for a file.
const FULL: &[&str] = &["No space left on device", "File too large", "Disk quota exceeded"];

/// What DuckDB says where a value would be larger than any may be, or the system has no memory.
const TOO_LARGE: &[&str] = &[
    "std::bad_alloc",
    "the maximum supported string size",
    "maximum total string size",
    "exceed Arrow i32 offset range",
    "Cannot allocate",
    "failed to allocate",
];

/// What DuckDB says to others once it has given up a database.
const INVALIDATED: &str = "database has been invalidated";

/// An error of the driver.
pub(crate) fn driver(error: &duckdb::Error) -> Error {
    match error {
        duckdb::Error::DuckDBFailure(_, Some(message)) => message_error(message),
        other => Error::new(Code::Internal, other.to_string()),
    }
}

/// Whether there was no memory for it, rather than no room on a disk.
pub(crate) fn is_out_of_memory(error: &Error) -> bool {
    error.code() == Code::ResourceExhausted && !FULL.iter().any(|words| error.message().contains(words))
}

/// An error of an execution that may have been interrupted.
pub(crate) fn execution(error: &duckdb::Error, cancel: &Cancel) -> Error {
    match cancel.check() {
        Err(cancelled) => cancelled,
        Ok(()) => driver(error),
    }
}

/// What Arrow has to say about arrays that this crate has built.
pub(crate) fn arrow(error: &ArrowError) -> Error {
    Error::new(Code::Internal, format!("Arrow: {error}"))
}

/// A column of a result is not what was asked for.
#[cold]
pub(crate) fn unexpected(what: &str) -> Error {
    Error::new(Code::Internal, format!("DuckDB gave another column than {what}"))
}

/// An output that is longer than it may be.
#[cold]
pub(crate) fn output(most: u64) -> Error {
    Error::exhausted("output_bytes", most, format!("the output is longer than {most} bytes"))
}

/// An error in a result whose columns come from tables.
pub(crate) fn altered(error: Error) -> Error {
    match error.code() {
        Code::Internal | Code::PrepareError => Error::prepare(format!(
            "a table was altered since the program was prepared for it: {}",
            error.message()
        )),
        _ => error,
    }
}

/// DuckDB's messages begin with the kind of the error.
fn message_error(message: &str) -> Error {
    if let Some(error) = room::reported(message) {
        return error;
    }
    let (kind, rest) = message.split_once(" Error: ").unwrap_or(("", message));
    // What follows shows the statement, or DuckDB's stack, which are not the caller's.
    let words = rest.split("\n\nLINE ").next().unwrap_or(rest);
    let words = words.split("\n\nStack Trace:").next().unwrap_or(words).trim();
    let is_full = FULL.iter().any(|words| message.contains(words));
    let code = match kind {
        _ if TOO_LARGE.iter().any(|words| rest.contains(words)) => Code::ResourceExhausted,
        "TransactionContext" | "IO" | "FATAL" if is_full && !message.contains(INVALIDATED) => {
            Code::ResourceExhausted
        }
        "Out of Range" | "Conversion" | "Invalid Input" | "Constraint" | "Invalid" | "Divide by Zero" => {
            Code::ExecutionError
        }
        "Binder" | "Catalog" | "Parser" | "Permission" | "Dependency" => Code::PrepareError,
        "INTERRUPT" | "Interrupt" => Code::Cancelled,
        "Out of Memory" => Code::ResourceExhausted,
        // After a fatal error of its own DuckDB takes no more statements.
        "FATAL" | "TransactionContext" | "Transaction" | "IO" => Code::Unavailable,
        "Not implemented" => Code::Unsupported,
        _ => Code::Internal,
    };
    let words = match kind {
        "Out of Range" | "Conversion" if code == Code::ExecutionError => format!("overflow: {words}"),
        _ => words.to_owned(),
    };
    Error::new(code, words)
}
