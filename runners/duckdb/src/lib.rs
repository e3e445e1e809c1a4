//! Executes programs on DuckDB, in this process: in memory or on a file.
//!
//! A program becomes one SQL statement ([`runner_sql`]), which each connection of a pool prepares once. Arrays of the
//! input are handed over as the bytes that they came in, and become columns within DuckDB; results are read from Arrow
//! arrays straight into bytes, or into Rust values ([`DuckDb::for_each_row`]). Files and the network are closed unless
//! [`Config`] opens them.
//!
//! What it is not: an extension of DuckDB, and a place for other SQL than that of programs. `std::sql` reads and changes
//! tables; look at [`DuckDb::get_interface`](runner_core::RunSync::get_interface) for those that are there.
//!
//! ```
//! use runner_core::{Expr, INPUT, Kind, Parts, Prim, Program, RunSync, TypeTable};
//! use runner_duckdb::{Config, DuckDb};
//!
//! let mut types = TypeTable::new();
//! let int = types.prim(Prim::Int64);
//! let ints = types.array(int);
//! let body = vec![Expr { kind: Kind::Local(INPUT), ty: ints }];
//! let echo = Program::new(Parts { types, input: ints, output: ints, body, ..Parts::default() })?;
//!
//! let runner = DuckDb::open(Config::in_memory())?;
//! let prepared = runner.prepare(&echo)?;
//! assert_eq!(runner.execute(&prepared, &[2, 1, 4])?, [2, 1, 4]);
//! # Ok::<(), runner_core::Error>(())
//! ```

mod catalog;
mod columns;
mod config;
mod error;
mod function;
mod functions;
mod instance;
mod interface;
mod limits;
mod optimizer;
mod params;
mod pool;
mod room;
mod rows;
mod runner;
mod sample;
mod stack;
mod timer;
mod typed;
mod values;

pub use config::Config;
pub use runner::{DuckDb, Prepared};
