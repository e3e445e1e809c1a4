use std::{
    ffi::OsString,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use runner_binary::{Client, Prepared, Reconnect};
use runner_core::{Description, Program, Result, Run};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{
    board::Board,
    builder::Builder,
    error::unavailable,
    status::Status,
    supervisor::{Order, Supervisor, unsupervised},
    usage::{self, Usage},
};

/// A runner in a child process, as a [`Run`]. Clones are the same process.
///
/// What is in flight when the child dies fails with `UNAVAILABLE` and the reason: how it ended, and what it said last on
/// standard error. Programs stay prepared: another child prepares them again when they are next executed.
///
/// [`Run::shutdown`] stops the child for good. When the last clone is dropped, the child is told goodbye and is killed
/// after its [grace](Builder::grace); when the runtime or this process ends, it is killed at once.
///
/// ```no_run
/// # use runner_core::{Program, Run};
/// use runner_posix::{Process, State};
///
/// # async fn example(program: Program) -> runner_core::Result<()> {
/// let process = Process::builder("runner").args(["serve", "--stdio"]).start().await?;
/// let prepared = process.prepare(&program).await?;
/// let output = process.execute(&prepared, vec![0x54].into()).await?;
/// assert_eq!(process.status().state, State::Running);
/// process.shutdown().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Process(Arc<Inner>);

struct Inner {
    client: Client,
    board: Arc<Board>,
    orders: mpsc::UnboundedSender<Order>,
    grace: Duration,
    is_shut: AtomicBool,
}

impl Process {
    /// Begins to describe a process that runs this executable: a path, or a name that is looked up in `PATH`.
    #[must_use]
    pub fn builder(program: impl Into<OsString>) -> Builder {
        Builder::new(program)
    }

    /// How it is now.
    ///
    /// ```no_run
    /// # async fn example(process: runner_posix::Process) {
    /// let status = process.status();
    /// println!("{:?}, restarted {} times, pid {:?}", status.state, status.restarts, status.pid);
    /// # }
    /// ```
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.board.status()
    }

    /// How it is now, and again whenever that has changed.
    ///
    /// ```no_run
    /// # use runner_posix::{Process, State};
    /// # use futures_util::StreamExt;
    /// # async fn example(process: Process) {
    /// let mut statuses = process.statuses();
    /// while let Some(status) = statuses.next().await {
    ///     if status.state == State::Ended {
    ///         println!("it has ended: {:?}", status.last_exit);
    ///     }
    /// }
    /// # }
    /// ```
    pub fn statuses(&self) -> impl Stream<Item = Status> + Send + Unpin + use<> {
        let known = self.0.board.watch();
        Box::pin(stream::unfold((known, None), |(mut known, last)| async move {
            loop {
                let status = known.borrow_and_update().status.clone();
                if last.as_ref() != Some(&status) {
                    return Some((status.clone(), (known, Some(status))));
                }
                known.changed().await.ok()?;
            }
        }))
    }

    /// Starts a child if there is none, at once also if it would be started later.
    ///
    /// ```no_run
    /// # async fn example(process: runner_posix::Process) -> runner_core::Result<()> {
    /// process.stop(std::time::Duration::from_secs(1)).await?;
    /// process.start().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Builder::start`], and `UNAVAILABLE` if it was shut down.
    pub async fn start(&self) -> Result<()> {
        if self.0.is_shut.load(Ordering::Acquire) {
            return Err(unavailable("the runner process was shut down").with_retryable(false));
        }
        start(&self.0.orders).await?;
        self.told(self.0.client.reconnect()).await
    }

    /// Refuses what comes, lets what is in flight finish within `grace`, tells the child goodbye, and kills what is left
    /// of it when the time is over. It may be started again.
    ///
    /// ```no_run
    /// # async fn example(process: runner_posix::Process) -> runner_core::Result<()> {
    /// process.stop(std::time::Duration::from_secs(10)).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// None today.
    pub async fn stop(&self, grace: Duration) -> Result<()> {
        self.end(self.0.client.disconnect(), grace).await;
        Ok(())
    }

    /// [`stop`](Process::stop) and [`start`](Process::start).
    ///
    /// ```no_run
    /// # async fn example(process: runner_posix::Process) -> runner_core::Result<()> {
    /// process.restart(std::time::Duration::from_secs(10)).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of `start`.
    pub async fn restart(&self, grace: Duration) -> Result<()> {
        self.stop(grace).await?;
        self.start().await
    }

    /// What the child has used so far; what it has started is not counted.
    ///
    /// ```no_run
    /// # async fn example(process: runner_posix::Process) -> runner_core::Result<()> {
    /// let usage = process.usage()?;
    /// println!("{:?} of CPU time, {} bytes", usage.cpu, usage.memory_bytes);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `UNAVAILABLE` if there is no child, `UNSUPPORTED` elsewhere than on Linux.
    pub fn usage(&self) -> Result<Usage> {
        let pid = self.status().pid.ok_or_else(|| unavailable("there is no runner process"))?;
        let usage = usage::of(pid)?;
        // Numbers are used again: if the child has not ended since, they were its own.
        match self.status().pid == Some(pid) {
            true => Ok(usage),
            false => Err(unavailable("the runner process has just ended")),
        }
    }

    /// The last lines of standard error, of this child and those before it, as many as fit into the
    /// [bound](Builder::stderr_bytes). Bytes that are not UTF-8 are replaced.
    ///
    /// ```no_run
    /// # async fn example(process: runner_posix::Process) {
    /// println!("{}", process.stderr_tail().join("\n"));
    /// # }
    /// ```
    #[must_use]
    pub fn stderr_tail(&self) -> Vec<String> {
        self.0.board.log.tail()
    }

    /// The lines of standard error: the last ones and all that come. Who does not keep up misses some; nothing more is
    /// kept for them than the tail. The stream ends with the last clone of the process.
    ///
    /// ```no_run
    /// # use futures_util::StreamExt;
    /// # async fn example(process: runner_posix::Process) {
    /// let mut lines = process.stderr();
    /// while let Some(line) = lines.next().await {
    ///     eprintln!("runner: {line}");
    /// }
    /// # }
    /// ```
    pub fn stderr(&self) -> impl Stream<Item = String> + Send + Unpin + use<> {
        self.0.board.log.follow()
    }

    pub(crate) async fn start_with(builder: Builder) -> Result<Self> {
        let board = Board::new(builder.log_bytes, builder.limits);
        let (orders, receiver) = mpsc::unbounded_channel();
        let (grace, restarts) = (builder.grace, builder.restart.is_some());
        // The connector waits for a child itself.
        let options =
            builder.client.clone().with_reconnect(Reconnect { attempts: 1, ..Reconnect::default() });
        tokio::spawn(Supervisor::new(builder, Arc::clone(&board), receiver)?.run());
        start(&orders).await?;
        let connector = {
            let board = Arc::clone(&board);
            move || {
                let board = Arc::clone(&board);
                async move { board.connection().await }
            }
        };
        let client = match Client::connect(connector, options).await {
            Ok(client) => client,
            Err(error) => {
                let error = board.explain(error, 1).await;
                stop(&orders, Duration::ZERO).await;
                return Err(error);
            }
        };
        let inner = Inner { client, board, orders, grace, is_shut: AtomicBool::new(false) };
        let process = Self(Arc::new(inner));
        if restarts {
            tokio::spawn(process.reconnects());
        }
        Ok(process)
    }

    /// Connects to each child that is started again, before it gives up waiting.
    fn reconnects(&self) -> impl Future<Output = ()> + Send + use<> {
        let inner = Arc::downgrade(&self.0);
        let mut known = self.0.board.watch();
        async move {
            let mut connected = known.borrow_and_update().started;
            while known.changed().await.is_ok() {
                let started = known.borrow_and_update().started;
                let Some(inner) = inner.upgrade() else { return };
                if started > connected {
                    connected = started;
                    if let Err(error) = inner.client.reconnect().await {
                        tracing::warn!(%error, "a runner process that was started again can't be spoken to");
                    }
                }
            }
        }
    }

    /// Stops the child while the connection comes to its end.
    async fn end(&self, goodbye: impl Future<Output = ()>, grace: Duration) {
        let stopped = stop(&self.0.orders, grace);
        // When the child is gone, so is the connection.
        tokio::join!(timeout(grace, goodbye), stopped).1;
    }

    /// A call that says why it failed if it was because of the child.
    async fn told<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let child = self.0.board.connected();
        match call.await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.0.board.explain(error, child).await),
        }
    }
}

impl Run for Process {
    type Prepared = Prepared;

    async fn prepare(&self, program: &Program) -> Result<Prepared> {
        self.told(self.0.client.prepare(program)).await
    }

    async fn execute(&self, prepared: &Prepared, input: Bytes) -> Result<Bytes> {
        self.told(self.0.client.execute(prepared, input)).await
    }

    fn execute_chunks<'a>(
        &'a self,
        prepared: &'a Prepared,
        input: Bytes,
    ) -> impl Stream<Item = Result<Bytes>> + Send + 'a {
        let child = self.0.board.connected();
        self.0.client.execute_chunks(prepared, input).then(move |piece| async move {
            match piece {
                Ok(piece) => Ok(piece),
                Err(error) => Err(self.0.board.explain(error, child).await),
            }
        })
    }

    async fn get_interface(&self) -> Result<String> {
        self.told(self.0.client.get_interface()).await
    }

    async fn shutdown(&self) -> Result<()> {
        self.0.is_shut.store(true, Ordering::Release);
        let goodbye = async { drop(self.0.client.shutdown().await) };
        self.end(goodbye, self.0.grace).await;
        Ok(())
    }

    async fn describe(&self) -> Result<Description> {
        self.told(self.0.client.describe()).await
    }

    async fn ready(&self) -> Result<()> {
        self.told(self.0.client.ready()).await
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Process").field(&self.status()).finish()
    }
}

async fn start(orders: &mpsc::UnboundedSender<Order>) -> Result<()> {
    let (done, started) = oneshot::channel();
    orders.send(Order::Start { done }).map_err(|_| unsupervised())?;
    started.await.map_err(|_| unsupervised())?
}

/// Waits until the child is gone, if there was one.
async fn stop(orders: &mpsc::UnboundedSender<Order>, grace: Duration) {
    let (done, stopped) = oneshot::channel();
    if orders.send(Order::Stop { grace, done }).is_ok() {
        let _ = stopped.await;
    }
}
