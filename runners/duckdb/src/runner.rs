use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use duckdb::{Connection, arrow::array::RecordBatch};
use runner_core::{Cancel, Code, Description, Error, Program, Result, RunSync, wire::Writer};
use runner_sql::{Explanation, Output, Shapes, Statement, Table};

use crate::{
    catalog,
    config::Config,
    error,
    instance::{Instance, Instances},
    interface,
    limits::PLAN_FACTOR,
    optimizer,
    optimizer::Unoptimized,
    params::{self, Encoded},
    pool::{Interrupt, Pooled},
    rows::Plan,
    sample, stack,
    timer::{Timed, Timer},
};

/// A runner on a DuckDB database in this process.
///
/// It blocks; [`runner_core::adapt::Pooled`] makes it asynchronous.
///
/// A database that DuckDB has given up, after an error in itself, is opened again for the next call: a file with all that
/// was committed, one in memory as its setup makes it.
pub struct DuckDb {
    instances: Instances,
    connections: usize,
    is_read_only: bool,
    /// Bytes of an output at most.
    output_bytes: Option<u64>,
    has_memory_limit: bool,
}

/// A program as a statement of DuckDB.
pub struct Prepared {
    pub(crate) program: Program,
    shapes: Shapes,
    pub(crate) statement: Statement,
    /// One that no other statement of this process has.
    number: u64,
    /// Which columns of the input are bound, in the order of the statement's parameters; from 1.
    ///
    /// DuckDB counts only those that occur, and may drop what it finds to have no effect.
    bound: Vec<usize>,
    pub(crate) is_deep: bool,
    has_tables: bool,
    pub(crate) plan: Option<Plan>,
    /// Whether DuckDB's optimizer works on it.
    is_optimized: AtomicBool,
    /// The instance that it was last found to fit.
    instance: AtomicU64,
}

/// The number of the statement that is made next.
static NUMBER: AtomicU64 = AtomicU64::new(0);

impl DuckDb {
    /// Opens a database.
    ///
    /// # Errors
    /// `UNAVAILABLE` if the file can't be used, `PREPARE_ERROR` if a setting or the setup is wrong.
    pub fn open(config: Config) -> Result<Self> {
        let (connections, is_read_only, output_bytes) =
            (config.connections, config.is_read_only, config.output_bytes);
        let has_memory_limit = config.memory.is_some();
        let instances = Instances::open(config)?;
        Ok(Self { instances, connections, is_read_only, output_bytes, has_memory_limit })
    }

    /// Bytes of an output at most: of memory there is as much for it as for DuckDB.
    fn most(&self, instance: &Instance) -> u64 {
        let memory = if self.has_memory_limit { instance.memory_bytes } else { u64::MAX };
        self.output_bytes.unwrap_or(u64::MAX).min(memory)
    }

    /// The plan and the SQL of a program, and DuckDB's plan of that SQL. Parameters are zeros and empty texts and arrays
    /// there. The program is not executed.
    ///
    /// # Errors
    /// As [`RunSync::prepare`].
    pub fn explain(&self, program: &Program) -> Result<Explanation> {
        let prepared = self.prepare(program)?;
        self.on_instance(&Cancel::new(), |instance| {
            // There may be one connection alone, which the plan needs, too.
            let tables = tables(instance.pool.get(&Cancel::new())?.get()?, program)?;
            let dialect = runner_sql::DuckDb::new(program);
            let mut explanation = runner_sql::explain(program, &dialect, &tables)?;
            explanation.executed = Some(instance.explain(&prepared, &sample::input(program), "EXPLAIN")?);
            Ok(explanation)
        })
    }

    /// Executes a program and gives DuckDB's plan of its statement, with the rows and the time of each step.
    ///
    /// # Errors
    /// As [`RunSync::execute`].
    pub fn analyze(&self, prepared: &Prepared, input: &[u8]) -> Result<String> {
        self.on_instance(&Cancel::new(), |instance| instance.explain(prepared, input, "EXPLAIN ANALYZE"))
    }

    /// Does something with the database, and looks after it if that has failed.
    pub(crate) fn on_instance<T>(
        &self,
        cancel: &Cancel,
        action: impl FnOnce(&Arc<Instance>) -> Result<T>,
    ) -> Result<T> {
        let instance = self.instances.get(cancel)?;
        instance.looked_after(action(&instance))
    }

    /// The same for what changes nothing: once more if the database was given up meanwhile, which may have been another
    /// call's doing.
    fn on_living_instance<T>(
        &self,
        cancel: &Cancel,
        action: impl Fn(&Arc<Instance>) -> Result<T>,
    ) -> Result<T> {
        let instance = self.instances.get(cancel)?;
        let result = instance.looked_after(action(&instance));
        if result.is_err() && instance.is_dead() {
            // Nobody may hold it while it is opened again.
            drop(instance);
            return self.on_instance(cancel, action);
        }
        result
    }
}

impl Instance {
    fn plan(
        &self,
        program: &Program,
        is_deep: bool,
        is_optimized: bool,
        is_read_only: bool,
    ) -> Result<Prepared> {
        let connection = self.pool.get(&Cancel::new())?;
        let tables = tables(connection.get()?, program)?;
        let dialect = runner_sql::DuckDb::new(program);
        let statement = runner_sql::lower(program, &dialect, &tables)?;
        if is_read_only && statement.has_change {
            return Err(Error::prepare("the program changes tables, and this runner only reads"));
        }
        let shapes = Shapes::new(program)?;
        self.register(&connection, &statement.sql, &dialect, &shapes)?;
        let plan = match statement.output {
            Output::Row(ty) | Output::Rows(ty) => Some(Plan::new(&shapes, ty)),
            Output::Unit => None,
        };
        let _unoptimized = Unoptimized::unless(is_optimized, connection.get()?)?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let bind = || -> Result<Result<Vec<String>>> {
            let names = connection.prepare(number, &statement.sql)?.and_then(|prepared| {
                (1..=prepared.parameter_count()).map(|place| prepared.parameter_name(place)).collect()
            });
            Ok(names.map_err(|error| error::driver(&error)))
        };
        let mut bound = bind()?;
        if bound.as_ref().is_err_and(error::is_out_of_memory) && connection.give_up_statements()? {
            bound = bind()?;
        }
        let bound = bound.map_err(|error| {
            let code = match error.code() {
                // A view that can't be changed, say.
                Code::PrepareError if !tables.is_empty() => Code::PrepareError,
                // It evaluates constants when it plans, and one has no value.
                Code::ExecutionError => Code::ExecutionError,
                Code::ResourceExhausted => return error,
                // DuckDB has found fault with SQL that this crate's dialect wrote.
                _ => Code::Internal,
            };
            Error::new(code, error.message()).context("DuckDB refuses the statement")
        })?;
        let bound = bound.iter().filter_map(|name| name.strip_prefix('p')?.parse().ok()).collect();
        Ok(Prepared {
            program: program.clone(),
            shapes,
            statement,
            number,
            bound,
            is_deep,
            has_tables: !tables.is_empty(),
            plan,
            is_optimized: AtomicBool::new(is_optimized),
            instance: AtomicU64::new(self.number),
        })
    }

    /// The output of an execute as bytes.
    fn query(
        &self,
        prepared: &Prepared,
        input: &[u8],
        cancel: &Cancel,
        is_optimized: bool,
        most: u64,
    ) -> Result<Vec<u8>> {
        let mut writer = Writer::new();
        let mut count = 0;
        self.for_each_batch(prepared, input, cancel, is_optimized, |batch| {
            count += batch.num_rows();
            match &prepared.plan {
                Some(plan) => plan.write(batch, &mut writer, most),
                None => Ok(()),
            }
        })?;
        if let Output::Rows(_) = prepared.statement.output {
            writer.length_before(0, count);
        }
        Ok(writer.into_bytes())
    }

    fn explain(&self, prepared: &Prepared, input: &[u8], command: &str) -> Result<String> {
        let params = params::encode(&prepared.shapes, prepared.program.input(), input)?;
        let lent = self.pool.get(&Cancel::new())?;
        let connection = lent.get()?;
        self.adopt_once(prepared, &lent)?;
        let _unoptimized = Unoptimized::unless(prepared.is_optimized(), connection)?;
        let sql = format!("{command} {}", prepared.statement.sql);
        let used = duckdb::params_from_iter(prepared.used(&params));
        connection.query_row(&sql, used, |row| row.get(1)).map_err(|e| error::execution(&e, &Cancel::new()))
    }

    /// Hands the rows of the result out while DuckDB makes them.
    pub(crate) fn for_each_batch(
        &self,
        prepared: &Prepared,
        input: &[u8],
        cancel: &Cancel,
        is_optimized: bool,
        mut read: impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let params = params::encode(&prepared.shapes, prepared.program.input(), input)?;
        let lent = self.pool.get(cancel)?;
        let connection = lent.get()?;
        self.adopt_once(prepared, &lent)?;
        let _unoptimized = Unoptimized::unless(is_optimized, connection)?;
        let timed = Timed::begin(self.timer.as_ref(), cancel);
        let cancel = timed.cancel();
        let _interrupt = Interrupt::new(connection, cancel);
        let wrong = |e: duckdb::Error| error::execution(&e, cancel);
        let has_read = Cell::new(false);
        let mut run = || -> Result<()> {
            let mut statement = lent.prepare(prepared.number, &prepared.statement.sql)?.map_err(wrong)?;
            let used = duckdb::params_from_iter(prepared.used(&params));
            let read_all = || -> Result<()> {
                for batch in statement.stream_arrow(used).map_err(wrong)? {
                    let batch = batch.map_err(wrong)?;
                    has_read.set(true);
                    read(&batch)
                        .map_err(|error| if prepared.has_tables { error::altered(error) } else { error })?;
                }
                Ok(())
            };
            let result = read_all();
            if result.is_err() {
                // The driver would keep the open result with all its memory, and the connection could do nothing else.
                statement.discard();
                lent.forget(prepared.number, &prepared.statement.sql)?;
            }
            result
        };
        let mut result = run();
        if result.as_ref().is_err_and(error::is_out_of_memory)
            && !has_read.get()
            && lent.give_up_statements()?
        {
            result = run();
        }
        result.map_err(|error| timed.late(error))
    }
}

impl Instance {
    fn adopt_once(&self, prepared: &Prepared, lent: &Pooled<'_>) -> Result<()> {
        match prepared.instance.load(Ordering::Acquire) == self.number {
            true => Ok(()),
            false => self.adopt(prepared, lent),
        }
    }

    /// Makes a program ready that was prepared for another instance, if its statement is right for this one, too.
    ///
    /// Tables change only while no instance has them, so this is the place to look.
    fn adopt(&self, prepared: &Prepared, lent: &Pooled<'_>) -> Result<()> {
        let dialect = runner_sql::DuckDb::new(&prepared.program);
        if prepared.has_tables {
            let tables = tables(lent.get()?, &prepared.program).map_err(error::altered)?;
            let statement =
                runner_sql::lower(&prepared.program, &dialect, &tables).map_err(error::altered)?;
            if statement.sql != prepared.statement.sql {
                return Err(error::altered(Error::prepare("its columns or keys are others")));
            }
        }
        self.register(lent, &prepared.statement.sql, &dialect, &prepared.shapes)?;
        prepared.instance.store(self.number, Ordering::Release);
        Ok(())
    }
}

/// What the database says of the tables and queries that a program names.
fn tables(connection: &Connection, program: &Program) -> Result<Vec<Table>> {
    let names = runner_sql::tables(program);
    let mut tables = match names.is_empty() {
        true => Vec::new(),
        false => catalog::describe(connection, &names)?,
    };
    for query in runner_sql::queries(program) {
        tables.push(catalog::describe_query(connection, &query)?);
    }
    Ok(tables)
}

impl Prepared {
    /// Whether DuckDB's optimizer works on it, as far as is known.
    pub(crate) fn is_optimized(&self) -> bool {
        self.is_optimized.load(Ordering::Relaxed)
    }

    /// The parameters that its statement names.
    fn used<'a, 'b>(&self, params: &'a [Encoded<'b>]) -> Vec<&'a Encoded<'b>> {
        self.bound.iter().filter_map(|number| params.get(number.wrapping_sub(1))).collect()
    }

    /// The statement.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.statement.sql
    }
}

impl RunSync for DuckDb {
    type Prepared = Prepared;

    fn prepare(&self, program: &Program) -> Result<Prepared> {
        let is_deep = stack::is_deep(program);
        optimizer::with_or_without(true, |is_optimized| {
            self.on_living_instance(&Cancel::new(), |instance| {
                stack::on_stack(is_deep, || instance.plan(program, is_deep, is_optimized, self.is_read_only))
            })
        })
        .map(|(prepared, _)| prepared)
    }

    fn execute_with(&self, prepared: &Prepared, input: &[u8], cancel: &Cancel) -> Result<Vec<u8>> {
        // DuckDB plans a statement again if a table has changed.
        let is_optimized = prepared.is_optimized();
        let (output, is_optimized) = optimizer::with_or_without(is_optimized, |is_optimized| {
            let action = |instance: &Arc<Instance>| {
                stack::on_stack(prepared.is_deep, || {
                    instance.query(prepared, input, cancel, is_optimized, self.most(instance))
                })
            };
            match prepared.statement.has_change {
                true => self.on_instance(cancel, action),
                false => self.on_living_instance(cancel, action),
            }
        })?;
        prepared.is_optimized.store(is_optimized, Ordering::Relaxed);
        Ok(output)
    }

    fn get_interface(&self) -> Result<String> {
        self.on_living_instance(&Cancel::new(), |instance| {
            let connection = instance.pool.get(&Cancel::new())?;
            interface::describe(connection.get()?)
        })
    }

    fn shutdown(&self) -> Result<()> {
        self.instances.close();
        Ok(())
    }

    fn weight(&self, program: &Program, prepared: &Prepared) -> u64 {
        // A connection keeps DuckDB's plan of it, and the runner the program once more.
        let sql = prepared.statement.sql.len() as u64;
        2 * program.memory_bytes() + sql * (1 + PLAN_FACTOR)
    }

    fn describe(&self) -> Result<Description> {
        self.ready()?;
        let mut description = Description::new("duckdb", env!("CARGO_PKG_VERSION"));
        description.cancels = true;
        description.isolates = true;
        description.keeps_state = true;
        let instance = self.instances.get(&Cancel::new())?;
        let most = self.most(&instance);
        let limits = [
            ("connections", Some(self.connections as u64)),
            ("time_ms", instance.timer.as_ref().map(Timer::millis)),
            ("memory_bytes", self.has_memory_limit.then_some(instance.memory_bytes)),
            ("batch_bytes", Some(instance.room.bytes())),
            ("output_bytes", (most < u64::MAX).then_some(most)),
        ];
        let limits = limits.into_iter().filter_map(|(name, value)| Some((name.into(), value?)));
        description.limits.extend(limits);
        Ok(description)
    }

    fn ready(&self) -> Result<()> {
        self.on_living_instance(&Cancel::new(), |instance| {
            instance.pool.with_first(|first| first.execute_batch("SELECT 1").map_err(|e| error::driver(&e)))
        })
    }
}
