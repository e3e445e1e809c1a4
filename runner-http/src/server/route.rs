//! The table of paths.

mod info;
mod program;
mod run;

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    extract::{Path, Request as AxumRequest, State},
    http::HeaderMap,
    middleware::from_fn_with_state,
    response::{Html, IntoResponse, Response},
    routing::{future::RouteFuture, get, post},
};
use http::{HeaderValue, Request, StatusCode, header};
use hyper::body::Incoming;
use runner_core::Run;
#[cfg(feature = "compression")]
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, predicate::SizeAbove},
    decompression::RequestDecompressionLayer,
};
use tower_service::Service as _;

use super::{
    call::{FunctionRoute, around},
    reply::{Problem, Reply},
    shared::Shared,
};
use crate::media::Media;

/// The paths, in the order of their numbers; functions have those behind them. The first one is for what there is not.
pub(super) const ROUTES: [&str; 13] = [
    "other",
    "/",
    "/v1/programs",
    "/v1/programs/{id}",
    "/v1/programs/{id}/execute",
    "/v1/run",
    "/v1/functions/{name}",
    "/v1/interface",
    "/v1/describe",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
];

/// Paths that need no token, and that are never late.
pub(super) const OPEN: [&str; 3] = ["/", "/healthz", "/readyz"];

const PAGE: &str = include_str!("page.html");

/// What the page may do: run its own script and ask its own server.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// All of a server, for a connection.
#[derive(Clone)]
pub(super) struct Routes {
    /// Most requests neither send nor take what is compressed, and have no layers for it in their way.
    #[cfg(feature = "compression")]
    plain: Router,
    whole: Router,
}

impl Routes {
    pub(super) fn new<R: Run + 'static>(shared: &Arc<Shared<R>>) -> Self
    where
        R::Prepared: 'static,
    {
        let around = || from_fn_with_state(Arc::clone(shared), around::<R>);
        let router = router(Arc::clone(shared));
        #[cfg(feature = "compression")]
        return Self { plain: router.clone().layer(around()), whole: router.layer(compressing(around())) };
        #[cfg(not(feature = "compression"))]
        return Self { whole: router.layer(around()) };
    }

    pub(super) fn whole(&self) -> Router {
        self.whole.clone()
    }
}

impl hyper::service::Service<Request<Incoming>> for Routes {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        #[cfg(feature = "compression")]
        if ![header::CONTENT_ENCODING, header::ACCEPT_ENCODING]
            .iter()
            .any(|name| request.headers().contains_key(name))
        {
            return self.plain.clone().call(request);
        }
        self.whole.clone().call(request)
    }
}

fn router<R: Run + 'static>(shared: Arc<Shared<R>>) -> Router
where
    R::Prepared: 'static,
{
    Router::new()
        .route("/", get(page::<R>))
        .route("/v1/programs", post(program::upload::<R>))
        .route("/v1/programs/{id}", get(program::about::<R>))
        .route("/v1/programs/{id}/execute", post(program::execute::<R>))
        .route("/v1/run", post(run::run::<R>))
        .route("/v1/functions/{name}", post(function::<R>))
        .route("/v1/interface", get(info::interface::<R>))
        .route("/v1/describe", get(info::describe::<R>))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(info::ready::<R>))
        .route("/metrics", get(info::metrics::<R>))
        .route("/openapi.json", get(info::openapi::<R>))
        .with_state(shared)
}

/// What there is around the routes, with compression, as one layer, outermost first: each one that is put on by itself
/// costs every request two allocations.
#[cfg(feature = "compression")]
fn compressing<L>(around: L) -> (CompressionLayer<SizeAbove>, L, RequestDecompressionLayer) {
    let compression = CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(crate::limits::COMPRESSED_BYTES));
    (compression, around, RequestDecompressionLayer::new())
}

async fn page<R: Run>(State(shared): State<Arc<Shared<R>>>) -> Reply {
    if shared.options.compile.is_none() {
        let words = "source is not taken here, so there is no page to write it; `GET /openapi.json` says what there is";
        return Err(Problem::new(StatusCode::NOT_FOUND, words));
    }
    let policy = (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    Ok(([policy], Html(PAGE)).into_response())
}

async fn function<R: Run + 'static>(
    State(shared): State<Arc<Shared<R>>>,
    Path(name): Path<String>,
    request: AxumRequest,
) -> Response
where
    R::Prepared: 'static,
{
    let Some(served) = shared.functions.get(&name) else {
        let words = format!("no function is called `{name}`; `GET /openapi.json` says which there are");
        return Problem::from(runner_core::Error::new(runner_core::Code::ProgramNotFound, words))
            .into_response();
    };
    let mut response = program::call(&shared, served, request).await.into_response();
    response.extensions_mut().insert(FunctionRoute(served.route));
    response
}

/// The media type of an answer: what the client likes best, or what it sent.
fn accepted(headers: &HeaderMap, sent: Option<Media>) -> Result<Media, Problem> {
    crate::media::accepted(headers, sent.unwrap_or(Media::Json)).ok_or_else(|| {
        let words = "the answer is application/json or application/vnd.postcard, and neither is accepted";
        Problem::new(StatusCode::NOT_ACCEPTABLE, words)
    })
}

fn json(status: StatusCode, value: &impl serde::Serialize) -> Reply {
    let json = serde_json::to_vec(value).map_err(crate::error::unserialisable)?;
    let head = [(header::CONTENT_TYPE, HeaderValue::from_static(crate::media::JSON))];
    Ok((status, head, json).into_response())
}
