//! Answers: outputs, and what went wrong.

use async_stream::try_stream;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use runner_core::{Code, Error, Result};

use crate::{
    error::{limit, too_large},
    limits::ANSWER_BYTES,
    problem::{self, TRAILER},
};

/// Bytes that are set aside because the server says that so many will come.
const RESERVED_BYTES: usize = 16 << 20;

/// The pieces of a body as they arrive.
pub(super) fn chunks(response: Response<Incoming>) -> impl Stream<Item = Result<Bytes>> + Send {
    try_stream! {
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                Error::new(Code::Unavailable, format!("the answer broke off: {error}"))
            })?;
            match frame.into_data() {
                Ok(data) => yield data,
                Err(frame) => {
                    let told = frame.trailers_ref().and_then(|trailers| trailers.get(TRAILER));
                    if let Some(error) = told {
                        Err(problem::decode(error.as_bytes()).unwrap_or_else(|| {
                            Error::new(Code::Internal, "the answer ends with an error that can't be read")
                        }))?;
                    }
                }
            }
        }
    }
}

/// A whole body of so many bytes at most.
pub(super) async fn collected(response: Response<Incoming>, limit: u64) -> Result<Bytes> {
    use futures_util::StreamExt;

    let expected = usize::try_from(response.body().size_hint().lower()).unwrap_or(usize::MAX);
    let mut chunks = std::pin::pin!(chunks(response));
    let (mut first, mut rest, mut total) = (Bytes::new(), BytesMut::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        total += chunk.len() as u64;
        if total > limit {
            return Err(too_large("an output", limit::OUTPUT_BYTES, limit));
        }
        if first.is_empty() {
            first = chunk;
            continue;
        }
        if rest.is_empty() {
            rest.reserve(
                expected.clamp(first.len() + chunk.len(), RESERVED_BYTES.max(first.len() + chunk.len())),
            );
            rest.extend_from_slice(&first);
        }
        rest.extend_from_slice(&chunk);
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// The error that an answer tells of.
pub(super) async fn failure(response: Response<Incoming>) -> Error {
    let status = response.status();
    let body = match collected(response, ANSWER_BYTES).await {
        Ok(body) => body,
        Err(error) => return error,
    };
    problem::decode(&body).unwrap_or_else(|| foreign(status))
}

/// What somebody on the way says, who knows nothing of runners.
fn foreign(status: StatusCode) -> Error {
    let code = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Code::Unauthenticated,
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::TOO_MANY_REQUESTS => Code::ResourceExhausted,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        StatusCode::GATEWAY_TIMEOUT => Code::DeadlineExceeded,
        _ => Code::Internal,
    };
    let error = Error::new(code, format!("the answer is {status}, and not from a runner"));
    if status == StatusCode::TOO_MANY_REQUESTS { error.with_retryable(true) } else { error }
}
