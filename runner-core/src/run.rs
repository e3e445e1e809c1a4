use core::future::Future;

use bytes::Bytes;
use futures_util::{Stream, stream};

use crate::{
    describe::Description,
    error::Result,
    program::Program,
    typed::{Decoded, Encoded, TypedProgram},
};

/// A runner: prepares programs and executes them.
///
/// # Duties of a runner
///
/// - Work that depends on the program alone is done in `prepare`, once.
/// - `execute` may be called any number of times at once on one prepared program.
/// - Dropping a future stops the work behind it: a flag that the work looks at, an interrupt, a message to the peer.
///   Just forgetting the answer is the tempting wrong way; the machine then goes on for nobody.
/// - Dropping a `Prepared` releases what it holds.
/// - After `shutdown` every call fails with `UNAVAILABLE`; a second `shutdown` does nothing.
/// - The same program and input give the same bytes on every runner, or an error of the same code.
///
/// # Duties of a caller
///
/// - A `Prepared` is only given to the runner that made it.
/// - A deadline is a timeout around the future; there is nothing else to set.
///
/// The trait is not object-safe; [`DynRun`](crate::DynRun) is the erased form.
pub trait Run: Send + Sync {
    /// What the runner made of a program. Dropping it releases it.
    type Prepared: Send + Sync;

    /// Makes a program ready to be executed.
    ///
    /// # Errors
    /// `PREPARE_ERROR` with the place in the program that is at fault, `UNSUPPORTED`.
    fn prepare(&self, program: &Program) -> impl Future<Output = Result<Self::Prepared>> + Send;

    /// Executes a prepared program: the bytes of an input to the bytes of an output (see [`wire`](crate::wire)).
    ///
    /// # Errors
    /// `DECODE_ERROR` if the input is not of its type, `EXECUTION_ERROR` if the program fails on it, and all that can
    /// happen to a machine.
    fn execute(&self, prepared: &Self::Prepared, input: Bytes) -> impl Future<Output = Result<Bytes>> + Send;

    /// Executes a prepared program and gives the output in pieces, whose concatenation is what `execute` gives.
    ///
    /// By default there is one piece.
    fn execute_chunks<'a>(
        &'a self,
        prepared: &'a Self::Prepared,
        input: Bytes,
    ) -> impl Stream<Item = Result<Bytes>> + Send + 'a {
        stream::once(self.execute(prepared, input))
    }

    /// What the runner offers to programs, as Lutra source: external functions, types, tables.
    ///
    /// # Errors
    /// If the runner, or the database behind it, can't be asked.
    fn get_interface(&self) -> impl Future<Output = Result<alloc::string::String>> + Send;

    /// Finishes what runs, refuses what comes, and lets go of all resources. Doing it twice is fine.
    ///
    /// # Errors
    /// If resources could not be released in order.
    fn shutdown(&self) -> impl Future<Output = Result<()>> + Send;

    /// What this runner is and what it can do.
    ///
    /// # Errors
    /// If a remote runner can't be asked.
    fn describe(&self) -> impl Future<Output = Result<Description>> + Send {
        async { Ok(Description::new("runner", env!("CARGO_PKG_VERSION"))) }
    }

    /// Bytes of memory that a prepared program holds, so that whoever keeps prepared programs can bound them.
    ///
    /// It is asked once, right after `prepare`, with the program that was prepared. By default it is what the program
    /// itself takes, which is right for a runner that keeps little more than that; one that makes plans, tables of
    /// constants or statements says what they take.
    fn weight(&self, program: &Program, prepared: &Self::Prepared) -> u64 {
        let _ = prepared;
        program.memory_bytes()
    }

    /// Whether programs can be prepared and executed now.
    ///
    /// A runner on a database asks it, over the connections that executes use; a remote runner asks its server, which asks
    /// its runner. A runner that is only busy is ready. This is cheap enough to be asked every second, and whoever asks sets
    /// a deadline.
    ///
    /// By default, a runner that can be [described](Run::describe) is ready.
    ///
    /// # Errors
    /// `UNAVAILABLE` with the reason, also after `shutdown`.
    fn ready(&self) -> impl Future<Output = Result<()>> + Send {
        async { self.describe().await.map(drop) }
    }

    /// Encodes the input, prepares, executes and decodes the output.
    ///
    /// To execute a program more than once, prepare it once and use [`TypedProgram::encode`] and
    /// [`TypedProgram::decode`].
    ///
    /// # Errors
    /// Those of `prepare` and `execute`.
    fn run<I, O>(&self, program: &TypedProgram<I, O>, input: &I) -> impl Future<Output = Result<O>> + Send
    where
        I: Encoded + Sync,
        O: Decoded + Send,
    {
        async move {
            let input = program.encode(input)?;
            let prepared = self.prepare(program.program()).await?;
            let output = self.execute(&prepared, input.into()).await?;
            program.decode(&output)
        }
    }
}
