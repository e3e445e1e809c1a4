//! Time on a connection, in ticks: one timer for all its requests, and none to speak of while it is silent.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::{LINGER_TIME, ServerLimits, TICK_TIME};

/// Parts of the shortest limit that a tick is long; what is late is stopped this much later than its limit.
const TICKS: u32 = 16;

pub(super) struct Clock {
    sleep: Pin<Box<Sleep>>,
    /// Ticks so far.
    pub(super) now: u64,
    tick: Duration,
    /// Ticks after which what nobody takes is moved to disk.
    pub(super) patience: u64,
    /// Whether the timer stands at the end of the idle time instead of the next tick.
    dormant: bool,
    idle_since: Instant,
    idle_time: Duration,
}

impl Clock {
    pub(super) fn new(limits: &ServerLimits) -> Self {
        let shortest =
            limits.request_time.min(limits.frame_time).min(limits.write_time).min(limits.idle_time);
        let part = (shortest / TICKS).clamp(Duration::from_millis(2), LINGER_TIME);
        let (tick, now) = (part.min(TICK_TIME), Instant::now());
        Self {
            sleep: Box::pin(sleep_until(now + tick)),
            now: 0,
            tick,
            patience: ticks(part, tick),
            dormant: false,
            idle_since: now,
            idle_time: limits.idle_time,
        }
    }

    /// How many ticks cover this time.
    pub(super) fn ticks(&self, time: Duration) -> u64 {
        ticks(time, self.tick)
    }

    /// Takes note that there is something to watch.
    pub(super) fn rouse(&mut self) {
        if self.dormant {
            self.dormant = false;
            self.sleep.as_mut().reset(Instant::now() + self.tick);
        }
    }

    /// The next tick.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.sleep.as_mut().poll(cx));
        self.now += 1;
        Poll::Ready(())
    }

    /// Sets the timer after a tick. Whether the connection was idle for too long.
    pub(super) fn rest(&mut self, idle: bool) -> bool {
        let now = Instant::now();
        if !idle {
            self.idle_since = now;
        }
        let end = self.idle_since + self.idle_time;
        self.dormant = idle;
        self.sleep.as_mut().reset(if idle { end } else { now + self.tick });
        idle && now >= end
    }
}

fn ticks(time: Duration, tick: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(tick.as_nanos().max(1))).unwrap_or(u64::MAX)
}
