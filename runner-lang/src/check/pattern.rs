//! Patterns.

use super::{
    goal::Goal,
    infer::Infer,
    tree::{LocalId, TPattern},
    types::{Name, Ty},
};
use crate::{
    diagnostic::Diagnostic,
    syntax::{Pattern, PatternKind, Span},
};

/// A name that a pattern binds.
#[derive(Clone)]
pub(super) struct Bound {
    name: Name,
    id: LocalId,
    ty: Ty,
}

impl Infer<'_> {
    /// Checks a pattern against the type of its subject, and brings its names into scope.
    pub(super) fn pattern(&mut self, pattern: &Pattern, subject: Ty) -> TPattern {
        let mut bound = Vec::new();
        self.pattern_at(pattern, subject, &mut bound, None)
    }

    /// `known` are the names that the first of several alternatives binds.
    fn pattern_at(
        &mut self,
        pattern: &Pattern,
        subject: Ty,
        bound: &mut Vec<Bound>,
        known: Option<&[Bound]>,
    ) -> TPattern {
        if !self.state.types.budget().charge(1, size_of::<TPattern>()) {
            return TPattern::Any;
        }
        match &pattern.kind {
            PatternKind::Any | PatternKind::Error => TPattern::Any,
            PatternKind::Bind(name) => {
                let before =
                    known.and_then(|known| known.iter().find(|known| known.name == name.name)).cloned();
                let id = match before {
                    Some(before) => {
                        self.equal(before.ty, subject, name.span);
                        bound.push(before.clone());
                        before.id
                    }
                    None => {
                        let id = self.bind(&name.name, subject, false);
                        bound.push(Bound { name: name.name.clone(), id, ty: subject });
                        id
                    }
                };
                TPattern::Bind(id)
            }
            PatternKind::Literal(literal) => {
                let ty = self.literal_type(literal, pattern.span, Some(subject));
                self.equal(subject, ty, pattern.span);
                TPattern::Literal(literal.clone(), ty)
            }
            PatternKind::Variant { name, payload } => {
                let span = name.span;
                let name = name.name.clone();
                let inner = payload.as_ref().map(|payload| {
                    let known = self.payload_of(subject, &name);
                    (payload, known.unwrap_or_else(|| self.state.types.var(payload.span)))
                });
                self.goal(Goal::Variant {
                    enumeration: subject,
                    name: name.clone(),
                    payload: inner.map(|(_, ty)| ty),
                    is_pattern: true,
                    span,
                });
                let payload = inner.map(|(payload, ty)| Box::new(self.pattern_at(payload, ty, bound, known)));
                TPattern::Variant { name, payload }
            }
            PatternKind::Alternatives(patterns) => {
                let mut first: Option<Vec<Bound>> = None;
                let mut checked = Vec::new();
                for alternative in patterns {
                    let mut names = Vec::new();
                    let known_names = first.as_deref().or(known);
                    checked.push(self.pattern_at(alternative, subject, &mut names, known_names));
                    match &first {
                        None => first = Some(names),
                        Some(first) => self.same_names(first, &names, alternative.span),
                    }
                }
                bound.extend(first.into_iter().flatten());
                TPattern::Or(checked)
            }
        }
    }

    fn same_names(&mut self, first: &[Bound], names: &[Bound], span: Span) {
        let missing = first.iter().find(|bound| !names.iter().any(|other| other.name == bound.name));
        let extra = names.iter().find(|bound| !first.iter().any(|other| other.name == bound.name));
        if let Some(bound) = missing.or(extra) {
            let message =
                format!("the alternatives bind other names: `{}` is not in all of them", bound.name);
            self.error(Diagnostic::error("alternatives_differ", span, message));
        }
    }
}
