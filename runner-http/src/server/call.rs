//! What is the same for every request: who asks, how long it may take, and that it is counted.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderMap, header};
use runner_core::{Error, Result, Run};
use tokio::time::{Instant, timeout_at};

use super::{
    metrics::Held,
    reply::{Problem, explained},
    route::{OPEN, ROUTES},
    shared::{Phase, Shared},
};
use crate::{
    ServerLimits,
    error::{late, limit, panicked, shutting_down},
    problem::TRAILER,
};

/// The header that says how long the work may take, such as `250ms`, `10s` or `2m`.
pub(crate) const TIMEOUT: &str = "runner-timeout";

/// What a request allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) deadline: Instant,
    pub(super) time: Duration,
    /// Whether an error behind the head of the answer may be told in a trailer.
    pub(super) trailers: bool,
}

/// The number of the route of a function, on its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct FunctionRoute(pub(super) usize);

impl Call {
    fn new(headers: &HeaderMap, limits: &ServerLimits) -> Result<Self> {
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
        let now = Instant::now();
        let deadline = now.checked_add(time).unwrap_or(now + Duration::from_secs(1 << 30));
        Ok(Self { deadline, time, trailers })
    }

    pub(super) fn late(&self) -> Error {
        late(limit::REQUEST_TIME, self.time)
    }
}

/// The layer around all routes.
pub(super) async fn around<R: Run + 'static>(
    State(shared): State<Arc<Shared<R>>>,
    request: Request,
    next: Next,
) -> Response
where
    R::Prepared: 'static,
{
    let start = Instant::now();
    let _counted = Held::new(&shared.metrics, |metrics| &metrics.requests_in_flight, 1);
    let path = request.extensions().get::<MatchedPath>().cloned();
    let path = path.as_ref().map_or("", MatchedPath::as_str);
    let response = match answered(&shared, path, request, next).await {
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

async fn answered<R: Run + 'static>(
    shared: &Shared<R>,
    path: &str,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem>
where
    R::Prepared: 'static,
{
    if OPEN.contains(&path) {
        return Ok(next.run(request).await);
    }
    shared.options.admit(request.headers())?;
    if !shared.is_serving() {
        return Err(shutting_down().into());
    }
    let call = Call::new(request.headers(), &shared.options.limits)?;
    request.extensions_mut().insert(call);
    let work = timeout_at(call.deadline, AssertUnwindSafe(next.run(request)).catch_unwind());
    tokio::select! {
        biased;
        done = work => match done {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(_)) => Err(panicked().into()),
            Err(_) => Err(call.late().into()),
        },
        () = shared.reached(Phase::Stopping) => Err(shutting_down().into()),
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
