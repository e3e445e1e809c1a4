//! Where a request comes from and whom it is meant for, as far as its head tells.

use std::net::IpAddr;

use http::{HeaderMap, Request, Uri, Version, header, uri::Authority};
use runner_core::Error;

use super::reply::Problem;

/// A host as a client names it: in a target, in `Host` or in `Origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    authority: Authority,
    port: Option<u16>,
}

impl Host {
    /// The host that a request is meant for. Only HTTP/1.0 may leave it out.
    ///
    /// # Errors
    /// 400 if it is named twice, differently, not at all, or by what is no name.
    pub(super) fn of<B>(request: &Request<B>) -> Result<Option<Self>, Problem> {
        let wrong = |words: &str| Problem::from(Error::decode(words));
        let mut named = request.headers().get_all(header::HOST).iter();
        let host = match (named.next(), named.next()) {
            (_, Some(_)) => return Err(wrong("the request has more than one `Host`")),
            (Some(host), None) => {
                let host = host.to_str().ok().and_then(Self::parse);
                Some(host.ok_or_else(|| wrong("`Host` is no `name`, `name:port` or address"))?)
            }
            (None, None) => None,
        };
        let target = request.uri().authority().map(|target| Self::parse(target.as_str()));
        match (host, target) {
            (None, None) if request.version() == Version::HTTP_11 => {
                Err(wrong("a request of HTTP/1.1 has a `Host`"))
            }
            (host, None) => Ok(host),
            (None, Some(Some(target))) if request.version() != Version::HTTP_11 => Ok(Some(target)),
            (Some(host), Some(Some(target))) if host.is(&target, default_port(request.uri())) => {
                Ok(Some(host))
            }
            (_, Some(_)) => Err(wrong("the target of the request names another host than `Host`")),
        }
    }

    /// `name`, `name:port`, `address` or `[address]:port`; nothing before an `@`.
    fn parse(text: &str) -> Option<Self> {
        let authority: Authority = text.parse().ok()?;
        let port = text.strip_prefix(authority.host()).filter(|_| !authority.host().is_empty())?;
        let port = match port.strip_prefix(':') {
            Some("") => None,
            Some(port) => Some(port.parse().ok()?),
            None if port.is_empty() => None,
            None => return None,
        };
        Some(Self { authority, port })
    }

    /// Whether both are the same, where no port means this one.
    fn is(&self, other: &Self, default_port: Option<u16>) -> bool {
        self.authority.host().eq_ignore_ascii_case(other.authority.host())
            && self.port.or(default_port) == other.port.or(default_port)
    }

    /// Whether nobody else can have made this name lead here: it is an address, or one of this machine alone.
    fn is_local(&self) -> bool {
        let name = self.authority.host();
        let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        name.eq_ignore_ascii_case("localhost")
            || name.to_ascii_lowercase().ends_with(".localhost")
            || address.parse::<IpAddr>().is_ok()
    }
}

/// Without a token, only this machine is served, and a name that somebody made lead here is not this machine's.
pub(super) fn check_local(host: Option<&Host>) -> Result<(), Problem> {
    match host.is_none_or(Host::is_local) {
        true => Ok(()),
        false => Err(Problem::forbidden("without a token, only `localhost` and addresses are served")),
    }
}

/// Without a token, a page of another site must not make a browser send something here.
///
/// Browsers name the site of the page in `Sec-Fetch-Site`, if the connection is to this machine or is encrypted, and
/// else at least the page's `Origin`. What is no browser sends neither.
pub(super) fn check_origin<B>(request: &Request<B>, host: Option<&Host>) -> Result<(), Problem> {
    if request.method().is_safe() {
        return Ok(());
    }
    let is_ours = match request.headers().get("sec-fetch-site") {
        Some(site) => matches!(site.as_bytes(), b"same-origin" | b"none"),
        None => has_own_origin(request.headers(), host),
    };
    match is_ours {
        true => Ok(()),
        false => Err(Problem::forbidden("a page of another site asks, and there is no token")),
    }
}

fn has_own_origin(headers: &HeaderMap, host: Option<&Host>) -> bool {
    headers.get_all(header::ORIGIN).iter().all(|origin| {
        // `null` has no scheme.
        let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
        let origin = origin.filter(|origin| origin.scheme().is_some());
        let named = origin.as_ref().and_then(Uri::authority).and_then(|named| Host::parse(named.as_str()));
        match (named, host, &origin) {
            (Some(named), Some(host), Some(origin)) => named.is(host, default_port(origin)),
            _ => false,
        }
    })
}

fn default_port(uri: &Uri) -> Option<u16> {
    match uri.scheme_str() {
        Some("http") => Some(80),
        Some("https") => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses_with_or_without_a_port() {
        for (text, port) in
            [("localhost", None), ("a.b:80", Some(80)), ("[::1]:8080", Some(8080)), ("127.0.0.1:", None)]
        {
            assert_eq!(Host::parse(text).map(|host| host.port), Some(port), "{text}");
        }
        for wrong in [
            "",
            ":80",
            "a@localhost",
            "localhost:port",
            "a:65536",
            "a:1:2",
            "a b",
            "a/b",
            "[::1",
            "[::1]80",
            "a,b c",
        ] {
            assert_eq!(Host::parse(wrong), None, "{wrong}");
        }
    }
}
