//! Program runners over HTTP.

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
pub use server::{Server, ServerOptions};
#[cfg(all(feature = "tls", feature = "client"))]
pub use tls::TlsClient;
#[cfg(all(feature = "tls", feature = "server"))]
pub use tls::TlsServer;
pub use token::Token;
