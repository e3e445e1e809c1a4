//! Stack for deep programs.

use std::{panic::resume_unwind, thread};

use runner_core::{Code, Error, Program, Result};

use crate::limits::{SHALLOW_LEVELS, STACK_BYTES};

/// Whether a program nests so deeply that [`on_stack`] is needed.
pub(crate) fn is_deep(program: &Program) -> bool {
    let mut levels: Vec<usize> = Vec::with_capacity(program.body().len());
    for expr in program.body() {
        let mut below = 0;
        expr.kind.for_each_child(|child| {
            below = below.max(levels.get(child.0 as usize).copied().unwrap_or_default());
        });
        if below >= SHALLOW_LEVELS {
            return true;
        }
        levels.push(below + 1);
    }
    false
}

/// Calls `action`, which works on a program, on a thread of its own if the program is deep.
pub(crate) fn on_stack<T: Send>(is_deep: bool, action: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    if !is_deep {
        return action();
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, action);
        let none =
            |error| Error::new(Code::ResourceExhausted, format!("no thread for a deep program: {error}"));
        thread.map_err(none)?.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}
