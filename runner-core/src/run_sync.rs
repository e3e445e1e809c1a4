use alloc::{string::String, vec::Vec};

use bytes::Bytes;

use crate::{
    cancel::Cancel,
    describe::Description,
    error::Result,
    program::Program,
    typed::{Decoded, Encoded, TypedProgram},
};

/// [`Run`](crate::Run) for runners that block: the duties are the same.
///
/// Where `Run` cancels by dropping a future, this takes a [`Cancel`], which the runner has to look at.
///
/// ```
/// use runner_core::{Cancel, Error, Program, Result, RunSync};
///
/// /// Gives back its input, whatever the program says.
/// struct Echo;
///
/// impl RunSync for Echo {
///     type Prepared = ();
///
///     fn prepare(&self, program: &Program) -> Result<()> {
///         match program.types().same(program.input(), program.output()) {
///             true => Ok(()),
///             false => Err(Error::prepare("an echo gives what it gets")),
///         }
///     }
///
///     fn execute_with(&self, _: &(), input: &[u8], cancel: &Cancel) -> Result<Vec<u8>> {
///         cancel.check()?;
///         Ok(input.to_vec())
///     }
///
///     fn get_interface(&self) -> Result<String> {
///         Ok(String::new())
///     }
///
///     fn shutdown(&self) -> Result<()> {
///         Ok(())
///     }
/// }
/// assert_eq!(Echo.execute(&(), b"hello")?, b"hello");
/// # Ok::<(), Error>(())
/// ```
pub trait RunSync: Send + Sync {
    /// What the runner made of a program. Dropping it releases it.
    type Prepared: Send + Sync;

    /// Makes a program ready to be executed.
    ///
    /// # Errors
    /// `PREPARE_ERROR` with the place in the program that is at fault, `UNSUPPORTED`.
    fn prepare(&self, program: &Program) -> Result<Self::Prepared>;

    /// The same until `cancel` is raised. By default that is only looked at before.
    ///
    /// # Errors
    /// As [`RunSync::prepare`], and `CANCELLED` or `DEADLINE_EXCEEDED` if `cancel` was raised.
    fn prepare_with(&self, program: &Program, cancel: &Cancel) -> Result<Self::Prepared> {
        cancel.check()?;
        self.prepare(program)
    }

    /// Executes a prepared program until it ends or `cancel` is raised.
    ///
    /// # Errors
    /// `DECODE_ERROR` if the input is not of its type, `EXECUTION_ERROR` if the program fails on it, `CANCELLED` or
    /// `DEADLINE_EXCEEDED` if `cancel` was raised, and all that can happen to a machine.
    fn execute_with(&self, prepared: &Self::Prepared, input: &[u8], cancel: &Cancel) -> Result<Vec<u8>>;

    /// Executes a prepared program and gives the output in pieces, whose concatenation is what `execute_with` gives: the
    /// last one is returned, and those before it are handed to `emit`. That takes as long as whoever receives them, and
    /// fails when nobody does; its error is to be passed on.
    ///
    /// By default there is one piece.
    ///
    /// # Errors
    /// As [`RunSync::execute_with`], also when pieces were handed out.
    fn execute_chunks_with(
        &self,
        prepared: &Self::Prepared,
        input: &[u8],
        cancel: &Cancel,
        emit: &mut dyn FnMut(Bytes) -> Result<()>,
    ) -> Result<Bytes> {
        let _ = emit;
        self.execute_with(prepared, input, cancel).map(Bytes::from)
    }

    /// Executes a prepared program to its end.
    ///
    /// # Errors
    /// As [`RunSync::execute_with`].
    fn execute(&self, prepared: &Self::Prepared, input: &[u8]) -> Result<Vec<u8>> {
        self.execute_with(prepared, input, &Cancel::new())
    }

    /// What the runner offers to programs, as Lutra source: external functions, types, tables.
    ///
    /// # Errors
    /// If the database behind the runner can't be asked.
    fn get_interface(&self) -> Result<String>;

    /// Finishes what runs, refuses what comes, and lets go of all resources. Doing it twice is fine.
    ///
    /// # Errors
    /// If resources could not be released in order.
    fn shutdown(&self) -> Result<()>;

    /// What this runner is and what it can do.
    ///
    /// # Errors
    /// If a remote runner can't be asked.
    fn describe(&self) -> Result<Description> {
        Ok(Description::new("runner", env!("CARGO_PKG_VERSION")))
    }

    /// Bytes of memory that a prepared program holds, see [`Run::weight`](crate::Run::weight).
    fn weight(&self, program: &Program, prepared: &Self::Prepared) -> u64 {
        let _ = prepared;
        program.memory_bytes()
    }

    /// Whether programs can be prepared and executed now: see [`Run::ready`](crate::Run::ready).
    ///
    /// # Errors
    /// `UNAVAILABLE` with the reason, also after `shutdown`.
    fn ready(&self) -> Result<()> {
        self.describe().map(drop)
    }

    /// Encodes the input, prepares, executes and decodes the output.
    ///
    /// # Errors
    /// Those of `prepare` and `execute`.
    fn run<I: Encoded, O: Decoded>(&self, program: &TypedProgram<I, O>, input: &I) -> Result<O> {
        let prepared = self.prepare(program.program())?;
        program.decode(&self.execute(&prepared, &program.encode(input)?)?)
    }
}
