//! From tokens to the syntax tree.
use crate::{
    diagnostic::Diagnostic,
    syntax::{Expr, Module},
};

/// Parses a source file.
pub(crate) fn parse_module(_text: &str, _source: u32) -> (Module, Vec<Diagnostic>) {
    (Module::default(), Vec::new())
}

/// Parses an expression that stands alone.
#[allow(dead_code)]
pub(crate) fn parse_expression(_text: &str, _source: u32) -> (Option<Expr>, Vec<Diagnostic>) {
    (None, Vec::new())
}
