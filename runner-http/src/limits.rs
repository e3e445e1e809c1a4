//! Every numeric limit of this crate.

use std::time::Duration;

/// Bytes of an output that are rendered, and handed to the connection, at a time.
#[cfg(feature = "server")]
pub(crate) const CHUNK_BYTES: usize = 64 << 10;

/// Outputs from this size on are counted while they are not sent, and smaller ones are not.
#[cfg(feature = "server")]
pub(crate) const COUNTED_BYTES: usize = CHUNK_BYTES;

/// Answers below this size are not worth compressing.
#[cfg(all(feature = "server", feature = "compression"))]
pub(crate) const COMPRESSED_BYTES: u64 = 1 << 10;

/// Bytes of a token.
#[cfg(feature = "server")]
pub(crate) const TOKEN_BYTES: usize = 1 << 10;

/// The least that can be set as [`ServerLimits::head_bytes`]: what the HTTP library needs.
#[cfg(feature = "server")]
pub(crate) const HEAD_BYTES_MIN: usize = 8 << 10;

/// Connections over the limit that are told so at any one time; beyond that they are just closed.
#[cfg(feature = "server")]
pub(crate) const REFUSALS: usize = 64;

/// Time for a connection over the limit to ask and to be told.
#[cfg(feature = "server")]
pub(crate) const REFUSAL_TIME: Duration = Duration::from_secs(2);

/// How long accepting rests after it failed, as it does when no more files can be opened.
#[cfg(feature = "server")]
pub(crate) const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Time for the runner to say that it is ready.
#[cfg(feature = "server")]
pub(crate) const READY_TIME: Duration = Duration::from_secs(5);

/// Time for which the runner's word on that holds.
#[cfg(feature = "server")]
pub(crate) const READY_AGE: Duration = Duration::from_millis(200);

/// What `Retry-After` says, in seconds.
#[cfg(feature = "server")]
pub(crate) const RETRY_AFTER: u16 = 1;

/// Bytes of a message in a trailer, where a header has to hold it.
pub(crate) const TRAILER_MESSAGE_BYTES: usize = 4 << 10;

/// Bytes of an answer that tells of an error, of the interface or of the description, that a client takes.
#[cfg(feature = "client")]
pub(crate) const ANSWER_BYTES: u64 = 16 << 20;

/// What a server lets its clients do. Each limit has an error of its own; see [`limit`](crate::limit).
///
/// ```
/// let limits = runner_http::ServerLimits { executing: 16, ..Default::default() };
/// assert_eq!(limits.program_bytes, 4 << 20);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerLimits {
    /// Connections at a time. One more is told 503, or closed.
    pub connections: usize,
    /// Requests that run at a time.
    pub executing: usize,
    /// Requests that wait because `executing` run, half of them of one client at most. One more is told 429.
    pub waiting: usize,
    /// Programs that are kept prepared. The longest unused goes first; its id is then unknown.
    pub prepared_programs: usize,
    /// Bytes of what is kept prepared, as the runner weighs it ([`Run::weight`](runner_core::Run::weight)), but for
    /// functions of the server itself. The longest unused goes first; what has no room then is told 429.
    pub prepared_bytes: u64,
    /// The same of one client: an address, or a token if there are several.
    pub client_prepared_bytes: u64,
    /// Bytes of an encoded program.
    pub program_bytes: u64,
    /// Bytes of Lutra source.
    pub source_bytes: u64,
    /// Bytes of an input, before and after it was decompressed.
    pub input_bytes: u64,
    /// Bytes of an output, in postcard.
    pub output_bytes: u64,
    /// Bytes of bodies that have arrived and are not used up, over all connections.
    pub buffered_input_bytes: u64,
    /// Bytes of large outputs that are not sent, over all connections, in memory or on disk. A request whose output does
    /// not fit is answered with the error, and its output dropped; what comes while there is no room is refused.
    pub buffered_output_bytes: u64,
    /// Bytes of the head of a request, at least 8 KiB. A longer one is told 431.
    pub head_bytes: usize,
    /// Time for one request, from its head until the last byte of its answer is rendered. `Runner-Timeout` may shorten it.
    pub request_time: Duration,
    /// Time for a head to arrive, from when the connection could take one; so a connection on which nothing happens for
    /// that time is closed.
    pub head_time: Duration,
    /// Time for which the body of a request may stand still.
    pub read_time: Duration,
    /// Time for which a peer may take nothing of what is being written to it.
    pub write_time: Duration,
    /// Time for a TLS handshake.
    pub handshake_time: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            executing: 2048,
            waiting: 16 << 10,
            prepared_programs: 1024,
            prepared_bytes: 256 << 20,
            client_prepared_bytes: 64 << 20,
            program_bytes: 4 << 20,
            source_bytes: 256 << 10,
            input_bytes: 64 << 20,
            output_bytes: 1 << 30,
            buffered_input_bytes: 1 << 30,
            buffered_output_bytes: 2 << 30,
            head_bytes: 64 << 10,
            request_time: Duration::from_secs(30),
            head_time: Duration::from_secs(30),
            read_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
            handshake_time: Duration::from_secs(10),
        }
    }
}
