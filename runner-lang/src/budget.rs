//! What a compile may take. Every pass spends from it, so that no source takes more time or memory than it is given.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use runner_core::{Cancel, Error};

use crate::{diagnostic::Diagnostic, limits, syntax::Span};

/// The time, work and memory that a compile may take, and what it has taken.
///
/// Work is counted in steps: a token, a node of a tree, a pair of types that are compared. A step takes less than a
/// microsecond, and the count is the same on every machine and every time. Memory is counted where it is allocated for
/// the rest of the compile. When a limit is reached, a deadline passes or a [`Cancel`] is raised, all passes end within
/// milliseconds; the diagnostics then tell why ([`Budget::error`] tells programs).
///
/// A budget is for one compile: clones share what is spent, so checking and compiling with the same budget count
/// together.
///
/// ```
/// use runner_core::Code;
/// use runner_lang::{Budget, Project, compile_with};
///
/// let project = Project::from_source("main.lt", "func main(x: Int64): Int64 -> x + 1");
/// let budget = Budget::new();
/// assert!(compile_with(&project, "main", &budget).is_ok());
/// let steps = budget.steps();
///
/// let small = Budget::new().with_max_steps(steps - 1);
/// let diagnostics = compile_with(&project, "main", &small).unwrap_err();
/// assert_eq!(diagnostics[0].code, "compile_limit");
/// assert_eq!(small.error().unwrap().code(), Code::ResourceExhausted);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limits: Limits,
    steps: AtomicU64,
    bytes: AtomicU64,
    /// The number of steps at which the limits are looked at; 0 once the compile is stopped.
    look_at: AtomicU64,
    /// A [`Stop`], or 0.
    stopped: AtomicU8,
}

#[derive(Debug, Clone)]
struct Limits {
    steps: u64,
    bytes: u64,
    deadline: Option<Instant>,
    cancel: Option<Cancel>,
}

/// Why a compile was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    Steps = 1,
    Bytes,
    Deadline,
    Cancelled,
    /// There are so many errors that no more are looked for.
    Errors,
    /// The system gives no thread with a stack that is large enough.
    Thread,
}

impl Default for Shared {
    fn default() -> Self {
        Self::new(Limits {
            steps: limits::COMPILE_STEPS,
            bytes: limits::COMPILE_BYTES,
            deadline: None,
            cancel: None,
        })
    }
}

impl Shared {
    fn new(limits: Limits) -> Self {
        let look_at = AtomicU64::new(limits::STEPS_BETWEEN_LOOKS.min(limits.steps.saturating_add(1)));
        Self {
            limits,
            steps: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            look_at,
            stopped: AtomicU8::new(0),
        }
    }
}

impl Budget {
    /// A generous budget, for sources that are trusted: 2<sup>32</sup> steps and 4 GiB, no deadline.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the number of steps, and begins to count anew.
    #[must_use]
    pub fn with_max_steps(self, steps: u64) -> Self {
        self.with(|limits| limits.steps = steps)
    }

    /// Sets the memory in bytes, and begins to count anew.
    #[must_use]
    pub fn with_max_bytes(self, bytes: u64) -> Self {
        self.with(|limits| limits.bytes = bytes)
    }

    /// Ends the compile at this time.
    #[must_use]
    pub fn with_deadline(self, deadline: Instant) -> Self {
        self.with(|limits| limits.deadline = Some(deadline))
    }

    /// Ends the compile when this is raised.
    #[must_use]
    pub fn with_cancel(self, cancel: Cancel) -> Self {
        self.with(|limits| limits.cancel = Some(cancel))
    }

    /// Steps that were taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.0.steps.load(Relaxed)
    }

    /// Bytes that were allocated for the rest of the compile.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Relaxed)
    }

    /// Why the compile was stopped, if it was: `RESOURCE_EXHAUSTED` with the limit, `DEADLINE_EXCEEDED` or `CANCELLED`.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        let Limits { steps, bytes, .. } = self.0.limits;
        let stop = self.stop()?;
        let words = self.words(stop);
        Some(match stop {
            Stop::Steps => Error::exhausted("compile_steps", steps, words),
            Stop::Bytes => Error::exhausted("compile_bytes", bytes, words),
            Stop::Thread => Error::exhausted("compile_stack", limits::STACK_BYTES as u64, words),
            Stop::Deadline => Error::new(runner_core::Code::DeadlineExceeded, words),
            Stop::Cancelled => Error::new(runner_core::Code::Cancelled, words),
            Stop::Errors => return None,
        })
    }

    /// Takes steps and memory; `false` if the compile is to end.
    #[inline]
    pub(crate) fn charge(&self, steps: usize, bytes: usize) -> bool {
        let shared = &*self.0;
        // One thread compiles with a budget at a time, so that reading and writing need not be one operation.
        let now = shared.steps.load(Relaxed).saturating_add(steps as u64);
        shared.steps.store(now, Relaxed);
        if bytes > 0 {
            let taken = shared.bytes.load(Relaxed).saturating_add(bytes as u64);
            shared.bytes.store(taken, Relaxed);
            if taken > shared.limits.bytes {
                self.stop_for(Stop::Bytes);
            }
        }
        now < shared.look_at.load(Relaxed) || self.look(now)
    }

    /// [`Budget::charge`] without memory.
    #[inline]
    pub(crate) fn step(&self) -> bool {
        self.charge(1, 0)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.0.stopped.load(Relaxed) != 0
    }

    pub(crate) fn stop_for(&self, stop: Stop) {
        if !self.is_stopped() {
            self.0.stopped.store(stop as u8, Relaxed);
            self.0.look_at.store(0, Relaxed);
        }
    }

    /// The diagnostic that tells why the compile was stopped.
    pub(crate) fn diagnostic(&self, span: Span) -> Option<Diagnostic> {
        let stop = self.stop()?;
        let code = match stop {
            Stop::Steps | Stop::Bytes | Stop::Thread => "compile_limit",
            Stop::Deadline => "deadline",
            Stop::Cancelled => "cancelled",
            Stop::Errors => "too_many_errors",
        };
        Some(Diagnostic::error(code, span, self.words(stop)))
    }

    #[cold]
    fn look(&self, now: u64) -> bool {
        let Shared { limits, look_at, .. } = &*self.0;
        if self.is_stopped() {
            return false;
        }
        let stop = if now > limits.steps {
            Some(Stop::Steps)
        } else if limits.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            Some(Stop::Deadline)
        } else {
            let raised = limits.cancel.as_ref().and_then(|cancel| cancel.check().err());
            raised.map(|error| match error.code() {
                runner_core::Code::DeadlineExceeded => Stop::Deadline,
                _ => Stop::Cancelled,
            })
        };
        match stop {
            Some(stop) => self.stop_for(stop),
            None => {
                let next = now.saturating_add(limits::STEPS_BETWEEN_LOOKS);
                look_at.store(next.min(limits.steps.saturating_add(1)), Relaxed);
            }
        }
        stop.is_none()
    }

    fn stop(&self) -> Option<Stop> {
        let stops = [Stop::Steps, Stop::Bytes, Stop::Deadline, Stop::Cancelled, Stop::Errors, Stop::Thread];
        let stopped = self.0.stopped.load(Relaxed);
        stops.into_iter().find(|stop| *stop as u8 == stopped)
    }

    fn words(&self, stop: Stop) -> String {
        let Limits { steps, bytes, .. } = self.0.limits;
        match stop {
            Stop::Steps => format!("compiling this takes more than {steps} steps"),
            Stop::Bytes => format!("compiling this takes more than {bytes} bytes of memory"),
            Stop::Deadline => "the deadline passed while this was compiled".to_owned(),
            Stop::Cancelled => "compiling this was cancelled".to_owned(),
            Stop::Errors => {
                format!("there are more than {} errors; no more were looked for", limits::DIAGNOSTICS)
            }
            Stop::Thread => "the system gives no thread to compile this on".to_owned(),
        }
    }

    fn with(self, change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = self.0.limits.clone();
        change(&mut limits);
        Self(Arc::new(Shared::new(limits)))
    }
}
