//! What some clients may not do.

use std::{collections::HashSet, sync::Arc};

use futures_util::Stream;
use runner_core::{Bytes, Code, Description, DynPrepared, DynRun, Error, Program, ProgramId, Result, Run};

/// The external function that runs SQL as it is.
const RAW: &str = "std::sql::raw";

/// A runner with a rule about programs. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    runner: Arc<DynRun>,
    allow_raw: bool,
    /// Programs of the one who serves, for which no rule holds.
    own: Arc<HashSet<ProgramId>>,
}

impl Gate {
    /// A gate that lets everything through.
    pub(crate) fn new(runner: Arc<DynRun>) -> Self {
        Self { runner, allow_raw: true, own: Arc::default() }
    }

    /// Refuses programs that run SQL as it is, but for these.
    pub(crate) fn without_raw(mut self, own: impl IntoIterator<Item = ProgramId>) -> Self {
        self.allow_raw = false;
        self.own = Arc::new(own.into_iter().collect());
        self
    }
}

impl Run for Gate {
    type Prepared = DynPrepared;

    async fn prepare(&self, program: &Program) -> Result<DynPrepared> {
        let uses_raw = || program.externals().iter().any(|external| external.path == RAW);
        if !self.allow_raw && uses_raw() && !self.own.contains(&program.id()) {
            return Err(Error::new(Code::Unsupported, format!("`{RAW}` is switched off on this server")));
        }
        self.runner.prepare(program).await
    }

    async fn execute(&self, prepared: &DynPrepared, input: Bytes) -> Result<Bytes> {
        self.runner.execute(prepared, input).await
    }

    fn execute_chunks<'a>(
        &'a self,
        prepared: &'a DynPrepared,
        input: Bytes,
    ) -> impl Stream<Item = Result<Bytes>> + Send + 'a {
        self.runner.execute_chunks(prepared, input)
    }

    async fn get_interface(&self) -> Result<String> {
        self.runner.get_interface().await
    }

    /// The runner goes on: others may still use it.
    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn describe(&self) -> Result<Description> {
        self.runner.describe().await
    }

    async fn ready(&self) -> Result<()> {
        self.runner.ready().await
    }

    fn weight(&self, program: &Program, prepared: &DynPrepared) -> u64 {
        self.runner.weight(program, prepared)
    }
}
