//! The task that starts children, waits for them, and starts others.

use std::{future::pending, io, sync::Arc, time::Duration};

use runner_core::{Error, Result};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{
    board::Board,
    builder::Builder,
    child::Child,
    error::{Ending, no_start},
    limits::REST_TIME,
    spawner::Spawner,
    status::State,
};

/// What a process is told. When nobody is left who could tell it something, it stops.
#[derive(Debug)]
pub(crate) enum Order {
    /// Start a child if there is none.
    Start { done: oneshot::Sender<Result<()>> },
    /// End the child within this time.
    Stop { grace: Duration, done: oneshot::Sender<()> },
}

#[derive(Debug)]
pub(crate) struct Supervisor {
    builder: Arc<Builder>,
    board: Arc<Board>,
    orders: mpsc::UnboundedReceiver<Order>,
    // Dropped after the child.
    spawner: Spawner,
}

/// A child, and the task that reads what it says.
#[derive(Debug)]
struct Live {
    child: Child,
    /// Told when the connection to it is gone.
    released: oneshot::Receiver<()>,
    log: JoinHandle<()>,
    since: Instant,
}

/// Why a child has ended, or a pause.
enum Cause {
    /// Nobody asked for it.
    Itself,
    /// These did.
    Orders(Vec<oneshot::Sender<()>>),
    /// There is nobody left.
    Gone,
}

impl Supervisor {
    /// Must be called on a tokio runtime.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn new(
        builder: Builder,
        board: Arc<Board>,
        orders: mpsc::UnboundedReceiver<Order>,
    ) -> Result<Self> {
        Ok(Self { builder: Arc::new(builder), board, orders, spawner: Spawner::start()? })
    }

    /// Does what it is told until nobody is left.
    pub(crate) async fn run(mut self) {
        while let Some(order) = self.orders.recv().await {
            match order {
                Order::Stop { done, .. } => {
                    self.board.enter(State::Stopped);
                    let _ = done.send(());
                }
                Order::Start { done } => match self.spawn().await {
                    Ok(live) => {
                        let _ = done.send(Ok(()));
                        self.keep(live).await;
                    }
                    Err(error) => {
                        self.board.fail(&error, State::Ended);
                        let _ = done.send(Err(error));
                    }
                },
            }
        }
    }

    /// Looks after a child and its successors until there is none.
    async fn keep(&mut self, mut live: Live) {
        let mut crashes = 0;
        loop {
            let (ending, cause) = self.attend(&mut live).await;
            let Some(policy) = &self.builder.restart else {
                return self.conclude(cause, ending);
            };
            if live.since.elapsed() >= policy.steady_after {
                crashes = 0;
            }
            if !matches!(cause, Cause::Itself) || crashes >= policy.limit {
                return self.conclude(cause, ending);
            }
            tracing::warn!(pid = live.child.pid, status = %ending.status, "a runner process has crashed");
            self.board.end(ending, State::Pausing);
            drop(live);
            live = match self.replace(&mut crashes).await {
                Some(next) => next,
                None => return,
            };
        }
    }

    /// Pauses and starts a child, again and again until one is there or there are to be no more.
    async fn replace(&mut self, crashes: &mut u32) -> Option<Live> {
        let policy = self.builder.restart.clone()?;
        loop {
            let pause = policy.first_pause.saturating_mul(1_u32.checked_shl(*crashes).unwrap_or(u32::MAX));
            *crashes += 1;
            match self.pause(pause.min(policy.longest_pause)).await {
                Cause::Itself => {}
                Cause::Orders(asked) => {
                    self.board.enter(State::Stopped);
                    tell(asked);
                    return None;
                }
                Cause::Gone => return None,
            }
            match self.spawn().await {
                Ok(live) => return Some(live),
                Err(error) if *crashes < policy.limit => self.board.fail(&error, State::Pausing),
                Err(error) => {
                    self.board.fail(&error, State::Ended);
                    return None;
                }
            }
        }
    }

    /// Waits, or not any more if it is told to start.
    async fn pause(&mut self, time: Duration) -> Cause {
        tokio::select! {
            () = sleep(time) => Cause::Itself,
            order = self.orders.recv() => match order {
                Some(Order::Stop { done, .. }) => Cause::Orders(vec![done]),
                Some(Order::Start { done }) => {
                    let _ = done.send(Ok(()));
                    Cause::Itself
                }
                None => Cause::Gone,
            },
        }
    }

    async fn spawn(&self) -> Result<Live> {
        let born = self.spawner.spawn(&self.builder).await?;
        let log = tokio::spawn(Arc::clone(&self.board.log).read(born.stderr));
        tracing::debug!(pid = born.child.pid, "a runner process was started");
        self.board.begin(born.child.pid, born.pipes);
        Ok(Live { child: born.child, released: born.released, log, since: Instant::now() })
    }

    /// Waits for the end of a child, and sees to it if it is to end.
    async fn attend(&mut self, live: &mut Live) -> (Ending, Cause) {
        let (mut asked, mut is_gone) = (Vec::new(), false);
        let mut deadline = None;
        let mut is_released = false;
        let status = loop {
            let late = async move {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                status = live.child.wait() => break status,
                () = late => {
                    live.child.kill();
                    deadline = None;
                }
                _ = &mut live.released, if !is_released => {
                    is_released = true;
                    deadline = earlier(deadline, self.builder.grace);
                    self.board.enter(State::Stopping);
                }
                order = self.orders.recv(), if !is_gone => match order {
                    Some(Order::Start { done }) => drop(done.send(Ok(()))),
                    Some(Order::Stop { grace, done }) => {
                        asked.push(done);
                        deadline = earlier(deadline, grace);
                        self.board.enter(State::Stopping);
                        drop(self.board.take_pipes());
                    }
                    None => {
                        is_gone = true;
                        deadline = earlier(deadline, self.builder.grace);
                        drop(self.board.take_pipes());
                    }
                },
            }
        };
        // What it has started ends with it, and then so does its standard error.
        live.child.kill();
        let _ = timeout(REST_TIME, &mut live.log).await;
        live.log.abort();
        let cause = match asked.is_empty() {
            false => Cause::Orders(asked),
            true if is_gone => Cause::Gone,
            true => Cause::Itself,
        };
        (Ending::new(known(status), !matches!(cause, Cause::Itself), &self.board.log), cause)
    }

    /// The last child has ended and there is none to follow.
    fn conclude(&self, cause: Cause, ending: Ending) {
        let state = if ending.asked { State::Stopped } else { State::Ended };
        self.board.end(ending, state);
        if let Cause::Orders(asked) = cause {
            tell(asked);
        }
    }
}

/// When nobody is left, and also when the runtime ends.
impl Drop for Supervisor {
    fn drop(&mut self) {
        self.board.close();
    }
}

/// Tells whoever asked for it that it is done, if they still wait.
fn tell(asked: Vec<oneshot::Sender<()>>) {
    for done in asked {
        let _ = done.send(());
    }
}

/// Whatever comes first: what was said before, or this much from now on.
fn earlier(deadline: Option<Instant>, grace: Duration) -> Option<Instant> {
    // A grace of centuries is no deadline.
    let new = Instant::now().checked_add(grace);
    match (deadline, new) {
        (Some(deadline), Some(new)) => Some(deadline.min(new)),
        (deadline, new) => deadline.or(new),
    }
}

/// The status of a child that has ended; one that can't be had is as good as a failure.
fn known(status: io::Result<std::process::ExitStatus>) -> std::process::ExitStatus {
    status.unwrap_or_else(|error| {
        tracing::warn!(%error, "a runner process can't be waited for");
        std::os::unix::process::ExitStatusExt::from_raw(1 << 8)
    })
}

/// A supervisor that does not answer is not there.
pub(crate) fn unsupervised() -> Error {
    no_start("the runner process", &io::ErrorKind::Interrupted.into())
}
