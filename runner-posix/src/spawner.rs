//! The thread that children are spawned on, because that is what they are tied to.

use std::{
    io,
    sync::{Arc, mpsc},
    thread,
};

use runner_core::Result;
use tokio::{runtime::Handle, sync::oneshot};

use crate::{
    builder::Builder,
    child::{self, Born},
    error::no_start,
};

/// A thread that lives until this is dropped.
#[derive(Debug)]
pub(crate) struct Spawner(mpsc::Sender<Job>);

#[derive(Debug)]
struct Job {
    builder: Arc<Builder>,
    born: oneshot::Sender<io::Result<Born>>,
}

impl Spawner {
    /// Starts the thread. Must be called on a tokio runtime, which will look after the children.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start() -> Result<Self> {
        let runtime = Handle::current();
        let (sender, jobs) = mpsc::channel::<Job>();
        let work = move || {
            let _entered = runtime.enter();
            for job in jobs {
                // A child that nobody waits for is killed by being dropped.
                drop(job.born.send(child::spawn(&job.builder)));
            }
        };
        let thread = thread::Builder::new().name("runner-spawner".into()).spawn(work);
        thread.map_err(|error| no_start("a thread", &error))?;
        Ok(Self(sender))
    }

    /// Starts a child.
    ///
    /// # Errors
    /// If the system does not start it.
    pub(crate) async fn spawn(&self, builder: &Arc<Builder>) -> Result<Born> {
        let (sender, born) = oneshot::channel();
        let name = builder.program.display();
        let gone = || no_start(&name.to_string(), &io::ErrorKind::Interrupted.into());
        self.0.send(Job { builder: Arc::clone(builder), born: sender }).map_err(|_| gone())?;
        born.await.map_err(|_| gone())?.map_err(|error| no_start(&name.to_string(), &error))
    }
}
