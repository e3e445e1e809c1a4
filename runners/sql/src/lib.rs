//! From a program to one SQL statement. Both databases share the lowering; a [`Dialect`] says what differs.
//!
//! What it is not: a driver. A runner asks [`tables`] which tables a program names, describes them, calls [`lower`]
//! once in `prepare`, and then only binds [`Param`]s and decodes [`Output`]s.
//!
//! # How values are held
//!
//! A value in an expression is a tree whose leaves are SQL expressions, see [`Shape`]:
//!
//! | type | columns |
//! | --- | --- |
//! | primitive | one, never NULL, of the native type that holds it (`Uint64` and `Time` are `numeric` on PostgreSQL) |
//! | tuple | those of its fields; none for `{}` |
//! | option of a primitive | one, NULL for `.none` |
//! | other options | a boolean, then those of the payload, all NULL for `.none` |
//! | enum without payloads | the variant's index |
//! | other enums, recursive options | one, packed |
//! | array | a relation while it can be, packed where it must be one value |
//!
//! *Packed* is the database's nested value: `jsonb` on PostgreSQL (floats as text, integers as numbers, nothing goes
//! through a float), lists and structs on DuckDB.
//!
//! # From a program to SQL
//!
//! 1. `plan::build` walks the program once and makes a relational plan as naively as it can: a nested look-up is a
//!    subquery, the values of a group are packed. An array is rows, the columns of an item over them, and the keys of its
//!    order; a table has none, and nothing is numbered until somebody asks for a position.
//! 2. `rewrite` has passes over the plan, one a file: aggregates join their grouping, nested look-ups become joins, columns
//!    that nothing uses are dropped, and what may fail is kept from rows and branches that are left out.
//! 3. `emit` makes a SQL tree of the plan: chains of nodes become one SELECT.
//! 4. `print` writes the tree. Nothing reads SQL text again.
//!
//! `engine` says what a database can do, how it spells operations, and how it stores nested values.
//!
//! | to add | go to |
//! | --- | --- |
//! | an operation on primitives | `engine/{duckdb,postgres}/scalar.rs`, `plan/properties.rs` if it may fail |
//! | an operation on arrays | `plan/build/array.rs`, and a node of `plan/rel.rs` only if none can say it |
//! | a rewrite | a file in `rewrite`, its place in `rewrite.rs`, a test in `rewrite/tests.rs` |
//! | a database | a folder in `engine`, a variant of [`Dialect`] |
//!
//! # What is evaluated, and when
//!
//! Values are strict, branches are not. What nothing uses need not be evaluated. A branch that needs rows is a scalar
//! subquery within its CASE. What may fail
//!
//! - is never made of constants alone: databases fold those while they plan, even in branches that are never taken;
//! - is put behind a fence (`OFFSET 0`) before rows are left out, so that it never meets one that is;
//! - is asked only where there is a row, if it depends on none.
//!
//! Floats of PostgreSQL fail where IEEE 754 has a value, so a program has two statements there: one of PostgreSQL's own
//! operators, and one of helpers that is executed if the first one fails for that alone ([`Statement::is_plain`]).
//!
//! # Safety
//!
//! Names are quoted, text literals are quoted by the dialect, inputs are parameters. Nothing else of a program or an
//! input reaches the text.
//!
//! ```
//! use runner_core::{Expr, INPUT, Kind, Parts, Prim, Program, TypeTable};
//! use runner_sql::{Postgres, lower};
//!
//! let mut types = TypeTable::new();
//! let int = types.prim(Prim::Int64);
//! let body = vec![Expr { kind: Kind::Local(INPUT), ty: int }];
//! let program = Program::new(Parts { types, input: int, output: int, body, ..Parts::default() })?;
//! assert_eq!(lower(&program, &Postgres::default(), &[])?.sql, "SELECT $1::int8 AS c1");
//! # Ok::<(), runner_core::Error>(())
//! ```

mod assumed;
mod catalog;
mod columns;
mod dialect;
mod emit;
mod engine;
mod interface;
pub mod limits;
mod lower;
mod output;
mod plan;
mod print;
mod rewrite;
mod shape;
mod tree;

pub use assumed::assumed_tables;
pub use catalog::{Column, Table, TableName, queries, tables};
pub use dialect::{Dialect, DuckDb, Postgres};
pub use engine::duckdb::{ColumnType, Layout};
pub use interface::{Interface, InterfaceColumn, lutra_name};
pub use lower::{explain, lower, pretty};
pub use output::{Explanation, Output, Param, Statement};
pub use shape::{Leaf, Shape, Shapes};

/// What the runner for PostgreSQL has to know of its statements.
pub mod postgres {
    pub use crate::engine::postgres::{ALTERED, NULL, TEXT_BYTES, TEXT_PARTS, definition, escape, unescape};
}
