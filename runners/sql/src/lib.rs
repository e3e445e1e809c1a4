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
//! *Packed* is the dialect's nested value: `jsonb` on PostgreSQL (floats as text, integers as numbers, nothing goes
//! through a float), lists and structs on DuckDB.
//!
//! # Relations
//!
//! An array that is not packed is a SELECT in the making: a FROM clause, conditions, the columns of an item, and the
//! keys that give the order. `map` replaces the columns, `filter` adds a condition, `sort` prepends a key; nothing is
//! numbered until somebody asks for a position. `sql::from` starts one without keys. A relation within a lambda refers
//! to the columns of the relation around it, as correlated subqueries do.
//!
//! # What is evaluated, and when
//!
//! Values are strict, branches are not. A branch that needs a FROM clause becomes a scalar subquery within its CASE.
//! An expression that may fail is marked, and
//!
//! - is never made of constants alone: databases fold those while they plan, even in branches that are never taken;
//! - is put behind a fence (`OFFSET 0`) before rows or columns are dropped, so that what the interpreter reports, the
//!   database reports, and a condition never runs on rows that an earlier one has removed.
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
#[expect(dead_code, reason = "the lowering by way of a plan is not complete")]
mod compile;
mod dialect;
mod emit;
#[expect(dead_code, reason = "the lowering by way of a plan is not complete")]
mod engine;
mod format;
mod interface;
pub mod limits;
mod lower;
mod output;
mod plan;
mod print;
mod relation;
mod rewrite;
mod shape;
mod sql;
#[expect(dead_code, reason = "the lowering by way of a plan is not complete")]
mod tree;
mod value;

pub use assumed::assumed_tables;
pub use catalog::{Column, Table, TableName, queries, tables};
pub use dialect::{ColumnType, Dialect, DuckDb, Layout, Postgres, postgres};
pub use interface::{Interface, InterfaceColumn, lutra_name};
pub use lower::lower;
pub use output::{Output, Param, Statement};
pub use shape::{Leaf, Shape, Shapes};
pub use sql::Sql;
