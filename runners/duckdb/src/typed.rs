//! Outputs as Rust values, row by row, without bytes between.

use runner_core::{Cancel, Error, Result, TypedProgram};
use runner_sql::Output;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    columns::Cell,
    runner::{DuckDb, Prepared},
    stack,
};

impl DuckDb {
    /// Executes a program whose output is an array, and hands its items out while DuckDB makes them. No more than a few
    /// thousand of them are held.
    ///
    /// It is the way to read a large result in the process that asks for it: an execute writes all of it as bytes first.
    ///
    /// ```
    /// use runner_core::{Cancel, Expr, INPUT, Kind, Parts, Prim, Program, RunSync, TypeTable, TypedProgram};
    /// use runner_duckdb::{Config, DuckDb};
    ///
    /// let mut types = TypeTable::new();
    /// let int = types.prim(Prim::Int64);
    /// let ints = types.array(int);
    /// let body = vec![Expr { kind: Kind::Local(INPUT), ty: ints }];
    /// let echo = Program::new(Parts { types, input: ints, output: ints, body, ..Parts::default() })?;
    ///
    /// let runner = DuckDb::open(Config::in_memory())?;
    /// let prepared = runner.prepare(&echo)?;
    /// let echo = TypedProgram::<Vec<i64>, Vec<i64>>::new(echo)?;
    /// let mut sum = 0;
    /// runner.for_each_row(&echo, &prepared, &vec![1, 2, 3], &Cancel::new(), |item| {
    ///     sum += item;
    ///     Ok(())
    /// })?;
    /// assert_eq!(sum, 6);
    /// # Ok::<(), runner_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As an execute, also when rows were handed out; `PREPARE_ERROR` if another program was prepared; what `each`
    /// gives, which ends the execute.
    pub fn for_each_row<I: Serialize, T: DeserializeOwned>(
        &self,
        program: &TypedProgram<I, Vec<T>>,
        prepared: &Prepared,
        input: &I,
        cancel: &Cancel,
        mut each: impl FnMut(T) -> Result<()> + Send,
    ) -> Result<()> {
        if prepared.program != *program.program() {
            return Err(Error::prepare("another program was prepared than the one that is executed"));
        }
        let input = program.encode(input)?;
        let plan = match (&prepared.plan, prepared.statement.output) {
            (Some(plan), Output::Rows(_)) if !plan.has_boxed() => plan,
            _ => {
                let output = runner_core::RunSync::execute_with(self, prepared, &input, cancel)?;
                return program.decode(&output)?.into_iter().try_for_each(each);
            }
        };
        let mut failed = None;
        let result = self.on_instance(cancel, |instance| {
            stack::on_stack(prepared.is_deep, || {
                instance.for_each_batch(prepared, &input, cancel, prepared.is_optimized(), |batch| {
                    let source = plan.source(&mut batch.columns().iter())?;
                    for row in 0..batch.num_rows() {
                        let item = T::deserialize(Cell::at(&source, row)).map_err(|failed| failed.0)?;
                        if let Err(error) = each(item) {
                            failed = Some(error.clone());
                            return Err(error);
                        }
                    }
                    Ok(())
                })
            })
        });
        match failed {
            // As `each` gave it, whatever was made of it on the way.
            Some(error) => Err(error),
            None => result,
        }
    }
}
