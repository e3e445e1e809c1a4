//! What a server counts, in [Prometheus' text format](https://prometheus.io/docs/instrumenting/exposition_formats/).

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::StatusCode;

/// The media type of the text.
pub(super) const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of the buckets of times, in microseconds, and as they are written in seconds.
const BUCKETS: [(u64, &str); 11] = [
    (100, "0.0001"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (10_000_000, "10"),
    (60_000_000, "60"),
];

/// Statuses that the server gives; others are counted as the last one of their hundred.
const STATUSES: [u16; 21] =
    [200, 201, 204, 400, 401, 403, 404, 405, 406, 408, 413, 415, 422, 429, 431, 499, 500, 501, 503, 504, 599];

/// Gauges and counters. Gauges fall again, counters do not.
#[derive(Debug)]
pub(super) struct Metrics {
    routes: Vec<Route>,
    pub(super) connections: AtomicU64,
    pub(super) connections_total: AtomicU64,
    pub(super) connections_refused: AtomicU64,
    pub(super) requests_in_flight: AtomicU64,
    pub(super) input_bytes_held: AtomicU64,
    pub(super) output_bytes_held: AtomicU64,
    pub(super) input_bytes_total: AtomicU64,
    pub(super) output_bytes_total: AtomicU64,
    pub(super) broken_total: AtomicU64,
}

/// Gauges that others keep.
pub(super) struct Gauges {
    pub(super) prepared_programs: u64,
    pub(super) prepared_bytes: u64,
    pub(super) waiting: u64,
    pub(super) on_disk: u64,
    pub(super) is_serving: bool,
}

#[derive(Debug)]
struct Route {
    name: String,
    statuses: [AtomicU64; STATUSES.len()],
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

/// A part of a gauge, taken back when dropped.
#[derive(Debug)]
pub(super) struct Held {
    metrics: Arc<Metrics>,
    gauge: fn(&Metrics) -> &AtomicU64,
    amount: u64,
}

impl Held {
    pub(super) fn new(metrics: &Arc<Metrics>, gauge: fn(&Metrics) -> &AtomicU64, amount: u64) -> Self {
        gauge(metrics).fetch_add(amount, Ordering::Relaxed);
        Self { metrics: Arc::clone(metrics), gauge, amount }
    }

    /// Adds to the part, and says whether the gauge is within the limit with it.
    pub(super) fn grow(&mut self, amount: u64, limit: u64) -> bool {
        self.amount += amount;
        let before = (self.gauge)(&self.metrics).fetch_add(amount, Ordering::Relaxed);
        before.saturating_add(amount) <= limit
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        (self.gauge)(&self.metrics).fetch_sub(self.amount, Ordering::Relaxed);
    }
}

impl Metrics {
    pub(super) fn new(routes: impl Iterator<Item = String>) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            routes: routes.map(Route::new).collect(),
            connections: zero(),
            connections_total: zero(),
            connections_refused: zero(),
            requests_in_flight: zero(),
            input_bytes_held: zero(),
            output_bytes_held: zero(),
            input_bytes_total: zero(),
            output_bytes_total: zero(),
            broken_total: zero(),
        }
    }

    /// Counts a request; `time` is that until the head of its answer.
    pub(super) fn answered(&self, route: usize, status: StatusCode, time: Duration) {
        let Some(route) = self.routes.get(route) else { return };
        let status = status.as_u16();
        let index = STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len() - 1);
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.iter().position(|(bound, _)| micros <= *bound);
        let counted =
            route.statuses.get(index).into_iter().chain(bucket.and_then(|at| route.buckets.get(at)));
        for counter in counted.chain([&route.count]) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        route.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// The text. A route that nobody asked for is left out.
    pub(super) fn render(&self, others: &Gauges) -> String {
        let mut text = Text(String::new());
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let gauges = [
            ("connections", "Open connections.", get(&self.connections)),
            ("requests_in_flight", "Requests whose answer has no head yet.", get(&self.requests_in_flight)),
            ("requests_waiting", "Requests that wait for their turn.", others.waiting),
            ("prepared_programs", "Programs that are kept prepared.", others.prepared_programs),
            ("prepared_bytes", "Bytes that they hold, but for functions.", others.prepared_bytes),
            ("input_bytes_held", "Bytes of bodies that are not used up.", get(&self.input_bytes_held)),
            ("output_bytes_held", "Bytes of large outputs that are not sent.", get(&self.output_bytes_held)),
            ("output_bytes_on_disk", "Bytes of them that wait on disk.", others.on_disk),
            ("serving", "1 until the server is told to stop.", u64::from(others.is_serving)),
        ];
        for (name, help, value) in gauges {
            text.family(name, "gauge", help);
            text.sample(name, "", value);
        }
        let counters = [
            ("connections_total", "Connections that were accepted.", get(&self.connections_total)),
            ("connections_refused_total", "Connections over the limit.", get(&self.connections_refused)),
            ("connections_broken_total", "Connections that ended with an error.", get(&self.broken_total)),
            ("input_bytes_total", "Bytes of bodies, decompressed.", get(&self.input_bytes_total)),
            ("output_bytes_total", "Bytes of outputs, before compression.", get(&self.output_bytes_total)),
        ];
        for (name, help, value) in counters {
            text.family(name, "counter", help);
            text.sample(name, "", value);
        }
        let used = || self.routes.iter().filter(|route| get(&route.count) > 0);
        text.family("requests_total", "counter", "Requests by route and status.");
        for route in used() {
            for (status, count) in STATUSES.iter().zip(&route.statuses) {
                let count = get(count);
                if count > 0 {
                    text.sample(
                        "requests_total",
                        &format!("route=\"{}\",status=\"{status}\"", route.name),
                        count,
                    );
                }
            }
        }
        text.family("request_seconds", "histogram", "Time until the head of the answer.");
        for route in used() {
            let (name, count) = (&route.name, get(&route.count));
            let mut below = 0;
            for ((_, bound), bucket) in BUCKETS.iter().zip(&route.buckets) {
                below += get(bucket);
                text.sample("request_seconds_bucket", &format!("route=\"{name}\",le=\"{bound}\""), below);
            }
            text.sample("request_seconds_bucket", &format!("route=\"{name}\",le=\"+Inf\""), count);
            text.sample("request_seconds_sum", &format!("route=\"{name}\""), get(&route.micros) as f64 / 1e6);
            text.sample("request_seconds_count", &format!("route=\"{name}\""), count);
        }
        text.0
    }
}

impl Route {
    fn new(name: String) -> Self {
        let mut escaped = String::with_capacity(name.len());
        for char in name.chars() {
            match char {
                '\\' | '"' => escaped.extend(['\\', char]),
                '\n' => escaped.push_str("\\n"),
                _ => escaped.push(char),
            }
        }
        Self {
            name: escaped,
            statuses: Default::default(),
            buckets: Default::default(),
            count: AtomicU64::new(0),
            micros: AtomicU64::new(0),
        }
    }
}

struct Text(String);

/// Writing to a string does not fail.
impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP runner_http_{name} {help}\n# TYPE runner_http_{name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = match labels {
            "" => writeln!(self.0, "runner_http_{name} {value}"),
            _ => writeln!(self.0, "runner_http_{name}{{{labels}}} {value}"),
        };
    }
}
