//! The Lutra language: source to programs or diagnostics.
//!
//! ```text
//! files ─ Project ─ lexer ─ parser ─ ModuleTree ─ resolve ─ check ─ lower ─ Program
//!                      │        │                     │        │       │
//!                      └────────┴──── Diagnostic ─────┴────────┴───────┘ ─ render
//! ```
//!
//! A [`Project`] holds the text of its files; parsing it gives its modules and all errors of syntax, never one without
//! the other, so that what is right is checked even where something is wrong. A [`Diagnostic`] is data; [`render`]
//! draws it for people. [`format`] is the formatter, which reads tokens and tree and knows nothing of types.
//!
//! What it is not: it does no I/O, it runs nothing, and it knows no runner.
//!
//! ```
//! use runner_lang::{Project, render};
//!
//! let project = Project::from_source("sum.lt", "func main(x: Int64) -> x +");
//! let parsed = project.parse();
//! let error = &parsed.diagnostics[0];
//! assert_eq!(error.message, "expected an expression, found the end of the file");
//! assert!(render(&project, error, false).contains("sum.lt:1:27"));
//! ```

mod budget;
mod check;
mod compile;
mod diagnostic;
mod docs;
mod format;
mod habits;
mod lexer;
mod library;
mod limits;
mod lower;
mod parser;
mod render;
mod resolve;
mod rounds;
mod scope;
mod source;
pub mod syntax;
mod token;

pub use budget::Budget;
pub use compile::{Checked, Compiled, FunctionInfo, ParamInfo, check, check_with, compile, compile_with};
pub use diagnostic::{Diagnostic, Severity};
pub use docs::{ItemDocs, ModuleDocs, docs};
pub use format::format;
pub use library::standard_library;
pub use render::{render, render_all};
pub use source::{ModuleTree, Parsed, Project, Source};
