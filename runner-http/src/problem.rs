//! Errors as problem details ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)), both ways.
//!
//! ```json
//! {
//!   "title": "Unprocessable Content",
//!   "status": 422,
//!   "detail": "division by zero",
//!   "code": "EXECUTION_ERROR",
//!   "retryable": false,
//!   "details": [{"kind": "place", "source": "a.lt", "line": 3, "column": 5}]
//! }
//! ```
//!
//! `type` is left out, which is `about:blank`: `code` says what went wrong, and `title` what the status means.
//! `details` are of the kinds `place`, `sql_state` (with `value`) and `limit` (with `name` and `value`).

use http::StatusCode;
use runner_core::{Code, Detail, Error, Place};
use serde::{Deserialize, Serialize};

use crate::error::limit;

/// The media type of problem details.
pub(crate) const PROBLEM: &str = "application/problem+json";

/// The trailer that tells of an error behind the head of an answer: the same JSON, in ASCII.
pub(crate) const TRAILER: &str = "runner-error";

const CODES: [Code; 11] = [
    Code::DecodeError,
    Code::ProgramNotFound,
    Code::PrepareError,
    Code::ExecutionError,
    Code::Unsupported,
    Code::Cancelled,
    Code::DeadlineExceeded,
    Code::ResourceExhausted,
    Code::Unauthenticated,
    Code::Unavailable,
    Code::Internal,
];

/// The stable names of all codes.
#[cfg(feature = "server")]
pub(crate) fn codes() -> [&'static str; CODES.len()] {
    CODES.map(Code::as_str)
}

/// The status that fits an error.
pub(crate) fn status(error: &Error) -> StatusCode {
    match error.code() {
        Code::DecodeError => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::ProgramNotFound => StatusCode::NOT_FOUND,
        Code::PrepareError | Code::ExecutionError => StatusCode::UNPROCESSABLE_ENTITY,
        Code::ResourceExhausted => exhausted(error),
        Code::Unsupported => StatusCode::NOT_IMPLEMENTED,
        Code::Cancelled | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded if limit_of(error) == Some(limit::READ_TIME) => StatusCode::REQUEST_TIMEOUT,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn exhausted(error: &Error) -> StatusCode {
    match limit_of(error) {
        Some(limit::CONNECTIONS) => StatusCode::SERVICE_UNAVAILABLE,
        Some(limit::PROGRAM_BYTES | limit::SOURCE_BYTES | limit::INPUT_BYTES) => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        _ if error.is_retryable() => StatusCode::TOO_MANY_REQUESTS,
        // The program asks for more than it may have, now and later.
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn limit_of(error: &Error) -> Option<&str> {
    error.details().iter().find_map(|detail| match detail {
        Detail::Limit { name, .. } => Some(name.as_str()),
        _ => None,
    })
}

/// What is written and read.
#[derive(Debug, Serialize, Deserialize)]
struct Problem {
    title: String,
    status: u16,
    #[serde(default)]
    detail: String,
    code: String,
    #[serde(default)]
    retryable: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<Fact>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Fact {
    Place {
        source: String,
        line: u32,
        column: u32,
    },
    SqlState {
        value: String,
    },
    Limit {
        name: String,
        value: u64,
    },
    #[serde(other)]
    Unknown,
}

/// The problem details of an error.
pub(crate) fn encode(error: &Error, status: StatusCode) -> Vec<u8> {
    let details = error.details().iter().map(|detail| match detail {
        Detail::Place(Place { source, line, column }) => {
            Fact::Place { source: source.clone(), line: *line, column: *column }
        }
        Detail::SqlState(value) => Fact::SqlState { value: value.clone() },
        Detail::Limit { name, value } => Fact::Limit { name: name.clone(), value: *value },
        _ => Fact::Unknown,
    });
    let problem = Problem {
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        status: status.as_u16(),
        detail: error.message().to_owned(),
        code: error.code().as_str().to_owned(),
        retryable: error.is_retryable(),
        details: details.filter(|fact| !matches!(fact, Fact::Unknown)).collect(),
    };
    // Texts and numbers always have a JSON form.
    serde_json::to_vec(&problem).unwrap_or_default()
}

/// The error that problem details tell of; `None` if these are none of ours.
#[cfg(feature = "client")]
pub(crate) fn decode(json: &[u8]) -> Option<Error> {
    let problem: Problem = serde_json::from_slice(json).ok()?;
    let code = CODES.into_iter().find(|code| code.as_str() == problem.code)?;
    let mut error = Error::new(code, problem.detail).with_retryable(problem.retryable);
    for fact in problem.details {
        let detail = match fact {
            Fact::Place { source, line, column } => Detail::Place(Place { source, line, column }),
            Fact::SqlState { value } => Detail::SqlState(value),
            Fact::Limit { name, value } => Detail::Limit { name, value },
            Fact::Unknown => continue,
        };
        error = error.with_detail(detail);
    }
    Some(error)
}

/// The problem details of an error as the value of a header: what is not ASCII is escaped, and a long message cut.
#[cfg(feature = "server")]
pub(crate) fn encode_trailer(error: &Error) -> String {
    use std::fmt::Write as _;

    use crate::limits::TRAILER_MESSAGE_BYTES;

    let mut short = error.clone();
    if error.message().len() > TRAILER_MESSAGE_BYTES {
        let mut end = TRAILER_MESSAGE_BYTES;
        while !error.message().is_char_boundary(end) {
            end -= 1;
        }
        let message = error.message().get(..end).unwrap_or_default();
        short = Error::new(error.code(), message).with_retryable(error.is_retryable());
    }
    let json = encode(&short, status(error));
    let mut ascii = String::with_capacity(json.len());
    for char in String::from_utf8_lossy(&json).chars() {
        if char.is_ascii() && !char.is_ascii_control() {
            ascii.push(char);
            continue;
        }
        for unit in char.encode_utf16(&mut [0; 2]) {
            // Writing to a string does not fail.
            let _ = write!(ascii, "\\u{unit:04x}");
        }
    }
    ascii
}

#[cfg(all(test, feature = "client", feature = "server"))]
mod tests {
    use super::*;

    #[test]
    fn every_error_comes_back_unchanged() {
        for code in CODES {
            for retryable in [false, true] {
                let error = Error::new(code, "größer \u{1F980} \"quoted\"\n")
                    .with_retryable(retryable)
                    .with_detail(Detail::Place(Place { source: "ä.lt".into(), line: 3, column: 5 }))
                    .with_detail(Detail::SqlState("40001".into()))
                    .with_detail(Detail::Limit { name: "steps".into(), value: u64::MAX });
                assert_eq!(decode(&encode(&error, status(&error))).unwrap(), error);
                assert_eq!(decode(encode_trailer(&error).as_bytes()).unwrap(), error);
                assert!(encode_trailer(&error).parse::<http::HeaderValue>().is_ok());
            }
        }
    }

    #[test]
    fn what_others_say_is_no_error_of_ours() {
        for json in ["", "{}", "null", r#"{"title":"x","status":400,"code":"NEW_CODE"}"#] {
            assert!(decode(json.as_bytes()).is_none(), "{json}");
        }
    }
}
