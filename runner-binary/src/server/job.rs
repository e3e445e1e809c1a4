//! The work of one request. Dropping it stops the work.

use std::{future::poll_fn, pin::Pin, pin::pin, sync::Arc, task::Poll};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use runner_core::{Code, Error, Program, ProgramId, Result, Run, adapt};
use runner_spool::Spool;
use tokio::sync::SetOnce;

use super::{outlet::Outlet, shared::Shared};
use crate::limits::CHUNK_BYTES;

/// Gives the last piece of the answer, if it is not among those that came through the outlet.
pub(super) type Job = Pin<Box<dyn Future<Output = Result<Option<Bytes>>> + Send>>;

/// A program of the server.
type Entry<R> = adapt::Entry<<R as Run>::Prepared>;

/// What a connection's number of a program stands for, once that is known.
pub(super) type Bound<R> = SetOnce<Result<Arc<Entry<R>>>>;

pub(super) fn execute<R: Run + 'static>(outlet: Arc<Outlet<R>>, bound: Arc<Bound<R>>, input: Bytes) -> Job
where
    R::Prepared: 'static,
{
    Box::pin(async move {
        let shared = &outlet.shared;
        // What is waited for seldom is boxed: this is made, moved and dropped for every execute.
        let entry = match bound.get() {
            Some(entry) => entry,
            None => Box::pin(bound.wait()).await,
        };
        let prepared = entry.as_ref().map_err(Error::clone)?.ready.get().ok_or_else(unprepared)?;
        let _permit = match shared.gate.try_enter() {
            Some(permit) => permit,
            None => Box::pin(shared.gate.enter()).await?,
        };
        let mut pieces = pin!(shared.runner.execute_chunks(prepared, input));
        let Some(first) = pieces.next().await.transpose()? else { return Ok(None) };
        // Most answers are one piece, which needs no outlet.
        if pieces.size_hint().1 == Some(0) {
            return Ok(Some(first));
        }
        let ahead = poll_fn(|cx| Poll::Ready(pieces.as_mut().poll_next(cx))).await;
        if let Poll::Ready(None) = ahead {
            return Ok(Some(first));
        }
        Box::pin(put_all(&outlet, first, ahead, pieces)).await.map(|()| None)
    })
}

/// Puts pieces into the outlet: the first one, what was found behind it, and the rest.
async fn put_all<R: Run>(
    outlet: &Outlet<R>,
    first: Bytes,
    mut ahead: Poll<Option<Result<Bytes>>>,
    mut pieces: Pin<&mut impl Stream<Item = Result<Bytes>>>,
) -> Result<()> {
    outlet.put(first).await;
    loop {
        let piece = match core::mem::replace(&mut ahead, Poll::Pending) {
            Poll::Ready(piece) => piece,
            Poll::Pending => pieces.next().await,
        };
        match piece.transpose()? {
            Some(piece) => outlet.put(piece).await,
            None => return Ok(()),
        }
    }
}

/// Moves pieces to disk, gives them back from there, and goes on with the rest. If there is no room on disk, the pieces
/// are given as they are.
pub(super) fn spooled<R: Run + 'static>(
    spool: Spool,
    outlet: Arc<Outlet<R>>,
    pieces: Vec<Bytes>,
    rest: Option<Job>,
) -> Job
where
    R::Prepared: 'static,
{
    Box::pin(async move {
        match spool.store(pieces).await {
            Err(pieces) => {
                for piece in pieces {
                    outlet.put(piece).await;
                }
            }
            Ok(mut stored) => {
                while let Some(piece) = stored.next().await? {
                    outlet.put(piece).await;
                }
            }
        }
        match rest {
            Some(rest) => rest.await,
            None => Ok(None),
        }
    })
}

pub(super) fn failed(error: Error) -> Job {
    Box::pin(async { Err(error) })
}

pub(super) fn prepare<R: Run + 'static>(shared: Arc<Shared<R>>, bound: Arc<Bound<R>>, program: Bytes) -> Job
where
    R::Prepared: 'static,
{
    let mut preparing = Preparing { shared, bound, entry: None };
    Box::pin(async move {
        preparing.prepare(program).await?;
        Ok(None)
    })
}

pub(super) fn interface<R: Run + 'static>(shared: Arc<Shared<R>>) -> Job
where
    R::Prepared: 'static,
{
    Box::pin(async move {
        let _permit = shared.gate.enter().await?;
        let interface = shared.runner.get_interface().await?;
        Ok(Some(Bytes::from(interface)))
    })
}

pub(super) fn describe<R: Run + 'static>(shared: Arc<Shared<R>>) -> Job
where
    R::Prepared: 'static,
{
    Box::pin(async move {
        let _permit = shared.gate.enter().await?;
        let description = shared.runner.describe().await?;
        let bytes = postcard::to_allocvec(&description).map_err(|error| {
            Error::new(Code::Internal, format!("the description can't be encoded: {error}"))
        })?;
        Ok(Some(Bytes::from(bytes)))
    })
}

/// It takes no permit: a server that is only busy is ready.
pub(super) fn ready<R: Run + 'static>(shared: Arc<Shared<R>>) -> Job
where
    R::Prepared: 'static,
{
    Box::pin(async move { shared.runner.ready().await.map(|()| None) })
}

/// A preparation that leaves nothing behind when it fails or is dropped.
struct Preparing<R: Run> {
    shared: Arc<Shared<R>>,
    bound: Arc<Bound<R>>,
    entry: Option<Arc<Entry<R>>>,
}

impl<R: Run> Preparing<R> {
    async fn prepare(&mut self, bytes: Bytes) -> Result<()> {
        let entry = self.entry(bytes).await?;
        // Nobody else sets it while the request is in flight; if this fails, the connection does.
        let _ = self.bound.set(Ok(entry));
        Ok(())
    }

    async fn entry(&mut self, bytes: Bytes) -> Result<Arc<Entry<R>>> {
        let Self { shared, entry, .. } = self;
        let _permit = shared.gate.enter().await?;
        let hashed = bytes.clone();
        let id = unblocked(bytes.len(), move || ProgramId::of(&hashed)).await?;
        let entry = entry.insert(shared.cache.entry(id)?);
        entry
            .ready
            .get_or_try_init(|| async {
                let program = unblocked(bytes.len(), move || Program::decode(&bytes)).await??;
                shared.runner.prepare(&program).await
            })
            .await?;
        Ok(Arc::clone(entry))
    }
}

impl<R: Run> Drop for Preparing<R> {
    fn drop(&mut self) {
        if let Some(entry) = &self.entry {
            self.shared.cache.forget(entry);
        }
    }
}

/// Computes here what is small, and on a thread for it what would keep others waiting.
async fn unblocked<T: Send + 'static>(
    bytes: usize,
    compute: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    if bytes <= CHUNK_BYTES {
        return Ok(compute());
    }
    let computed = tokio::task::spawn_blocking(compute).await;
    computed.map_err(|_| Error::new(Code::Internal, "the program could not be decoded"))
}

fn unprepared() -> Error {
    Error::new(Code::Internal, "a program counts as prepared and is not")
}
