//! Telling running work to stop.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU8, Ordering};

use crate::error::{Code, Error, Result};

const RUNNING: u8 = 0;
const CANCELLED: u8 = 1;
const LATE: u8 = 2;

/// A flag that the caller raises and the runner looks at. Clones share it.
///
/// A runner looks often enough that work stops within milliseconds: a look is one relaxed load. One that has to be
/// interrupted from outside, as a database does, registers a hook with `Cancel::on_cancel` (feature `std`).
///
/// ```
/// use runner_core::{Cancel, Code};
///
/// let cancel = Cancel::new();
/// assert!(cancel.check().is_ok());
/// cancel.clone().cancel();
/// assert_eq!(cancel.check().unwrap_err().code(), Code::Cancelled);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: AtomicU8,
    #[cfg(feature = "std")]
    hooks: hooks::Hooks,
}

impl Cancel {
    /// A flag that is not raised.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the work to stop with `CANCELLED`.
    pub fn cancel(&self) {
        self.raise(CANCELLED);
    }

    /// Asks the work to stop with `DEADLINE_EXCEEDED`.
    pub fn expire(&self) {
        self.raise(LATE);
    }

    /// Whether the work was asked to stop.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.state.load(Ordering::Relaxed) != RUNNING
    }

    /// Fails if the work was asked to stop.
    ///
    /// # Errors
    /// `CANCELLED` or `DEADLINE_EXCEEDED`.
    pub fn check(&self) -> Result<()> {
        match self.0.state.load(Ordering::Relaxed) {
            RUNNING => Ok(()),
            LATE => Err(Error::new(Code::DeadlineExceeded, "the deadline has passed")),
            _ => Err(Error::new(Code::Cancelled, "the caller gave up")),
        }
    }

    fn raise(&self, state: u8) {
        let first = self.0.state.compare_exchange(RUNNING, state, Ordering::AcqRel, Ordering::Acquire);
        if first.is_ok() {
            #[cfg(feature = "std")]
            self.0.hooks.run();
        }
    }
}

#[cfg(feature = "std")]
pub use hooks::Hook;

#[cfg(feature = "std")]
mod hooks {
    use std::{
        boxed::Box,
        fmt,
        sync::{Mutex, PoisonError},
        vec::Vec,
    };

    use super::Cancel;

    type Action = Box<dyn FnOnce() + Send>;

    #[derive(Default)]
    pub(super) struct Hooks(Mutex<(u64, Vec<(u64, Action)>)>);

    impl Hooks {
        pub(super) fn run(&self) {
            let actions = core::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).1);
            for (_, action) in actions {
                action();
            }
        }
    }

    impl fmt::Debug for Hooks {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Hooks")
        }
    }

    /// Keeps a hook of [`Cancel::on_cancel`] registered until it is dropped.
    #[derive(Debug)]
    pub struct Hook {
        cancel: Cancel,
        id: u64,
    }

    impl Cancel {
        /// Calls `action` when the flag is raised, at once if it is raised already, from the thread that raises it.
        ///
        /// ```
        /// use std::sync::{Arc, atomic::{AtomicBool, Ordering}};
        ///
        /// let cancel = runner_core::Cancel::new();
        /// let interrupted = Arc::new(AtomicBool::new(false));
        /// let flag = Arc::clone(&interrupted);
        /// let hook = cancel.on_cancel(move || flag.store(true, Ordering::SeqCst));
        /// cancel.cancel();
        /// assert!(interrupted.load(Ordering::SeqCst));
        /// # drop(hook);
        /// ```
        #[must_use = "the hook is removed when this is dropped"]
        pub fn on_cancel(&self, action: impl FnOnce() + Send + 'static) -> Hook {
            let mut hooks = self.0.hooks.0.lock().unwrap_or_else(PoisonError::into_inner);
            hooks.0 += 1;
            let id = hooks.0;
            hooks.1.push((id, Box::new(action)));
            drop(hooks);
            if self.is_raised() {
                self.0.hooks.run();
            }
            Hook { cancel: self.clone(), id }
        }
    }

    impl Drop for Hook {
        fn drop(&mut self) {
            let mut hooks = self.cancel.0.hooks.0.lock().unwrap_or_else(PoisonError::into_inner);
            hooks.1.retain(|(id, _)| *id != self.id);
        }
    }
}
