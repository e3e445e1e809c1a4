//! The side that has a server.

mod answer;
mod connect;
mod options;

use std::{
    fmt,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use async_stream::try_stream;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use runner_core::{Code, Description, Error, Program, Result, Run};

use crate::{
    limits::ANSWER_BYTES,
    media::{POSTCARD, PROGRAM},
    problem::TRAILER,
};
use connect::{Connector, unreachable_server};

pub use options::ClientOptions;

type Http = legacy::Client<Connector, Full<Bytes>>;

/// A runner behind a [`Server`](crate::Server). Clones share its connections.
///
/// As many connections are open as requests are in flight; they are kept for a while. Dropping a future closes its
/// connection, which cancels the work. A program that the server no longer knows is sent again.
///
/// ```no_run
/// use runner_core::Run;
/// use runner_http::{Client, ClientOptions, Token};
///
/// # async fn example() -> runner_core::Result<()> {
/// let options = ClientOptions::new().with_token(Token::new("swordfish"));
/// let client = Client::new("https://runner.example.com", options)?;
/// println!("{}", client.describe().await?.name);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    /// `None` after the shutdown.
    http: Mutex<Option<Http>>,
    /// Scheme, authority and the beginning of all paths, without a slash at the end.
    base: String,
    token: Option<HeaderValue>,
    output_bytes: u64,
}

/// A program that was sent to a server.
#[derive(Debug, Clone)]
pub struct Prepared(Program);

impl Client {
    /// A client of the server at a URL: `http://HOST[:PORT][/PATH]`, or `https`. It connects when it is first used.
    ///
    /// Must be used on a tokio runtime.
    ///
    /// # Errors
    /// `DECODE_ERROR` if this is no such URL, or the token can't stand in a header; `UNSUPPORTED` for `https` without the
    /// feature `tls`.
    pub fn new(url: &str, options: ClientOptions) -> Result<Self> {
        let wrong = || Error::decode(format!("{url} is no URL such as `http://127.0.0.1:8080`"));
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong());
        };
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(wrong());
        }
        let connector = Connector::new(scheme, &options).ok_or_else(wrong)??;
        let token = options.token.map(|token| {
            let mut value = HeaderValue::from_bytes(&[b"Bearer ", token.secret()].concat())
                .map_err(|_| Error::decode("the token can't stand in a header"))?;
            value.set_sensitive(true);
            Ok::<_, Error>(value)
        });
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(options.idle_time)
            .build(connector);
        Ok(Self(Arc::new(Shared {
            http: Mutex::new(Some(http)),
            base: format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/')),
            token: token.transpose()?,
            output_bytes: options.output_bytes,
        })))
    }

    /// Sends a request. The answer is a success, or it is read as the error that it tells of.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<Response<Incoming>> {
        let shared = &*self.0;
        let http = shared.http.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(http) = http else {
            let error = Error::new(Code::Unavailable, "the client is shut down");
            return Err(error.with_retryable(false));
        };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", shared.base))
            .header(header::ACCEPT, const { HeaderValue::from_static(POSTCARD) })
            .header(header::TE, const { HeaderValue::from_static("trailers") })
            .header(HeaderName::from_static("runner-trailer"), const { HeaderValue::from_static(TRAILER) });
        if let Some(token) = &shared.token {
            request = request.header(header::AUTHORIZATION, token.clone());
        }
        let body = match body {
            Some((media, body)) => {
                request = request.header(header::CONTENT_TYPE, HeaderValue::from_static(media));
                body
            }
            None => Bytes::new(),
        };
        let request =
            request.body(Full::new(body)).map_err(|error| Error::decode(format!("the request: {error}")))?;
        let response =
            http.request(request).await.map_err(|error| unreachable_server(&shared.base, &error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(answer::failure(response).await)
    }

    async fn send_program(&self, program: &Program) -> Result<()> {
        let bytes = Bytes::copy_from_slice(program.bytes());
        let response = self.ask(Method::POST, "/v1/programs", Some((PROGRAM, bytes))).await?;
        // Read to its end, so that the connection can be used again.
        answer::collected(response, ANSWER_BYTES).await.map(drop)
    }

    async fn begin(&self, prepared: &Prepared, input: Bytes) -> Result<Response<Incoming>> {
        let path = format!("/v1/programs/{}/execute", prepared.0.id());
        let begun = self.ask(Method::POST, &path, Some((POSTCARD, input.clone()))).await;
        match begun {
            Err(error) if error.code() == Code::ProgramNotFound => {
                self.send_program(&prepared.0).await?;
                self.ask(Method::POST, &path, Some((POSTCARD, input))).await
            }
            begun => begun,
        }
    }
}

impl Run for Client {
    type Prepared = Prepared;

    async fn prepare(&self, program: &Program) -> Result<Prepared> {
        self.send_program(program).await?;
        Ok(Prepared(program.clone()))
    }

    async fn execute(&self, prepared: &Prepared, input: Bytes) -> Result<Bytes> {
        answer::collected(self.begin(prepared, input).await?, self.0.output_bytes).await
    }

    fn execute_chunks<'a>(
        &'a self,
        prepared: &'a Prepared,
        input: Bytes,
    ) -> impl Stream<Item = Result<Bytes>> + Send + 'a {
        try_stream! {
            let begun = self.begin(prepared, input).await?;
            let mut chunks = pin!(answer::chunks(begun));
            while let Some(chunk) = chunks.next().await {
                yield chunk?;
            }
        }
    }

    async fn get_interface(&self) -> Result<String> {
        let response = self.ask(Method::GET, "/v1/interface", None).await?;
        let text = answer::collected(response, ANSWER_BYTES).await?;
        String::from_utf8(text.into())
            .map_err(|error| Error::decode(format!("the interface is no UTF-8: {error}")))
    }

    async fn shutdown(&self) -> Result<()> {
        let http = self.0.http.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(http);
        Ok(())
    }

    async fn describe(&self) -> Result<Description> {
        let response = self.ask(Method::GET, "/v1/describe", None).await?;
        let bytes = answer::collected(response, ANSWER_BYTES).await?;
        postcard::from_bytes(&bytes)
            .map_err(|error| Error::decode(format!("the description can't be read: {error}")))
    }

    async fn ready(&self) -> Result<()> {
        let response = self.ask(Method::GET, "/readyz", None).await?;
        answer::collected(response, ANSWER_BYTES).await.map(drop)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.0.base)
    }
}
