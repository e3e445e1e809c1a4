//! The database while it is open, and another one in its place when DuckDB has given it up.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use runner_core::{Cancel, Code, Result, TypeId};
use runner_sql::Shapes;

use crate::{
    config::Config,
    error, function, functions,
    pool::{Pool, Pooled},
    room::Room,
    timer::Timer,
    values,
};

/// How often a call looks whether those before it are done with a database that was given up.
const LOOK: Duration = Duration::from_millis(5);

/// The instance at work.
pub(crate) struct Instances {
    config: Config,
    current: Mutex<Arc<Instance>>,
}

/// A database that is open.
pub(crate) struct Instance {
    pub(crate) pool: Pool,
    /// One that no other instance of this process has.
    pub(crate) number: u64,
    /// Memory that was given to DuckDB and to values.
    pub(crate) memory_bytes: u64,
    pub(crate) room: Room,
    /// Ends statements that take too long, if there is a limit.
    pub(crate) timer: Option<Timer>,
    /// Names of the functions that were made for types of programs.
    functions: Mutex<HashSet<String>>,
    is_dead: AtomicBool,
}

impl Instances {
    pub(crate) fn open(config: Config) -> Result<Self> {
        let first = Instance::open(&config)?;
        Ok(Self { config, current: Mutex::new(Arc::new(first)) })
    }

    /// The database, opened again if it was given up and nobody works with it any more.
    pub(crate) fn get(&self, cancel: &Cancel) -> Result<Arc<Instance>> {
        loop {
            let mut current = self.lock();
            if !current.is_dead() || current.pool.is_closed() {
                return Ok(Arc::clone(&current));
            }
            // A file can't be opened as long as another instance has it.
            if Arc::strong_count(&current) == 1 && current.pool.is_idle() {
                current.pool.release();
                *current = Arc::new(Instance::open(&self.config)?);
                return Ok(Arc::clone(&current));
            }
            drop(current);
            cancel.check()?;
            thread::sleep(LOOK);
        }
    }

    /// Closes the database for good.
    pub(crate) fn close(&self) {
        self.lock().pool.close();
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Instance>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Instance {
    fn open(config: &Config) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let (first, memory_bytes) = config.open()?;
        let room = Room::of(memory_bytes);
        functions::register_all(&first, room)?;
        let pool = Pool::new(first, config.connections);
        let timer = config.statement_timeout.map(Timer::new).transpose()?;
        Ok(Self {
            pool,
            number,
            memory_bytes,
            room,
            timer,
            functions: Mutex::default(),
            is_dead: AtomicBool::new(false),
        })
    }

    /// Finds out, after an error that may say so, whether DuckDB still takes statements.
    pub(crate) fn looked_after<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result
            && matches!(error.code(), Code::Internal | Code::Unavailable | Code::ResourceExhausted)
        {
            let attempt =
                self.pool.with_first(|first| first.execute_batch("SELECT 1").map_err(|e| error::driver(&e)));
            if attempt.is_err() {
                self.is_dead.store(true, Ordering::Release);
            }
        }
        result
    }

    /// Whether DuckDB is known to take no more statements.
    pub(crate) fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::Acquire)
    }

    /// Makes the functions known that a statement calls for the types of its program. Where that fails, and DuckDB does not
    /// say why, it may lack the memory that statements have which `lent` and others keep.
    pub(crate) fn register(
        &self,
        lent: &Pooled<'_>,
        sql: &str,
        dialect: &runner_sql::DuckDb,
        shapes: &Shapes,
    ) -> Result<()> {
        let mut known = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        for part in sql.split(dialect.scope()).skip(1) {
            let end = part.find('(').unwrap_or(part.len());
            let Some((what, ty)) = part.get(1..end).and_then(|name| name.rsplit_once('_')) else { continue };
            let Ok(ty) = ty.parse() else { continue };
            let name = dialect.function(what, TypeId(ty));
            if known.contains(&name) {
                continue;
            }
            if let Some(overload) = values::function(shapes, what, TypeId(ty)) {
                let register = || {
                    let overloads = vec![overload.clone()];
                    self.pool.with_first(|first| function::register(first, &name, overloads, self.room))
                };
                let mut registered = register();
                if registered.is_err() && lent.give_up_statements()? {
                    registered = register();
                }
                registered?;
                known.insert(name);
            }
        }
        Ok(())
    }
}
