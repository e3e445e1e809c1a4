//! The columnar interpreter: the reference runner, embedded.
//!
//! An [`Interpreter`] is a [`RunSync`](runner_core::RunSync) that holds values in typed columns and evaluates each
//! expression of a program once for all rows, never once a row. It works in the caller's thread, keeps no state between
//! executions, and stops where its [`Limits`] or the caller's `Cancel` say so.
//!
//! Evaluation needs `alloc` alone. Behind features are the clock (`std`), time zones (`zones`), `std::fs` (`fs`), and
//! functions from Rust closures (`host`).
//!
//! What it is not: a database (arrays live in memory), a sandbox for native functions, or a parser of the language.
//!
//! ```
//! use runner_core::{Expr, ExprId, INPUT, Kind, Op, Parts, Prim, Program, RunSync, TypeTable};
//! use runner_interpreter::Interpreter;
//!
//! // func (xs: [Int64]): Int64 -> sum(xs)
//! let mut types = TypeTable::new();
//! let int = types.prim(Prim::Int64);
//! let ints = types.array(int);
//! let body = vec![
//!     Expr { kind: Kind::Local(INPUT), ty: ints },
//!     Expr { kind: Kind::Call { op: Op::Sum, args: vec![ExprId(0)] }, ty: int },
//! ];
//! let program = Program::new(Parts { types, input: ints, output: int, body, ..Parts::default() })?;
//!
//! let interpreter = Interpreter::new();
//! let prepared = interpreter.prepare(&program)?;
//! let output = interpreter.execute(&prepared, &postcard::to_allocvec(&[1i64, 2, 3][..]).unwrap())?;
//! assert_eq!(output, postcard::to_allocvec(&6i64).unwrap());
//! # Ok::<(), runner_core::Error>(())
//! ```

#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod budget;
mod column;
mod eval;
#[cfg(feature = "fs")]
pub mod fs;
#[cfg(feature = "host")]
mod host;
mod interpreter;
mod kernel;
pub mod limits;
mod native;
mod plan;
mod scalar;
mod used;

pub use budget::Limits;
#[cfg(feature = "host")]
pub use host::{Fallible, Function, Infallible};
pub use interpreter::{Builder, Interpreter, Prepared};
