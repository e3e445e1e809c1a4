//! The runners that every case runs on.

use runner_core::{Program, Result, RunSync};
use runner_interpreter::Interpreter;

/// A runner by name.
pub struct Backend {
    /// Its name in the names of tests.
    pub name: &'static str,
    execute: Box<Execute>,
}

type Execute = dyn Fn(&Program, &[u8]) -> Result<Vec<u8>> + Send + Sync;

impl Backend {
    /// Prepares and executes.
    pub fn execute(&self, program: &Program, input: &[u8]) -> Result<Vec<u8>> {
        (self.execute)(program, input)
    }

    fn new<R: RunSync + 'static>(name: &'static str, runner: R) -> Self {
        Self {
            name,
            execute: Box::new(move |program, input| {
                let prepared = runner.prepare(program)?;
                runner.execute(&prepared, input)
            }),
        }
    }
}

/// Every runner that there is.
pub fn all() -> Vec<Backend> {
    vec![Backend::new("interpreter", Interpreter::new())]
}
