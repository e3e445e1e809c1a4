//! What is the same for every request: who asks, how long it may take, and that it is counted.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    extract::{MatchedPath, Request as AxumRequest, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::{FutureExt, future::Either};
use http::{HeaderMap, Request, header};
use runner_core::{Caller, Error, Result, Run};
use tokio::time::Instant;

use super::{
    clock::{Clock, after},
    metrics::Held,
    reply::{Problem, explained},
    route::{OPEN, ROUTES},
    sender::{Host, check_local, check_origin},
    shared::Shared,
};
use crate::{
    ServerLimits,
    error::{late, limit, panicked, shutting_down},
    problem::TRAILER,
};

/// The header that says how long the work may take, such as `250ms`, `10s` or `2m`.
pub(crate) const TIMEOUT: &str = "runner-timeout";

/// What a request allows.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) clock: Clock,
    pub(super) deadline: Instant,
    pub(super) time: Duration,
    /// Whether an error behind the head of the answer may be told in a trailer.
    pub(super) trailers: bool,
}

/// The number of the route of a function, on its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct FunctionRoute(pub(super) usize);

impl Call {
    fn new(headers: &HeaderMap, limits: &ServerLimits, clock: Clock) -> Result<Self> {
        let mut time = limits.request_time;
        if let Some(value) = headers.get(TIMEOUT) {
            let wanted =
                value.to_str().ok().and_then(parse_time).ok_or_else(|| {
                    Error::decode("`Runner-Timeout` is a time such as `250ms`, `10s` or `2m`")
                })?;
            time = time.min(wanted);
        }
        let wants = |name, wanted: &str| {
            let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(wanted))
        };
        // Whoever does not look for the trailer would take an answer that breaks off for a whole one.
        let trailers = wants(header::TE, "trailers")
            && wants(header::HeaderName::from_static("runner-trailer"), TRAILER);
        Ok(Self { clock, deadline: after(time), time, trailers })
    }

    pub(super) fn late(&self) -> Error {
        late(limit::REQUEST_TIME, self.time)
    }
}

/// The layer around all routes.
pub(super) async fn around<R: Run + 'static>(
    State(shared): State<Arc<Shared<R>>>,
    mut request: AxumRequest,
    next: Next,
) -> Response
where
    R::Prepared: 'static,
{
    let path = request.extensions().get::<MatchedPath>().cloned();
    let path = path.as_ref().map_or("", MatchedPath::as_str);
    let clock = request.extensions_mut().remove().unwrap_or_else(|| Clock::new(&shared));
    let work = |mut request: AxumRequest, call| {
        request.extensions_mut().insert(call);
        next.run(request)
    };
    counted(&shared, path, clock, request, work).await
}

/// Does the work of a request of a route, if it may be done, and counts it.
pub(super) async fn counted<R, B, F>(
    shared: &Shared<R>,
    path: &str,
    clock: Clock,
    request: Request<B>,
    work: impl FnOnce(Request<B>, Call) -> F,
) -> Response
where
    R: Run + 'static,
    R::Prepared: 'static,
    F: Future<Output = Response>,
{
    let start = Instant::now();
    let _counted = Held::new(&shared.metrics, |metrics| &metrics.requests_in_flight, 1);
    let response = match answered(shared, path, clock, request, work).await {
        Ok(response) => explained(response),
        Err(problem) => problem.into_response(),
    };
    let function = response.extensions().get::<FunctionRoute>().map(|route| route.0);
    let route = function.or_else(|| ROUTES.iter().position(|known| *known == path)).unwrap_or_default();
    let (status, time) = (response.status(), start.elapsed());
    shared.metrics.answered(route, status, time);
    tracing::debug!(path, status = status.as_u16(), ?time, "request");
    response
}

async fn answered<R, B, F>(
    shared: &Shared<R>,
    path: &str,
    clock: Clock,
    request: Request<B>,
    work: impl FnOnce(Request<B>, Call) -> F,
) -> Result<Response, Problem>
where
    R: Run + 'static,
    R::Prepared: 'static,
    F: Future<Output = Response>,
{
    let limits = &shared.options.limits;
    let host = Host::of(&request)?;
    if OPEN.contains(&path) {
        let call = Call::new(&HeaderMap::new(), limits, clock)?;
        let done = AssertUnwindSafe(work(request, call)).catch_unwind().await;
        return done.map_err(|_| panicked().into());
    }
    let token = shared.options.admit(request.headers())?;
    if !shared.options.needs_token() {
        check_origin(&request, host.as_ref())?;
    }
    if !shared.options.is_open() {
        check_local(host.as_ref())?;
    }
    if !shared.is_serving() {
        return Err(shutting_down().into());
    }
    let call = Call::new(request.headers(), limits, clock)?;
    let (clock, deadline, time) = (call.clock.clone(), call.deadline, call.time);
    let work = AssertUnwindSafe(work(request, call)).catch_unwind();
    let work = match token {
        None => Either::Left(work),
        Some(token) => Either::Right(Box::pin(Caller::current().known_by(&token).scope(work))),
    };
    match clock.unless_stopping(clock.within(|| deadline, work)).await {
        Some(Some(Ok(response))) => Ok(response),
        Some(Some(Err(_))) => Err(panicked().into()),
        Some(None) => Err(late(limit::REQUEST_TIME, time).into()),
        None => Err(shutting_down().into()),
    }
}

/// `250ms`, `10s`, `2m`.
fn parse_time(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text.find(|char: char| char.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at_checked(end)?;
    let number: u32 = number.trim().parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number.into())),
        "s" => Some(Duration::from_secs(number.into())),
        "m" => Some(Duration::from_secs(u64::from(number) * 60)),
        _ => None,
    }
}
