//! What some clients may not do.

use std::{collections::HashSet, sync::Arc};

use futures_util::Stream;
use runner_core::{Bytes, Code, Description, DynPrepared, DynRun, Error, Program, ProgramId, Result, Run};

/// The external function that runs SQL as it is.
const RAW: &str = "std::sql::raw";

/// A runner with rules about programs. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    runner: Arc<DynRun>,
    allow_programs: bool,
    allow_raw: bool,
    /// Programs of the one who serves, for which no rule holds.
    own: Arc<HashSet<ProgramId>>,
}

impl Gate {
    /// A gate that lets everything through.
    pub(crate) fn new(runner: Arc<DynRun>) -> Self {
        Self { runner, allow_programs: true, allow_raw: true, own: Arc::default() }
    }

    /// Makes these programs exceptions to all rules.
    #[cfg(feature = "http")]
    pub(crate) fn with_own(mut self, own: impl IntoIterator<Item = ProgramId>) -> Self {
        self.own = Arc::new(own.into_iter().collect());
        self
    }

    /// Refuses programs, unless this is true.
    pub(crate) fn programs(mut self, allow: bool) -> Self {
        self.allow_programs = allow;
        self
    }

    /// Refuses programs that run SQL as it is, unless this is true.
    pub(crate) fn raw(mut self, allow: bool) -> Self {
        self.allow_raw = allow;
        self
    }

    fn check(&self, program: &Program) -> Result<()> {
        if self.own.contains(&program.id()) {
            return Ok(());
        }
        if !self.allow_programs {
            let words = "this server runs the functions of its project alone, over HTTP; programs need `--allow-programs`";
            return Err(Error::new(Code::Unsupported, words));
        }
        let uses_raw = program.externals().iter().any(|external| external.path == RAW);
        if uses_raw && !self.allow_raw {
            let words =
                format!("`{RAW}` is switched off on this server; `--allow-raw` allows it on the network");
            return Err(Error::new(Code::Unsupported, words));
        }
        Ok(())
    }
}

impl Run for Gate {
    type Prepared = DynPrepared;

    async fn prepare(&self, program: &Program) -> Result<DynPrepared> {
        self.check(program)?;
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

    fn weight(&self, program: &Program, prepared: &DynPrepared) -> u64 {
        self.runner.weight(program, prepared)
    }

    async fn ready(&self) -> Result<()> {
        self.runner.ready().await
    }
}
