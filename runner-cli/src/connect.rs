//! From the URL of a runner to the runner: the one place that knows them all.

use runner_core::{DynRun, adapt::Pooled};
use runner_interpreter::{Interpreter, Limits, fs::Root};

use crate::{args::RunnerArgs, error::Failure};

/// The forms of URL that are known, for messages.
const KNOWN: &str = "`interpreter`, `interpreter:ROOT`";

/// What a runner is asked not to exceed. Time is kept by whoever waits for it.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Bounds {
    memory_bytes: Option<u64>,
    steps: Option<u64>,
}

impl From<&RunnerArgs> for Bounds {
    fn from(args: &RunnerArgs) -> Self {
        Self { memory_bytes: args.memory_limit, steps: args.steps_limit }
    }
}

/// The runner behind a URL.
///
/// # Errors
/// If there is no such runner, or it can't be reached.
pub(crate) fn connect(url: &str, bounds: Bounds) -> Result<DynRun, Failure> {
    let (scheme, rest) = match url.split_once(':') {
        Some((scheme, rest)) => (scheme, Some(rest)),
        None => (url, None),
    };
    match scheme {
        "interpreter" => interpreter(rest, bounds),
        _ => Err(Failure::wrong(format!("no runner is called `{url}`; known are {KNOWN}"))),
    }
}

fn interpreter(root: Option<&str>, bounds: Bounds) -> Result<DynRun, Failure> {
    let limits = Limits { memory_bytes: bounds.memory_bytes, steps: bounds.steps, ..Limits::default() };
    let mut builder = Interpreter::builder().limits(limits);
    if let Some(root) = root {
        builder = builder.root(Root::open(root)?);
    }
    Ok(DynRun::new(Pooled::new(builder.build(), 1)?))
}
