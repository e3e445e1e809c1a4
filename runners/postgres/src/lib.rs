//! Programs on PostgreSQL.
//!
//! A program becomes one statement (see [`runner_sql`]), which is prepared once on each connection of a pool. An
//! execute is one round trip in an implicit transaction, with parameters and results in binary. Dropping an execute
//! cancels the query on the server. Helper functions live in the temporary schema of a connection; nothing is left in
//! the database.
//!
//! Tables are checked against the program when it is prepared. A `jsonb` column holds tuples as objects, arrays, and
//! enums by the variant's name; composite types, native arrays and enumerations of the database are known, too. A table
//! that is altered later, so that a program does not fit it any more, makes its executes end with `PREPARE_ERROR`; a
//! NULL in a column that has lost its NOT NULL, with `EXECUTION_ERROR`.
//!
//! What it is not: a lowering to SQL, or a way to hand in SQL from outside.
//!
//! ```no_run
//! use runner_core::Run;
//! use runner_postgres::Postgres;
//!
//! # async fn example() -> runner_core::Result<()> {
//! let runner = Postgres::connect("postgres://localhost/shop").await?;
//! println!("{}", runner.get_interface().await?);
//! runner.shutdown().await
//! # }
//! ```

mod address;
mod catalog;
mod config;
mod connection;
mod error;
mod execute;
mod explain;
mod interface;
mod json;
mod limits;
mod numeric;
mod params;
mod prepared;
mod rows;
mod runner;
mod session;
mod statements;
mod tls;

pub use config::Config;
pub use prepared::Prepared;
pub use runner::Postgres;
