//! The Lutra language: source to programs or diagnostics.

mod diagnostic;
mod lexer;
mod limits;
mod parser;
mod source;
pub mod syntax;
mod token;

pub use diagnostic::{Diagnostic, Severity};
pub use source::{ModuleTree, Parsed, Project, Source};
