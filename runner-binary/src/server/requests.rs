//! What the messages of a client do, and the way of a request from its first frame to the end of its answer.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use runner_core::{Error, Result, Run};

use super::{
    connection::{Connection, has_room},
    job,
    slot::{Next, Slot, State, Task, discard},
};
use crate::{
    error::{
        cancelled, fitted, late, limit, shutting_down, too_large, too_many_outputs, too_many_requests,
        unknown_program, violation,
    },
    limits::{HEAD_BYTES, SMALL_BYTES, UNSENT_BYTES},
    message::{Request, Response},
};

impl<S, R> Connection<'_, S, R>
where
    R: Run + 'static,
    R::Prepared: 'static,
{
    /// Does what a frame says.
    ///
    /// # Errors
    /// If the client broke the protocol.
    pub(super) fn handle(&mut self, frame: Bytes) -> Result<()> {
        let (request, body) = Request::decode(frame)?;
        match request {
            Request::Execute { id, program, credit, more } => {
                let bound = self.programs.get(program as usize).and_then(Option::as_ref).map(Arc::clone);
                let task = bound.map(Task::Execute).ok_or_else(|| unknown_program(program));
                self.begin(id, task, credit, body, more)
            }
            Request::Body { id, more } => self.collect(id, &body, more),
            Request::Prepare { id, program, more } => {
                let task = self.bind(id, program)?;
                self.begin(id, task, 0, body, more)
            }
            Request::Release { program } => {
                if let Some(bound) = self.programs.get_mut(program as usize) {
                    discard(bound.take());
                }
                Ok(())
            }
            Request::Interface { id, credit } => self.begin(id, Ok(Task::Interface), credit, body, false),
            Request::Describe { id, credit } => self.begin(id, Ok(Task::Describe), credit, body, false),
            Request::Ready { id } => self.begin(id, Ok(Task::Ready), 0, body, false),
            Request::Cancel { id } => {
                self.with(id, |this, slot| {
                    if matches!(slot.state, State::Waiting(..)) {
                        this.waiting.retain(|waiting| *waiting != slot.id);
                    }
                    this.fail(slot, cancelled());
                });
                Ok(())
            }
            Request::Credit { id, bytes } => {
                self.with(id, |this, slot| {
                    slot.credit = slot.credit.saturating_add(bytes);
                    this.pump(slot);
                });
                Ok(())
            }
            Request::Ping { nonce } => {
                self.send(&Response::Pong { nonce });
                Ok(())
            }
            Request::Goodbye { error } => {
                if let Some(error) = error {
                    tracing::debug!(%error, "the client said goodbye");
                }
                self.leaving = true;
                Ok(())
            }
            Request::Hello { .. } => Err(violation("a second hello")),
        }
    }

    /// Starts the requests that may run now. Whether there were any.
    pub(super) fn start_waiting(&mut self) -> bool {
        let mut busy = false;
        while !self.waiting.is_empty() && self.may_start() {
            let Some(id) = self.waiting.pop_front() else {
                break;
            };
            busy = true;
            self.with(id, |this, slot| {
                if let State::Waiting(task, input) = core::mem::replace(&mut slot.state, State::Free) {
                    this.start(slot, task, input);
                }
            });
        }
        busy
    }

    /// Moves a request on: polls its job and sends what it gives, as far as there is room and credit.
    pub(super) fn pump(&mut self, slot: &mut Slot<R>) {
        if !matches!(slot.state, State::Running(_)) {
            return;
        }
        loop {
            if slot.answered {
                return self.finish(slot);
            }
            if slot.overfull {
                let (limit, held) = (self.shared.options.limits.buffered_output_bytes, slot.held());
                return self.fail(slot, too_many_outputs(limit).with_retryable(held <= limit));
            }
            if slot.piece.is_none() && self.unsent() >= UNSENT_BYTES {
                self.again.push(slot.id);
                return;
            }
            let held = slot.held();
            let next = slot.advance(self.shared.options.limits.output_bytes);
            self.held = self.held - held + slot.held();
            slot.overfull = !has_room(&self.shared, &mut self.held_share, held, slot.held());
            match next {
                _ if slot.overfull => {}
                Next::Pending => return,
                Next::Failed(error) => return self.fail(slot, error),
                Next::End => {
                    self.send(&Response::Output { id: slot.id, more: false });
                    return self.finish(slot);
                }
                Next::Piece if self.send_small(slot) => {}
                Next::Piece => {
                    if slot.credit > 0 && !slot.lined_up {
                        slot.lined_up = true;
                        self.queue.line_up(slot.id);
                    }
                    return;
                }
            }
        }
    }

    /// Fails what takes too long, and moves to disk what nobody takes.
    pub(super) fn expire(&mut self) {
        if self.in_flight == 0 {
            return;
        }
        let time = self.shared.options.limits.request_time;
        let (now, allowed, patience) = (self.clock.now, self.clock.ticks(time), self.clock.patience);
        for id in 0..self.slots.len() {
            self.with(id as u32, |this, slot| {
                if now - slot.since > allowed {
                    this.waiting.retain(|waiting| *waiting != slot.id);
                    this.fail(slot, late(limit::REQUEST_TIME, time));
                } else if slot.is_stalled(now, patience) && this.shared.options.spool.is_ready() {
                    slot.spool(&this.shared.options.spool);
                    this.batch.detach();
                    this.again.push(slot.id);
                }
            });
        }
    }

    /// Drops requests that need a word from the client, which will not say one.
    pub(super) fn drop_stuck(&mut self) {
        for id in 0..self.slots.len() {
            self.with(id as u32, |this, slot| {
                let needs_credit =
                    slot.credit == 0 && slot.piece.as_ref().is_some_and(|piece| !piece.is_empty());
                if needs_credit || matches!(slot.state, State::Collecting(..)) {
                    this.finish(slot);
                }
            });
        }
    }

    /// Fails everything that is in flight.
    pub(super) fn fail_all(&mut self, error: &Error) {
        self.waiting.clear();
        for id in 0..self.slots.len() {
            self.with(id as u32, |this, slot| this.fail(slot, error.clone()));
        }
    }

    /// Calls `action` with the request of this id, if there is one in flight.
    pub(super) fn with(&mut self, id: u32, action: impl FnOnce(&mut Self, &mut Slot<R>)) {
        let Some(mut slot) = self.slots.get_mut(id as usize).and_then(Option::take) else {
            return;
        };
        if !slot.is_free() {
            action(self, &mut slot);
        }
        self.put_back(slot);
    }

    /// Makes the number of a program stand for what is about to be prepared.
    fn bind(&mut self, id: u32, program: u32) -> Result<Result<Task<R>>> {
        let limits = &self.shared.options.limits;
        if program >= limits.programs {
            let message = format!("{} programs are prepared on this connection", limits.programs);
            return Ok(Err(Error::exhausted(limit::PROGRAMS, u64::from(limits.programs), message)));
        }
        if id >= limits.requests {
            return Ok(Err(too_many_requests(limits.requests)));
        }
        let index = program as usize;
        if self.programs.len() <= index {
            self.programs.resize_with(index + 1, || None);
        }
        match self.programs.get_mut(index) {
            Some(number @ None) => {
                let bound = Arc::default();
                *number = Some(Arc::clone(&bound));
                Ok(Ok(Task::Prepare(bound)))
            }
            _ => Err(violation(format!("a program of number {program}, which is in use"))),
        }
    }

    /// Takes the first frame of a request. `task` is the reason if it is refused.
    fn begin(&mut self, id: u32, task: Result<Task<R>>, credit: u64, body: Bytes, more: bool) -> Result<()> {
        self.requests += 1;
        let requests = self.shared.options.limits.requests;
        if id >= requests {
            self.send_failed(id, too_many_requests(requests));
            return Ok(());
        }
        let index = id as usize;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || None);
        }
        let slot = self.slots.get_mut(index).and_then(Option::take);
        let mut slot =
            slot.unwrap_or_else(|| Box::new(Slot::new(id, &self.registration.wakes, &self.shared)));
        if !slot.is_free() {
            self.put_back(slot);
            return Err(violation(format!("a request of id {id}, which is in flight")));
        }
        if self.leaving {
            self.put_back(slot);
            return Err(violation("a request after the goodbye"));
        }
        self.in_flight += 1;
        slot.since = self.clock.now;
        slot.credit = credit;
        match task.and_then(|task| self.admit(&mut slot, &task, body.len(), more).map(|()| task)) {
            Err(error) => self.fail(&mut slot, error),
            Ok(task) if more => slot.state = State::Collecting(task, BytesMut::from(body)),
            Ok(task) => self.start_or_wait(&mut slot, task, body),
        }
        self.put_back(slot);
        Ok(())
    }

    /// Checks what can be checked before a request is taken.
    fn admit(&mut self, slot: &mut Slot<R>, task: &Task<R>, body: usize, more: bool) -> Result<()> {
        if let Task::Prepare(bound) = task {
            slot.preparing = Some(Arc::clone(bound));
        }
        if self.draining {
            return Err(shutting_down());
        }
        self.shared.check_outputs()?;
        self.check_size(task, body)?;
        if more || body > SMALL_BYTES {
            self.reserve(slot, body)?;
        }
        Ok(())
    }

    fn check_size(&self, task: &Task<R>, bytes: usize) -> Result<()> {
        let limits = &self.shared.options.limits;
        let (what, name, limit) = match task {
            Task::Prepare(_) => ("a program", limit::PROGRAM_BYTES, limits.program_bytes),
            Task::Execute(_) => ("an input", limit::INPUT_BYTES, limits.input_bytes),
            Task::Interface | Task::Describe | Task::Ready => return Ok(()),
        };
        if bytes as u64 > limit { Err(too_large(what, name, limit)) } else { Ok(()) }
    }

    fn reserve(&self, slot: &mut Slot<R>, bytes: usize) -> Result<()> {
        self.shared.reserve_input(bytes as u64)?;
        slot.reserved += bytes as u64;
        Ok(())
    }

    /// Takes a further frame of a request. One that was refused meanwhile is passed over.
    fn collect(&mut self, id: u32, body: &Bytes, more: bool) -> Result<()> {
        let mut result = Ok(());
        self.with(id, |this, slot| {
            let (task, mut input) = match core::mem::replace(&mut slot.state, State::Free) {
                State::Collecting(task, input) => (task, input),
                other => {
                    // It is in flight until the connection ends, which frees what it holds.
                    slot.state = other;
                    result = Err(violation(format!("a body for the request {id}, which is complete")));
                    return;
                }
            };
            let room = this
                .check_size(&task, input.len() + body.len())
                .and_then(|()| this.reserve(slot, body.len()));
            if let Err(error) = room {
                return this.fail(slot, error);
            }
            input.extend_from_slice(body);
            match more {
                true => slot.state = State::Collecting(task, input),
                false => this.start_or_wait(slot, task, input.freeze()),
            }
        });
        result
    }

    fn may_start(&self) -> bool {
        let limits = &self.shared.options.limits;
        self.executing < limits.executing_per_connection.max(1) && self.held < limits.connection_output_bytes
    }

    fn start_or_wait(&mut self, slot: &mut Slot<R>, task: Task<R>, input: Bytes) {
        if self.waiting.is_empty() && self.may_start() {
            self.start(slot, task, input);
        } else {
            slot.state = State::Waiting(task, input);
            self.waiting.push_back(slot.id);
        }
    }

    fn start(&mut self, slot: &mut Slot<R>, task: Task<R>, input: Bytes) {
        let shared = || Arc::clone(&self.shared);
        let job = match task {
            Task::Execute(bound) => job::execute(Arc::clone(&slot.outlet), bound, input),
            Task::Prepare(bound) => job::prepare(shared(), bound, input),
            Task::Interface => job::interface(shared()),
            Task::Describe => job::describe(shared()),
            Task::Ready => job::ready(shared()),
        };
        self.executing += 1;
        slot.executing = true;
        slot.state = State::Running(Some(job));
        self.clock.rouse();
        self.pump(slot);
    }

    /// Sends the piece with the small frames, if it is small and there is credit for it.
    fn send_small(&mut self, slot: &mut Slot<R>) -> bool {
        let fits = |piece: &Bytes| {
            piece.len() <= SMALL_BYTES
                && piece.len() as u64 <= slot.credit
                && piece.len() + HEAD_BYTES <= self.frame_bytes as usize
        };
        let Some(piece) = slot.piece.take_if(|piece| fits(piece)) else {
            return false;
        };
        slot.credit -= piece.len() as u64;
        self.held -= piece.len() as u64;
        slot.answered = slot.is_last();
        self.send_with(&Response::Output { id: slot.id, more: !slot.answered }, &piece);
        true
    }

    /// Answers with an error.
    fn fail(&mut self, slot: &mut Slot<R>, error: Error) {
        if let Some(bound) = slot.preparing.take() {
            // It is set already if it failed by itself.
            let _ = bound.set(Err(error.clone()));
        }
        self.send_failed(slot.id, error);
        self.finish(slot);
    }

    fn send_failed(&mut self, id: u32, error: Error) {
        tracing::debug!(id, code = error.code().as_str(), "request failed");
        self.failed += 1;
        let error = fitted(error, self.frame_bytes);
        self.send(&Response::Failed { id, error });
    }
}

impl<S, R: Run> Connection<'_, S, R> {
    /// Queues a message without a body.
    pub(super) fn send(&mut self, response: &Response) {
        self.send_with(response, &[]);
    }

    fn send_with(&mut self, response: &Response, body: &[u8]) {
        if let Err(error) = response.encode(body, &mut self.queue.small) {
            tracing::error!(%error, "a response was lost");
        }
    }

    /// Drops everything that is in flight, and all programs.
    pub(super) fn let_go(&mut self) {
        self.waiting.clear();
        for index in 0..self.slots.len() {
            if let Some(mut slot) = self.slots.get_mut(index).and_then(Option::take) {
                if !slot.is_free() {
                    self.finish(&mut slot);
                }
                self.put_back(slot);
            }
        }
        discard(core::mem::take(&mut self.programs));
    }

    fn put_back(&mut self, slot: Box<Slot<R>>) {
        if let Some(place) = self.slots.get_mut(slot.id as usize) {
            *place = Some(slot);
        }
    }

    /// Frees the id of a request and what it holds. Its job is dropped, which stops the work.
    pub(super) fn finish(&mut self, slot: &mut Slot<R>) {
        if slot.executing {
            self.executing -= 1;
        }
        if slot.reserved > 0 {
            self.shared.release_input(slot.reserved);
        }
        self.held -= slot.held();
        self.in_flight -= 1;
        self.active = true;
        slot.clear();
    }
}
