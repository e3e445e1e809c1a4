//! The databases that programs are lowered for.

mod duckdb;
mod postgres;

use runner_core::Prim;

pub use duckdb::DuckDb;
pub use postgres::Postgres;

use crate::{
    engine::{self, Engine},
    shape::Shapes,
};

/// A database.
///
/// ```
/// use runner_sql::{Dialect, Postgres};
///
/// assert_eq!(Dialect::from(&Postgres::default()).name(), "postgres");
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Dialect<'a> {
    /// DuckDB 2.0 and later, for one program.
    DuckDb(&'a DuckDb),
    /// PostgreSQL 14 and later: before, a part of a timestamp was a float.
    Postgres(&'a Postgres),
}

impl Dialect<'_> {
    /// The database's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DuckDb(_) => engine::duckdb::CAPABILITIES.name,
            Self::Postgres(_) => engine::postgres::CAPABILITIES.name,
        }
    }

    /// The schema of a table that is named without one.
    pub(crate) fn home_schema(self) -> &'static str {
        match self {
            Self::DuckDb(_) => engine::duckdb::CAPABILITIES.home_schema,
            Self::Postgres(_) => engine::postgres::CAPABILITIES.home_schema,
        }
    }

    /// The type of a table's column that is meant for a primitive.
    pub(crate) fn table_type(self, prim: Prim) -> &'static str {
        match self {
            Self::DuckDb(_) => engine::duckdb::table_type(prim),
            Self::Postgres(_) => engine::postgres::table_type(prim),
        }
    }

    /// Calls `action` with what is known of the database.
    pub(crate) fn with_engine<T>(self, shapes: &Shapes, action: impl FnOnce(&Engine<'_>) -> T) -> T {
        match self {
            Self::DuckDb(dialect) => dialect.with_engine(shapes, action),
            Self::Postgres(dialect) => dialect.with_engine(shapes, action),
        }
    }
}

impl<'a> From<&'a DuckDb> for Dialect<'a> {
    fn from(dialect: &'a DuckDb) -> Self {
        Self::DuckDb(dialect)
    }
}

impl<'a> From<&'a Postgres> for Dialect<'a> {
    fn from(dialect: &'a Postgres) -> Self {
        Self::Postgres(dialect)
    }
}
