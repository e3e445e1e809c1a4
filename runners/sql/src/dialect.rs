//! The databases that programs are lowered for.

mod duckdb;
mod postgres;

use runner_core::TypeId;

pub use duckdb::DuckDb;
pub use postgres::Postgres;

use crate::{
    catalog::Column,
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

    /// The columns of a table for a field of this type.
    pub(crate) fn assumed_columns(self, shapes: &Shapes, name: &str, ty: TypeId) -> Vec<Column> {
        match self {
            Self::DuckDb(_) => engine::duckdb::assumed::columns(shapes, name, ty).unwrap_or_default(),
            Self::Postgres(_) => engine::postgres::assumed::columns(shapes, name, ty),
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
