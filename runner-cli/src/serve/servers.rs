//! All servers of the process, which share one runner.

use std::{sync::Arc, time::Duration};

use runner_binary::{Server, ServerOptions, TlsServer, Token};
use runner_core::{Code, DynRun, Run};
use tokio::{task::JoinSet, time::timeout};

use super::{Bound, Settings, gate::Gate};
use crate::{error::Failure, limits::RUNNER_END_TIME};

/// One server for each kind of clients: they may do different things, and each has the limits for itself.
#[derive(Debug)]
pub(crate) struct Servers {
    runner: Arc<DynRun>,
    /// Who started the process: trusted.
    stdio: Server<Gate>,
    /// This user, over Unix sockets.
    local: Server<Gate>,
    /// Others, over TCP, TLS and Unix sockets that are open to them.
    network: Server<Gate>,
    #[cfg(feature = "http")]
    http: runner_http::Server<Gate>,
    tls: Option<TlsServer>,
    #[cfg(feature = "http")]
    https: Option<runner_http::TlsServer>,
    tasks: JoinSet<Result<(), Failure>>,
}

impl Servers {
    /// Servers that serve nobody yet.
    ///
    /// # Errors
    /// If what they need for TLS or the functions of the project can't be used.
    pub(crate) fn new(
        runner: DynRun,
        settings: &Settings,
        token: Option<&str>,
        bound: &[Bound],
    ) -> Result<Self, Failure> {
        let runner = Arc::new(runner);
        let gate = Gate::new(Arc::clone(&runner));
        let guarded = |raw: bool| gate.clone().programs(settings.takes_programs()).raw(raw);
        let trusted = guarded(!settings.deny_raw);
        let spool = settings.spool()?;
        let mut options =
            ServerOptions::new().with_limits(settings.limits.binary()).with_spool(spool.clone());
        let stdio = Server::new(Arc::new(trusted.clone()), options.clone());
        if let Some(token) = token {
            options = options.with_token(Token::new(token));
        }
        if settings.allow_no_token {
            options = options.open_to_everybody();
        }
        let local = Server::new(Arc::new(trusted), options.clone());
        let network = Server::new(Arc::new(guarded(settings.raw_on_network())), options);
        let tls = bound.iter().any(|bound| matches!(bound, Bound::Tls(_))).then(|| {
            let identity = settings.identity()?;
            Ok::<_, Failure>(TlsServer::from_pem(
                &identity.chain,
                &identity.key,
                identity.clients.as_deref(),
            )?)
        });
        #[cfg(feature = "http")]
        let https = bound.iter().any(|bound| matches!(bound, Bound::Https(_))).then(|| {
            let identity = settings.identity()?;
            Ok::<_, Failure>(runner_http::TlsServer::from_pem(&identity.chain, &identity.key)?)
        });
        Ok(Self {
            stdio,
            local,
            network,
            #[cfg(feature = "http")]
            http: super::http::server(gate, settings, token, spool)?,
            tls: tls.transpose()?,
            #[cfg(feature = "http")]
            https: https.transpose()?,
            runner,
            tasks: JoinSet::new(),
        })
    }

    /// Serves those who come to a listener.
    pub(crate) fn listen(&mut self, bound: Bound) {
        match bound {
            Bound::Tcp(listener) => {
                let server = self.network.clone();
                self.tasks.spawn(async move { Ok(server.listen_tcp(listener).await?) });
            }
            Bound::Tls(listener) => {
                let (server, tls) = (self.network.clone(), self.tls.clone());
                self.tasks.spawn(async move {
                    let tls = tls.ok_or_else(|| Failure::internal("TLS without a certificate"))?;
                    Ok(server.listen_tls(listener, tls).await?)
                });
            }
            #[cfg(unix)]
            Bound::Unix { listener, file, is_private } => {
                let server = if is_private { self.local.clone() } else { self.network.clone() };
                self.tasks.spawn(async move {
                    let listened = server.listen_unix(listener).await;
                    drop(file);
                    Ok(listened?)
                });
            }
            #[cfg(feature = "http")]
            Bound::Http(listener) => {
                let server = self.http.clone();
                self.tasks.spawn(async move { Ok(server.listen_tcp(listener).await?) });
            }
            #[cfg(feature = "http")]
            Bound::Https(listener) => {
                let (server, tls) = (self.http.clone(), self.https.clone());
                self.tasks.spawn(async move {
                    let tls = tls.ok_or_else(|| Failure::internal("HTTPS without a certificate"))?;
                    Ok(server.listen_tls(listener, tls).await?)
                });
            }
            #[cfg(not(feature = "http"))]
            Bound::Http(_) | Bound::Https(_) => {}
        }
    }

    /// Serves whoever started this process.
    ///
    /// # Errors
    /// If standard input and output can't be had.
    #[cfg(unix)]
    pub(crate) fn serve_stdio(&mut self) -> Result<(), Failure> {
        let (server, stdio) = (self.stdio.clone(), runner_posix::Stdio::take()?);
        self.tasks.spawn(async move {
            match server.serve(stdio).await {
                // A client that is gone without a goodbye is the end as well.
                Err(error) if error.code() != Code::Unavailable => Err(Failure::from(error).failed()),
                _ => Ok(()),
            }
        });
        Ok(())
    }

    /// As above.
    #[cfg(not(unix))]
    pub(crate) fn serve_stdio(&mut self) -> Result<(), Failure> {
        Err(Failure::wrong("standard input and output can't be served on this system"))
    }

    /// Waits until somebody is done: the client on standard input, or a listener that failed.
    ///
    /// # Errors
    /// What made it fail.
    pub(crate) async fn ended(&mut self) -> Result<(), Failure> {
        match self.tasks.join_next().await {
            Some(Ok(done)) => done,
            Some(Err(error)) => Err(Failure::internal(error.to_string())),
            None => Ok(()),
        }
    }

    /// Takes nothing new, lets what is in flight finish within the grace, cancels the rest, and shuts the runner down.
    /// `None` if it does not end.
    ///
    /// # Errors
    /// Those of the runner's shutdown.
    pub(crate) async fn shutdown(&mut self, grace: Duration) -> Result<Option<()>, Failure> {
        #[cfg(feature = "http")]
        let http = self.http.drain(grace);
        #[cfg(not(feature = "http"))]
        let http = std::future::ready(());
        let (stdio, local, network) =
            (self.stdio.shutdown(grace), self.local.shutdown(grace), self.network.shutdown(grace));
        // Gates have no shutdown that could fail.
        let _ = tokio::join!(stdio, local, network, http);
        // Files of sockets go with their tasks.
        self.tasks.shutdown().await;
        Ok(timeout(RUNNER_END_TIME, self.runner.shutdown()).await.ok().transpose()?)
    }
}
