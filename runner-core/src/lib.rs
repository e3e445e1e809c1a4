//! The contract of program runners.
//!
//! A [`Program`] is a typed function as portable bytes. A runner makes it ready ([`Run::prepare`]) and executes it
//! ([`Run::execute`]) from the bytes of an input to the bytes of an output. [`RunSync`] is the same for runners that
//! block; [`Pooled`](https://docs.rs/runner-core) and `Blocking` turn one into the other, and [`DynRun`] is any of them.
//!
//! This crate holds what all sides must agree on, and nothing that does I/O: types ([`TypeTable`]), programs and their
//! validation, values and their encoding ([`wire`]), the error type ([`Error`]) and the two traits. It needs `alloc`
//! and no operating system; threads (feature `std`) and a runtime (feature `tokio`) are for the two adapters only.
//!
//! What it is not: a language (that is `runner-lang`), a runner (`runner-interpreter` and others) or a transport.

#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod bounded;
#[cfg(feature = "std")]
mod caller;
mod cancel;
mod describe;
mod erased;
mod error;
pub mod limits;
mod program;
mod run;
mod run_sync;
mod ty;
mod typed;
pub mod value;
pub mod wire;

#[cfg(feature = "std")]
pub mod adapt;

pub use bytes::Bytes;
#[cfg(feature = "std")]
pub use caller::{Caller, Entered};
pub use cancel::Cancel;
#[cfg(feature = "std")]
pub use cancel::Hook;
pub use describe::Description;
pub use erased::{DynPrepared, DynRun};
pub use error::{Code, Detail, Error, Place, Result};
pub use program::{
    Arm, Expr, ExprId, External, INPUT, Kind, Literal, LocalId, MAGIC, Op, Param, Parts, Program, ProgramId,
    SourcePlace, VERSION,
};
pub use run::Run;
pub use run_sync::RunSync;
pub use ty::{DisplayType, Field, Prim, Repr, Type, TypeId, TypeTable, Variant};
pub use typed::{Decoded, Encoded, TypedProgram, check as check_schema};
pub use value::Value;
