//! What is left open when a definition has been checked, as errors.

use std::collections::HashSet;

use super::{goal::Goal, infer::Infer, tree::Key};
use crate::{diagnostic::Diagnostic, syntax::Span};

impl Infer<'_> {
    pub(super) fn report_goals(&mut self) {
        for goal in std::mem::take(&mut self.goals) {
            match goal {
                Goal::Field { tuple, key, result, span } => {
                    if !self.state.types.is_error(tuple) {
                        let what = match key {
                            Key::Name(name) => format!("`{name}`"),
                            Key::Position(index) => format!("{index}"),
                        };
                        let message = format!("the type in which {what} is looked up is not known");
                        let hint = "annotate it, as in `(value: Type)` or `func (x: Type) -> ...`";
                        self.error(Diagnostic::error("unknown_type", span, message).hint(hint));
                    }
                    self.state.types.poison(tuple);
                    self.state.types.poison(result);
                }
                Goal::Variant { enumeration, name, payload, span, .. } => {
                    if !self.state.types.is_error(enumeration) {
                        let message = format!("the enum of the variant `.{name}` is not known");
                        let hint = format!("annotate it, as in `.{name}: Type`");
                        self.error(Diagnostic::error("unknown_type", span, message).hint(hint));
                    }
                    self.state.types.poison(enumeration);
                    payload.into_iter().for_each(|payload| self.state.types.poison(payload));
                }
                Goal::Equal { expected, found, span } => {
                    let diagnostic = self.mismatch(expected, found, span);
                    self.error(diagnostic);
                    self.state.types.poison(expected);
                    self.state.types.poison(found);
                }
                // Reported as variables that nothing tells.
                Goal::Fields { .. } | Goal::OneOf { .. } | Goal::Key { .. } | Goal::Tuple { .. } => {}
            }
        }
    }

    pub(super) fn report_vars(&mut self) {
        let mut reported: HashSet<Span> = HashSet::new();
        for index in self.first_var..self.state.types.vars.len() {
            self.state.types.budget().step();
            let Some(var) = self.state.types.vars.get(index).cloned() else { continue };
            if var.bound.is_some() {
                continue;
            }
            if reported.insert(var.span) {
                let message = match &var.what {
                    Some(what) => format!("nothing tells the type {what}"),
                    None => "nothing tells the type of this".to_owned(),
                };
                let hint = "annotate it, as in `value: Type`";
                self.error(Diagnostic::error("unknown_type", var.span, message).hint(hint));
            }
            let error = self.state.types.error();
            self.state.types.solve(index as u32, error);
        }
    }
}
