//! What is wrong with a source, as data; `render` makes it text for people.

mod sink;

use crate::syntax::Span;
pub(crate) use sink::Diagnostics;

/// An error or a warning.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable code, such as `type_mismatch` or `unknown_name`.
    pub code: &'static str,
    /// What is wrong, in one line: what was expected and what was found.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Other places that matter, each with a few words.
    pub labels: Vec<(Span, String)>,
    /// What may help.
    pub hint: Option<String>,
}

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// There is no program.
    Error,
    /// There is one, but it may not be what was meant.
    Warning,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            span,
            labels: Vec::new(),
            hint: None,
        }
    }

    /// A warning.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// Adds another place.
    #[must_use]
    pub fn label(mut self, span: Span, words: impl Into<String>) -> Self {
        self.labels.push((span, words.into()));
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, words: impl Into<String>) -> Self {
        self.hint = Some(words.into());
        self
    }
}
