//! Addresses that are had, before anybody is served.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::{Address, Settings};
use crate::error::Failure;

/// A listener.
#[derive(Debug)]
pub(crate) enum Bound {
    Tcp(TcpListener),
    Tls(TcpListener),
    #[cfg(unix)]
    Unix {
        listener: tokio::net::UnixListener,
        file: super::socket::SocketFile,
        /// Whether this user alone may come.
        is_private: bool,
    },
    #[cfg_attr(not(feature = "http"), allow(dead_code, reason = "such addresses are refused"))]
    Http(TcpListener),
    #[cfg_attr(not(feature = "http"), allow(dead_code, reason = "such addresses are refused"))]
    Https(TcpListener),
}

impl Bound {
    /// Takes an address, and gives it with the port that it has.
    ///
    /// # Errors
    /// If it can't be had, or may not: see [`Settings`] on tokens.
    pub(crate) async fn new(
        address: &Address,
        settings: &Settings,
        has_token: bool,
    ) -> Result<(Self, Address), Failure> {
        let place = match address {
            #[cfg(unix)]
            Address::Unix(path) => {
                let mode = settings.unix_mode();
                let (listener, file) = super::socket::listen(path, mode).await?;
                return Ok((Self::Unix { listener, file, is_private: mode.is_private() }, address.clone()));
            }
            #[cfg(not(unix))]
            Address::Unix(_) => return Err(Failure::wrong("there are no Unix sockets on this system")),
            Address::Tcp(place) | Address::Tls(place) | Address::Http(place) | Address::Https(place) => place,
        };
        let failure = |error| Failure::unreachable(format!("{address}: {error}"));
        let listener = TcpListener::bind(place).await.map_err(failure)?;
        let local = listener.local_addr().map_err(failure)?;
        check(address, local, settings, has_token)?;
        let local = local.to_string();
        Ok(match address {
            Address::Tls(_) => (Self::Tls(listener), Address::Tls(local)),
            Address::Http(_) => (Self::Http(listener), Address::Http(local)),
            Address::Https(_) => (Self::Https(listener), Address::Https(local)),
            Address::Tcp(_) | Address::Unix(_) => (Self::Tcp(listener), Address::Tcp(local)),
        })
    }
}

/// Nothing is served to other machines without a token, unless told so.
fn check(address: &Address, local: SocketAddr, settings: &Settings, has_token: bool) -> Result<(), Failure> {
    let knows_clients = matches!(address, Address::Tls(_)) && settings.knows_clients();
    if has_token || local.ip().is_loopback() || knows_clients || settings.allow_no_token {
        return Ok(());
    }
    let words = format!("{address}: other machines reach this address, and there is no token");
    Err(Failure::wrong(words)
        .hint("say where it is with `--token-file` or `--token-env`, or `--allow-no-token`"))
}
