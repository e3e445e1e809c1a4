//! What a client knows of its requests in flight, by id. No I/O: frames go in, and who is to be woken comes out.

use std::{
    collections::VecDeque,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use runner_core::{Error, Result};

use crate::{block::Block, error::violation, message::Request};

/// Requests in flight. Ids are numbers from 0, the last one freed first.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

/// What a caller gets of the answer to its request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A part; whether it is the last one, after which the id is free.
    Piece(Bytes, bool),
    /// The end, after which the id is free.
    Failed(Error),
}

/// The first part of a request that is too large for one frame, if it was not sent, and what is left to send.
pub(crate) type Upload = (Option<Request>, Bytes);

#[derive(Debug, Default)]
struct Slot {
    holder: Holder,
    /// Parts that have arrived, the first one apart: most answers have no other.
    first: Option<Bytes>,
    rest: VecDeque<Bytes>,
    /// Up to how many bytes the caller wants the answer as a whole. More is handed to it, and it will not want it.
    whole: Option<u64>,
    /// An answer of several parts, put together where they arrive: its caller is not woken for each.
    block: Option<Block>,
    end: Option<Result<()>>,
    /// Bytes that the server may still send.
    credit: u64,
    waker: Option<Waker>,
    upload: Option<Upload>,
    lined_up: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Holder {
    #[default]
    Nobody,
    Caller,
    /// The caller gave up; the server has still to answer.
    Abandoned,
}

impl InFlight {
    /// Ids that are not free.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// An id for a request that may be answered with so many bytes. If the caller wants the answer as a whole, up to
    /// `whole` bytes of it come as one part. `waker` is the caller's, if that is known yet.
    pub(crate) fn insert(&mut self, credit: u64, whole: Option<u64>, waker: Option<&Waker>) -> u32 {
        let id = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            (self.slots.len() - 1) as u32
        });
        if let Some(slot) = self.slots.get_mut(id as usize) {
            slot.holder = Holder::Caller;
            slot.credit = credit;
            slot.waker = waker.cloned();
            slot.whole = whole;
        }
        id
    }

    /// Keeps what is to be sent of a request. Whether it has to be lined up for that.
    pub(crate) fn upload(&mut self, id: u32, upload: Upload) -> bool {
        let Some(slot) = self.slots.get_mut(id as usize) else {
            return false;
        };
        slot.upload = Some(upload);
        !core::mem::replace(&mut slot.lined_up, true)
    }

    /// Takes the next chunk of an upload: the head to send, its body, and whether more is left.
    pub(crate) fn take_upload(&mut self, id: u32, most: usize) -> Option<(Request, Bytes, bool)> {
        let slot = self.slots.get_mut(id as usize)?;
        slot.lined_up = false;
        let (first, mut left) = slot.upload.take()?;
        let body = left.split_to(most.min(left.len()));
        let more = !left.is_empty();
        if more {
            slot.upload = Some((None, left));
            slot.lined_up = true;
        }
        Some((first.unwrap_or(Request::Body { id, more }), body, more))
    }

    /// Lets the server send more.
    pub(crate) fn grant(&mut self, id: u32, bytes: u64) {
        if let Some(slot) = self.slots.get_mut(id as usize) {
            slot.credit = slot.credit.saturating_add(bytes);
        }
    }

    /// Takes a part of an answer. Whom to wake, and whether an id became free.
    ///
    /// # Errors
    /// If there is no such request, or no credit for it.
    pub(crate) fn receive(&mut self, id: u32, body: Bytes, more: bool) -> Result<(Option<Waker>, bool)> {
        let slot = self.held(id)?;
        slot.credit = slot
            .credit
            .checked_sub(body.len() as u64)
            .ok_or_else(|| violation(format!("more output for request {id} than there is credit for")))?;
        let ready = slot.holder == Holder::Caller && slot.keep(body, more);
        match more {
            true => Ok((slot.waker.take_if(|_| ready), false)),
            false => Ok(self.end(id, Ok(()))),
        }
    }

    /// Takes the failure of a request. Whom to wake, and whether an id became free.
    ///
    /// # Errors
    /// If there is no such request.
    pub(crate) fn fail(&mut self, id: u32, error: Error) -> Result<(Option<Waker>, bool)> {
        self.held(id)?;
        Ok(self.end(id, Err(error)))
    }

    /// Fails everything; whom to wake.
    pub(crate) fn fail_all(&mut self, error: &Error) -> Vec<Waker> {
        let open = |slot: &&mut Slot| slot.holder == Holder::Caller && slot.end.is_none();
        let fail = |slot: &mut Slot| {
            slot.end = Some(Err(error.clone()));
            slot.upload = None;
            slot.waker.take()
        };
        self.slots.iter_mut().filter(open).filter_map(fail).collect()
    }

    /// Gives the caller the next part of its answer.
    pub(crate) fn poll(&mut self, id: u32, cx: &mut Context<'_>) -> Poll<Step> {
        let Some(slot) = self.slots.get_mut(id as usize) else {
            return Poll::Pending;
        };
        if let Some(piece) = slot.first.take().or_else(|| slot.rest.pop_front()) {
            let last = slot.rest.is_empty() && matches!(slot.end, Some(Ok(())));
            if last {
                self.release(id);
            }
            return Poll::Ready(Step::Piece(piece, last));
        }
        match slot.end.take() {
            Some(end) => {
                self.release(id);
                Poll::Ready(end.map_or_else(Step::Failed, |()| Step::Piece(Bytes::new(), true)))
            }
            None => {
                match &mut slot.waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    none => *none = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
        }
    }

    /// Takes note that the caller gave up. Whether the server has to be told; if not, the id is free.
    pub(crate) fn abandon(&mut self, id: u32) -> bool {
        let Some(slot) = self.slots.get_mut(id as usize) else {
            return false;
        };
        if slot.end.is_some() {
            self.release(id);
            return false;
        }
        slot.holder = Holder::Abandoned;
        slot.first = None;
        slot.rest.clear();
        slot.whole = None;
        slot.block = None;
        slot.waker = None;
        slot.upload = None;
        true
    }

    fn held(&mut self, id: u32) -> Result<&mut Slot> {
        let slot = self.slots.get_mut(id as usize);
        let open = slot.filter(|slot| slot.holder != Holder::Nobody && slot.end.is_none());
        open.ok_or_else(|| violation(format!("an answer to request {id}, which is not in flight")))
    }

    fn end(&mut self, id: u32, end: Result<()>) -> (Option<Waker>, bool) {
        let Some(slot) = self.slots.get_mut(id as usize) else {
            return (None, false);
        };
        if slot.holder == Holder::Abandoned {
            self.release(id);
            return (None, true);
        }
        slot.end = Some(end);
        slot.upload = None;
        (slot.waker.take(), false)
    }

    fn release(&mut self, id: u32) {
        if let Some(slot) = self.slots.get_mut(id as usize) {
            slot.holder = Holder::Nobody;
            slot.first = None;
            slot.rest.clear();
            slot.whole = None;
            slot.block = None;
            slot.end = None;
            slot.waker = None;
            slot.upload = None;
            self.free.push(id);
        }
    }
}

impl Slot {
    /// Keeps a part for the caller. Whether there is something for it now.
    fn keep(&mut self, part: Bytes, more: bool) -> bool {
        let part = match self.whole {
            Some(most) if more || self.block.is_some() => {
                let block = self.block.get_or_insert_with(|| Block::new(most.saturating_add(1)));
                block.push(&part);
                if more && block.len() as u64 <= most {
                    return false;
                }
                block.take()
            }
            _ => part,
        };
        match self.first {
            None if self.rest.is_empty() => self.first = Some(part),
            _ => self.rest.push_back(part),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use runner_core::Code;

    use super::*;

    fn poll(requests: &mut InFlight, id: u32) -> Poll<Step> {
        requests.poll(id, &mut Context::from_waker(Waker::noop()))
    }

    fn bytes(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    #[test]
    fn answers_come_in_any_order_and_parts() {
        let mut requests = InFlight::default();
        let (a, b) = (requests.insert(10, None, None), requests.insert(10, None, None));
        assert!(poll(&mut requests, a).is_pending());
        let (waker, freed) = requests.receive(b, bytes("one"), true).unwrap();
        assert!(waker.is_none() && !freed, "nobody waits for it yet");
        requests.receive(b, bytes("two"), false).unwrap();
        assert!(requests.receive(a, bytes("x"), false).unwrap().0.is_some());
        assert_eq!(poll(&mut requests, a), Poll::Ready(Step::Piece(bytes("x"), true)));
        assert_eq!(poll(&mut requests, b), Poll::Ready(Step::Piece(bytes("one"), false)));
        assert_eq!(poll(&mut requests, b), Poll::Ready(Step::Piece(bytes("two"), true)));
        assert_eq!(requests.len(), 0);
        assert_eq!(requests.insert(0, None, None), b, "ids are used again");
    }

    #[test]
    fn a_server_that_breaks_the_rules_is_found_out() {
        let mut requests = InFlight::default();
        assert!(requests.receive(0, bytes(""), false).is_err());
        let id = requests.insert(3, None, None);
        assert!(requests.receive(id, bytes("four"), true).is_err());
        let id = requests.insert(3, None, None);
        requests.receive(id, bytes("3"), false).unwrap();
        assert!(requests.receive(id, bytes(""), true).is_err());
        assert!(requests.fail(id, Error::execution("")).is_err());
        assert!(requests.fail(77, Error::execution("")).is_err());
    }

    #[test]
    fn an_abandoned_id_is_free_after_its_answer() {
        let mut requests = InFlight::default();
        let id = requests.insert(9, None, None);
        requests.upload(id, (None, bytes("abc")));
        assert!(requests.abandon(id));
        assert!(requests.take_upload(id, 2).is_none());
        assert_ne!(requests.insert(9, None, None), id);
        requests.receive(id, bytes("late"), true).unwrap();
        assert!(requests.fail(id, Error::new(Code::Cancelled, "")).unwrap().1);
        assert_eq!(requests.insert(9, None, None), id);
        requests.receive(id, bytes("done"), false).unwrap();
        assert!(!requests.abandon(id), "it is answered already");
    }

    #[test]
    fn uploads_are_cut() {
        let mut requests = InFlight::default();
        let id = requests.insert(0, None, None);
        let first = Request::Prepare { id, program: 0, more: true };
        assert!(requests.upload(id, (Some(first.clone()), bytes("abcde"))));
        assert_eq!(requests.take_upload(id, 2), Some((first, bytes("ab"), true)));
        assert_eq!(requests.take_upload(id, 2), Some((Request::Body { id, more: true }, bytes("cd"), true)));
        assert_eq!(requests.take_upload(id, 2), Some((Request::Body { id, more: false }, bytes("e"), false)));
        assert_eq!(requests.take_upload(id, 2), None);
    }

    #[test]
    fn a_lost_connection_fails_all() {
        let mut requests = InFlight::default();
        let id = requests.insert(5, None, None);
        requests.receive(id, bytes("part"), true).unwrap();
        requests.fail_all(&Error::new(Code::Unavailable, "gone"));
        assert_eq!(poll(&mut requests, id), Poll::Ready(Step::Piece(bytes("part"), false)));
        let Poll::Ready(Step::Failed(error)) = poll(&mut requests, id) else { panic!() };
        assert!(error.is_retryable());
    }
}
