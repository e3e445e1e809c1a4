//! Every numeric limit of this crate. What lies beyond gives a `DECODE_ERROR`, `PREPARE_ERROR` or
//! `RESOURCE_EXHAUSTED` that names the limit.

/// Levels that a value may nest, counting arrays, tuples and variants.
///
/// A level costs stack in every recursive walk over values.
pub const VALUE_DEPTH: usize = 256;

/// Levels that the expressions of a program may nest.
///
/// A level costs stack in every recursive walk over a program.
pub const EXPR_DEPTH: usize = 400;

/// Levels to which a type is printed.
pub const TYPE_DEPTH: usize = 128;

/// Expressions in a program, after inlining.
pub const EXPR_COUNT: usize = 1 << 20;

/// Types in a program. A type costs stack in a walk over types, so this bounds that as well.
pub const TYPE_COUNT: usize = 1 << 12;

/// Values in a wire value that take no bytes, as `{}` does; a length of them can't be checked against the input.
pub const EMPTY_ITEMS: u64 = 1 << 24;

/// Parts of a type when it is written out as a tree. Walks over values cost this much a value.
pub const TYPE_WIDTH: usize = 1 << 16;

/// Parts of a type that are printed in a message.
pub const TYPE_PRINTED: usize = 500;

/// Bytes of an output that a worker of `Pooled` makes ahead of who receives it, unless one piece is more.
#[cfg(feature = "std")]
pub(crate) const AHEAD_BYTES: usize = 1 << 20;

/// Workers of a `Pooled` that wait at a time for who receives their outputs.
#[cfg(feature = "std")]
pub(crate) const WAITING_OUTPUTS: usize = 256;

/// Stack of a worker, enough for the deepest program on the deepest value.
#[cfg(feature = "std")]
pub(crate) const WORKER_STACK_BYTES: usize = 8 << 20;

/// Bytes that a program in a `Cache` counts for beside its encoding and what was made of it.
#[cfg(feature = "tokio")]
pub(crate) const ENTRY_BYTES: u64 = 1 << 10;

/// Stack of the thread that watches `Workers`.
#[cfg(feature = "std")]
pub(crate) const WATCHER_STACK_BYTES: usize = 256 << 10;

/// Time for which a job of `Workers` counts as short: one that takes longer is stood in for while somebody else waits.
#[cfg(feature = "std")]
pub(crate) const LONG: core::time::Duration = core::time::Duration::from_millis(20);

/// Long jobs of `Workers` that are stood in for at a time, beside as many as there are workers.
#[cfg(feature = "std")]
pub const STAND_INS: usize = 16;

/// Jobs of one client that run at a time, beside as many as there are workers.
#[cfg(feature = "std")]
pub(crate) const STAND_INS_OF_CLIENT: usize = 8;

/// Time for which dropping `Workers` waits for those whose jobs were cancelled. Later ones are left alone.
#[cfg(feature = "std")]
pub(crate) const JOIN_TIME: core::time::Duration = core::time::Duration::from_secs(1);
