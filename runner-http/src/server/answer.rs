//! Outputs as answers: whole where they are there at once, else piece by piece.

use std::{panic::AssertUnwindSafe, pin::Pin, pin::pin, sync::Arc, sync::atomic::Ordering};

use async_stream::{stream, try_stream};
use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use http_body::Frame;
use http_body_util::StreamBody;
use runner_core::{Error, Result, Run, adapt::InUse};
use runner_json::{Layout, Printer};
use runner_spool::Backlog;

use super::{
    call::Call,
    metrics::Held,
    reply::Reply,
    shared::{Permit, Ready, Shared},
};
use crate::{
    error::{limit, panicked, shutting_down, too_large, too_many_outputs, unprepared},
    limits::{CHUNK_BYTES, COUNTED_BYTES},
    media::Media,
    problem::{TRAILER, encode_trailer},
};

type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// An execution that may begin.
pub(super) struct Execution<R: Run> {
    pub(super) ready: InUse<Ready<R>>,
    pub(super) input: Bytes,
    /// What counts the input as held.
    pub(super) held: Held,
    pub(super) permit: Permit,
    pub(super) media: Media,
}

/// Executes a program that is prepared, and answers with its output.
pub(super) async fn execute<R: Run + 'static>(
    shared: &Arc<Shared<R>>,
    call: Call,
    execution: Execution<R>,
) -> Reply
where
    R::Prepared: 'static,
{
    shared.check_outputs()?;
    let media = execution.media;
    let mut pieces = pieces(Arc::clone(shared), execution);
    let first = pieces.next().await.transpose()?.unwrap_or_default();
    // What a runner gives in one piece is known to be all of it, and its length with it.
    let second = pieces.next().now_or_never();
    let is_whole = matches!(second, Some(None));
    if is_whole && first.len() < COUNTED_BYTES {
        return Ok(answer(Body::from(first), media));
    }
    let (length, trailers) = (first.len(), call.trailers);
    let held = counted(shared, length)?;
    let mut response =
        answer(streamed(Arc::clone(shared), call, (first, held), second.flatten(), pieces), media);
    let headers = response.headers_mut();
    if is_whole {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    } else if trailers {
        headers.insert(header::TRAILER, HeaderValue::from_static(TRAILER));
    }
    Ok(response)
}

fn answer(body: Body, media: Media) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media.name()));
    response
}

/// The output, rendered. Dropping it stops the work; the permit is given back as soon as that is done.
fn pieces<R: Run + 'static>(shared: Arc<Shared<R>>, execution: Execution<R>) -> Pieces
where
    R::Prepared: 'static,
{
    let Execution { ready, input, held, permit, media } = execution;
    Box::pin(try_stream! {
        let mut running = Some((permit, held));
        let limit = shared.options.limits.output_bytes;
        let ready = ready.get().ok_or_else(unprepared)?;
        let program = &ready.program;
        let mut printer = match media {
            Media::Json => Some(Printer::new(program.types(), program.output(), Layout::Compact)),
            Media::Postcard => None,
        };
        let mut outputs = pin!(shared.runner.execute_chunks(&ready.prepared, input));
        let mut total = 0;
        let mut ahead = outputs.next().await;
        while let Some(output) = ahead.take() {
            let output = output?;
            total += output.len() as u64;
            if total > limit {
                Err(too_large("an output", limit::OUTPUT_BYTES, limit))?;
            }
            let next = outputs.next().now_or_never();
            if matches!(next, Some(None)) {
                running = None;
            }
            shared.metrics.output_bytes_total.fetch_add(output.len() as u64, Ordering::Relaxed);
            match &mut printer {
                None => yield output,
                Some(printer) => {
                    let _held = counted(&shared, output.len())?;
                    let mut backlog = Backlog::new(&shared.options.spool, output);
                    while let Some(part) = backlog.next().await? {
                        let mut rest = &*part;
                        let mut more = true;
                        while more {
                            let mut json = Vec::with_capacity(CHUNK_BYTES.min(rest.len().saturating_mul(2)));
                            more = printer.push(&mut rest, CHUNK_BYTES, &mut json)?;
                            if !json.is_empty() {
                                yield Bytes::from(json);
                            }
                        }
                    }
                }
            }
            ahead = match next {
                Some(next) => next,
                None => outputs.next().await,
            };
        }
        drop(running);
        if let Some(printer) = printer {
            let mut json = Vec::new();
            printer.finish(&mut json)?;
            if !json.is_empty() {
                yield Bytes::from(json);
            }
        }
    })
}

/// A body of pieces, which count as held until they are asked for no more, wherever they wait. An error ends it with a trailer if the client
/// looks for that, else it breaks off.
fn streamed<R: Run + 'static>(
    shared: Arc<Shared<R>>,
    call: Call,
    (first, mut held): (Bytes, Option<Held>),
    second: Option<Result<Bytes>>,
    mut pieces: Pieces,
) -> Body {
    let body = stream! {
        let mut backlog = Backlog::new(&shared.options.spool, first);
        let mut ahead = second;
        loop {
            let part = match backlog.next().await.transpose() {
                Some(part) => part,
                None => {
                    drop(held.take());
                    let next = match ahead.take() {
                        Some(piece) => Some(piece),
                        None => {
                            let next = AssertUnwindSafe(pieces.next()).catch_unwind();
                            match call.clock.unless_stopping(call.clock.within(|| call.deadline, next)).await {
                                Some(Some(Ok(next))) => next,
                                Some(Some(Err(_))) => Some(Err(panicked())),
                                Some(None) => Some(Err(call.late())),
                                None => Some(Err(shutting_down())),
                            }
                        }
                    };
                    let counted = |piece: Bytes| counted(&shared, piece.len()).map(|held| (piece, held));
                    match next.map(|next| next.and_then(counted)) {
                        None => return,
                        Some(Err(error)) => Err(error),
                        Some(Ok((piece, counts))) => {
                            held = counts;
                            backlog = Backlog::new(&shared.options.spool, piece);
                            continue;
                        }
                    }
                }
            };
            match part {
                Ok(part) => yield Ok(Frame::data(part)),
                Err(error) => {
                    tracing::info!(%error, "an output broke off");
                    match call.trailers.then(|| trailer(&error)).flatten() {
                        Some(trailer) => yield Ok(Frame::trailers(trailer)),
                        None => yield Err(error),
                    }
                    return;
                }
            }
        }
    };
    Body::new(StreamBody::new(body))
}

fn trailer(error: &Error) -> Option<HeaderMap> {
    let value = HeaderValue::try_from(encode_trailer(error)).ok()?;
    Some(HeaderMap::from_iter([(HeaderName::from_static(TRAILER), value)]))
}

/// What counts an output that is large as held, if there is room for it.
fn counted<R: Run>(shared: &Shared<R>, bytes: usize) -> Result<Option<Held>> {
    if bytes < COUNTED_BYTES {
        return Ok(None);
    }
    let mut held = Held::new(&shared.metrics, |metrics| &metrics.output_bytes_held, 0);
    let limit = shared.options.limits.buffered_output_bytes;
    match held.grow(bytes as u64, limit) {
        true => Ok(Some(held)),
        false => Err(too_many_outputs(limit).with_retryable(bytes as u64 <= limit)),
    }
}
