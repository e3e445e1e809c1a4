//! Programs: sent, described, executed.

use std::{fmt, sync::Arc};

use axum::{
    Extension,
    body::Body,
    extract::{Path, Query, Request as AxumRequest, State},
    http::HeaderMap,
};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use runner_core::{Program, ProgramId, Result, Run, adapt::InUse};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{accepted, json};
use crate::{
    error::{unknown_program, unprepared},
    media::{BYTES, PROGRAM, SOURCE, content_type},
    schema::{Direction, Schemas},
    server::{
        answer::{self, Execution},
        body::{Target, input_media},
        call::Call,
        reply::{Problem, Reply},
        shared::{Ready, Served, Shared},
    },
};

/// What a program is, for people and for machines.
#[derive(Serialize)]
struct About {
    id: String,
    signature: String,
    input: Value,
    output: Value,
}

/// What stands behind the `?` where source is sent.
#[derive(Deserialize)]
pub(super) struct Named {
    /// A function or constant, or an expression over the source.
    #[serde(default = "main_name")]
    pub(super) program: String,
}

pub(super) fn main_name() -> String {
    "main".to_owned()
}

pub(super) async fn upload<R: Run + 'static>(
    State(shared): State<Arc<Shared<R>>>,
    Extension(call): Extension<Call>,
    Query(named): Query<Named>,
    headers: HeaderMap,
    body: Body,
) -> Reply
where
    R::Prepared: 'static,
{
    let bytes = match content_type(&headers).as_deref() {
        Some(PROGRAM | BYTES) => {
            shared.options.check_programs()?;
            shared.collect(body, shared.program_bound(), &call.clock).await?
        }
        Some(SOURCE) => {
            shared.options.compiler()?;
            let mut source = shared.collect(body, shared.source_bound(), &call.clock).await?;
            let _permit = shared.permit().await?;
            source.bytes = compiled(&shared, source.bytes, named.program).await?;
            source
        }
        other => {
            let known = "application/vnd.runner.program or, where source is taken, text/x-lutra";
            return Err(Problem::unsupported_media(other, known));
        }
    };
    let _permit = shared.permit().await?;
    let (ready, is_new) = shared.prepare(bytes.bytes).await?;
    let program = &ready.get().ok_or_else(unprepared)?.program;
    let mut response =
        json(if is_new { StatusCode::CREATED } else { StatusCode::OK }, &about_program(program))?;
    if let Ok(location) = HeaderValue::try_from(format!("/v1/programs/{}", program.id())) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

pub(super) async fn about<R: Run>(State(shared): State<Arc<Shared<R>>>, Path(id): Path<String>) -> Reply {
    let id = parsed(&id)?;
    let ready = find(&shared, id);
    let ready = ready.get().ok_or_else(|| unknown_program(id))?;
    json(StatusCode::OK, &about_program(&ready.program))
}

pub(super) async fn execute<R: Run + 'static>(
    State(shared): State<Arc<Shared<R>>>,
    Extension(call): Extension<Call>,
    Path(id): Path<String>,
    request: AxumRequest,
) -> Reply
where
    R::Prepared: 'static,
{
    execute_id(&shared, call, parsed(&id)?, request).await
}

/// Executes the program of an id.
pub(super) async fn execute_id<R, B>(
    shared: &Arc<Shared<R>>,
    call: Call,
    id: ProgramId,
    request: Request<B>,
) -> Reply
where
    R: Run + 'static,
    R::Prepared: 'static,
    B: http_body::Body<Data = Bytes, Error: fmt::Display> + Unpin,
{
    let ready = find(shared, id);
    let target = Target::Program(ready.get().ok_or_else(|| unknown_program(id))?.program.clone());
    perform(shared, call, ready, target, request).await
}

/// Executes a function of the server.
pub(super) async fn call<R: Run + 'static>(
    shared: &Arc<Shared<R>>,
    served: &Served<R>,
    request: AxumRequest,
) -> Reply
where
    R::Prepared: 'static,
{
    let ready = shared.prepare_function(served).await?;
    let Some(call) = request.extensions().get::<Call>().cloned() else {
        return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the request has no deadline"));
    };
    let target = Target::Function(Box::new(served.function.clone()));
    perform(shared, call, ready, target, request).await
}

async fn perform<R, B>(
    shared: &Arc<Shared<R>>,
    call: Call,
    ready: InUse<Ready<R>>,
    target: Target,
    request: Request<B>,
) -> Reply
where
    R: Run + 'static,
    R::Prepared: 'static,
    B: http_body::Body<Data = Bytes, Error: fmt::Display> + Unpin,
{
    let (head, body) = request.into_parts();
    let sent = input_media(&head.headers)?;
    let media = accepted(&head.headers, sent)?;
    let body = shared.collect(body, shared.input_bound(), &call.clock).await?;
    let permit = shared.permit().await?;
    let input = target.read(sent, body.bytes).await?;
    answer::execute(shared, call, Execution { ready, input, held: body.held, permit, media }).await
}

/// The bytes of the program that a source is.
pub(super) async fn compiled<R: Run>(
    shared: &Shared<R>,
    source: Bytes,
    program: String,
) -> Result<Bytes, Problem> {
    let compile = shared.options.compiler()?;
    let source = String::from_utf8(source.into())
        .map_err(|error| runner_core::Error::decode(format!("the source is no UTF-8: {error}")))?;
    let program = shared.compilers()?.run(move |cancel| compile(&source, &program, cancel)).await?;
    Ok(Bytes::copy_from_slice(program.bytes()))
}

fn parsed(id: &str) -> Result<ProgramId> {
    ProgramId::from_hex(id)
        .ok_or_else(|| runner_core::Error::decode("an id of a program has 64 hexadecimal digits"))
}

fn find<R: Run>(shared: &Shared<R>, id: ProgramId) -> InUse<Ready<R>> {
    shared.cache.get(id).map(|entry| entry.ready()).unwrap_or_default()
}

fn about_program(program: &Program) -> About {
    let whole = |ty, direction| Schemas::new("#/$defs/", "", program.types(), direction).whole(ty);
    About {
        id: program.id().to_string(),
        signature: program.signature(),
        input: whole(program.input(), Direction::Input),
        output: whole(program.output(), Direction::Output),
    }
}
