//! Program runners over HTTP.
//!
//! [`Server`] lets a runner be used by whoever speaks HTTP/1.1, and [`Client`] is a [`Run`](runner_core::Run) whose work
//! is done by such a server. A [`Function`] is a program that has an endpoint of its own.
//!
//! | method and path | body | answer |
//! | --- | --- | --- |
//! | `POST /v1/programs` | a program, or source (`?program=NAME`) | 201, or 200 if it was known: `id`, `signature`, JSON Schemas of `input` and `output` |
//! | `GET /v1/programs/{id}` | | the same |
//! | `POST /v1/programs/{id}/execute` | the input | the output |
//! | `POST /v1/run` | a program and its input, see below | the output |
//! | `POST /v1/functions/{name}` | an object of the parameters | the result |
//! | `GET /v1/interface` | | what the runner offers to programs, as Lutra source |
//! | `GET /v1/describe` | | [`Description`](runner_core::Description) |
//! | `GET /healthz`, `GET /readyz` | | whether the process lives, whether it and its runner ([`Run::ready`](runner_core::Run::ready)) take requests; no token is needed |
//! | `GET /metrics` | | counters and gauges for Prometheus |
//! | `GET /openapi.json` | | all this, and the types of every function, as OpenAPI 3.1 |
//! | `GET /` | | a page to call functions, and to write and run programs where source is taken; no token is needed |
//!
//! **Values** are `application/json` (see [`runner_json`]) or `application/vnd.postcard` (see [`runner_core::wire`];
//! `application/octet-stream` is the same), by `Content-Type` and `Accept`; without an `Accept` the answer is like the
//! request. A program that takes nothing needs no body. **Programs** are `application/vnd.runner.program`
//! ([`runner_core::Program::bytes`]) and have the SHA-256 of their bytes as id, so the same program is prepared once,
//! whoever sends it. The server keeps a bounded number of them: an id that was let go of is `PROGRAM_NOT_FOUND`, and is
//! good again when the program is sent again. **Source** is `text/x-lutra`, and taken only if the server has a compiler
//! ([`ServerOptions::with_compile`]); encoded programs are taken unless it is told not to
//! ([`ServerOptions::without_programs`]). What is not taken is 403.
//!
//! `POST /v1/run` takes `application/json`, an object of `source` and `program` (a name or an expression, `main` if there
//! is none) or `bytes` (an encoded program in base64), and `input`; or `application/vnd.postcard`, two byte strings: the
//! program, the input; or `text/x-lutra`, a source whose program takes nothing.
//!
//! **Large outputs** are chunked and follow the reader's pace. Bodies are gzip, brotli or zstd by `Content-Encoding` and
//! `Accept-Encoding`; limits hold for what they expand to.
//!
//! **Time.** `Runner-Timeout: 250ms` (`ms`, `s` or `m`) says how long the work may take, if that is less than the server
//! allows. When the time is over, or the client is gone, the work stops.
//!
//! **Errors** are `application/problem+json` with the `code`, `retryable` and `details` of a
//! [`runner_core::Error`], which a [`Client`] gives back unchanged:
//!
//! | code | status |
//! | --- | --- |
//! | `DECODE_ERROR` | 400 |
//! | `UNAUTHENTICATED` | 401 |
//! | `PROGRAM_NOT_FOUND` | 404 |
//! | `PREPARE_ERROR`, `EXECUTION_ERROR` | 422 |
//! | `RESOURCE_EXHAUSTED` | 413 for a body; 503 for connections and 429 for the rest with `Retry-After` if it is retryable; 422 if the program is at fault |
//! | `DEADLINE_EXCEEDED` | 504; 408 for a body that does not come |
//! | `CANCELLED`, `UNAVAILABLE` | 503, with `Retry-After` if it is retryable |
//! | `UNSUPPORTED` | 501; 403 for programs and source that are not taken; 404, 405, 406 and 415 for what HTTP itself says so of |
//! | `INTERNAL` | 500 |
//!
//! An error behind the head of an answer breaks it off. A client that sends `TE: trailers` and
//! `Runner-Trailer: runner-error` is told in the trailer `Runner-Error` instead, which holds the same JSON.
//!
//! **Tokens** are bearer tokens. Without one, a server only listens to its own machine, under the name `localhost` or an
//! address, unless it is told otherwise ([`ServerOptions::open_to_everybody`]); and it refuses what a browser sends for a
//! page of another site, as `Sec-Fetch-Site` and `Origin` tell. What is refused so is told 403.
//!
//! ```
//! # use runner_core::{Cancel, Error, Expr, INPUT, Kind, Parts, Prim, Program, Result, Run, RunSync, TypeTable, adapt::Pooled};
//! # struct Echo;
//! # impl RunSync for Echo {
//! #     type Prepared = ();
//! #     fn prepare(&self, _: &Program) -> Result<()> { Ok(()) }
//! #     fn execute_with(&self, _: &(), input: &[u8], _: &Cancel) -> Result<Vec<u8>> { Ok(input.to_vec()) }
//! #     fn get_interface(&self) -> Result<String> { Ok(String::new()) }
//! #     fn shutdown(&self) -> Result<()> { Ok(()) }
//! # }
//! # let mut types = TypeTable::new();
//! # let text = types.prim(Prim::Text);
//! # let body = vec![Expr { kind: Kind::Local(INPUT), ty: text }];
//! # let program = Program::new(Parts { types, input: text, output: text, body, ..Parts::default() })?;
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use runner_http::{Client, ClientOptions, Server, ServerOptions};
//!
//! let server = Server::new(Pooled::new(Echo, 4)?.into(), ServerOptions::new());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
//! let url = format!("http://{}", listener.local_addr().unwrap());
//! tokio::spawn(async move { server.listen_tcp(listener).await });
//!
//! let client = Client::new(&url, ClientOptions::new())?;
//! let prepared = client.prepare(&program).await?;
//! assert_eq!(client.execute(&prepared, "\x05hello".into()).await?, "\x05hello");
//! # Ok::<(), Error>(())
//! # })?;
//! # Ok::<(), Error>(())
//! ```
//!
//! What it is not: a runner, a compiler, or a reverse proxy; it speaks HTTP/1.1 only.

#[cfg(feature = "client")]
mod client;
mod error;
#[cfg(feature = "server")]
mod function;
mod limits;
mod media;
#[cfg(feature = "server")]
mod openapi;
mod problem;
#[cfg(feature = "server")]
mod schema;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "tls")]
mod tls;
mod token;

#[cfg(feature = "client")]
pub use client::{Client, ClientOptions, Prepared};
pub use error::limit;
#[cfg(feature = "server")]
pub use function::{Function, Param};
pub use limits::ServerLimits;
#[cfg(feature = "server")]
pub use runner_spool::Spool;
#[cfg(feature = "server")]
pub use server::{Server, ServerOptions};
#[cfg(all(feature = "tls", feature = "client"))]
pub use tls::TlsClient;
#[cfg(all(feature = "tls", feature = "server"))]
pub use tls::TlsServer;
pub use token::Token;
