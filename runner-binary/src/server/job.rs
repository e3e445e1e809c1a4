//! The work of one request, as the stream of the pieces of its answer. Dropping it stops the work.

use std::{pin::Pin, pin::pin, sync::Arc};

use async_stream::try_stream;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use runner_core::{Code, Error, Program, ProgramId, Result, Run};
use tokio::sync::SetOnce;

use super::{cache::Entry, shared::Shared};
use crate::limits::CHUNK_BYTES;

pub(super) type Job = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// What a connection's number of a program stands for, once that is known.
pub(super) type Bound<R> = SetOnce<Result<Arc<Entry<R>>>>;

pub(super) fn execute<R: Run + 'static>(shared: Arc<Shared<R>>, bound: Arc<Bound<R>>, input: Bytes) -> Job
where
    R::Prepared: 'static,
{
    Box::pin(try_stream! {
        // What is waited for seldom is boxed: this is made, moved and dropped for every execute.
        let entry = match bound.get() {
            Some(entry) => entry,
            None => Box::pin(bound.wait()).await,
        };
        let prepared = entry.as_ref().map_err(Error::clone)?.prepared.get().ok_or_else(unprepared)?;
        let _permit = match shared.permit_now() {
            Some(permit) => permit,
            None => Box::pin(shared.permit()).await?,
        };
        let mut pieces = pin!(shared.runner.execute_chunks(prepared, input));
        while let Some(piece) = pieces.next().await {
            yield piece?;
        }
    })
}

pub(super) fn prepare<R: Run + 'static>(shared: Arc<Shared<R>>, bound: Arc<Bound<R>>, program: Bytes) -> Job
where
    R::Prepared: 'static,
{
    let mut preparing = Preparing { shared, bound, entry: None };
    Box::pin(try_stream! {
        preparing.prepare(program).await?;
        yield Bytes::new();
    })
}

pub(super) fn interface<R: Run + 'static>(shared: Arc<Shared<R>>) -> Job
where
    R::Prepared: 'static,
{
    Box::pin(try_stream! {
        let _permit = shared.permit().await?;
        let interface = shared.runner.get_interface().await?;
        yield Bytes::from(interface);
    })
}

pub(super) fn describe<R: Run + 'static>(shared: Arc<Shared<R>>) -> Job
where
    R::Prepared: 'static,
{
    Box::pin(try_stream! {
        let _permit = shared.permit().await?;
        let description = shared.runner.describe().await?;
        let bytes = postcard::to_allocvec(&description)
            .map_err(|error| Error::new(Code::Internal, format!("the description can't be encoded: {error}")))?;
        yield Bytes::from(bytes);
    })
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
        let _permit = shared.permit().await?;
        let hashed = bytes.clone();
        let id = unblocked(bytes.len(), move || ProgramId::of(&hashed)).await?;
        let entry = entry.insert(shared.cache.entry(id)?);
        entry
            .prepared
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
