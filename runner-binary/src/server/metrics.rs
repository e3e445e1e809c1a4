use std::sync::atomic::{AtomicU64, Ordering};

/// What a server is doing and has done. Gauges fall again, counters do not.
///
/// See [`Server::metrics`](crate::Server::metrics).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Metrics {
    /// Gauge: connections.
    pub connections: u64,
    /// Gauge: requests in flight.
    pub requests_in_flight: u64,
    /// Gauge: bytes of outputs that are not sent.
    pub output_bytes_held: u64,
    /// Gauge: those of them that wait on disk, of all servers that have the same [`Spool`](crate::Spool).
    pub output_bytes_on_disk: u64,
    /// Gauge: bytes of programs and inputs that were sent in parts or are larger than a few KiB, until their request
    /// is answered.
    pub input_bytes_held: u64,
    /// Gauge: prepared programs, those kept for later included.
    pub prepared_programs: u64,
    /// Gauge: bytes of prepared programs, and of the encoding of those that connections hold.
    pub prepared_bytes: u64,
    /// Counter: connections that were accepted.
    pub connections_total: u64,
    /// Counter: requests.
    pub requests_total: u64,
    /// Counter: requests that were answered with an error.
    pub failed_total: u64,
    /// Counter: connections that ended with an error.
    pub broken_total: u64,
}

#[derive(Debug, Default)]
pub(super) struct Gauges {
    pub(super) connections: AtomicU64,
    pub(super) requests_in_flight: AtomicU64,
    pub(super) output_bytes_held: AtomicU64,
    pub(super) input_bytes_held: AtomicU64,
    pub(super) connections_total: AtomicU64,
    pub(super) requests_total: AtomicU64,
    pub(super) failed_total: AtomicU64,
    pub(super) broken_total: AtomicU64,
}

impl Gauges {
    pub(super) fn snapshot(&self) -> Metrics {
        let get = |gauge: &AtomicU64| gauge.load(Ordering::Relaxed);
        Metrics {
            connections: get(&self.connections),
            requests_in_flight: get(&self.requests_in_flight),
            output_bytes_held: get(&self.output_bytes_held),
            input_bytes_held: get(&self.input_bytes_held),
            output_bytes_on_disk: 0,
            prepared_programs: 0,
            prepared_bytes: 0,
            connections_total: get(&self.connections_total),
            requests_total: get(&self.requests_total),
            failed_total: get(&self.failed_total),
            broken_total: get(&self.broken_total),
        }
    }
}

/// What one connection adds to a gauge. It is told to the gauge once a round, and taken back in the end.
#[derive(Debug, Default)]
pub(super) struct Share(u64);

impl Share {
    pub(super) fn set(&mut self, gauge: &AtomicU64, value: u64) {
        if value != self.0 {
            gauge.fetch_add(value.wrapping_sub(self.0), Ordering::Relaxed);
            self.0 = value;
        }
    }

    /// Adds at once, unless all shares together would be more than `limit`.
    pub(super) fn grow(&mut self, gauge: &AtomicU64, amount: u64, limit: u64) -> bool {
        let before = gauge.fetch_add(amount, Ordering::Relaxed);
        let fits = before.saturating_add(amount) <= limit;
        match fits {
            true => self.0 += amount,
            false => _ = gauge.fetch_sub(amount, Ordering::Relaxed),
        }
        fits
    }
}
