//! Problems as answers.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use runner_core::{Code, Error};

use crate::{
    limits::RETRY_AFTER,
    problem::{PROBLEM, encode, status},
};

pub(super) type Reply = Result<Response, Problem>;

/// An error and the status that it is answered with.
#[derive(Debug)]
pub(super) struct Problem {
    error: Error,
    status: StatusCode,
}

impl Problem {
    /// What HTTP has a status for and programs have not.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { error: Error::new(Code::Unsupported, message), status }
    }

    /// Somebody else's page, or name, is behind the request.
    pub(super) fn forbidden(message: &str) -> Self {
        Self { error: Error::new(Code::Unauthenticated, message), status: StatusCode::FORBIDDEN }
    }

    pub(super) fn unsupported_media(found: Option<&str>, known: &str) -> Self {
        let found = found
            .map_or_else(|| "the body has no Content-Type".into(), |found| format!("the body is {found}"));
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("{found}; it may be {known}"))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self { status: status(&error), error }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { error, status } = self;
        let mut response = Response::new(Body::from(encode(&error, status)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        if error.is_retryable() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The problem in place of an error that the router or a layer answers without one; its headers stay.
pub(super) fn explained(response: Response) -> Response {
    let status = response.status();
    let has_words = response.headers().get(header::CONTENT_TYPE).is_some_and(|media| media == PROBLEM);
    if has_words || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (code, words) = match status {
        StatusCode::NOT_FOUND => {
            (Code::Unsupported, "there is nothing here; `GET /openapi.json` says what there is")
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            (Code::Unsupported, "this method is not for this path; `Allow` says which are")
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            Code::Unsupported,
            "a body of this Content-Encoding is not taken; `Accept-Encoding` says which are",
        ),
        _ if status.is_client_error() => {
            (Code::DecodeError, "the path or what stands behind its `?` can't be read")
        }
        _ => (Code::Internal, "the request can't be answered"),
    };
    let mut explained = Problem { error: Error::new(code, words), status }.into_response();
    let (old, _) = response.into_parts();
    for (name, value) in &old.headers {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            explained.headers_mut().append(name, value.clone());
        }
    }
    explained
}
