//! Every numeric limit of this crate, and what a server lets its clients do.

use core::time::Duration;

/// Bytes of output or input that one frame carries at most. Between two chunks of one request others get their turn.
pub const CHUNK_BYTES: usize = 64 << 10;

/// The smallest `frame_bytes` that a peer may ask for. A frame of this size holds every message and a shortened error.
pub const FRAME_BYTES_MIN: u32 = 512;

/// Bytes of the first frame of a connection, before limits are known.
pub const HANDSHAKE_BYTES: u32 = 4 << 10;

/// Bytes of a token.
pub const TOKEN_BYTES: usize = 1 << 10;

/// Bytes that a length, a kind and the fixed fields of a message with a body take at most.
pub const HEAD_BYTES: usize = 32;

/// Bodies up to this size are copied behind their head and go out before larger ones.
#[cfg(feature = "tokio")]
pub(crate) const SMALL_BYTES: usize = 8 << 10;

/// Bytes that are gathered for one write. A small message waits behind at most this much of a large one.
#[cfg(feature = "tokio")]
pub(crate) const BATCH_BYTES: usize = 4 * CHUNK_BYTES;

/// Unsent bytes of a connection above which nothing more is taken from its peer and its requests. One more message still
/// fits into a buffer of a power of two, which else would double.
#[cfg(feature = "tokio")]
pub(crate) const UNSENT_BYTES: usize = 2 * BATCH_BYTES - CHUNK_BYTES;

/// Parts of answers that a client hands to its callers under one lock, which those who call at the same time need, too.
#[cfg(feature = "tokio")]
pub(crate) const HANDED_OUT: usize = 32;

/// Bytes from which on an answer that a client puts together is held in pages of its own, in the address space that the
/// largest answer would need.
#[cfg(feature = "tokio")]
pub(crate) const BLOCK_BYTES: usize = 8 << 20;

/// Bytes asked of a socket in one read: what an idle connection holds, and what a busy one grows to.
#[cfg(feature = "tokio")]
pub(crate) const READ_BYTES: core::ops::RangeInclusive<usize> = 4 << 10..=64 << 10;

/// How long a closed connection is read on, so that the peer can see the goodbye before the reset.
#[cfg(feature = "tokio")]
pub(crate) const LINGER_TIME: Duration = Duration::from_secs(1);

/// The longest tick of a connection on which something happens: what is late is stopped so much later.
#[cfg(feature = "tokio")]
pub(crate) const TICK_TIME: Duration = Duration::from_millis(50);

/// Connections over the limit that are told so at any one time; beyond that they are just closed.
#[cfg(feature = "tokio")]
pub(crate) const REFUSALS: usize = 64;

/// What a server lets its clients do. Each limit has an error of its own; see [`limit`](crate::limit).
///
/// ```
/// let limits = runner_binary::ServerLimits { programs: 16, ..Default::default() };
/// assert_eq!(limits.requests, 1024);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerLimits {
    /// Connections at a time.
    pub connections: usize,
    /// Requests in flight on a connection. Ids of requests are below this.
    pub requests: u32,
    /// Requests of a connection that run at a time; the others in flight wait.
    pub executing_per_connection: usize,
    /// Requests that run at a time, over all connections.
    pub executing: usize,
    /// Requests that wait because `executing` run, over all connections, half of them of one client at most. Beyond that
    /// they are refused.
    pub waiting: usize,
    /// Prepared programs that a connection holds. Numbers of programs are below this.
    pub programs: u32,
    /// Prepared programs over all connections, those kept for later included. The longest unused is let go of, and
    /// prepared again when a connection that holds it executes it.
    pub prepared_programs: usize,
    /// Bytes of prepared programs over all connections, those kept for later included, as the runner weighs them
    /// ([`Run::weight`](runner_core::Run::weight)), and of the encoding of those that connections hold. The longest unused
    /// are let go of; what has no room then is refused.
    pub prepared_bytes: u64,
    /// The same of one client: all connections from one address of TCP, or one connection.
    pub client_prepared_bytes: u64,
    /// Bytes of an encoded program.
    pub program_bytes: u64,
    /// Bytes of an input.
    pub input_bytes: u64,
    /// Bytes of an output.
    pub output_bytes: u64,
    /// Bytes of programs and inputs that have arrived and do not run yet, over all connections.
    pub buffered_input_bytes: u64,
    /// Bytes of outputs that a connection has not sent, above which it starts nothing more.
    pub connection_output_bytes: u64,
    /// Bytes of outputs that are not sent, over all connections, in memory or on disk (see [`Spool`](crate::Spool)). A
    /// request whose output does not fit is answered with the error, and its output dropped; what comes while there is no
    /// room is refused.
    pub buffered_output_bytes: u64,
    /// Bytes of a frame that the server takes.
    pub frame_bytes: u32,
    /// Time for one request, from its first frame until the last byte of its answer is queued.
    pub request_time: Duration,
    /// Time for the handshake.
    pub handshake_time: Duration,
    /// Time for a frame to arrive, once it has begun.
    pub frame_time: Duration,
    /// Time for which a peer may take nothing of what is being written to it.
    pub write_time: Duration,
    /// Time for which a connection without requests may be silent.
    pub idle_time: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            requests: 1024,
            executing_per_connection: 1024,
            executing: 2048,
            waiting: 16 << 10,
            programs: 256,
            prepared_programs: 1024,
            prepared_bytes: 256 << 20,
            client_prepared_bytes: 64 << 20,
            program_bytes: 4 << 20,
            input_bytes: 64 << 20,
            output_bytes: 1 << 30,
            buffered_input_bytes: 1 << 30,
            connection_output_bytes: 64 << 20,
            buffered_output_bytes: 2 << 30,
            frame_bytes: 256 << 10,
            request_time: Duration::from_secs(30),
            handshake_time: Duration::from_secs(10),
            frame_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(600),
        }
    }
}
