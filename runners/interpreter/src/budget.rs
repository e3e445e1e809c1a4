//! What an execution may use: memory, steps, time, and whether anybody still wants the result.

use alloc::{format, rc::Rc};
use core::{cell::Cell, time::Duration};

use runner_core::{Cancel, Code, Detail, Error, Result};

use crate::limits::{CHECKED_BYTES, CHECKED_ROWS};

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
    /// Bytes that the execution may hold at a time: its input, all values while they are made, tables, and its output.
    pub memory_bytes: Option<u64>,
    /// Values that operations may produce, in all.
    pub steps: Option<u64>,
    /// Wall time. Needs the feature `std`.
    pub time: Option<Duration>,
}

/// The budget of one execution: what it may still use, and whether it may go on. Clones share it.
///
/// Every allocation that grows with data draws from it before it is made, and gives back when it is freed: buffers and
/// [`Vector`](crate::column::Vector)s can't be made without one.
#[derive(Clone)]
pub(crate) struct Budget(Rc<State>);

struct State {
    limits: Limits,
    cancel: Cancel,
    steps: Cell<u64>,
    /// Rows and bytes that were worked on since the last check.
    worked: Cell<usize>,
    #[cfg(feature = "std")]
    deadline: Option<std::time::Instant>,
    /// Steps at which the clock is looked at again.
    #[cfg(feature = "std")]
    next_look: Cell<u64>,
    memory: Cell<usize>,
    most_memory: usize,
    stopped: Cell<bool>,
}

/// Bytes that a budget was charged with, given back on drop.
pub(crate) struct Charge {
    bytes: usize,
    budget: Budget,
}

/// A look at the clock costs about as much as this many steps.
#[cfg(feature = "std")]
const STEPS_PER_LOOK: u64 = 256;

impl Budget {
    pub(crate) fn new(limits: Limits, cancel: &Cancel) -> Self {
        let most_memory =
            limits.memory_bytes.map_or(usize::MAX, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        Self(Rc::new(State {
            limits,
            cancel: cancel.clone(),
            steps: Cell::new(0),
            worked: Cell::new(0),
            #[cfg(feature = "std")]
            deadline: limits.time.and_then(|time| std::time::Instant::now().checked_add(time)),
            #[cfg(feature = "std")]
            next_look: Cell::new(0),
            memory: Cell::new(0),
            most_memory,
            stopped: Cell::new(false),
        }))
    }

    /// For work outside of an execution, which nothing bounds.
    #[cfg(any(test, feature = "fs"))]
    pub(crate) fn unbounded() -> Self {
        Self::new(Limits::default(), &Cancel::new())
    }

    /// Counts `rows` steps, and fails if the execution has to stop.
    #[inline]
    pub(crate) fn step(&self, rows: usize) -> Result<()> {
        let steps = self.0.steps.get().saturating_add(rows as u64).saturating_add(1);
        self.0.steps.set(steps);
        if let Some(limit) = self.0.limits.steps
            && steps > limit
        {
            return Err(exhausted("steps", limit, "the program takes more steps than are allowed"));
        }
        self.0.cancel.check()?;
        #[cfg(feature = "std")]
        if self.0.deadline.is_some() && steps >= self.0.next_look.get() {
            self.0.next_look.set(steps + STEPS_PER_LOOK);
            return self.look();
        }
        Ok(())
    }

    /// Fails if the execution has to stop. Costs a look at the clock, so it stands where a chunk of work ends.
    pub(crate) fn check(&self) -> Result<()> {
        self.0.worked.set(0);
        self.0.cancel.check()?;
        self.look()
    }

    fn look(&self) -> Result<()> {
        #[cfg(feature = "std")]
        if let Some(deadline) = self.0.deadline
            && std::time::Instant::now() >= deadline
        {
            return Err(late(&self.0.limits));
        }
        Ok(())
    }

    /// Notes work on this many rows or bytes, and fails if the execution has to stop. Looks about every
    /// [`CHECKED_ROWS`], so it may be called for each row.
    #[inline]
    pub(crate) fn work(&self, rows: usize) -> Result<()> {
        let worked = self.0.worked.get().saturating_add(rows);
        self.0.worked.set(worked);
        if worked < CHECKED_ROWS { Ok(()) } else { self.check() }
    }

    /// [`Budget::work`] where there is no way to fail: true once the execution has to stop. Whoever goes on may then
    /// give any result, and [`Budget::check`] fails from then on.
    #[inline]
    pub(crate) fn is_over(&self, rows: usize) -> bool {
        let worked = self.0.worked.get().saturating_add(rows);
        self.0.worked.set(worked);
        if worked >= CHECKED_ROWS && self.check().is_err() {
            self.0.stopped.set(true);
        }
        self.0.stopped.get()
    }

    /// Fails if anybody was told by [`Budget::is_over`] that the execution has to stop.
    pub(crate) fn finish(&self) -> Result<()> {
        if self.0.stopped.get() { self.check() } else { Ok(()) }
    }

    /// Draws bytes of memory, until the charge is dropped.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if there are not as many left.
    #[inline]
    pub(crate) fn charge(&self, bytes: usize) -> Result<Charge> {
        self.take(bytes)?;
        Ok(Charge { bytes, budget: self.clone() })
    }

    #[inline]
    fn take(&self, bytes: usize) -> Result<()> {
        let memory = self.0.memory.get().saturating_add(bytes);
        if memory > self.0.most_memory {
            return Err(self.out_of_memory());
        }
        self.0.memory.set(memory);
        if bytes >= CHECKED_BYTES { self.check() } else { Ok(()) }
    }

    #[inline]
    fn give_back(&self, bytes: usize) {
        self.0.memory.set(self.0.memory.get() - bytes);
    }

    #[cold]
    fn out_of_memory(&self) -> Error {
        let limit = self.0.limits.memory_bytes.unwrap_or(u64::MAX);
        exhausted("memory_bytes", limit, "the program needs more memory than is allowed")
    }
}

impl Charge {
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Draws more.
    ///
    /// # Errors
    /// As [`Budget::charge`].
    #[inline]
    pub(crate) fn add(&mut self, bytes: usize) -> Result<()> {
        self.budget.take(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Gives some back before the rest.
    #[inline]
    pub(crate) fn release(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.budget.give_back(bytes);
    }
}

impl Drop for Charge {
    #[inline]
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
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
