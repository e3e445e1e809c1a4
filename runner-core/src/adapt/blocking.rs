use std::{format, string::String, sync::Arc, vec::Vec};

use bytes::Bytes;
use tokio::{
    runtime::{Handle, Runtime},
    sync::Notify,
};

use crate::{
    cancel::Cancel,
    describe::Description,
    error::{Code, Error, Result},
    program::Program,
    run::Run,
    run_sync::RunSync,
};

/// A [`Run`] as a [`RunSync`], on a tokio runtime that it owns.
///
/// Must not be called from within another runtime's task, as any call that blocks.
#[derive(Debug)]
pub struct Blocking<R> {
    runner: R,
    runtime: Handle,
    _owned: Owned,
}

/// A runtime that may be dropped anywhere, also by a task of another one: its threads end by themselves.
#[derive(Debug)]
struct Owned(Option<Runtime>);

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl<R: Run> Blocking<R> {
    /// Starts a runtime of one worker thread, and makes the runner within it.
    ///
    /// ```
    /// # use runner_core::{DynRun, Result, adapt::Blocking};
    /// # async fn connect() -> Result<DynRun> { Err(runner_core::Error::prepare("")) }
    /// let runner = Blocking::start(connect());
    /// # assert!(runner.is_err());
    /// ```
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if the system gives no thread, and what `make` fails with.
    pub fn start(make: impl Future<Output = Result<R>>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| Error::new(Code::ResourceExhausted, format!("no runtime: {error}")))?;
        let runner = runtime.block_on(make)?;
        Ok(Self { runner, runtime: runtime.handle().clone(), _owned: Owned(Some(runtime)) })
    }

    /// The runner itself.
    #[must_use]
    pub fn inner(&self) -> &R {
        &self.runner
    }

    /// Waits for a call, which is dropped when the flag is raised.
    fn unless_raised<T>(&self, cancel: &Cancel, call: impl Future<Output = Result<T>>) -> Result<T> {
        let raised = Arc::new(Notify::new());
        let notify = Arc::clone(&raised);
        let _hook = cancel.on_cancel(move || notify.notify_one());
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = raised.notified() => {
                    cancel.check()?;
                    Err(Error::new(Code::Cancelled, "the caller gave up"))
                }
                done = call => done,
            }
        })
    }
}

impl<R: Run> RunSync for Blocking<R> {
    type Prepared = R::Prepared;

    fn prepare(&self, program: &Program) -> Result<Self::Prepared> {
        self.runtime.block_on(self.runner.prepare(program))
    }

    fn prepare_with(&self, program: &Program, cancel: &Cancel) -> Result<Self::Prepared> {
        self.unless_raised(cancel, self.runner.prepare(program))
    }

    fn execute_with(&self, prepared: &Self::Prepared, input: &[u8], cancel: &Cancel) -> Result<Vec<u8>> {
        let output = self.runner.execute(prepared, Bytes::copy_from_slice(input));
        self.unless_raised(cancel, output).map(Vec::from)
    }

    fn get_interface(&self) -> Result<String> {
        self.runtime.block_on(self.runner.get_interface())
    }

    fn shutdown(&self) -> Result<()> {
        self.runtime.block_on(self.runner.shutdown())
    }

    fn describe(&self) -> Result<Description> {
        self.runtime.block_on(self.runner.describe())
    }

    fn weight(&self, program: &Program, prepared: &Self::Prepared) -> u64 {
        self.runner.weight(program, prepared)
    }

    fn ready(&self) -> Result<()> {
        self.runtime.block_on(self.runner.ready())
    }
}
