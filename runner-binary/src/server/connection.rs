//! One connection: a task that reads frames, polls requests and writes answers, in rounds and without locks.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use runner_core::{Error, Result, Run};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    clock::Clock,
    handshake::Peer,
    job::Bound,
    metrics::Share,
    shared::{Phase, Registration, Shared},
    slot::Slot,
};
use crate::{
    error::{late, limit, lost, shutting_down},
    frame::{put_head, take_frame},
    limits::{CHUNK_BYTES, HEAD_BYTES, LINGER_TIME, SMALL_BYTES, UNSENT_BYTES},
    message::Response,
    outbox::{Batch, Queue, Turn},
    wire::{Inbox, poll_write},
};

pub(super) struct Connection<'s, S, R: Run> {
    stream: &'s mut S,
    pub(super) shared: Arc<Shared<R>>,
    pub(super) registration: Registration<R>,
    inbox: Inbox,
    pub(super) queue: Queue,
    pub(super) batch: Batch,
    /// Requests by id. A slot is made for the first request of an id and stays.
    pub(super) slots: Vec<Option<Box<Slot<R>>>>,
    /// Programs by number.
    pub(super) programs: Vec<Option<Arc<Bound<R>>>>,
    /// Ids of requests that are to be started, in order.
    pub(super) waiting: VecDeque<u32>,
    /// Ids of requests that are to be polled.
    pub(super) again: Vec<u32>,
    ready: Vec<u32>,
    /// Ids of requests whose last chunk was put into the batch.
    answered: Vec<u32>,
    pub(super) in_flight: usize,
    pub(super) executing: usize,
    /// Bytes of outputs that are neither sent nor queued.
    pub(super) held: u64,
    pub(super) frame_bytes: u32,
    pub(super) clock: Clock,
    /// Whether the server said goodbye.
    pub(super) draining: bool,
    /// Whether the client said goodbye.
    pub(super) leaving: bool,
    /// Whether nothing more will be read.
    deaf: bool,
    /// Why the connection ends, and the tick until which the goodbye may be written.
    closing: Option<(Error, u64)>,
    unflushed: bool,
    /// Whether a frame came or a request ended since the last tick.
    pub(super) active: bool,
    /// Tick in which the peer last completed a frame, and took something.
    framed_at: u64,
    wrote_at: u64,
    pub(super) requests: u64,
    pub(super) failed: u64,
    requests_share: Share,
    pub(super) held_share: Share,
}

impl<'s, S, R> Connection<'s, S, R>
where
    S: AsyncRead + AsyncWrite + Unpin,
    R: Run + 'static,
    R::Prepared: 'static,
{
    pub(super) fn new(stream: &'s mut S, registration: Registration<R>, peer: Peer) -> Self {
        let shared = Arc::clone(&registration.shared);
        Self {
            stream,
            inbox: Inbox::new(peer.rest),
            queue: Queue::default(),
            batch: Batch::default(),
            slots: Vec::new(),
            programs: Vec::new(),
            waiting: VecDeque::new(),
            again: Vec::new(),
            ready: Vec::new(),
            answered: Vec::new(),
            in_flight: 0,
            executing: 0,
            held: 0,
            frame_bytes: peer.frame_bytes,
            clock: Clock::new(&shared.options.limits),
            draining: false,
            leaving: false,
            deaf: false,
            closing: None,
            unflushed: false,
            active: true,
            framed_at: 0,
            wrote_at: 0,
            requests: 0,
            failed: 0,
            requests_share: Share::default(),
            held_share: Share::default(),
            shared,
            registration,
        }
    }

    /// Serves until either side is done.
    ///
    /// # Errors
    /// What ended the connection, if not a goodbye.
    pub(super) async fn run(mut self) -> Result<()> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.registration.wakes.task.register(cx.waker());
        let _caller = self.registration.caller.enter();
        loop {
            self.follow_phase();
            let mut busy = false;
            if self.closing.is_none() {
                match self.poll_frames(cx) {
                    Ok(read) => busy |= read,
                    Err(error) => self.close(error),
                }
                busy |= self.poll_requests();
            }
            match self.poll_write(cx) {
                Ok(wrote) => busy |= wrote,
                Err(error) => return Poll::Ready(Err(error)),
            }
            if self.deaf && self.in_flight > 0 {
                self.drop_stuck();
            }
            self.report();
            if self.is_sent() {
                if let Some((error, _)) = self.closing.take() {
                    return Poll::Ready(Err(error));
                }
                if (self.draining || self.leaving) && self.in_flight == 0 {
                    return Poll::Ready(Ok(()));
                }
            }
            if self.deaf && !self.leaving && self.closing.is_none() {
                return Poll::Ready(Err(lost("the client went away without a goodbye")));
            }
            if self.clock.poll(cx).is_ready() {
                busy = true;
                if let Err(error) = self.tick() {
                    if self.closing.is_some() {
                        return Poll::Ready(Err(error));
                    }
                    self.close(error);
                }
            }
            if !busy {
                return Poll::Pending;
            }
        }
    }

    /// Does what the server as a whole has come to.
    fn follow_phase(&mut self) {
        let phase = *self.shared.phase.borrow();
        if phase >= Phase::Draining && !self.draining {
            self.draining = true;
            self.send(&Response::Goodbye { error: None });
        }
        if phase >= Phase::Stopping && self.closing.is_none() {
            self.fail_all(&shutting_down());
            self.closing = Some((shutting_down(), self.clock.now + self.clock.ticks(LINGER_TIME)));
            self.clock.rouse();
        }
    }

    /// Handles what was read, reads once, and handles that. Whether there was something.
    fn poll_frames(&mut self, cx: &mut Context<'_>) -> Result<bool> {
        let mut busy = self.handle_frames()?;
        if !self.deaf && self.unsent() < UNSENT_BYTES {
            match self.inbox.poll_read(self.stream, cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(0)) => {
                    self.deaf = true;
                    busy = true;
                }
                Poll::Ready(Ok(_)) => {
                    self.clock.rouse();
                    self.handle_frames()?;
                    busy = true;
                }
                Poll::Ready(Err(error)) => {
                    tracing::debug!(%error, "reading failed");
                    self.deaf = true;
                    self.leaving = false;
                    busy = true;
                }
            }
        }
        Ok(busy)
    }

    fn handle_frames(&mut self) -> Result<bool> {
        let mut busy = false;
        while self.unsent() < UNSENT_BYTES {
            let frame_bytes = self.shared.options.limits.frame_bytes;
            let Some(frame) = take_frame(&mut self.inbox.buffer, frame_bytes)? else {
                break;
            };
            self.framed_at = self.clock.now;
            self.active = true;
            busy = true;
            self.handle(frame)?;
        }
        Ok(busy)
    }

    /// Polls requests that asked for it, and starts others in their place. Whether there were any.
    fn poll_requests(&mut self) -> bool {
        let mut busy = false;
        if self.unsent() < UNSENT_BYTES {
            let mut ready = core::mem::take(&mut self.ready);
            self.registration.wakes.take(&mut ready);
            ready.append(&mut self.again);
            for id in ready.drain(..) {
                busy = true;
                self.with(id, Self::pump);
            }
            self.ready = ready;
        }
        busy | self.start_waiting()
    }

    /// Writes what there is. Whether something was taken.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Result<bool> {
        let mut busy = false;
        loop {
            if self.batch.is_empty() {
                self.gather();
            }
            if self.batch.is_empty() {
                break;
            }
            match poll_write(self.stream, &mut self.batch, cx) {
                Poll::Pending => {
                    self.clock.rouse();
                    return Ok(busy);
                }
                Poll::Ready(Err(error)) => return Err(lost(format!("writing failed: {error}"))),
                Poll::Ready(Ok(_)) => {
                    busy = true;
                    self.unflushed = true;
                    self.wrote_at = self.clock.now;
                }
            }
        }
        if self.unflushed {
            match Pin::new(&mut *self.stream).poll_flush(cx) {
                Poll::Pending => {}
                Poll::Ready(Err(error)) => return Err(lost(format!("writing failed: {error}"))),
                Poll::Ready(Ok(())) => self.unflushed = false,
            }
        }
        Ok(busy)
    }

    /// Fills the batch: small frames, then large pieces in turns, as far as their credit goes.
    fn gather(&mut self) {
        self.wrote_at = self.clock.now;
        let Self { queue, batch, slots, again, answered, held, held_share, frame_bytes, shared, .. } = self;
        let chunk = CHUNK_BYTES.min(*frame_bytes as usize - HEAD_BYTES);
        let limit = shared.options.limits.output_bytes;
        batch.gather(queue, |id, head| {
            let Some(slot) = slots.get_mut(id as usize).and_then(Option::as_mut) else {
                return Turn::Nothing;
            };
            slot.lined_up = false;
            let most = chunk.min(usize::try_from(slot.credit).unwrap_or(usize::MAX));
            if most == 0 || slot.piece.is_none() {
                return Turn::Nothing;
            }
            let before = slot.held();
            let (body, mut left) = slot.take(most);
            slot.credit -= body.len() as u64;
            slot.answered = !left && slot.is_last();
            let sent = slot.held();
            left = left || slot.refill(limit);
            *held = *held - before + slot.held();
            if !has_room(shared, held_share, sent, slot.held()) {
                slot.overfull = true;
                left = false;
            }
            // The head of an output always fits; see the limit.
            let _ = put_head(&Response::Output { id, more: !slot.answered }, body.len(), head);
            slot.lined_up = left && slot.credit > 0;
            if slot.answered {
                answered.push(id);
            } else if !left {
                again.push(id);
            }
            Turn::Chunk(body, slot.lined_up)
        });
        // Before anything is written: the client may use the id again as soon as it has the answer.
        let mut answered = core::mem::take(&mut self.answered);
        for id in answered.drain(..) {
            self.with(id, Self::finish);
        }
        self.answered = answered;
    }

    /// Looks at everything that may take too long.
    fn tick(&mut self) -> Result<()> {
        let limits = &self.shared.options.limits;
        let (frame_time, write_time, idle_time) = (limits.frame_time, limits.write_time, limits.idle_time);
        let since = |tick: u64| self.clock.now - tick;
        let late_closing = self.closing.as_ref().is_some_and(|(_, end)| self.clock.now > *end);
        if late_closing || !self.batch.is_empty() && since(self.wrote_at) > self.clock.ticks(write_time) {
            let error = lost("the client does not read");
            self.closing.get_or_insert((error.clone(), 0));
            return Err(error);
        }
        let is_reading = self.unsent() < UNSENT_BYTES && self.closing.is_none();
        if self.inbox.buffer.is_empty() || !is_reading {
            self.framed_at = self.clock.now;
        } else if since(self.framed_at) > self.clock.ticks(frame_time) {
            self.framed_at = self.clock.now;
            return Err(late(limit::FRAME_TIME, frame_time));
        }
        self.expire();
        let idle = !self.active
            && self.in_flight == 0
            && self.inbox.buffer.is_empty()
            && self.batch.is_empty()
            && self.closing.is_none();
        self.active = false;
        match self.clock.rest(idle) {
            true => Err(late(limit::IDLE_TIME, idle_time)),
            false => Ok(()),
        }
    }

    /// Says goodbye for a reason. What is in flight is dropped.
    fn close(&mut self, error: Error) {
        self.let_go();
        self.send(&Response::Goodbye { error: Some(error.clone()) });
        self.closing = Some((error, self.clock.now + self.clock.ticks(LINGER_TIME)));
        self.clock.rest(false);
    }

    fn report(&mut self) {
        let gauges = &self.shared.gauges;
        self.requests_share.set(&gauges.requests_in_flight, self.in_flight as u64);
        let held = self.held + (self.queue.small.len() + self.batch.len()) as u64;
        self.held_share.set(&gauges.output_bytes_held, held);
        for (total, count) in
            [(&gauges.requests_total, &mut self.requests), (&gauges.failed_total, &mut self.failed)]
        {
            if *count > 0 {
                total.fetch_add(core::mem::take(count), Ordering::Relaxed);
            }
        }
    }
}

impl<S, R: Run> Connection<'_, S, R> {
    /// Bytes that are encoded and not written.
    pub(super) fn unsent(&self) -> usize {
        self.queue.small.len() + self.batch.len()
    }

    fn is_sent(&self) -> bool {
        self.queue.is_empty() && self.batch.is_empty() && !self.unflushed
    }
}

impl<S, R: Run> Drop for Connection<'_, S, R> {
    fn drop(&mut self) {
        self.let_go();
        self.requests_share.set(&self.shared.gauges.requests_in_flight, 0);
        self.held_share.set(&self.shared.gauges.output_bytes_held, 0);
    }
}

/// Whether the server has room for what a job gave. What is small always has.
pub(super) fn has_room<R: Run>(shared: &Shared<R>, share: &mut Share, before: u64, now: u64) -> bool {
    let grown = now.saturating_sub(before);
    grown <= SMALL_BYTES as u64
        || share.grow(&shared.gauges.output_bytes_held, grown, shared.options.limits.buffered_output_bytes)
}
