//! Statements that a connection has prepared.

use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio_postgres::Statement;

use crate::limits::{STATEMENT_BYTES, STATEMENTS};

/// Bounded by number and by bytes of SQL; what was not used for longest is let go of, and prepared again when it is
/// needed.
#[derive(Default)]
pub(crate) struct Statements {
    all: HashMap<u64, Kept>,
    bytes: usize,
    clock: u64,
}

struct Kept {
    statement: Statement,
    life: Weak<()>,
    bytes: usize,
    used: u64,
}

/// Names a statement on every connection, which forgets it when all copies of the name are gone.
#[derive(Debug)]
pub(crate) struct Key {
    number: u64,
    life: Arc<()>,
}

impl Statements {
    pub(crate) fn get(&mut self, key: &Key) -> Option<Statement> {
        self.clock += 1;
        let kept = self.all.get_mut(&key.number)?;
        kept.used = self.clock;
        Some(kept.statement.clone())
    }

    /// Keeps a statement, made of so many bytes of SQL.
    pub(crate) fn insert(&mut self, key: &Key, statement: Statement, bytes: usize) {
        self.all.retain(|_, kept| kept.life.strong_count() > 0);
        self.bytes = self.all.values().map(|kept| kept.bytes).sum();
        while !self.all.is_empty() && (self.all.len() >= STATEMENTS || self.bytes + bytes > STATEMENT_BYTES) {
            let oldest = self.all.iter().min_by_key(|(_, kept)| kept.used).map(|(number, _)| *number);
            oldest.into_iter().for_each(|number| self.remove(number));
        }
        self.bytes += bytes;
        let kept = Kept { statement, life: Arc::downgrade(&key.life), bytes, used: self.clock };
        self.all.insert(key.number, kept);
    }

    pub(crate) fn forget(&mut self, key: &Key) {
        self.remove(key.number);
    }

    fn remove(&mut self, number: u64) {
        if let Some(kept) = self.all.remove(&number) {
            self.bytes -= kept.bytes;
        }
    }
}

impl Key {
    /// One that no other statement of this process has.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), life: Arc::default() }
    }
}
