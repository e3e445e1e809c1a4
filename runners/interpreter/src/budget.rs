//! What an execution may use: memory, steps, time, and whether anybody still wants the result.

use alloc::{boxed::Box, format, sync::Arc};
use core::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use runner_core::{Cancel, Code, Detail, Error, Result};

use crate::{column::Column, limits::CHARGED_BYTES};

/// Bounds of one execution. What is `None` is not bounded.
///
/// ```
/// use std::time::Duration;
/// use runner_interpreter::{Interpreter, Limits};
///
/// let limits = Limits { time: Some(Duration::from_secs(1)), ..Limits::default() };
/// let interpreter = Interpreter::builder().limits(limits).build();
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that columns may hold at a time, input included; small buffers are not counted.
    pub memory_bytes: Option<u64>,
    /// Values that operations may produce, in all.
    pub steps: Option<u64>,
    /// Wall time. Needs the feature `std`.
    pub time: Option<Duration>,
}

/// Bytes of a buffer that a budget was charged with; released on drop.
pub(crate) struct Charge {
    bytes: u64,
    used: Arc<AtomicU64>,
}

impl Charge {
    /// Gives the bytes back before the charge is dropped.
    pub(crate) fn release(&mut self) {
        self.used.fetch_sub(core::mem::take(&mut self.bytes), Ordering::Relaxed);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.release();
    }
}

/// The budget of one execution.
pub(crate) struct Budget<'a> {
    limits: Limits,
    cancel: &'a Cancel,
    steps: Cell<u64>,
    /// Steps at which the clock is looked at again.
    #[cfg(feature = "std")]
    next_look: Cell<u64>,
    #[cfg(feature = "std")]
    deadline: Option<std::time::Instant>,
    memory: Arc<AtomicU64>,
}

/// A look at the clock costs about as much as this many steps.
#[cfg(feature = "std")]
const STEPS_PER_LOOK: u64 = 256;

impl<'a> Budget<'a> {
    pub(crate) fn new(limits: Limits, cancel: &'a Cancel) -> Self {
        Self {
            limits,
            cancel,
            steps: Cell::new(0),
            #[cfg(feature = "std")]
            next_look: Cell::new(0),
            #[cfg(feature = "std")]
            deadline: limits.time.and_then(|time| std::time::Instant::now().checked_add(time)),
            memory: Arc::default(),
        }
    }

    pub(crate) fn cancel(&self) -> &'a Cancel {
        self.cancel
    }

    /// Counts `rows` steps, and fails if the execution has to stop.
    #[inline]
    pub(crate) fn step(&self, rows: usize) -> Result<()> {
        let steps = self.steps.get().saturating_add(rows as u64).saturating_add(1);
        self.steps.set(steps);
        if let Some(limit) = self.limits.steps
            && steps > limit
        {
            return Err(exhausted("steps", limit, "the program takes more steps than are allowed"));
        }
        #[cfg(feature = "std")]
        if steps < self.next_look.get() {
            return self.cancel.check();
        }
        #[cfg(feature = "std")]
        self.next_look.set(steps + STEPS_PER_LOOK);
        self.check()
    }

    /// Fails if the execution has to stop, for work that counts no steps.
    pub(crate) fn check(&self) -> Result<()> {
        self.cancel.check()?;
        #[cfg(feature = "std")]
        if self.deadline.is_some_and(|deadline| std::time::Instant::now() >= deadline) {
            return Err(late(&self.limits));
        }
        Ok(())
    }

    /// Charges bytes before they are allocated, for as long as the charge is kept.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<Charge> {
        let Some(limit) = self.limits.memory_bytes else {
            return Ok(Charge { bytes: 0, used: Arc::clone(&self.memory) });
        };
        let bytes = bytes as u64;
        let charge = Charge { bytes, used: Arc::clone(&self.memory) };
        if self.memory.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > limit {
            return Err(out_of_memory(limit));
        }
        Ok(charge)
    }

    /// Charges the buffers of a column that are not charged yet.
    pub(crate) fn charge(&self, column: &Column) -> Result<()> {
        let Some(limit) = self.limits.memory_bytes else { return Ok(()) };
        column.for_each_buffer(&mut |bytes, meter| {
            if bytes >= CHARGED_BYTES && meter.get().is_none() {
                let bytes = bytes as u64;
                self.memory.fetch_add(bytes, Ordering::Relaxed);
                // Another execution can't come between: who shares an uncharged column is this one alone.
                let _ = meter.set(Box::new(Charge { bytes, used: Arc::clone(&self.memory) }));
            }
        });
        if self.memory.load(Ordering::Relaxed) > limit { Err(out_of_memory(limit)) } else { Ok(()) }
    }

    /// Whether memory is limited at all.
    pub(crate) fn bounds_memory(&self) -> bool {
        self.limits.memory_bytes.is_some()
    }

    /// Fails if this many more bytes would be too many; for large buffers, before they are allocated.
    pub(crate) fn foresee(&self, bytes: usize) -> Result<()> {
        match self.limits.memory_bytes {
            Some(limit) if self.memory.load(Ordering::Relaxed).saturating_add(bytes as u64) > limit => {
                Err(out_of_memory(limit))
            }
            _ => Ok(()),
        }
    }
}

#[cold]
fn out_of_memory(limit: u64) -> Error {
    exhausted("memory_bytes", limit, "the program needs more memory than is allowed")
}

#[cold]
fn exhausted(name: &str, limit: u64, words: &str) -> Error {
    Error::new(Code::ResourceExhausted, format!("{words}: {limit}"))
        .with_detail(Detail::Limit { name: name.into(), value: limit })
}

#[cfg(feature = "std")]
#[cold]
fn late(limits: &Limits) -> Error {
    let limit = limits.time.unwrap_or_default();
    Error::new(Code::DeadlineExceeded, format!("the program takes longer than it is allowed: {limit:?}"))
}
