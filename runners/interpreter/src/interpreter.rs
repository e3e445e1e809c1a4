use alloc::{format, string::String, sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicBool, Ordering};

use runner_core::{Bytes, Cancel, Code, Description, Error, Program, Result, RunSync};

use crate::{
    budget::{Budget, Limits},
    column::Column,
    eval::Eval,
    native::Native,
    plan::Plan,
};

/// Runs programs in this process.
///
/// ```
/// use runner_core::{Expr, INPUT, Kind, Parts, Prim, Program, RunSync, TypeTable};
/// use runner_interpreter::Interpreter;
///
/// let mut types = TypeTable::new();
/// let int = types.prim(Prim::Int64);
/// let body = vec![Expr { kind: Kind::Local(INPUT), ty: int }];
/// let program = Program::new(Parts { types, input: int, output: int, body, ..Parts::default() })?;
///
/// let interpreter = Interpreter::new();
/// let prepared = interpreter.prepare(&program)?;
/// assert_eq!(interpreter.execute(&prepared, &[6])?, [6]);
/// # Ok::<(), runner_core::Error>(())
/// ```
///
/// Executions share nothing but what they were given, so any number may run at once.
pub struct Interpreter {
    limits: Limits,
    natives: Vec<Arc<dyn Native>>,
    hash_seed: Option<u64>,
    closed: AtomicBool,
}

/// What an [`Interpreter`] made of a program.
pub struct Prepared(Plan);

impl Prepared {
    /// About how many bytes this holds: the plan, its constants, and the program, which it keeps alive. The same for
    /// every execution, which adds nothing to it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.bytes
    }
}

/// Collects what an [`Interpreter`] is given.
#[derive(Default)]
pub struct Builder {
    limits: Limits,
    hash_seed: Option<u64>,
    natives: Vec<Arc<dyn Native>>,
}

impl Interpreter {
    /// An interpreter without limits and without functions of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Begins an interpreter.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::new(Code::Unavailable, "the interpreter was shut down").with_retryable(false));
        }
        Ok(())
    }
}

impl Default for Interpreter {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// Bounds every execution.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Seeds the hash tables of every execution with this number, which has to be random and secret.
    ///
    /// Without it each execution takes a random number from the system. Without the feature `std` there is none: the
    /// seed is made of addresses, so that a device that has a source of randomness had better give it here.
    #[must_use]
    pub fn hash_seed(mut self, seed: u64) -> Self {
        self.hash_seed = Some(seed);
        self
    }

    /// Offers a function to programs; a later one of the same path replaces it.
    #[must_use]
    #[cfg_attr(
        not(any(feature = "fs", feature = "host")),
        allow(dead_code, reason = "only features call it")
    )]
    pub(crate) fn native(mut self, native: Arc<dyn Native>) -> Self {
        self.natives.retain(|known| known.path() != native.path());
        self.natives.push(native);
        self
    }

    /// The interpreter.
    #[must_use]
    pub fn build(self) -> Interpreter {
        Interpreter {
            limits: self.limits,
            natives: self.natives,
            hash_seed: self.hash_seed,
            closed: AtomicBool::new(false),
        }
    }
}

impl RunSync for Interpreter {
    type Prepared = Prepared;

    fn prepare(&self, program: &Program) -> Result<Prepared> {
        self.check_open()?;
        let natives = program
            .externals()
            .iter()
            .map(|declared| match self.natives.iter().find(|native| native.path() == declared.path) {
                Some(native) => native.bind(program.types(), declared),
                None => Err(unknown(&declared.path)),
            })
            .collect::<Result<_>>()?;
        Plan::new(program, natives).map(Prepared)
    }

    fn execute_with(&self, prepared: &Prepared, input: &[u8], cancel: &Cancel) -> Result<Vec<u8>> {
        self.check_open()?;
        let plan = &prepared.0;
        let budget = Budget::new(self.limits, cancel);
        // The caller holds the input as long as this runs.
        let _input = budget.charge(input.len())?;
        let input = Column::from_wire(plan.program.types(), plan.program.input(), input, 1, &budget)?;
        Eval::new(plan, budget, self.hash_seed)?.run(input)
    }

    /// A sequence, and what maps and filters make of an array, goes out while it is made, and is never held as a whole;
    /// so its program may fail after some of the output. Any other output is one piece.
    fn execute_chunks_with(
        &self,
        prepared: &Prepared,
        input: &[u8],
        cancel: &Cancel,
        emit: &mut dyn FnMut(Bytes) -> Result<()>,
    ) -> Result<Bytes> {
        self.check_open()?;
        let plan = &prepared.0;
        let budget = Budget::new(self.limits, cancel);
        let _input = budget.charge(input.len())?;
        let input = Column::from_wire(plan.program.types(), plan.program.input(), input, 1, &budget)?;
        Eval::new(plan, budget, self.hash_seed)?.run_in_pieces(input, emit).map(Bytes::from)
    }

    fn get_interface(&self) -> Result<String> {
        self.check_open()?;
        let declarations: Vec<String> =
            self.natives.iter().filter_map(|native| native.declaration()).collect();
        Ok(declarations.join("\n"))
    }

    fn shutdown(&self) -> Result<()> {
        self.closed.store(true, Ordering::Release);
        Ok(())
    }

    fn weight(&self, _: &Program, prepared: &Prepared) -> u64 {
        prepared.bytes() as u64
    }

    fn describe(&self) -> Result<Description> {
        self.check_open()?;
        let mut description = Description::new("interpreter", env!("CARGO_PKG_VERSION"));
        let limits = [
            ("memory_bytes", self.limits.memory_bytes),
            ("steps", self.limits.steps),
            ("time_ms", self.limits.time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))),
        ];
        description.limits =
            limits.into_iter().filter_map(|(name, value)| Some((name.into(), value?))).collect();
        description.streams = true;
        description.cancels = true;
        description.isolates = true;
        Ok(description)
    }
}

fn unknown(path: &str) -> Error {
    if path.starts_with("std::sql::") {
        return Error::prepare(format!("the interpreter has no {path}: it needs a database"));
    }
    if path.starts_with("std::fs::") {
        return Error::prepare(format!("{path} needs an interpreter with a root directory"));
    }
    Error::prepare(format!("the interpreter has no function {path}"))
}
