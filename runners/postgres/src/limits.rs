//! Every numeric limit of this crate.

use std::time::Duration;

/// Connections of a pool, unless configured.
pub(crate) const POOL_SIZE: usize = 8;

/// Calls that wait for a connection, half of them of one client.
pub(crate) const WAITING: usize = 16 << 10;

/// Time to make a connection, or to ask for a cancellation, unless the address says `connect_timeout`.
pub(crate) const CONNECT: Duration = Duration::from_secs(30);

/// Times after which a query is cancelled once more, if it is still at work.
pub(crate) const CANCEL_AGAIN: [Duration; 6] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
];

/// Time in which the database has to answer to be ready.
pub(crate) const READY: Duration = Duration::from_secs(2);

/// Silence after which the system asks whether the server is still there, unless the address says
/// `keepalives_idle`. The driver's own default is two hours.
pub(crate) const KEEPALIVE: Duration = Duration::from_secs(60);

/// Composite types within composite types.
pub(crate) const TYPE_DEPTH: usize = 16;

/// Prepared statements that a connection keeps.
pub(crate) const STATEMENTS: usize = 256;

/// Bytes of their SQL; the server keeps a tree of it, which takes some twenty times as much.
pub(crate) const STATEMENT_BYTES: usize = 2 << 20;

/// Bytes of the parameters that an input becomes. The server takes no message beyond 1 GiB.
pub(crate) const PARAMETER_BYTES: usize = 512 << 20;
