use super::{Diagnostic, Severity};
use crate::{
    budget::{Budget, Stop},
    limits,
    syntax::Span,
};

/// The diagnostics that a compile has found so far. They are bounded, and what is found while a compile is being
/// stopped is left out: it may be wrong.
#[derive(Debug)]
pub(crate) struct Diagnostics {
    found: Vec<Diagnostic>,
    budget: Budget,
    /// What is being checked; where the compile was stopped, if it was.
    at: Span,
}

impl Diagnostics {
    pub(crate) fn new(budget: &Budget) -> Self {
        Self { found: Vec::new(), budget: budget.clone(), at: Span::default() }
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        let bytes = size_of::<Diagnostic>() + diagnostic.message.len();
        if !self.budget.charge(1, bytes) {
            return;
        }
        if self.found.len() >= limits::DIAGNOSTICS {
            return self.budget.stop_for(Stop::Errors);
        }
        self.found.push(diagnostic);
    }

    /// Says what is checked from here on.
    pub(crate) fn set_place(&mut self, at: Span) {
        if !self.budget.is_stopped() {
            self.at = at;
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether another one is drawn for people, so that it is worth while to look for what was meant.
    pub(crate) fn is_rendered(&self) -> bool {
        self.found.len() < limits::RENDERED
    }

    /// Sorts those from an index on by their places.
    pub(crate) fn sort_from(&mut self, index: usize) {
        if let Some(found) = self.found.get_mut(index..) {
            found.sort_by_key(|diagnostic| (diagnostic.span.source, diagnostic.span.start));
        }
    }

    /// All of them by their places; last, why the compile was stopped.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.sort_from(0);
        self.found.extend(self.budget.diagnostic(self.at));
        self.found
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, found: T) {
        found.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }
}
