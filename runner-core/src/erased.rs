//! Runners that are chosen at run time.

use alloc::{boxed::Box, string::String};
use core::{any::Any, fmt, pin::Pin};

use bytes::Bytes;
use futures_util::{Stream, stream};

use crate::{
    describe::Description,
    error::{Code, Error, Result},
    program::Program,
    run::Run,
};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;
type BoxStream<'a> = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send + 'a>>;

/// Any runner behind one type, which is itself a [`Run`].
///
/// ```
/// use runner_core::{DynRun, Run};
///
/// fn choose<R: Run + 'static>(local: R) -> DynRun where R::Prepared: 'static {
///     DynRun::new(local)
/// }
/// ```
pub struct DynRun(Box<dyn ErasedRun>);

/// A prepared program of a [`DynRun`].
pub struct DynPrepared(Box<dyn Any + Send + Sync>);

impl DynRun {
    /// Erases the type of a runner.
    #[must_use]
    pub fn new<R: Run + 'static>(runner: R) -> Self
    where
        R::Prepared: 'static,
    {
        Self(Box::new(runner))
    }
}

impl fmt::Debug for DynRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynRun")
    }
}

impl fmt::Debug for DynPrepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynPrepared")
    }
}

impl Run for DynRun {
    type Prepared = DynPrepared;

    async fn prepare(&self, program: &Program) -> Result<DynPrepared> {
        self.0.prepare(program).await
    }

    async fn execute(&self, prepared: &DynPrepared, input: Bytes) -> Result<Bytes> {
        self.0.execute(prepared, input).await
    }

    fn execute_chunks<'a>(
        &'a self,
        prepared: &'a DynPrepared,
        input: Bytes,
    ) -> impl Stream<Item = Result<Bytes>> + Send + 'a {
        self.0.execute_chunks(prepared, input)
    }

    async fn get_interface(&self) -> Result<String> {
        self.0.get_interface().await
    }

    async fn shutdown(&self) -> Result<()> {
        self.0.shutdown().await
    }

    async fn describe(&self) -> Result<Description> {
        self.0.describe().await
    }

    fn weight(&self, program: &Program, prepared: &DynPrepared) -> u64 {
        self.0.weight(program, prepared)
    }

    async fn ready(&self) -> Result<()> {
        self.0.ready().await
    }
}

/// The object-safe form of [`Run`].
trait ErasedRun: Send + Sync {
    fn prepare<'a>(&'a self, program: &'a Program) -> BoxFuture<'a, DynPrepared>;
    fn execute<'a>(&'a self, prepared: &'a DynPrepared, input: Bytes) -> BoxFuture<'a, Bytes>;
    fn execute_chunks<'a>(&'a self, prepared: &'a DynPrepared, input: Bytes) -> BoxStream<'a>;
    fn get_interface(&self) -> BoxFuture<'_, String>;
    fn shutdown(&self) -> BoxFuture<'_, ()>;
    fn describe(&self) -> BoxFuture<'_, Description>;
    fn weight(&self, program: &Program, prepared: &DynPrepared) -> u64;
    fn ready(&self) -> BoxFuture<'_, ()>;
}

impl<R: Run> ErasedRun for R
where
    R::Prepared: 'static,
{
    fn prepare<'a>(&'a self, program: &'a Program) -> BoxFuture<'a, DynPrepared> {
        Box::pin(async move { Ok(DynPrepared(Box::new(Run::prepare(self, program).await?))) })
    }

    fn execute<'a>(&'a self, prepared: &'a DynPrepared, input: Bytes) -> BoxFuture<'a, Bytes> {
        match prepared.0.downcast_ref::<R::Prepared>() {
            Some(prepared) => Box::pin(Run::execute(self, prepared, input)),
            None => Box::pin(core::future::ready(Err(foreign()))),
        }
    }

    fn execute_chunks<'a>(&'a self, prepared: &'a DynPrepared, input: Bytes) -> BoxStream<'a> {
        match prepared.0.downcast_ref::<R::Prepared>() {
            Some(prepared) => Box::pin(Run::execute_chunks(self, prepared, input)),
            None => Box::pin(stream::once(core::future::ready(Err(foreign())))),
        }
    }

    fn get_interface(&self) -> BoxFuture<'_, String> {
        Box::pin(Run::get_interface(self))
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        Box::pin(Run::shutdown(self))
    }

    fn describe(&self) -> BoxFuture<'_, Description> {
        Box::pin(Run::describe(self))
    }

    fn weight(&self, program: &Program, prepared: &DynPrepared) -> u64 {
        match prepared.0.downcast_ref::<R::Prepared>() {
            Some(prepared) => Run::weight(self, program, prepared),
            None => program.memory_bytes(),
        }
    }

    fn ready(&self) -> BoxFuture<'_, ()> {
        Box::pin(Run::ready(self))
    }
}

fn foreign() -> Error {
    Error::new(Code::ProgramNotFound, "this program was prepared by another runner")
}
