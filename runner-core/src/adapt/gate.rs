use std::{
    collections::HashMap,
    format,
    ops::Deref,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use super::turns::Turns;
use crate::{
    caller::Caller,
    error::{Error, Result},
};

/// How much of something may happen at a time; the rest waits, and is let in in turns by [`Caller`].
///
/// As long as nobody waits, no lock is taken.
///
/// ```
/// use runner_core::adapt::Gate;
///
/// # futures_executor::block_on(async {
/// let gate = Gate::new(1, 16);
/// let permit = Gate::enter(&gate).await?;
/// assert!(Gate::try_enter(&gate).is_none());
/// drop(permit);
/// assert!(Gate::try_enter(&gate).is_some());
/// # Ok::<(), runner_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Gate {
    running: AtomicUsize,
    most_running: usize,
    /// Of these, how many are kept for others by whoever has the rest.
    kept: usize,
    waiting: AtomicUsize,
    most_waiting: usize,
    state: Mutex<State>,
}

struct State {
    turns: Turns<Arc<Place>>,
    /// Permits of each client, if some are kept.
    held: HashMap<u64, usize>,
}

/// The place of one who waits.
#[derive(Default)]
struct Place(Mutex<Wait>);

#[derive(Default)]
struct Wait {
    is_let_in: bool,
    waker: Option<Waker>,
}

/// The right to do it once, given back when dropped.
#[derive(Debug)]
pub struct Permit<G: Deref<Target = Gate>> {
    gate: G,
    /// Whose it is, if some are kept for others.
    client: u64,
}

impl Gate {
    /// For so much at a time, and so many who wait, half of them for one client at most.
    #[must_use]
    pub fn new(most_running: usize, most_waiting: usize) -> Self {
        Self {
            running: AtomicUsize::new(0),
            most_running: most_running.max(1),
            kept: 0,
            waiting: AtomicUsize::new(0),
            most_waiting,
            state: Mutex::new(State { turns: Turns::new(), held: HashMap::new() }),
        }
    }

    /// Keeps a part of it for others by whoever has the rest: a quarter, and at least one if there is more than one.
    #[must_use]
    pub fn with_share_for_others(mut self) -> Self {
        self.kept = if self.most_running > 1 { (self.most_running / 4).max(1) } else { 0 };
        self
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A permit for the [current](Caller::current) caller, if it need not be waited for. Those who wait come first.
    pub fn try_enter<G: Deref<Target = Self>>(gate: G) -> Option<Permit<G>> {
        if gate.waiting.load(Ordering::SeqCst) > 0 {
            return None;
        }
        if gate.kept == 0 {
            return gate.take().then(|| Permit { gate, client: 0 });
        }
        let client = Caller::current().client();
        let mut state = gate.lock();
        let is_let_in = gate.may(&state.held, client) && gate.take();
        if is_let_in {
            *state.held.entry(client).or_default() += 1;
        }
        drop(state);
        is_let_in.then(|| Permit { gate, client })
    }

    /// Waits for a permit for the [current](Caller::current) caller.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` with the limit `waiting`, which a retry may help, if too many wait.
    pub async fn enter<G: Deref<Target = Self> + Clone>(gate: G) -> Result<Permit<G>> {
        match Self::try_enter(gate.clone()) {
            Some(permit) => Ok(permit),
            None => Waiting::new(gate)?.await,
        }
    }

    /// Whether a client has less than what is not kept for others.
    fn may(&self, held: &HashMap<u64, usize>, client: u64) -> bool {
        self.kept == 0 || held.get(&client).is_none_or(|held| *held < self.most_running - self.kept)
    }

    fn take(&self) -> bool {
        let more = |running| (running < self.most_running).then_some(running + 1);
        self.running.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).is_ok()
    }

    /// Lets in those who wait, as many as there is room for.
    fn serve(&self, state: &mut State) {
        while !state.turns.is_empty() && self.take() {
            let State { turns, held } = state;
            let Some((caller, place)) = turns.pop(|caller| self.may(held, caller.client())) else {
                self.running.fetch_sub(1, Ordering::SeqCst);
                return;
            };
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            if self.kept > 0 {
                *state.held.entry(caller.client()).or_default() += 1;
            }
            let mut wait = place.lock();
            wait.is_let_in = true;
            let waker = wait.waker.take();
            drop(wait);
            waker.into_iter().for_each(Waker::wake);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<G: Deref<Target = Gate>> Drop for Permit<G> {
    fn drop(&mut self) {
        let gate = &*self.gate;
        if gate.kept > 0 {
            let mut state = gate.lock();
            if let Some(held) = state.held.get_mut(&self.client) {
                *held -= 1;
                if *held == 0 {
                    state.held.remove(&self.client);
                }
            }
        }
        gate.running.fetch_sub(1, Ordering::SeqCst);
        // Who waits counts as waiting before it looks whether there is room.
        if gate.waiting.load(Ordering::SeqCst) > 0 {
            gate.serve(&mut gate.lock());
        }
    }
}

/// Waits for a turn.
struct Waiting<G: Deref<Target = Gate>> {
    gate: Option<G>,
    caller: Caller,
    place: Arc<Place>,
    number: u64,
}

impl<G: Deref<Target = Gate>> Waiting<G> {
    fn new(gate: G) -> Result<Self> {
        let (caller, place) = (Caller::current(), Arc::<Place>::default());
        let mut state = gate.lock();
        let before = gate.waiting.fetch_add(1, Ordering::SeqCst);
        let most = gate.most_waiting;
        let is_own = most > 1 && state.turns.of_client(caller.client()) >= most.div_ceil(2);
        if before >= most || is_own {
            gate.waiting.fetch_sub(1, Ordering::SeqCst);
            let message = format!("{} requests wait for their turn", before.min(most));
            return Err(Error::exhausted("waiting", most as u64, message).with_retryable(true));
        }
        let number = state.turns.push(caller, Arc::clone(&place));
        gate.serve(&mut state);
        drop(state);
        Ok(Self { gate: Some(gate), caller, place, number })
    }
}

impl<G: Deref<Target = Gate>> Unpin for Waiting<G> {}

impl<G: Deref<Target = Gate>> Future for Waiting<G> {
    type Output = Result<Permit<G>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut wait = self.place.lock();
        if !wait.is_let_in {
            wait.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        drop(wait);
        let client = self.caller.client();
        match self.gate.take() {
            Some(gate) => Poll::Ready(Ok(Permit { gate, client })),
            None => Poll::Pending,
        }
    }
}

impl<G: Deref<Target = Gate>> Drop for Waiting<G> {
    fn drop(&mut self) {
        let Some(gate) = self.gate.take() else { return };
        let mut state = gate.lock();
        match state.turns.remove(self.caller, self.number) {
            Some(_) => _ = gate.waiting.fetch_sub(1, Ordering::SeqCst),
            // It was let in and does not go in.
            None => {
                drop(state);
                drop(Permit { gate, client: self.caller.client() });
            }
        }
    }
}

impl Place {
    fn lock(&self) -> MutexGuard<'_, Wait> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl core::fmt::Debug for State {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("State")
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, vec::Vec};

    use futures_executor::block_on;
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn everybody_gets_a_turn_and_no_more_than_allowed_run() {
        const MOST: usize = 3;
        for gate in [Gate::new(MOST, 1000), Gate::new(MOST, 1000).with_share_for_others()] {
            let (gate, running) = (&gate, &AtomicUsize::new(0));
            thread::scope(|scope| {
                for task in 0..16_usize {
                    scope.spawn(move || {
                        let _caller = Caller::alone().enter();
                        for turn in 0..500 {
                            let entering = Gate::enter(gate);
                            if (task + turn) % 7 == 0 {
                                // Some give up, before they are let in or after.
                                let mut entering = core::pin::pin!(entering);
                                let _ = entering.as_mut().now_or_never();
                                continue;
                            }
                            let _permit = block_on(entering).unwrap();
                            assert!(running.fetch_add(1, Ordering::SeqCst) < MOST);
                            if turn % 3 == 0 {
                                thread::yield_now();
                            }
                            running.fetch_sub(1, Ordering::SeqCst);
                        }
                    });
                }
            });
            assert_eq!((gate.waiting(), gate.running.load(Ordering::SeqCst)), (0, 0));
            assert!(gate.lock().held.is_empty());
        }
    }

    #[test]
    fn those_who_wait_are_bounded_each_client_by_half() {
        let gate = Gate::new(1, 4);
        let (a, b) = (Caller::of(&"a"), Caller::of(&"b"));
        let permit = Gate::try_enter(&gate).unwrap();
        let waits = |caller: Caller| {
            let _caller = caller.enter();
            let mut entering = std::boxed::Box::pin(Gate::enter(&gate));
            let refused = (&mut entering).now_or_never().map(|entered| entered.map(drop).unwrap_err());
            (entering, refused)
        };
        let mut waiting: Vec<_> = [a, a, b, b].map(waits).into_iter().collect();
        assert!(waiting.iter().all(|(_, refused)| refused.is_none()));
        assert!(waits(a).1.unwrap().is_retryable());
        drop(waiting.pop());
        assert!(waits(a).1.is_some(), "half of them are not this client's");
        assert!(waits(b).1.is_none());
        drop(permit);
        assert!(Gate::try_enter(&gate).is_none(), "who waits comes first");
        drop(waiting);
        assert!(Gate::try_enter(&gate).is_some());
    }

    #[test]
    fn a_share_is_kept_for_others() {
        let gate = Gate::new(4, 16).with_share_for_others();
        let (a, b) = (Caller::of(&"a"), Caller::of(&"b"));
        let as_a = a.enter();
        let mut permits: Vec<_> = (0..3).map(|_| Gate::try_enter(&gate).unwrap()).collect();
        let mut fourth = std::boxed::Box::pin(Gate::enter(&gate));
        assert!((&mut fourth).now_or_never().is_none());
        drop(as_a);
        let of_b = block_on(b.scope(Gate::enter(&gate))).unwrap();
        assert!((&mut fourth).now_or_never().is_none());
        drop(of_b);
        assert!((&mut fourth).now_or_never().is_none(), "it is still b's");
        drop(permits.pop());
        assert!(fourth.now_or_never().is_some());
    }
}
