//! Connections to one database, each with the statements that it has prepared.

use std::{
    cell::RefCell,
    collections::HashSet,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use duckdb::{CachedStatement, Connection};
use runner_core::{Cancel, Code, Error, Result};

use crate::{
    error,
    limits::{STATEMENT_BYTES, STATEMENTS},
};

/// How often a call that waits for a connection looks whether it was cancelled.
const LOOK: Duration = Duration::from_millis(20);

/// At most so many connections, made when they are needed first.
pub(crate) struct Pool {
    state: Mutex<State>,
    changed: Condvar,
    most: usize,
}

struct State {
    /// What the others are cloned from; `None` once the pool is closed.
    first: Option<Connection>,
    idle: Vec<Kept>,
    open: usize,
    is_closed: bool,
}

/// A connection on loan.
pub(crate) struct Pooled<'a> {
    pool: &'a Pool,
    kept: Option<Kept>,
}

/// A connection, and what it is known to have prepared.
struct Kept {
    connection: Connection,
    prepared: RefCell<Statements>,
}

/// Numbers of statements, and the bytes of their SQL. The driver may have let go of some of them.
#[derive(Default)]
struct Statements {
    numbers: HashSet<u64>,
    bytes: usize,
}

impl Pool {
    pub(crate) fn new(first: Connection, most: usize) -> Self {
        let state = State { first: Some(first), idle: Vec::new(), open: 0, is_closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), most }
    }

    /// Calls `action` with the connection that is never lent; others wait for it.
    pub(crate) fn with_first<T>(&self, action: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        action(self.lock().first.as_ref().ok_or_else(closed)?)
    }

    /// A connection that is free, when there is one.
    pub(crate) fn get(&self, cancel: &Cancel) -> Result<Pooled<'_>> {
        let mut guard = self.lock();
        loop {
            cancel.check()?;
            let state = &mut *guard;
            let first = state.first.as_ref().ok_or_else(closed)?;
            if let Some(kept) = state.idle.pop() {
                return Ok(Pooled { pool: self, kept: Some(kept) });
            }
            if state.open < self.most {
                let connection = first.try_clone().map_err(|e| error::driver(&e))?;
                connection.set_prepared_statement_cache_capacity(STATEMENTS);
                state.open += 1;
                let kept = Kept { connection, prepared: RefCell::default() };
                return Ok(Pooled { pool: self, kept: Some(kept) });
            }
            let waited = self.changed.wait_timeout(guard, LOOK);
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Lets connections go, those on loan when they come back. Nothing is lent any more.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.release();
    }

    /// Lets connections go.
    pub(crate) fn release(&self) {
        let mut state = self.lock();
        state.first = None;
        state.idle.clear();
        drop(state);
        self.changed.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Whether no connection is on loan.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.lock();
        state.idle.len() == state.open
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pooled<'_> {
    pub(crate) fn get(&self) -> Result<&Connection> {
        self.kept().map(|kept| &kept.connection)
    }

    /// A statement of this number, which is prepared if it is not. As many are kept as their bytes allow.
    pub(crate) fn prepare(&self, number: u64, sql: &str) -> Result<duckdb::Result<CachedStatement<'_>>> {
        let Kept { connection, prepared } = self.kept()?;
        let mut prepared = prepared.borrow_mut();
        if prepared.numbers.insert(number) {
            prepared.bytes += sql.len();
            if prepared.bytes > STATEMENT_BYTES {
                connection.flush_prepared_statement_cache();
                *prepared = Statements { numbers: HashSet::from([number]), bytes: sql.len() };
            }
        }
        Ok(connection.prepare_cached(sql))
    }

    /// Lets go of the statements that connections keep, those on loan to others aside: each has the memory of its last
    /// execution. Whether there were any.
    pub(crate) fn give_up_statements(&self) -> Result<bool> {
        let state = self.pool.lock();
        let given_up = state.idle.iter().chain([self.kept()?]).filter(|kept| kept.give_up());
        Ok(given_up.count() > 0)
    }

    /// Notes that a statement of this number is no longer kept.
    pub(crate) fn forget(&self, number: u64, sql: &str) -> Result<()> {
        let mut prepared = self.kept()?.prepared.borrow_mut();
        if prepared.numbers.remove(&number) {
            prepared.bytes = prepared.bytes.saturating_sub(sql.len());
        }
        Ok(())
    }

    fn kept(&self) -> Result<&Kept> {
        self.kept.as_ref().ok_or_else(|| Error::new(Code::Internal, "a connection was given back"))
    }
}

impl Kept {
    fn give_up(&self) -> bool {
        self.connection.flush_prepared_statement_cache();
        !std::mem::take(&mut *self.prepared.borrow_mut()).numbers.is_empty()
    }
}

impl Drop for Pooled<'_> {
    fn drop(&mut self) {
        let Some(kept) = self.kept.take() else { return };
        let mut state = self.pool.lock();
        if state.first.is_some() {
            state.idle.push(kept);
        }
        drop(state);
        self.pool.changed.notify_one();
    }
}

/// Interrupts what runs on a connection when the flag is raised, and as long as this lives.
///
/// An interrupt that comes before the statement has begun is lost, so it is repeated.
pub(crate) struct Interrupt {
    done: Arc<(Mutex<bool>, Condvar)>,
    _hook: runner_core::Hook,
}

impl Interrupt {
    pub(crate) fn new(connection: &Connection, cancel: &Cancel) -> Self {
        let done = Arc::new((Mutex::new(false), Condvar::new()));
        let (handle, shared) = (connection.interrupt_handle(), Arc::clone(&done));
        let hook = cancel.on_cancel(move || {
            handle.interrupt();
            // Without a thread the one interrupt has to do.
            let _ = std::thread::Builder::new().name("interrupt".into()).spawn(move || {
                let (done, changed) = &*shared;
                let mut is_done = done.lock().unwrap_or_else(PoisonError::into_inner);
                while !*is_done {
                    handle.interrupt();
                    let waited = changed.wait_timeout(is_done, LOOK);
                    is_done = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            });
        });
        Self { done, _hook: hook }
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        // Once this is set, no interrupt can reach what comes next on the connection.
        *self.done.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.done.1.notify_all();
    }
}

fn closed() -> Error {
    Error::new(Code::Unavailable, "the runner was shut down").with_retryable(false)
}
