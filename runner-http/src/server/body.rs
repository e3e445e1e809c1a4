//! Bodies of requests: read up to their limit, and turned into bytes on the wire.

use std::{fmt, sync::atomic::Ordering};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body;
use http_body_util::BodyExt;
use runner_core::{Error, Program, Result, Run};

use super::{
    clock::{Clock, after},
    metrics::Held,
    reply::Problem,
    shared::{Shared, unblocked},
};
use crate::{
    Function,
    error::{late, limit, too_large},
    media::{BYTES, JSON, Media, POSTCARD, content_type},
};

/// A body that has arrived. It counts as held until this is dropped.
pub(super) struct Collected {
    pub(super) bytes: Bytes,
    pub(super) held: Held,
}

/// A bound of a body, and what is called so.
#[derive(Clone, Copy)]
pub(super) struct Bound {
    pub(super) what: &'static str,
    pub(super) name: &'static str,
    pub(super) bytes: u64,
}

impl Bound {
    pub(super) fn check(&self, bytes: u64) -> Result<()> {
        if bytes > self.bytes { Err(too_large(self.what, self.name, self.bytes)) } else { Ok(()) }
    }
}

impl<R: Run> Shared<R> {
    pub(super) fn input_bound(&self) -> Bound {
        Bound { what: "an input", name: limit::INPUT_BYTES, bytes: self.options.limits.input_bytes }
    }

    pub(super) fn program_bound(&self) -> Bound {
        Bound { what: "a program", name: limit::PROGRAM_BYTES, bytes: self.options.limits.program_bytes }
    }

    pub(super) fn source_bound(&self) -> Bound {
        Bound { what: "a source", name: limit::SOURCE_BYTES, bytes: self.options.limits.source_bytes }
    }

    /// Reads a body, which was decompressed on the way, to its end or its bound.
    pub(super) async fn collect<B>(&self, mut body: B, bound: Bound, clock: &Clock) -> Result<Collected>
    where
        B: Body<Data = Bytes, Error: fmt::Display> + Unpin,
    {
        let limits = &self.options.limits;
        bound.check(body.size_hint().lower())?;
        let mut held = Held::new(&self.metrics, |metrics| &metrics.input_bytes_held, 0);
        let (mut first, mut rest, mut total) = (Bytes::new(), BytesMut::new(), 0);
        loop {
            let frame = clock.within(|| after(limits.read_time), body.frame()).await;
            let frame = frame.ok_or_else(|| late(limit::READ_TIME, limits.read_time))?;
            let Some(frame) = frame else { break };
            let frame = frame.map_err(|error| Error::decode(format!("the body can't be read: {error}")))?;
            let Ok(data) = frame.into_data() else { continue };
            total += data.len() as u64;
            bound.check(total)?;
            if !held.grow(data.len() as u64, limits.buffered_input_bytes) {
                let limit = limits.buffered_input_bytes;
                let message = format!("the server holds {limit} bytes of inputs");
                return Err(
                    Error::exhausted(limit::BUFFERED_INPUT_BYTES, limit, message).with_retryable(true)
                );
            }
            if first.is_empty() {
                first = data;
                continue;
            }
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
        self.metrics.input_bytes_total.fetch_add(total, Ordering::Relaxed);
        let bytes = if rest.is_empty() { first } else { rest.freeze() };
        Ok(Collected { bytes, held })
    }
}

/// How the body of an input is written. Nothing at all is fine for a program that takes nothing.
pub(super) fn input_media(headers: &HeaderMap) -> Result<Option<Media>, Problem> {
    match content_type(headers).as_deref() {
        None => Ok(None),
        Some(JSON) => Ok(Some(Media::Json)),
        Some(POSTCARD | BYTES) => Ok(Some(Media::Postcard)),
        other => Err(Problem::unsupported_media(other, "application/json or application/vnd.postcard")),
    }
}

/// Who knows the type of an input.
#[derive(Clone)]
pub(super) enum Target {
    /// The input of a program.
    Program(Program),
    /// The parameters of a function, as an object.
    Function(Box<Function>),
}

impl Target {
    /// The bytes of an input on the wire.
    pub(super) async fn read(self, media: Option<Media>, body: Bytes) -> Result<Bytes, Problem> {
        let read = match (media, self) {
            (Some(Media::Postcard), _) => return Ok(body),
            (None, Self::Program(program)) if body.is_empty() && program.types().is_unit(program.input()) => {
                return Ok(body);
            }
            (None, Self::Function(function)) if body.is_empty() => function.read(b"{}"),
            (None, _) => {
                return Err(Problem::unsupported_media(None, "application/json or application/vnd.postcard"));
            }
            (Some(Media::Json), target) => {
                unblocked(body.len(), move || match target {
                    Self::Program(program) => runner_json::read(program.types(), program.input(), &body),
                    Self::Function(function) => function.read(&body),
                })
                .await?
            }
        };
        Ok(read?.into())
    }
}
