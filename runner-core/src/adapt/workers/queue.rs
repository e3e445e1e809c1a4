use std::{
    boxed::Box,
    collections::VecDeque,
    fmt, format,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
    vec::Vec,
};

use super::{lock, no_thread};
use crate::{
    adapt::turns::Turns,
    caller::Caller,
    error::{Error, Result},
    limits::{
        LONG, STAND_INS, STAND_INS_OF_CLIENT, WAITING_OUTPUTS, WATCHER_STACK_BYTES, WORKER_STACK_BYTES,
    },
};

type Work = Box<dyn FnOnce() + Send>;

/// Jobs, and the threads that do them.
///
/// Jobs wait in turns by [`Caller`]. While somebody else waits, a job that runs for longer than [`LONG`] no longer counts
/// among the workers: another thread stands in for its own, and the system shares the processors out. So one caller's
/// long jobs do not hold up the short ones of another. A connection has no more jobs running than there are workers,
/// a client a few more, and all together [`STAND_INS`] more.
pub(in crate::adapt) struct Queue {
    state: Mutex<State>,
    /// For workers that have nothing to do, and for who waits for all to end.
    changed: Condvar,
    /// For the watcher.
    watched: Condvar,
}

struct State {
    /// For workers that are free already.
    handed: VecDeque<Job>,
    turns: Turns<Job>,
    numbers: u64,
    running: Vec<Running>,
    /// How many of them are long, or wait for receivers.
    long: usize,
    waiting: usize,
    workers: usize,
    /// Threads that there are, and those of them that have nothing to do.
    threads: usize,
    idle: usize,
    watcher: Watcher,
    is_closed: bool,
}

/// The thread that relieves those who wait when it is time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watcher {
    /// There is none yet.
    None,
    /// Nobody waits.
    Asleep,
    Awake,
}

struct Job {
    number: u64,
    caller: Caller,
    work: Work,
}

/// A job that a thread does.
struct Running {
    number: u64,
    caller: Caller,
    since: Instant,
    is: Pace,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// It counts among the workers.
    Fresh,
    /// Another thread stands in for its own.
    Long,
    /// It waits for who receives its output, and another thread stands in for its own.
    Waiting,
}

/// A job in the queue, for who may take it out again.
#[derive(Clone, Copy)]
pub(in crate::adapt) struct Ticket {
    caller: Caller,
    place: Place,
}

#[derive(Clone, Copy)]
enum Place {
    Handed(u64),
    Turn(u64),
}

/// A worker that waits for a receiver. Another one stands in for it until this is dropped.
pub(in crate::adapt) struct Waiting<'a> {
    queue: &'a Queue,
    number: u64,
}

std::thread_local! {
    /// The job that this thread does.
    static CURRENT: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
}

impl Queue {
    /// A queue that is to have so many workers, and has none yet.
    pub(super) fn new(workers: usize) -> Arc<Self> {
        let state = State {
            handed: VecDeque::new(),
            turns: Turns::new(),
            numbers: 0,
            running: Vec::new(),
            long: 0,
            waiting: 0,
            workers,
            threads: 0,
            idle: 0,
            watcher: Watcher::None,
            is_closed: false,
        };
        Arc::new(Self { state: Mutex::new(state), changed: Condvar::new(), watched: Condvar::new() })
    }

    /// Workers that there are to be.
    pub(in crate::adapt) fn workers(&self) -> usize {
        lock(&self.state).workers
    }

    /// Starts a worker.
    pub(super) fn spawn(self: &Arc<Self>) -> Result<()> {
        self.spawn_with(&mut lock(&self.state))
    }

    fn spawn_with(self: &Arc<Self>, state: &mut State) -> Result<()> {
        let queue = Arc::clone(self);
        let name = format!("runner-{}", state.threads);
        let builder = thread::Builder::new().name(name).stack_size(WORKER_STACK_BYTES);
        builder.spawn(move || queue.work()).map_err(|error| no_thread(&error))?;
        state.threads += 1;
        Ok(())
    }

    /// Puts a job in for the [current](Caller::current) caller; a closed queue takes none.
    pub(in crate::adapt) fn push(self: &Arc<Self>, work: Work) -> Option<Ticket> {
        let caller = Caller::current();
        let mut state = lock(&self.state);
        if state.is_closed {
            return None;
        }
        state.numbers += 1;
        let number = state.numbers;
        let job = Job { number, caller, work };
        // Who is free takes it, unless its caller may have enough running.
        if state.turns.is_empty() && state.long == 0 && state.handed.len() < state.idle {
            state.handed.push_back(job);
            drop(state);
            self.changed.notify_one();
            return Some(Ticket { caller, place: Place::Handed(number) });
        }
        let place = Place::Turn(state.turns.push(caller, job));
        match state.handed.len() < state.idle {
            true => self.changed.notify_one(),
            false => self.relieve(&mut state),
        }
        self.watch(&mut state);
        Some(Ticket { caller, place })
    }

    /// Whether a job would have to wait; a closed queue refuses it at once.
    pub(super) fn is_busy(&self) -> bool {
        let state = lock(&self.state);
        !state.is_closed && state.handed.len() >= state.idle
    }

    /// Takes a job out that nobody wants any more, if it has not begun.
    pub(in crate::adapt) fn remove(&self, ticket: Ticket) {
        let mut state = lock(&self.state);
        let removed = match ticket.place {
            Place::Turn(number) => state.turns.remove(ticket.caller, number),
            Place::Handed(number) => {
                let place = state.handed.iter().position(|job| job.number == number);
                place.and_then(|place| state.handed.remove(place))
            }
        };
        drop(state);
        drop(removed);
    }

    /// Gives the place of the worker that calls this to another one.
    pub(in crate::adapt) fn wait(self: &Arc<Self>) -> Result<Waiting<'_>> {
        let mut state = lock(&self.state);
        if state.waiting >= WAITING_OUTPUTS {
            let message = format!("{WAITING_OUTPUTS} outputs wait for who receives them");
            return Err(
                Error::exhausted("waiting_outputs", WAITING_OUTPUTS as u64, message).with_retryable(true)
            );
        }
        let waiting = Waiting { queue: self, number: CURRENT.get() };
        state.pace(waiting.number, Pace::Waiting);
        self.fill(&mut state)?;
        Ok(waiting)
    }

    /// Lets workers end when the jobs are done.
    pub(super) fn close(&self) {
        lock(&self.state).is_closed = true;
        self.changed.notify_all();
        self.watched.notify_all();
    }

    /// Waits until all workers have ended or `is_over` says that it has taken too long, which is asked now and then.
    /// Whether they have ended.
    pub(super) fn join(&self, is_over: impl Fn() -> bool) -> bool {
        let mut state = lock(&self.state);
        while state.threads > 0 && !is_over() {
            state = wait_for(&self.changed, state, LONG);
        }
        state.threads == 0
    }

    fn work(self: &Arc<Self>) {
        let mut done = 0;
        loop {
            let mut state = lock(&self.state);
            state.end(done);
            let job = loop {
                // Who was stood in for is back.
                if state.is_short_of_places() {
                    break None;
                }
                if let Some(job) = state.next() {
                    break Some(job);
                }
                if state.is_closed && state.is_out_of_jobs() {
                    break None;
                }
                state.idle += 1;
                state = self.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
                state.idle -= 1;
            };
            let Some(Job { number, caller, work }) = job else {
                state.threads -= 1;
                drop(state);
                // What woke this one may have been meant for another; others wait for its end.
                self.changed.notify_all();
                return;
            };
            state.running.push(Running { number, caller, since: Instant::now(), is: Pace::Fresh });
            drop(state);
            CURRENT.set(number);
            work();
            done = number;
        }
    }

    /// Makes room for those who wait: long jobs of others no longer count among the workers.
    fn relieve(self: &Arc<Self>, state: &mut State) {
        let now = Instant::now();
        while state.workers.saturating_sub(state.fresh()) < state.turns.len()
            && let Some(number) = state.relievable(now)
        {
            state.pace(number, Pace::Long);
            if self.fill(state).is_err() {
                // Without another thread there is nobody to stand in.
                state.pace(number, Pace::Fresh);
                return;
            }
        }
    }

    /// Sees to it that there are threads for all places.
    fn fill(self: &Arc<Self>, state: &mut State) -> Result<()> {
        if state.threads < state.places() {
            self.spawn_with(state)?;
        } else {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Sees to it that those who wait are relieved when it is time.
    fn watch(self: &Arc<Self>, state: &mut State) {
        match state.watcher {
            Watcher::Awake => {}
            Watcher::Asleep => self.watched.notify_one(),
            Watcher::None => {
                let queue = Arc::clone(self);
                let watcher =
                    thread::Builder::new().name("runner-watch".into()).stack_size(WATCHER_STACK_BYTES);
                // Without it, jobs wait until others end.
                if watcher.spawn(move || queue.relieve_in_time()).is_ok() {
                    state.watcher = Watcher::Awake;
                }
            }
        }
    }

    fn relieve_in_time(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        while !state.is_closed {
            if state.turns.is_empty() {
                state.watcher = Watcher::Asleep;
                state = self.watched.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
                state.watcher = Watcher::Awake;
                continue;
            }
            self.relieve(&mut state);
            let fresh = state.running.iter().filter(|running| running.is == Pace::Fresh);
            let left = fresh.map(|running| LONG.saturating_sub(running.since.elapsed())).min();
            // Those that can't be relieved now are looked at again.
            let left = left.filter(|left| !left.is_zero()).unwrap_or(LONG);
            state = wait_for(&self.watched, state, left);
        }
    }
}

impl State {
    /// Jobs that count among the workers.
    fn fresh(&self) -> usize {
        self.running.len() - self.long - self.waiting
    }

    fn places(&self) -> usize {
        self.workers + self.long + self.waiting
    }

    fn is_short_of_places(&self) -> bool {
        self.threads > self.places()
    }

    fn is_out_of_jobs(&self) -> bool {
        self.handed.is_empty() && self.turns.is_empty()
    }

    /// The job whose turn it is.
    fn next(&mut self) -> Option<Job> {
        if let Some(job) = self.handed.pop_front() {
            return Some(job);
        }
        let Self { turns, running, workers, long, .. } = self;
        turns.pop(|caller| *long == 0 || may_run(running, *workers, caller)).map(|(_, job)| job)
    }

    /// The job that runs for longest, if somebody else waits who could run in its place.
    fn relievable(&self, now: Instant) -> Option<u64> {
        if self.long >= STAND_INS {
            return None;
        }
        let is_late = |running: &&Running| {
            running.is == Pace::Fresh && now.saturating_duration_since(running.since) >= LONG
        };
        let mut late: Vec<_> = self.running.iter().filter(is_late).collect();
        late.sort_by_key(|running| running.since);
        let is_wanted = |by: Caller| {
            self.turns.any(|caller| caller != by && may_run(&self.running, self.workers, caller))
        };
        late.into_iter().find(|running| is_wanted(running.caller)).map(|running| running.number)
    }

    fn pace(&mut self, number: u64, is: Pace) {
        if let Some(running) = self.running.iter_mut().find(|running| running.number == number) {
            let before = core::mem::replace(&mut running.is, is);
            self.long = self.long + usize::from(is == Pace::Long) - usize::from(before == Pace::Long);
            self.waiting =
                self.waiting + usize::from(is == Pace::Waiting) - usize::from(before == Pace::Waiting);
        }
    }

    fn end(&mut self, number: u64) {
        self.pace(number, Pace::Fresh);
        self.running.retain(|running| running.number != number);
    }
}

/// Whether a caller may have one more job running.
fn may_run(running: &[Running], workers: usize, caller: Caller) -> bool {
    let running =
        || running.iter().filter(|running| running.is != Pace::Waiting).map(|running| running.caller);
    running().filter(|other| *other == caller).count() < workers
        && running().filter(|other| other.client() == caller.client()).count() < workers + STAND_INS_OF_CLIENT
}

fn wait_for<'a>(changed: &Condvar, state: MutexGuard<'a, State>, time: Duration) -> MutexGuard<'a, State> {
    changed.wait_timeout(state, time).unwrap_or_else(std::sync::PoisonError::into_inner).0
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        write!(f, "{} workers, {} more stood in for", state.workers, state.long + state.waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(&self.queue.state).pace(self.number, Pace::Fresh);
        self.queue.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::error::Code;

    /// A queue, and jobs that run until they are told to end.
    struct Fixture {
        queue: Arc<Queue>,
        begun: (mpsc::Sender<u32>, mpsc::Receiver<u32>),
        ends: Vec<mpsc::Sender<()>>,
    }

    impl Fixture {
        fn new(workers: usize) -> Self {
            let queue = Queue::new(workers);
            (0..workers).for_each(|_| queue.spawn().unwrap());
            Self { queue, begun: mpsc::channel(), ends: Vec::new() }
        }

        fn long(&mut self, caller: Caller, name: u32) -> Ticket {
            let (end, ended) = mpsc::channel::<()>();
            self.ends.push(end);
            self.push(caller, name, move || _ = ended.recv())
        }

        fn short(&self, caller: Caller, name: u32) -> Ticket {
            self.push(caller, name, || ())
        }

        fn push(&self, caller: Caller, name: u32, work: impl FnOnce() + Send + 'static) -> Ticket {
            let begun = self.begun.0.clone();
            let _caller = caller.enter();
            let work = move || {
                begun.send(name).unwrap();
                work();
            };
            self.queue.push(Box::new(work)).unwrap()
        }

        /// The jobs that begin next, sorted.
        fn begin(&self, count: usize) -> Vec<u32> {
            let patience = Duration::from_secs(60);
            let mut names: Vec<_> =
                (0..count).map(|_| self.begun.1.recv_timeout(patience).unwrap()).collect();
            names.sort_unstable();
            names
        }

        fn end(mut self) {
            self.ends.clear();
            self.queue.close();
            assert!(self.queue.join(|| false));
            assert!(self.queue.push(Box::new(|| {})).is_none());
        }
    }

    #[test]
    fn workers_that_wait_are_stood_in_for_and_bounded() {
        let fixture = Fixture::new(1);
        let (queue, (done, told)) = (&fixture.queue, mpsc::channel());
        // Each waits until the last one has begun and was refused.
        let barrier = Arc::new((Mutex::new(false), Condvar::new()));
        for _ in 0..=WAITING_OUTPUTS {
            let (waiter, done, barrier) = (Arc::clone(queue), done.clone(), Arc::clone(&barrier));
            let work = move || match waiter.wait() {
                Ok(_waiting) => {
                    done.send(None).unwrap();
                    let mut is_over = lock(&barrier.0);
                    while !*is_over {
                        is_over = barrier.1.wait(is_over).unwrap();
                    }
                }
                Err(refused) => done.send(Some((refused.code(), refused.is_retryable()))).unwrap(),
            };
            assert!(queue.push(Box::new(work)).is_some());
        }
        let refused: Vec<_> = (0..=WAITING_OUTPUTS).filter_map(|_| told.recv().unwrap()).collect();
        assert_eq!(refused, [(Code::ResourceExhausted, true)]);
        fixture.short(Caller::default(), 1);
        assert_eq!(fixture.begin(1), [1]);
        *lock(&barrier.0) = true;
        barrier.1.notify_all();
        // All but one find that they are too many.
        while lock(&queue.state).threads > 1 {
            thread::yield_now();
        }
        fixture.end();
    }

    #[test]
    fn long_jobs_of_one_connection_do_not_hold_up_another() {
        let mut fixture = Fixture::new(2);
        let (a, b) = (Caller::alone(), Caller::alone());
        (0..8).for_each(|name| _ = fixture.long(a, name));
        assert_eq!(fixture.begin(2), [0, 1]);
        for name in 100..150 {
            fixture.short(b, name);
            assert_eq!(fixture.begin(1), [name], "before any of the others");
        }
        assert!(fixture.begun.1.try_recv().is_err(), "as many of the others as there are workers");
        fixture.ends.remove(0);
        assert_eq!(fixture.begin(1), [2]);
        fixture.end();
    }

    #[test]
    fn connections_of_a_client_stand_in_for_each_other_up_to_a_bound() {
        let mut fixture = Fixture::new(2);
        let most = 2 + STAND_INS_OF_CLIENT;
        for name in 0..(most + 5) as u32 {
            fixture.long(Caller::of(&"a"), name);
        }
        assert_eq!(fixture.begin(most), (0..most as u32).collect::<Vec<_>>());
        for name in 100..110 {
            fixture.short(Caller::of(&"b"), name);
            assert_eq!(fixture.begin(1), [name]);
        }
        assert!(fixture.begun.1.try_recv().is_err());
        assert!(lock(&fixture.queue.state).threads <= most + 2);
        fixture.end();
    }

    #[test]
    fn nobody_takes_all_threads() {
        let mut fixture = Fixture::new(1);
        for name in 0..STAND_INS as u32 + 10 {
            fixture.long(Caller::alone(), name);
        }
        assert_eq!(fixture.begin(STAND_INS + 1).len(), STAND_INS + 1);
        assert_eq!(lock(&fixture.queue.state).threads, STAND_INS + 1);
        fixture.end();
    }

    #[test]
    fn a_job_that_is_taken_out_does_not_run_and_holds_nothing() {
        let mut fixture = Fixture::new(1);
        fixture.long(Caller::default(), 0);
        fixture.begin(1);
        let held = Arc::new(());
        let of_job = Arc::clone(&held);
        let ticket = fixture.push(Caller::default(), 1, move || drop(of_job));
        fixture.short(Caller::default(), 2);
        fixture.queue.remove(ticket);
        assert_eq!(Arc::strong_count(&held), 1);
        fixture.ends.clear();
        assert_eq!(fixture.begin(1), [2]);
        fixture.end();
    }
}
