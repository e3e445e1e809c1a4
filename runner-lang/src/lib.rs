//! The Lutra language: source to programs or diagnostics.

mod diagnostic;
pub mod syntax;

pub use diagnostic::{Diagnostic, Severity};
