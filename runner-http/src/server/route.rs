//! The table of paths.

mod info;
mod page;
mod program;
mod run;

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    extract::{Path, Request as AxumRequest, State},
    http::HeaderMap,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{future::RouteFuture, get, post},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Either},
};
use http::{HeaderValue, Method, Request, StatusCode, header};
use hyper::body::Incoming;
use runner_core::{ProgramId, Run};
#[cfg(feature = "compression")]
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, predicate::SizeAbove},
    decompression::RequestDecompressionLayer,
};
use tower_service::Service as _;

use super::{
    call::{FunctionRoute, around, counted},
    clock::Clock,
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
    EXECUTE,
    "/v1/run",
    "/v1/functions/{name}",
    "/v1/interface",
    "/v1/describe",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
];

/// The path that is asked for most.
pub(super) const EXECUTE: &str = "/v1/programs/{id}/execute";

/// Paths that need no token, and that are never late.
pub(super) const OPEN: [&str; 3] = ["/", "/healthz", "/readyz"];

/// All of a server.
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

/// The routes for one connection.
pub(super) struct Connected<R: Run> {
    pub(super) shared: Arc<Shared<R>>,
    pub(super) routes: Routes,
    pub(super) clock: Clock,
}

impl<R: Run + 'static> hyper::service::Service<Request<Incoming>> for Connected<R>
where
    R::Prepared: 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<RouteFuture<Infallible>, BoxFuture<'static, Result<Response, Infallible>>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        if is_compressed(request.headers()) {
            request.extensions_mut().insert(self.clock.clone());
            return Either::Left(self.routes.whole.clone().call(request));
        }
        if request.method() == Method::POST
            && let Some(id) = executed(request.uri().path())
        {
            return Either::Right(execute(Arc::clone(&self.shared), self.clock.clone(), id, request).boxed());
        }
        request.extensions_mut().insert(self.clock.clone());
        #[cfg(feature = "compression")]
        let router = &self.routes.plain;
        #[cfg(not(feature = "compression"))]
        let router = &self.routes.whole;
        Either::Left(router.clone().call(request))
    }
}

/// Whether a request sends what is compressed, or takes it.
fn is_compressed(headers: &HeaderMap) -> bool {
    cfg!(feature = "compression")
        && [header::CONTENT_ENCODING, header::ACCEPT_ENCODING].iter().any(|name| headers.contains_key(name))
}

/// The program that a path executes. What this does not understand is the router's.
fn executed(path: &str) -> Option<ProgramId> {
    ProgramId::from_hex(path.strip_prefix("/v1/programs/")?.strip_suffix("/execute")?)
}

/// [`EXECUTE`] without a router, which would cost as much as the rest.
async fn execute<R: Run + 'static>(
    shared: Arc<Shared<R>>,
    clock: Clock,
    id: ProgramId,
    request: Request<Incoming>,
) -> Result<Response, Infallible>
where
    R::Prepared: 'static,
{
    let work =
        |request, call| program::execute_id(&shared, call, id, request).map(IntoResponse::into_response);
    Ok(counted(&shared, EXECUTE, clock, request, work).await)
}

fn router<R: Run + 'static>(shared: Arc<Shared<R>>) -> Router
where
    R::Prepared: 'static,
{
    Router::new()
        .route("/", get(page::page))
        .route("/v1/programs", post(program::upload::<R>))
        .route("/v1/programs/{id}", get(program::about::<R>))
        .route(EXECUTE, post(program::execute::<R>))
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
