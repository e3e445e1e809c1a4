//! Random well-typed programs over the whole standard library, with random inputs, as source.
//!
//! Types are chosen first, and expressions are built for them from the outside in: each form that can give a value of
//! the wanted type is a way to go on, and variables in scope are what it mostly ends with. Sizes are bounded; what may
//! run for long (sequences, loops) is built so that it ends soon.
//!
//! Some programs read tables, which are the same on every database. Others than databases are given them as input, see
//! [`Tree::with_tables_as_input`].

pub mod ast;
mod build;
pub mod data;
mod shrink;
pub mod tables;
pub mod ty;

pub use ast::Tree;
pub use build::{table_tree, tree};
pub use shrink::shrink;
