//! `interpreter` and `interpreter:ROOT`: programs run in this process.

use runner_core::{DynRun, adapt::Pooled};
use runner_interpreter::{Interpreter, Limits, fs::Root};

use super::Bounds;
use crate::error::Failure;

pub(super) fn connect(root: Option<&str>, bounds: Bounds) -> Result<DynRun, Failure> {
    let limits = Limits { memory_bytes: bounds.memory_bytes, steps: bounds.steps, ..Limits::default() };
    let mut builder = Interpreter::builder().limits(limits);
    if let Some(root) = root {
        builder = builder.root(Root::open(root)?);
    }
    Ok(DynRun::new(Pooled::new(builder.build(), bounds.workers)?))
}
