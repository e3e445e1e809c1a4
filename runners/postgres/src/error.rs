//! From what the driver reports to errors with codes.

use std::time::{Duration, Instant};

use runner_core::{Code, Detail, Error};
use runner_sql::postgres::{ALTERED, NULL, TEXT_BYTES, TEXT_PARTS};
use tokio_postgres::error::{DbError, SqlState};
use tokio_rustls::rustls;

/// What a helper raises where a text would hold U+0000, and what an input with one is.
const NUL: &str = "LT000";

/// What a helper raises instead of a text that is too long.
const TOO_LONG: &str = "LT002";

/// What a helper raises instead of a text's parts that are too many.
const TOO_MANY: &str = "LT003";

/// What operators on floats fail with where there is a value: beyond the range, divided by zero, outside of a domain.
const FLOATS: &[&str] = &["22003", "22012", "2201E", "2201F"];

/// What a statement ends with that was cancelled, by whomever, or took too long.
const CANCELLED: &str = "57014";

/// What a statement ends with that changes something in a transaction that only reads, or wants it to do more.
const READ_ONLY: &[&str] = &["25001", "25006"];

/// What a transaction ends with that took too long; the connection is closed.
const TRANSACTION_TIMEOUT: &str = "25P04";

/// What PostgreSQL says, in English always, where a value would be larger than any may be.
const TOO_LARGE: &str = "invalid memory alloc request size";

/// What a change fails with that met another one. Nothing was done.
const CONFLICTS: &[&str] = &["40001", "40P01", "55P03"];

/// Functions of PostgreSQL that make files longer.
const WRITERS: &[&str] = &["mdextend", "mdzeroextend", "mdwrite", "mdwritev", "BufFileDumpBuffer"];

/// An error of the driver.
pub(crate) fn driver(error: &tokio_postgres::Error) -> Error {
    if let Some(error) = error.as_db_error() {
        return database(error);
    }
    let source = std::error::Error::source(error);
    let words = match source {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    if error.is_closed() {
        return Error::new(Code::Unavailable, format!("the connection to PostgreSQL was lost: {words}"));
    }
    let io = source.and_then(|source| source.downcast_ref::<std::io::Error>());
    // A certificate that is wrong stays so.
    let is_refused = io.and_then(std::io::Error::get_ref).is_some_and(|inner| inner.is::<rustls::Error>());
    if io.is_some() && !is_refused {
        return Error::new(Code::Unavailable, format!("PostgreSQL can't be reached: {words}"));
    }
    // The driver tells its other kinds apart by words alone.
    if words.starts_with("authentication error") || words.starts_with("invalid configuration") {
        return Error::new(Code::Unauthenticated, words);
    }
    if words.starts_with("error performing TLS handshake") || words.starts_with("error connecting") {
        return Error::new(Code::Unavailable, words).with_retryable(false);
    }
    Error::new(Code::Internal, words)
}

/// An input with a text that holds U+0000, for a statement that does not escape texts.
pub(crate) fn nul() -> Error {
    Error::execution("a text with U+0000").with_detail(Detail::SqlState(NUL.into()))
}

/// Whether the statement that escapes texts must be executed instead. Nothing was done.
pub(crate) fn is_nul(error: &Error) -> bool {
    has_state(error, &[NUL])
}

/// Whether the statement of exact floats must be executed instead: it may have a value. Nothing was done.
pub(crate) fn is_of_floats(error: &Error) -> bool {
    has_state(error, FLOATS)
}

/// Whether the statement must be prepared anew. Nothing was done.
pub(crate) fn is_stale(error: &Error) -> bool {
    has_state(error, &["26000"])
        || has_state(error, &["0A000"]) && error.message().contains("cached plan must not change result type")
}

/// Whether PostgreSQL's planner found no order of joins, which it reports as a fault of its own. Nothing was done.
pub(crate) fn is_unplanned(error: &Error) -> bool {
    has_state(error, &["XX000"]) && error.message().starts_with("failed to build any ")
}

/// An error of a statement that began then. A timeout of the server is a cancellation to it, but for words that depend
/// on its language; nobody else cancels just after that time, and who drops an execute does not see its error.
pub(crate) fn late(error: Error, begun: Instant, timeout: Option<Duration>) -> Error {
    match timeout {
        Some(timeout) if has_state(&error, &[CANCELLED]) && begun.elapsed() >= timeout => {
            let ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
            let words = format!("the statement takes longer than {ms} ms");
            Error::new(Code::DeadlineExceeded, words)
                .with_detail(Detail::SqlState(CANCELLED.into()))
                .with_detail(Detail::Limit { name: "time_ms".into(), value: ms })
        }
        _ => error,
    }
}

/// An output that is longer than it may be.
pub(crate) fn output(most: u64) -> Error {
    Error::exhausted("output_bytes", most, format!("the output is longer than {most} bytes"))
}

/// An input of which the parameters are longer than they may be.
#[cold]
pub(crate) fn parameters(most: usize) -> Error {
    let words = format!("the input makes parameters of more than {most} bytes");
    Error::exhausted("parameter_bytes", most as u64, words)
}

/// An error of an execute, which says so if the program can't be executed any more.
pub(crate) fn altered(error: Error) -> Error {
    if error.code() == Code::PrepareError && !has_state(&error, READ_ONLY) {
        error.context("a table is not what it was when the program was prepared")
    } else {
        error
    }
}

/// Whether the connection is of no use any more.
pub(crate) fn is_lost(error: &Error) -> bool {
    error.code() == Code::Unavailable && !has_state(error, CONFLICTS)
        || has_state(error, &[TRANSACTION_TIMEOUT])
}

/// Whether columns of several collations are compared.
pub(crate) fn is_ambiguous_collation(error: &Error) -> bool {
    has_state(error, &["42P21", "42P22"])
}

fn has_state(error: &Error, states: &[&str]) -> bool {
    error
        .details()
        .iter()
        .any(|detail| matches!(detail, Detail::SqlState(state) if states.contains(&state.as_str())))
}

fn database(error: &DbError) -> Error {
    let state = error.code().code();
    let mut code = match state {
        CANCELLED => Code::Cancelled,
        TRANSACTION_TIMEOUT => Code::DeadlineExceeded,
        TOO_LONG | TOO_MANY => Code::ResourceExhausted,
        "LT000" | "LT001" | "44000" | "P0001" => Code::ExecutionError,
        // Infinity and NaN have no place in an integer.
        "0A000" if error.routine().is_some_and(|routine| routine.starts_with("numeric")) => {
            Code::ExecutionError
        }
        // A table or column is not what it was when the program was prepared, or may not be used so.
        "42P01" | "42703" | "42803" | "42883" | "42804" | "42846" | "42501" | "0A000" | "428C9" | "55000"
        | "25001" | "25006" | "3D000" | "3F000" | "42809" => Code::PrepareError,
        state if CONFLICTS.contains(&state) => Code::Unavailable,
        // A limit of the system, for which PostgreSQL has no state of its own.
        "XX000" if error.routine().is_some_and(|routine| WRITERS.contains(&routine)) => {
            Code::ResourceExhausted
        }
        "XX000" if error.message().starts_with(TOO_LARGE) => Code::ResourceExhausted,
        _ => match state.get(..2) {
            Some("21" | "22" | "23") => Code::ExecutionError,
            Some("53" | "54") => Code::ResourceExhausted,
            Some("08" | "57" | "58") => Code::Unavailable,
            Some("28") => Code::Unauthenticated,
            _ => Code::Internal,
        },
    };
    let mut words = error.message().to_owned();
    let reason = |mark: &str| {
        let (_, words) = error.message().split_once(mark)?;
        Some(words.strip_suffix('"').unwrap_or(words).to_owned())
    };
    if let ("22P02", Some(reason)) = (state, reason(ALTERED)) {
        (code, words) = (Code::PrepareError, reason);
    } else if let ("22P02", Some(reason)) = (state, reason(NULL)) {
        words = reason;
    }
    if *error.code() == SqlState::NUMERIC_VALUE_OUT_OF_RANGE {
        words = format!("overflow: {words}");
    }
    if state == "42803" {
        words = format!("a primary key is gone: {words}");
    }
    if let Some(detail) = error.detail() {
        words.push_str(&format!(" ({detail})"));
    }
    let is_full = *error.code() == SqlState::TOO_MANY_CONNECTIONS;
    let mut error = Error::new(code, words).with_detail(Detail::SqlState(state.to_owned()));
    let limit = match state {
        TOO_LONG => Some(("text_bytes", TEXT_BYTES)),
        TOO_MANY => Some(("text_parts", TEXT_PARTS)),
        _ => None,
    };
    if let Some((name, value)) = limit {
        error = error.with_detail(Detail::Limit { name: name.into(), value });
    }
    // Connections come and go; disks and memory stay full.
    if is_full { error.with_retryable(true) } else { error }
}
