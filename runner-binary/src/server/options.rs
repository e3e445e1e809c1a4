use std::time::Duration;

use runner_core::{Code, Error, Result};
use runner_spool::Spool;
use subtle::{Choice, ConstantTimeEq};

use crate::{
    error::limit,
    limits::{ServerLimits, TOKEN_BYTES},
    message::{Limits, Token},
};

/// How a [`Server`](crate::Server) serves.
///
/// ```
/// use runner_binary::{ServerLimits, ServerOptions, Token};
///
/// let options = ServerOptions::new()
///     .with_token(Token::new("swordfish"))
///     .with_limits(ServerLimits { requests: 64, ..Default::default() });
/// assert_eq!(options.limits().requests, 64);
/// ```
#[derive(Debug, Clone)]
pub struct ServerOptions {
    pub(super) limits: ServerLimits,
    pub(super) tokens: Vec<Token>,
    pub(super) name: String,
    pub(super) open: bool,
    pub(super) spool: Spool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerOptions {
    /// Default limits and no token.
    #[must_use]
    pub fn new() -> Self {
        let name = concat!("runner/", env!("CARGO_PKG_VERSION")).to_owned();
        Self {
            limits: ServerLimits::default(),
            tokens: Vec::new(),
            name,
            open: false,
            spool: Spool::default(),
        }
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: ServerLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Lets in only those who show this token, or another one that was given.
    #[must_use]
    pub fn with_token(mut self, token: Token) -> Self {
        self.tokens.push(token);
        self
    }

    /// Names the server to its clients.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Serves on addresses that other machines reach although nobody has to prove who they are.
    #[must_use]
    pub fn open_to_everybody(mut self) -> Self {
        self.open = true;
        self
    }

    /// Sets where outputs wait that their client does not take. Several servers may have the same place; by default it is
    /// a file without a name, see [`Spool::default`].
    ///
    /// ```
    /// use runner_binary::{ServerOptions, Spool};
    ///
    /// let options = ServerOptions::new().with_spool(Spool::new("/var/lib/runner"));
    /// let none = ServerOptions::new().with_spool(Spool::off());
    /// ```
    #[must_use]
    pub fn with_spool(mut self, spool: Spool) -> Self {
        self.spool = spool;
        self
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &ServerLimits {
        &self.limits
    }

    /// What clients are told.
    pub(super) fn announced(&self) -> Limits {
        let limits = &self.limits;
        Limits {
            frame_bytes: limits.frame_bytes,
            requests: limits.requests,
            programs: limits.programs,
            program_bytes: limits.program_bytes,
            input_bytes: limits.input_bytes,
            output_bytes: limits.output_bytes,
            request_time_ms: millis(limits.request_time),
            idle_time_ms: millis(limits.idle_time),
        }
    }

    /// What a description tells of the limits on work, beside the runner's own.
    pub(super) fn described(&self) -> impl Iterator<Item = (String, u64)> + use<> {
        let limits = &self.limits;
        [
            (limit::REQUEST_TIME, millis(limits.request_time)),
            (limit::EXECUTING, limits.executing as u64),
            (limit::PREPARED_PROGRAMS, limits.prepared_programs as u64),
            (limit::PREPARED_BYTES, limits.prepared_bytes),
            (limit::CLIENT_PREPARED_BYTES, limits.client_prepared_bytes),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
    }

    /// Compares with every token in a time that tells nothing but lengths.
    pub(super) fn admit(&self, token: Option<&Token>) -> Result<()> {
        if self.tokens.is_empty() {
            return Ok(());
        }
        let Some(token) = token else {
            return Err(Error::new(Code::Unauthenticated, "a token is required"));
        };
        let fits = token.secret().len() <= TOKEN_BYTES;
        let known = self
            .tokens
            .iter()
            .fold(Choice::from(0), |known, other| known | other.secret().ct_eq(token.secret()));
        match fits && bool::from(known) {
            true => Ok(()),
            false => Err(Error::new(Code::Unauthenticated, "the token is not known here")),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tokens_that_were_given_are_admitted() {
        let options = ServerOptions::new().with_token(Token::new("a")).with_token(Token::new("bc"));
        let admits = |token: Option<&str>| options.admit(token.map(Token::new).as_ref()).is_ok();
        assert!(admits(Some("a")) && admits(Some("bc")));
        for wrong in [None, Some(""), Some("b"), Some("bcd"), Some("A")] {
            assert!(!admits(wrong), "{wrong:?}");
        }
        assert!(ServerOptions::new().admit(None).is_ok());
        assert!(!format!("{options:?}").contains("bc\""), "tokens are not printed");
    }
}
