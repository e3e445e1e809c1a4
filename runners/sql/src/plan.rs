//! A program as a relational plan: typed, over columns with unique ids, never text.
//!
//! - A [`Rel`] gives rows. No node renames a column: each introduces columns of its own and passes on those of its
//!   input, so that a column's id says where it comes from. Only [`Rel::Aggregate`], [`Rel::Union`], [`Rel::Recursion`]
//!   and [`Rel::Shared`] hide what is below them. A node may use columns of what stands to the left of it or around it:
//!   the plan is correlated by ids alone, and nothing says `LATERAL`.
//! - A [`Scalar`] is a value of one column: what a [`Leaf`](crate::Leaf) describes.
//! - An array is rows, the columns of an item over them, and the keys of its order ([`value::Rows`]). One that is made of
//!   tables alone has no keys, and nothing numbers or sorts it. Where it has to be one value, it is packed by an
//!   aggregate.
//!
//! # From a program to SQL
//!
//! 1. [`build`] walks the program once and makes a plan as naively as it can: a nested look-up is a subquery, the values of
//!    a group are packed.
//! 2. [`rewrite`](crate::rewrite) has passes over the plan, one a file.
//! 3. [`emit`](crate::emit) makes a SQL tree of it, in which chains of nodes are one SELECT.
//!
//! # What is evaluated
//!
//! A plan means: each node evaluates its scalars for the rows of its input, `And` and `Case` from left to right. What nothing
//! uses need not be evaluated, so an error in it may or may not occur. What must not be is an error that would not occur:
//! a scalar that may fail is not evaluated for rows that are left out below it, nor in a branch that is not taken. The
//! pass `fences` sees to it, as engines move conditions and subqueries.

pub(crate) mod build;
mod properties;
mod rel;
mod scalar;
mod show;
mod value;
mod walk;

pub(crate) use properties::{ColIds, ColMap, replace};
pub(crate) use rel::{
    Aggregate, Change, Function, JoinKind, Key, Rel, ScanField, Table, WindowFunction, Written,
};
pub(crate) use scalar::{Parts, Scalar};
pub(crate) use value::{Rows, Source, Val};
pub(crate) use walk::{Part, PartMut};

use crate::output::{Output, Param};

/// A column of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ColId(pub(crate) u32);

/// A program as a plan.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Number of columns.
    pub(crate) columns: u32,
    pub(crate) params: Vec<Param>,
    /// Rows that are used more than once, each after those that it uses.
    pub(crate) shared: Vec<Shared>,
    pub(crate) change: Option<Change>,
    pub(crate) root: Root,
    pub(crate) output: Output,
}

/// Rows that are used more than once.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) rel: Rel,
    /// What uses may ask for.
    pub(crate) columns: Vec<ColId>,
    /// Whether uses have to agree on more than the columns: on an order that is found while it is evaluated.
    pub(crate) is_once: bool,
}

/// What a statement gives.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    pub(crate) rel: Rel,
    pub(crate) columns: Vec<Scalar>,
    pub(crate) order: Vec<Key>,
}

impl Plan {
    /// A new column.
    pub(crate) fn column(&mut self) -> ColId {
        self.columns += 1;
        ColId(self.columns)
    }
}
