//! Where clients are expected.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::error::Failure;

/// An address by its URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp(String),
    Tls(String),
    Unix(PathBuf),
    Http(String),
    Https(String),
}

impl Address {
    pub(crate) fn is_http(&self) -> bool {
        matches!(self, Self::Http(_) | Self::Https(_))
    }
}

impl FromStr for Address {
    type Err = Failure;

    fn from_str(url: &str) -> Result<Self, Failure> {
        let (scheme, place) = url.split_once("://").unwrap_or((url, ""));
        let has_port = || {
            let (host, port) = place.rsplit_once(':')?;
            (!host.is_empty() && port.parse::<u16>().is_ok()).then_some(())
        };
        let known = match scheme {
            "unix" if !place.is_empty() => return Ok(Self::Unix(place.into())),
            "tcp" => Self::Tcp(place.into()),
            "tls" => Self::Tls(place.into()),
            "http" => Self::Http(place.into()),
            "https" => Self::Https(place.into()),
            _ => {
                let words = format!(
                    "`{url}` is no address to listen on; known are `tcp://HOST:PORT`, `tls://HOST:PORT`"
                );
                return Err(Failure::wrong(format!(
                    "{words}, `unix://PATH`, `http://HOST:PORT`, `https://HOST:PORT`"
                )));
            }
        };
        if known.is_http() && cfg!(not(feature = "http")) {
            return Err(Failure::wrong("this executable was built without HTTP"));
        }
        match has_port() {
            Some(()) => Ok(known),
            None => Err(Failure::wrong(format!("`{url}` is not of the form `{scheme}://HOST:PORT`"))),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(place) => write!(f, "tcp://{place}"),
            Self::Tls(place) => write!(f, "tls://{place}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Http(place) => write!(f, "http://{place}"),
            Self::Https(place) => write!(f, "https://{place}"),
        }
    }
}
