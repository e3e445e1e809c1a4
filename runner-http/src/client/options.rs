use std::time::Duration;

use crate::Token;

/// How a [`Client`](crate::Client) behaves.
///
/// ```
/// use runner_http::{ClientOptions, Token};
///
/// let options = ClientOptions::new().with_token(Token::new("swordfish"));
/// assert!(!format!("{options:?}").contains("swordfish"));
/// ```
#[derive(Debug, Clone)]
pub struct ClientOptions {
    pub(super) token: Option<Token>,
    pub(super) connect_time: Duration,
    pub(super) idle_time: Duration,
    pub(super) output_bytes: u64,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<crate::TlsClient>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientOptions {
    /// No token; outputs of up to 1 GiB; the system's authorities for `https`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            token: None,
            connect_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(20),
            output_bytes: 1 << 30,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Shows this token to the server.
    #[must_use]
    pub fn with_token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// Time to connect. 10 seconds by default.
    #[must_use]
    pub fn with_connect_time(mut self, time: Duration) -> Self {
        self.connect_time = time;
        self
    }

    /// Time for which a connection without a request is kept, which should be less than the server keeps it. 20 seconds
    /// by default.
    #[must_use]
    pub fn with_idle_time(mut self, time: Duration) -> Self {
        self.idle_time = time;
        self
    }

    /// Bytes of an output that is taken as a whole. Larger ones are cancelled with `RESOURCE_EXHAUSTED`.
    #[must_use]
    pub fn with_output_bytes(mut self, bytes: u64) -> Self {
        self.output_bytes = bytes;
        self
    }

    /// Checks the servers' certificates in this way.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_tls(mut self, tls: crate::TlsClient) -> Self {
        self.tls = Some(tls);
        self
    }
}
