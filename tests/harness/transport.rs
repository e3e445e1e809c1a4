//! The transports, with a real server at the other end of each.

use std::{
    env, fs,
    future::ready,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use runner_binary::{Client, ClientOptions, Server, ServerOptions, TlsClient, TlsServer};
use runner_core::{DynRun, Result, Run};
use runner_posix::{Process, serve_stdio};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, UnixListener},
    runtime::Handle,
};

/// In the environment of a child that is to serve on its standard input and output; what the suite says about it.
const CHILD: &str = "RUNNER_TESTS_CHILD";

/// A transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// The binary protocol in memory.
    Memory,
    /// The binary protocol over TCP.
    Tcp,
    /// The binary protocol over a Unix socket.
    Unix,
    /// The binary protocol over TLS.
    Tls,
    /// The binary protocol over the pipes of a child, which is this executable.
    Child,
    /// HTTP.
    Http,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Memory, Self::Tcp, Self::Unix, Self::Tls, Self::Child, Self::Http];

    /// Its name in the names of tests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Tcp => "tcp",
            Self::Unix => "unix",
            Self::Tls => "tls",
            Self::Child => "child",
            Self::Http => "http",
        }
    }

    /// Serves a runner over the transport. A child makes one of its own instead, see [`child`].
    ///
    /// Must be called on a tokio runtime, where it is served.
    pub async fn serve<R>(self, runner: Arc<R>, about: &str) -> Served
    where
        R: Run + 'static,
        R::Prepared: 'static,
    {
        let server = Server::new(Arc::clone(&runner), ServerOptions::new());
        let directory = TempDir::new().unwrap();
        let mut authority = None;
        let (url, connect): (String, Box<Connect>) = match self {
            Self::Memory => {
                // Whoever connects, from whatever runtime, is served on this one.
                let runtime = Handle::current();
                let connect = move || -> Connecting {
                    let entered = runtime.enter();
                    let stream = server.connect();
                    drop(entered);
                    Box::pin(async move { erased(Client::new(stream, ClientOptions::new()).await) })
                };
                ("memory:".into(), Box::new(connect))
            }
            Self::Tcp => {
                let (listener, address) = bind().await;
                tokio::spawn(async move { server.listen_tcp(listener).await });
                let connect = move || -> Connecting {
                    let client = Client::connect_tcp(address.to_string(), ClientOptions::new());
                    Box::pin(async move { erased(client.await) })
                };
                (format!("tcp://{address}"), Box::new(connect))
            }
            Self::Unix => {
                let path = directory.path().join("runner.sock");
                let url = format!("unix://{}", path.display());
                let listener = UnixListener::bind(&path).unwrap();
                tokio::spawn(async move { server.listen_unix(listener).await });
                let connect = move || -> Connecting {
                    let client = Client::connect_unix(path.clone(), ClientOptions::new());
                    Box::pin(async move { erased(client.await) })
                };
                (url, Box::new(connect))
            }
            Self::Tls => {
                let (listener, address) = bind().await;
                let path = authority.insert(directory.path().join("authority.pem"));
                let (ours, theirs) = certificates(path);
                let address = format!("localhost:{}", address.port());
                let url = format!("tls://{address}");
                tokio::spawn(async move { server.listen_tls(listener, theirs).await });
                let connect = move || -> Connecting {
                    let client = Client::connect_tls(address.clone(), ours.clone(), ClientOptions::new());
                    Box::pin(async move { erased(client.await) })
                };
                (url, Box::new(connect))
            }
            Self::Child => {
                let (name, about) = child_variable(about);
                let executable = env::current_exe().unwrap();
                let url = format!("exec:{}", executable.display());
                let connect = move || -> Connecting {
                    let child = Process::builder(&executable).env(name, &about).start();
                    Box::pin(async move { erased(child.await) })
                };
                (url, Box::new(connect))
            }
            Self::Http => {
                let (listener, address) = bind().await;
                let server = runner_http::Server::new(runner, runner_http::ServerOptions::new());
                tokio::spawn(async move { server.listen_tcp(listener).await });
                let url = format!("http://{address}");
                let client = runner_http::Client::new(&url, runner_http::ClientOptions::new()).unwrap();
                let connect = move || -> Connecting { Box::pin(ready(erased(Ok(client.clone())))) };
                (url, Box::new(connect))
            }
        };
        Served { connect, url, authority, _directory: directory }
    }
}

/// A runner that is served.
pub struct Served {
    connect: Box<Connect>,
    /// Where it is, as `runner --runner` has it. A child needs its [variable](child_variable) in the environment.
    pub url: String,
    /// The certificate of the authority that has signed the server's, a PEM file.
    pub authority: Option<PathBuf>,
    _directory: TempDir,
}

type Connect = dyn Fn() -> Connecting + Send + Sync;
type Connecting = Pin<Box<dyn Future<Output = Result<DynRun>> + Send>>;

impl Served {
    /// A client of its own connection; of a child, also of its own server.
    ///
    /// # Errors
    /// If the server can't be reached.
    pub async fn connect(&self) -> Result<DynRun> {
        (self.connect)().await
    }
}

/// If this process was started to be a child, serves the runner that `make` makes of what was said about it, and
/// returns whether it did.
pub fn child<R>(make: impl FnOnce(&str) -> R) -> bool
where
    R: Run + 'static,
    R::Prepared: 'static,
{
    let Ok(about) = env::var(CHILD) else { return false };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(serve_stdio(Arc::new(make(&about)), ServerOptions::new())).unwrap();
    true
}

/// The variable of the environment by which a process of this executable becomes a child.
#[must_use]
pub fn child_variable(about: &str) -> (&'static str, String) {
    (CHILD, about.to_owned())
}

fn erased<R: Run + 'static>(runner: Result<R>) -> Result<DynRun>
where
    R::Prepared: 'static,
{
    runner.map(DynRun::new)
}

async fn bind() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// What a client and a server on `localhost` need. The authority's certificate goes to a file, too.
fn certificates(path: &Path) -> (TlsClient, TlsServer) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // A certificate whose issuer has its own name would be taken to have signed itself.
    params.distinguished_name.push(DnType::CommonName, "authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".into()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    fs::write(path, authority.pem()).unwrap();
    let client = TlsClient::from_pem(Some(authority.pem().as_bytes()), None).unwrap();
    let server = TlsServer::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes(), None);
    (client, server.unwrap())
}
