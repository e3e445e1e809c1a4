//! The side that has a runner.

mod answer;
mod body;
mod call;
mod clock;
mod listen;
mod metrics;
mod options;
mod readiness;
mod reply;
mod route;
mod sender;
mod shared;
mod stall;

use std::{fmt, sync::Arc, time::Duration};

use axum::Router;
use runner_core::{Result, Run};
use tokio::sync::Semaphore;

use crate::limits::{REFUSAL_TIME, REFUSALS};
use route::Routes;
use shared::{Phase, Shared};

pub use options::ServerOptions;

/// A runner that is served over HTTP. Clones are the same server.
///
/// ```
/// # use runner_core::{Error, Run};
/// use runner_http::{Client, ClientOptions, Server, ServerOptions};
/// use tokio::net::TcpListener;
///
/// # async fn example<R: Run + 'static>(runner: std::sync::Arc<R>) -> runner_core::Result<()> where R::Prepared: 'static {
/// let server = Server::new(runner, ServerOptions::new());
/// let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
/// let address = listener.local_addr().unwrap();
/// tokio::spawn({
///     let server = server.clone();
///     async move { server.listen_tcp(listener).await }
/// });
/// let client = Client::new(&format!("http://{address}"), ClientOptions::new())?;
/// println!("{}", client.get_interface().await?);
/// server.shutdown(std::time::Duration::from_secs(5)).await
/// # }
/// ```
pub struct Server<R: Run> {
    shared: Arc<Shared<R>>,
    routes: Routes,
    refusals: Arc<Semaphore>,
}

impl<R> Server<R>
where
    R: Run + 'static,
    R::Prepared: 'static,
{
    /// A server without connections.
    #[must_use]
    pub fn new(runner: Arc<R>, options: ServerOptions) -> Self {
        let shared = Arc::new(Shared::new(runner, options));
        Self { routes: Routes::new(&shared), shared, refusals: Arc::new(Semaphore::new(REFUSALS)) }
    }

    /// All that is served, to be put into another service. Limits on connections, and on the time that heads and writes
    /// take, are then up to that.
    ///
    /// ```
    /// # async fn example<R: runner_core::Run + 'static>(server: runner_http::Server<R>) where R::Prepared: 'static {
    /// let app: axum::Router = axum::Router::new().nest("/runner", server.router());
    /// # }
    /// ```
    pub fn router(&self) -> Router {
        self.routes.whole()
    }

    /// Prepares the programs of all functions, which else the first request of each does.
    ///
    /// # Errors
    /// Those of the runner, with the function's name.
    pub async fn prepare_functions(&self) -> Result<()> {
        for served in self.shared.functions.values() {
            let done = self.shared.prepare_function(served).await;
            done.map_err(|error| error.context(format_args!("function `{}`", served.function.name())))?;
        }
        Ok(())
    }

    /// Takes nothing new, lets what is in flight finish within `grace`, and cancels the rest. The runner goes on.
    ///
    /// Listening ends with `Ok`. Doing it twice is fine.
    pub async fn drain(&self, grace: Duration) {
        tracing::debug!(?grace, "shutting down");
        self.shared.enter(Phase::Draining);
        if !self.shared.all_ended(grace).await {
            self.shared.enter(Phase::Stopping);
            // Whoever was told to stop has done so by then.
            self.shared.all_ended(2 * REFUSAL_TIME).await;
        }
        self.shared.cache.clear();
    }

    /// [`Server::drain`], and shuts the runner down.
    ///
    /// # Errors
    /// Those of the runner's shutdown.
    pub async fn shutdown(&self, grace: Duration) -> Result<()> {
        self.drain(grace).await;
        self.shared.runner.shutdown().await
    }
}

impl<R: Run> Clone for Server<R> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            routes: self.routes.clone(),
            refusals: Arc::clone(&self.refusals),
        }
    }
}

impl<R: Run> fmt::Debug for Server<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("options", &self.shared.options).finish_non_exhaustive()
    }
}
