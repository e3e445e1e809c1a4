use std::time::Duration;

use crate::{
    limits::{CHUNK_BYTES, FRAME_BYTES_MIN},
    message::Token,
};

/// How a [`Client`](crate::Client) behaves.
///
/// ```
/// use runner_binary::{ClientOptions, Reconnect, Token};
///
/// let options = ClientOptions::new().with_token(Token::new("swordfish")).with_reconnect(Reconnect::default());
/// assert!(!format!("{options:?}").contains("swordfish"));
/// ```
#[derive(Debug, Clone)]
pub struct ClientOptions {
    pub(super) token: Option<Token>,
    pub(super) name: String,
    pub(super) reconnect: Option<Reconnect>,
    pub(super) connect_time: Duration,
    pub(super) keepalive: Duration,
    pub(super) output_bytes: u64,
    pub(super) window_bytes: u64,
    pub(super) frame_bytes: u32,
}

/// When and how often to connect again after the connection was lost.
///
/// It is done by the next call, never for those that were in flight: whether their work was done is not known.
/// Programs are prepared again when they are next executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconnect {
    /// Attempts of one call.
    pub attempts: u32,
    /// Pause after the first attempt that failed. It doubles with each one.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self { attempts: 5, first_pause: Duration::from_millis(50), longest_pause: Duration::from_secs(2) }
    }
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientOptions {
    /// No token, no reconnecting; outputs of up to 1 GiB.
    #[must_use]
    pub fn new() -> Self {
        Self {
            token: None,
            name: concat!("runner-binary/", env!("CARGO_PKG_VERSION")).to_owned(),
            reconnect: None,
            connect_time: Duration::from_secs(10),
            keepalive: Duration::from_secs(20),
            output_bytes: 1 << 30,
            window_bytes: 16 * CHUNK_BYTES as u64,
            frame_bytes: 4 * CHUNK_BYTES as u32,
        }
    }

    /// Shows this token to the server.
    #[must_use]
    pub fn with_token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// Names the client to the server, for its logs.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Connects again when the connection was lost.
    #[must_use]
    pub fn with_reconnect(mut self, reconnect: Reconnect) -> Self {
        self.reconnect = Some(reconnect);
        self
    }

    /// Time to connect and to be let in. 10 seconds by default.
    #[must_use]
    pub fn with_connect_time(mut self, time: Duration) -> Self {
        self.connect_time = time;
        self
    }

    /// Silence after which the server is asked for a sign of life; after twice as much the connection counts as lost.
    /// 20 seconds by default, or a quarter of what the server says it tolerates.
    #[must_use]
    pub fn with_keepalive(mut self, time: Duration) -> Self {
        self.keepalive = time.max(Duration::from_millis(1));
        self
    }

    /// Bytes of an output that is taken as a whole. Larger ones are cancelled with `RESOURCE_EXHAUSTED`.
    #[must_use]
    pub fn with_output_bytes(mut self, bytes: u64) -> Self {
        self.output_bytes = bytes;
        self
    }

    /// Bytes of an output taken in pieces that the server may send ahead. 1 MiB by default.
    #[must_use]
    pub fn with_window_bytes(mut self, bytes: u64) -> Self {
        self.window_bytes = bytes.max(1);
        self
    }

    /// Bytes of a frame that the client takes. 256 KiB by default.
    #[must_use]
    pub fn with_frame_bytes(mut self, bytes: u32) -> Self {
        self.frame_bytes = bytes.max(FRAME_BYTES_MIN);
        self
    }
}
