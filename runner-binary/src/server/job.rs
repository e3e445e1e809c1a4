//! The work of one request. Dropping it stops the work.

use std::{future::poll_fn, pin::Pin, pin::pin, sync::Arc, task::Poll};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use runner_core::{
    Code, Error, ProgramId, Result, Run,
    adapt::{self, Gate},
};
use runner_spool::Spool;
use tokio::sync::SetOnce;

use super::{outlet::Outlet, shared::Shared};
use crate::limits::CHUNK_BYTES;

/// Gives the last piece of the answer, if it is not among those that came through the outlet.
pub(super) type Job = Pin<Box<dyn Future<Output = Result<Option<Bytes>>> + Send>>;

/// A program of the server.
pub(super) type Entry<R> = adapt::Entry<<R as Run>::Prepared>;

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
        let entry = entry.as_ref().map_err(Error::clone)?;
        let _permit = match Gate::try_enter(&shared.gate) {
            Some(permit) => permit,
            None => Box::pin(Gate::enter(&shared.gate)).await?,
        };
        let mut ready = entry.ready();
        if ready.get().is_none() {
            // It was let go of for others.
            ready = Box::pin(shared.ready(entry)).await?;
        }
        let prepared = ready.get().ok_or_else(unprepared)?;
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
    Box::pin(async move {
        let _permit = Gate::enter(&shared.gate).await?;
        let hashed = program.clone();
        let id = unblocked(program.len(), move || ProgramId::of(&hashed)).await?;
        let entry = shared.cache.entry(id, &program)?;
        drop(program);
        shared.ready(&entry).await?;
        // Nobody else sets it while the request is in flight; if this fails, the connection does.
        let _ = bound.set(Ok(entry));
        Ok(None)
    })
}

pub(super) fn interface<R: Run + 'static>(shared: Arc<Shared<R>>) -> Job
where
    R::Prepared: 'static,
{
    Box::pin(async move {
        let _permit = Gate::enter(&shared.gate).await?;
        let interface = shared.runner.get_interface().await?;
        Ok(Some(Bytes::from(interface)))
    })
}

pub(super) fn describe<R: Run + 'static>(shared: Arc<Shared<R>>) -> Job
where
    R::Prepared: 'static,
{
    Box::pin(async move {
        let _permit = Gate::enter(&shared.gate).await?;
        let mut description = shared.runner.describe().await?;
        description.limits.extend(shared.options.described());
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

/// Computes here what is small, and on a thread for it what would keep others waiting.
pub(super) async fn unblocked<T: Send + 'static>(
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
