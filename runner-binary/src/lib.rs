//! The binary RPC protocol of program runners: a remote runner over any duplex stream.
//!
//! [`Client`] is a [`Run`](runner_core::Run) whose work is done elsewhere; [`Server`] and [`serve`] let a runner do it
//! for others, over TCP, TLS, Unix sockets, in memory, or any `AsyncRead + AsyncWrite`. [`EmbeddedClient`] does without
//! an operating system. Below them is a codec that does no I/O: [`take_preface`], [`take_frame`], [`Request`],
//! [`Response`].
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
//! # #[cfg(feature = "tokio")]
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use runner_binary::{Client, ClientOptions, Server, ServerOptions};
//!
//! let runner = Pooled::new(Echo, 4)?;
//! let server = Server::new(runner.into(), ServerOptions::new());
//! let client = Client::new(server.connect(), ClientOptions::new()).await?;
//!
//! let prepared = client.prepare(&program).await?;
//! assert_eq!(client.execute(&prepared, "\x05hello".into()).await?, "\x05hello");
//! # Ok::<(), Error>(())
//! # })?;
//! # Ok::<(), Error>(())
//! ```
//!
//! What it is not: a runner, or a way to start one (`runner-posix` does that over pipes).
//!
//! # The protocol
//!
//! This is all that a client in another language needs, together with the tables of [`Request`]'s and [`Response`]'s
//! fields in [`message`]. `examples/python/runner.py` is one, with the standard library of Python alone.
//!
//! **Bytes.** A connection is a duplex stream of bytes: a socket, a pair of pipes. Each side first sends five bytes,
//! `LRPC` and the version 1. All that follows are frames: a length of four bytes, little endian, and as many bytes as it
//! says, which are one message in [postcard](https://docs.rs/postcard) and, for some kinds, a *body* behind it up to the
//! end of the frame. A length is at least 1 and at most what the receiver takes; a longer or shorter one is an error at
//! once.
//!
//! **Handshake.** The client's first message is `Hello`, in a frame of at most 4096 bytes: the largest frame it takes
//! (at least 512), a token if it has one (at most 1024 bytes), and a name for logs. It may be sent together with the five
//! bytes, and requests may follow before the answer. The server answers with its five bytes and `Welcome`, which
//! carries what the client may do, or with `Goodbye` and the reason: `DECODE_ERROR`, `UNSUPPORTED` for another version,
//! `UNAUTHENTICATED`, `RESOURCE_EXHAUSTED` if there are too many connections, `UNAVAILABLE` while it shuts down.
//!
//! **Values.** The bytes of a program are what `runner compile` writes and [`Program::bytes`](runner_core::Program::bytes)
//! gives. An input and an output are values of the program's types in postcard; [`runner_core::wire`] says how each type is
//! written. Several parameters of a function are one tuple.
//!
//! **Requests.** `Prepare`, `Execute`, `Interface`, `Describe` and `Ready` are requests. The client gives each an id below
//! `limits.requests` that no request in flight has. Every request is answered exactly once: by `Output`s with its id,
//! of which the last has `more = false` and whose bodies together are the answer, or, at any point, by `Failed`. Then
//! the id is free. Answers come in any order. One request at a time with the id 0 is a fine client.
//!
//! **Large bodies.** A program or an input that does not fit into one frame is sent with `more = true` and continued
//! by `Body` frames with the same id, of which the last has `more = false`. Frames of other requests may stand between
//! them, and should: 64 KiB a frame is a good size. A `Body` for an id without a request is passed over, because the
//! server may have answered already with `Failed`; one for a request that is complete is an error.
//!
//! **Programs.** `Prepare` binds the program in its body to a number below `limits.programs` that is free, from when it
//! is sent until `Release`, whether it succeeds or not. `Execute` names a program by that number, and may be sent
//! before the answer to `Prepare`: it waits, and fails as the preparation fails. A number that is not bound gives
//! `PROGRAM_NOT_FOUND`. `Release` has no answer; executes that came before it are not disturbed. The same program
//! prepared twice, on one connection or several, is prepared once by the runner. A server bounds what prepared programs
//! hold, and may let go of one that is not used; its number stays bound, and it is prepared again when it is executed. What
//! has no room is refused with `RESOURCE_EXHAUSTED`; see [`ServerLimits::client_prepared_bytes`].
//!
//! **Credit.** The server sends at most `credit` bytes of an answer, counting bodies. `Credit` adds to it. An empty
//! last `Output` needs none. A client that wants the whole answer gives as much credit as it is ready to hold; one
//! that takes it piece by piece gives a window and adds to it what it has taken. Answers to `Prepare` and `Ready` are empty.
//! Inputs need no credit; they are bounded by `limits.input_bytes`.
//!
//! **Reading.** A server that can't get rid of its answers reads nothing more until it can, so a client has to read while it
//! writes: one that first writes many requests, or a large input, and reads afterwards, may wait for ever.
//!
//! **Cancel.** `Cancel` stops the work of a request. The request is still answered: by `Failed` with `CANCELLED`, or
//! by what was on its way. A `Cancel` or `Credit` for an id without a request is passed over. When a connection is lost,
//! all its work stops. A deadline is a `Cancel` at the right time.
//!
//! **Ping.** `Ping` is answered by `Pong` with the same nonce, at any time. A server closes a connection on which
//! nothing is in flight and nothing was said for `limits.idle_time_ms`, so a client that wants to keep it pings.
//!
//! **Goodbye.** A client that has nothing more to ask says `Goodbye` and may close its writing side; what is in flight
//! is still answered as far as it has credit, then the server closes. A server that shuts down says `Goodbye` without an
//! error, refuses requests with `UNAVAILABLE`, and closes when the rest is answered. A `Goodbye` with an error is
//! followed by the end of the connection, and nothing in flight is answered.
//!
//! **Errors.** What is wrong with a request gives `Failed`: see [`limit`] for the limits, by the names that the
//! details of `RESOURCE_EXHAUSTED` and `DEADLINE_EXCEEDED` carry. What breaks the protocol gives `Goodbye` with
//! `DECODE_ERROR` and ends the connection: a frame of a bad length, bytes that are not a message, an id or number that
//! is taken, a second `Hello`, a request after `Goodbye`.
//!
//! **Fairness.** A server does the work of its clients in turns ([`Caller`](runner_core::Caller)). Both sides write small messages first and large bodies in turns, a chunk of at most 64 KiB each, so that
//! a large answer delays a small one by a few chunks at most.
//!
//! # A session in bytes
//!
//! ```text
//! client  4c 52 50 43 01                        LRPC, version 1
//!         06 00 00 00  00 80 80 04 00 00        Hello: frames of up to 65536 bytes, no token, no name
//!         nn nn nn nn  01 00 00 00 ...          Prepare: id 0, program 0, no more, the program's bytes
//!         09 00 00 00  02 01 00 80 08 00 ...    Execute: id 1, program 0, credit 1024, no more, 3 bytes of input
//! server  4c 52 50 43 01                        LRPC, version 1
//!         nn nn nn nn  00 ...                   Welcome: limits and name
//!         03 00 00 00  01 00 00                 Output: id 0, no more
//!         06 00 00 00  01 01 00 ...             Output: id 1, no more, 3 bytes of output
//! client  02 00 00 00  0a 00                    Goodbye
//! ```

#![cfg_attr(not(any(feature = "tokio", test)), no_std)]

extern crate alloc;

#[cfg(feature = "tokio")]
mod block;
#[cfg(feature = "tokio")]
mod client;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
mod frame;
#[cfg(feature = "tokio")]
mod in_flight;
mod limits;
pub mod message;
#[cfg(feature = "tokio")]
mod outbox;
#[cfg(feature = "tokio")]
mod server;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tokio")]
mod wire;

#[cfg(feature = "tokio")]
pub use client::{Client, ClientOptions, Prepared, Reconnect};
#[cfg(feature = "embedded")]
pub use embedded::{EmbeddedClient, EmbeddedProgram};
pub use error::limit;
pub use frame::{MAGIC, PREFACE, VERSION, take_frame, take_preface};
pub use limits::{CHUNK_BYTES, FRAME_BYTES_MIN, HANDSHAKE_BYTES, HEAD_BYTES, ServerLimits, TOKEN_BYTES};
pub use message::{Limits, Request, Response, Token};
#[cfg(feature = "tokio")]
pub use runner_spool::Spool;
#[cfg(feature = "tokio")]
pub use server::{Metrics, Server, ServerOptions, serve};
#[cfg(feature = "tls")]
pub use tls::{TlsClient, TlsServer};
