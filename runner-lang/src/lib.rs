//! The Lutra language: source to programs or diagnostics.

mod diagnostic;
mod format;
mod lexer;
mod limits;
mod parser;
mod render;
mod source;
pub mod syntax;
mod token;

pub use diagnostic::{Diagnostic, Severity};
pub use format::format;
pub use render::render;
pub use source::{ModuleTree, Parsed, Project, Source};
