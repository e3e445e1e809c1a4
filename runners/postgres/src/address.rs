//! What of an address the driver does not know: modes that verify the server, and authorities.

use std::borrow::Cow;

/// An address without what the driver does not know.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Address {
    /// What the driver is given.
    pub(crate) rest: String,
    pub(crate) mode: Option<String>,
    /// A file.
    pub(crate) authorities: Option<String>,
    pub(crate) has_keepalive: bool,
}

impl Address {
    /// Takes a URL apart, or `key=value` pairs as libpq reads them. What is wrong with it, the driver will say.
    pub(crate) fn parse(text: &str) -> Self {
        let mut address = Self::default();
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let (place, query) = text.split_once('?').unwrap_or((text, ""));
            address.rest.push_str(place);
            let mut separator = '?';
            for pair in query.split('&').filter(|pair| !pair.is_empty()) {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                if let Some(text) = address.take(key, &decoded(value)) {
                    address.rest.push(separator);
                    address.rest.push_str(&text.unwrap_or_else(|| pair.to_owned()));
                    separator = '&';
                }
            }
        } else {
            for Pair { key, value, text } in pairs(text) {
                if let Some(other) = address.take(key, &value) {
                    address.rest.push(' ');
                    address.rest.push_str(&other.unwrap_or_else(|| text.to_owned()));
                }
            }
        }
        address
    }

    /// Keeps what is meant for this side: `None` if the driver is not to see it, else what it is to see instead.
    fn take(&mut self, key: &str, value: &str) -> Option<Option<String>> {
        match key {
            "sslrootcert" => {
                self.authorities = Some(value.to_owned());
                return None;
            }
            "sslmode" => {
                self.mode = Some(value.to_owned());
                // They differ in what is checked, not in what is asked for.
                if matches!(value, "verify-ca" | "verify-full") {
                    return Some(Some("sslmode=require".into()));
                }
            }
            "keepalives_idle" => self.has_keepalive = true,
            _ => {}
        }
        Some(None)
    }
}

struct Pair<'a> {
    key: &'a str,
    value: String,
    /// All of it as it was written.
    text: &'a str,
}

/// The pairs of `host=localhost password='it\'s'`; from where it makes no sense, the rest is one pair.
fn pairs(text: &str) -> Vec<Pair<'_>> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=').unwrap_or((rest, ""));
        let after = after.trim_start();
        let mut value = String::new();
        let mut is_quoted = false;
        let mut is_escaped = false;
        let mut end = after.len();
        for (index, letter) in after.char_indices() {
            match letter {
                _ if is_escaped => {
                    value.push(letter);
                    is_escaped = false;
                }
                '\\' => is_escaped = true,
                '\'' if is_quoted || index == 0 => is_quoted = !is_quoted,
                letter if letter.is_whitespace() && !is_quoted => {
                    end = index;
                    break;
                }
                _ => value.push(letter),
            }
        }
        let next = after.get(end..).unwrap_or_default();
        let text = rest.strip_suffix(next).unwrap_or(rest);
        pairs.push(Pair { key: key.trim(), value, text });
        rest = next.trim_start();
    }
    pairs
}

/// A part of a URL without its `%41`.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::new();
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let digits = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match digits {
            Some(byte) => bytes.push(byte),
            None => bytes.push(b'%'),
        }
        let from = if digits.is_some() { 2 } else { 0 };
        bytes.extend_from_slice(part.get(from..).unwrap_or_default().as_bytes());
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let cases = [
            ("postgres://a:b@c/d", "postgres://a:b@c/d", None, None),
            (
                "postgres://a:sslmode=verify-ca@c/d?x=1&sslmode=verify-full&sslrootcert=%2Ftmp%2Fa%20b&y=2",
                "postgres://a:sslmode=verify-ca@c/d?x=1&sslmode=require&y=2",
                Some("verify-full"),
                Some("/tmp/a b"),
            ),
            ("postgresql://c?sslrootcert=r", "postgresql://c", None, Some("r")),
            ("host=c  sslmode = disable", " host=c sslmode = disable", Some("disable"), None),
            (
                r"password='it\'s sslmode=x' sslmode='verify-ca' sslrootcert=a\ b",
                r" password='it\'s sslmode=x' sslmode=require",
                Some("verify-ca"),
                Some("a b"),
            ),
            ("nonsense", " nonsense", None, None),
            ("", "", None, None),
        ];
        for (text, rest, mode, authorities) in cases {
            let expected = Address {
                rest: rest.into(),
                mode: mode.map(Into::into),
                authorities: authorities.map(Into::into),
                has_keepalive: false,
            };
            assert_eq!(Address::parse(text), expected, "{text}");
        }
    }
}
