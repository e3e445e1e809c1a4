//! From what the driver reports to errors with codes.

use runner_core::{Code, Detail, Error};
use tokio_postgres::error::{DbError, SqlState};

/// An error of the driver.
pub(crate) fn driver(error: &tokio_postgres::Error) -> Error {
    if let Some(error) = error.as_db_error() {
        return database(error);
    }
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    let words = format!("{error}{source}");
    if error.is_closed() {
        return Error::new(Code::Unavailable, format!("the connection to PostgreSQL was lost: {words}"));
    }
    let is_io = std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>());
    if is_io {
        return Error::new(Code::Unavailable, format!("PostgreSQL can't be reached: {words}"));
    }
    Error::new(Code::Internal, words)
}

fn database(error: &DbError) -> Error {
    let state = error.code().code();
    let code = match state {
        "57014" if error.message().contains("statement timeout") => Code::DeadlineExceeded,
        "57014" => Code::Cancelled,
        "LT001" => Code::ExecutionError,
        // A table or column is not what it was when the program was prepared.
        "42P01" | "42703" | "42883" | "42804" | "42501" | "0A000" => Code::PrepareError,
        "40001" | "40P01" | "55P03" => Code::Unavailable,
        "54001" => Code::ResourceExhausted,
        _ => match state.get(..2) {
            Some("22" | "23" | "21") => Code::ExecutionError,
            Some("53") | Some("54") => Code::ResourceExhausted,
            Some("08" | "57" | "58") => Code::Unavailable,
            Some("28") => Code::Unauthenticated,
            _ => Code::Internal,
        },
    };
    let mut words = error.message().to_owned();
    if *error.code() == SqlState::NUMERIC_VALUE_OUT_OF_RANGE {
        words = format!("overflow: {words}");
    }
    if let Some(detail) = error.detail() {
        words.push_str(&format!(" ({detail})"));
    }
    Error::new(code, words).with_detail(Detail::SqlState(state.to_owned()))
}
