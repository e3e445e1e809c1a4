//! A program and its input in one request.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Query, State},
    http::HeaderMap,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use runner_core::{Error, Result, Run, wire::Reader};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    accepted,
    program::{Named, compiled, main_name},
};
use crate::{
    error::unprepared,
    media::{JSON, Media, POSTCARD, SOURCE, content_type},
    server::{
        answer::{self, Execution},
        body::{Bound, Target},
        call::Call,
        reply::{Problem, Reply},
        shared::Shared,
    },
};

/// The body in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked<'a> {
    /// Lutra source,
    source: Option<String>,
    /// and the name or expression of the program in it.
    #[serde(default = "main_name")]
    program: String,
    /// Or an encoded program, in base64.
    bytes: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

pub(super) async fn run<R: Run + 'static>(
    State(shared): State<Arc<Shared<R>>>,
    Extension(call): Extension<Call>,
    Query(named): Query<Named>,
    headers: HeaderMap,
    body: Body,
) -> Reply
where
    R::Prepared: 'static,
{
    let sent = match content_type(&headers).as_deref() {
        Some(JSON) => Some(Media::Json),
        Some(POSTCARD) => {
            shared.options.check_programs()?;
            Some(Media::Postcard)
        }
        Some(SOURCE) => {
            shared.options.compiler()?;
            None
        }
        other => {
            let known = "application/json, application/vnd.postcard or, where source is taken, text/x-lutra";
            return Err(Problem::unsupported_media(other, known));
        }
    };
    let media = accepted(&headers, sent)?;
    let bound = if sent.is_some() { both(&shared) } else { shared.source_bound() };
    let body = shared.collect(body, bound, &call.clock).await?;
    let permit = shared.permit().await?;
    let (program, input, sent) = match sent {
        Some(Media::Postcard) => {
            let (program, input) = split(&body.bytes)?;
            (program, input, Some(Media::Postcard))
        }
        Some(Media::Json) => {
            let asked: Asked<'_> = serde_json::from_slice(&body.bytes)
                .map_err(|error| Error::decode(format!("the body can't be read: {error}")))?;
            let program = match (asked.source, asked.bytes) {
                (Some(source), None) => {
                    shared.source_bound().check(source.len() as u64)?;
                    compiled(&shared, source.into(), asked.program).await?
                }
                (None, Some(bytes)) => {
                    shared.options.check_programs()?;
                    let bytes = STANDARD.decode(bytes);
                    bytes.map_err(|error| Error::decode(format!("`bytes` is no base64: {error}")))?.into()
                }
                _ => return Err(Error::decode("one of `source` and `bytes` has to be there").into()),
            };
            match asked.input {
                Some(input) => (program, body.bytes.slice_ref(input.get().as_bytes()), Some(Media::Json)),
                None => (program, Bytes::new(), None),
            }
        }
        None => (compiled(&shared, body.bytes.clone(), named.program).await?, Bytes::new(), None),
    };
    shared.program_bound().check(program.len() as u64)?;
    shared.input_bound().check(input.len() as u64)?;
    let (ready, _) = shared.prepare(program).await?;
    let target = Target::Program(ready.get().ok_or_else(unprepared)?.program.clone());
    let input = target.read(sent, input).await?;
    answer::execute(&shared, call, Execution { ready, input, held: body.held, permit, media }).await
}

/// The bound of a program and an input together; base64 makes four bytes of three.
fn both<R: Run>(shared: &Shared<R>) -> Bound {
    let limits = &shared.options.limits;
    let program = limits.program_bytes.max(limits.source_bytes).saturating_mul(2);
    Bound { bytes: limits.input_bytes.saturating_add(program), ..shared.input_bound() }
}

/// Two byte strings in postcard: the program, the input.
fn split(body: &Bytes) -> Result<(Bytes, Bytes)> {
    let mut reader = Reader::new(body);
    let mut string = || {
        let length = reader.length(1)?;
        reader.raw(length)
    };
    let (program, input) = (string()?, string()?);
    reader.finish()?;
    Ok((body.slice_ref(program), body.slice_ref(input)))
}
