//! Functions that the interpreter calls for the external functions of a program.

use alloc::{boxed::Box, string::String, sync::Arc};

use runner_core::{Result, TypeId, TypeTable};

use crate::{budget::Budget, column::Column, used::Used};

/// A function that programs can declare as `external func`.
pub(crate) trait Native: Send + Sync {
    /// Full path, such as `std::fs::read_parquet` or `geocode`.
    fn path(&self) -> &str;

    /// The declaration for the runner's interface, such as `external func geocode(address: Text): {Float64, Float64}?`;
    /// `None` for what the standard library declares already.
    fn declaration(&self) -> Option<String>;

    /// Makes the function callable for one program, once.
    ///
    /// # Errors
    /// `PREPARE_ERROR` that names the function and both types if the program declares other types than the function has.
    fn bind(&self, types: &TypeTable, declared: &runner_core::External) -> Result<Arc<dyn Call>>;
}

/// A [`Native`] with the types of one program.
pub(crate) trait Call: Send + Sync {
    /// The results for `rows` calls; each argument is a column of `rows` values, and so is the result. `rows` is above 0.
    ///
    /// # Errors
    /// Whatever a call fails with.
    fn call(&self, args: &[Column], rows: usize, context: &Context<'_>) -> Result<Column>;

    /// Whether calls with the same arguments in one execution give the same result, and change nothing.
    fn is_stable(&self) -> bool {
        false
    }

    /// The same function for a program that looks at some parts of the results alone. Any other field of a tuple may be
    /// [`Column::Empty`] then.
    fn narrow(&self, _used: &Used) -> Option<Arc<dyn Call>> {
        None
    }

    /// The items of the array that one call gives, batch by batch; `None` if they are there at once.
    fn items(&self, _args: &[Column], _context: &Context<'_>) -> Option<Result<Box<dyn Items>>> {
        None
    }
}

/// Items of an array that are made when they are asked for.
pub(crate) trait Items {
    /// Number of all items.
    fn total(&self) -> usize;

    /// Says that nobody looks at items of which a field lies outside of its bounds: they may be left out.
    fn within(&mut self, bounds: &[Bounds]);

    /// The next items; `None` at the end.
    ///
    /// # Errors
    /// Whatever a call fails with.
    fn next(&mut self, budget: &Budget) -> Result<Option<Column>>;
}

/// What a call may need beside its arguments.
#[cfg_attr(
    not(feature = "host"),
    allow(dead_code, reason = "host functions look at all of it, others at less")
)]
pub(crate) struct Context<'a> {
    /// Types of the program.
    pub(crate) types: &'a TypeTable,
    /// Type of the result.
    pub(crate) result: TypeId,
    /// What memory is drawn from; looked at in long loops, as work may have to stop.
    pub(crate) budget: &'a Budget,
}

/// Bounds of an integer field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) field: usize,
    pub(crate) least: i64,
    pub(crate) most: i64,
}
