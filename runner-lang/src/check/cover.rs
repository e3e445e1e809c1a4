//! How a match tests its subject: one decision at a time. The check of what a match leaves out walks all of them, and
//! lowering makes a `Switch` or `If` of each.
//!
//! A pattern has one path only (a variant has one payload), so there is always one thing to look at next.

use std::collections::{HashMap, HashSet};

use super::{
    infer::Infer,
    tree::{LocalId, TExpr, TPattern},
    types::{Name, Node, Ty, Variant},
};
use crate::{
    diagnostic::Diagnostic,
    syntax::{Literal, Span},
};

/// A pattern that is still to be tested against a subject, and what was bound on the way to it.
#[derive(Debug, Clone)]
pub(crate) struct Row<'p, S> {
    pub(crate) pattern: &'p TPattern,
    pub(crate) bound: Vec<(LocalId, S)>,
    pub(crate) arm: usize,
}

/// The next decision about a subject.
pub(crate) enum Split<'p, S> {
    /// No pattern matches.
    Missing,
    /// This arm is taken.
    Arm(Outcome<S>),
    /// By variant: those that patterns name, and the pattern for the others, if there is one.
    Variants { named: Vec<(Name, Vec<Row<'p, S>>)>, others: Option<Row<'p, S>> },
    /// Equal to one of the literals of a case, tested in order, or else.
    Literals { cases: Vec<Case<'p, S>>, otherwise: Option<Outcome<S>> },
}

/// Literals that lead to one arm.
pub(crate) struct Case<'p, S> {
    pub(crate) literals: Vec<(&'p Literal, Ty)>,
    pub(crate) then: Outcome<S>,
}

#[derive(Debug, Clone)]
pub(crate) struct Outcome<S> {
    pub(crate) arm: usize,
    pub(crate) bound: Vec<(LocalId, S)>,
}

static ANY: TPattern = TPattern::Any;

/// Decides what to test first of a subject that is called `subject`. Linear in the patterns.
pub(crate) fn split<'p, S: Clone>(rows: Vec<Row<'p, S>>, subject: &S) -> Split<'p, S> {
    let mut flat = Vec::new();
    for row in rows {
        if !flatten(row, subject, &mut flat) {
            break;
        }
    }
    let Some(first) = flat.first() else { return Split::Missing };
    match first.pattern {
        TPattern::Literal(..) => by_literal(flat),
        TPattern::Variant { .. } => by_variant(flat),
        TPattern::Any | TPattern::Bind(_) | TPattern::Or(_) => {
            Split::Arm(Outcome { arm: first.arm, bound: first.bound.clone() })
        }
    }
}

/// Replaces names by what they bind, and alternatives by a row for each. `false` if nothing is left for later rows.
fn flatten<'p, S: Clone>(row: Row<'p, S>, subject: &S, flat: &mut Vec<Row<'p, S>>) -> bool {
    match row.pattern {
        TPattern::Bind(local) => {
            let mut bound = row.bound;
            bound.push((*local, subject.clone()));
            flat.push(Row { pattern: &ANY, bound, arm: row.arm });
            false
        }
        TPattern::Or(patterns) => patterns
            .iter()
            .all(|pattern| flatten(Row { pattern, bound: row.bound.clone(), arm: row.arm }, subject, flat)),
        TPattern::Any => {
            flat.push(row);
            false
        }
        _ => {
            flat.push(row);
            true
        }
    }
}

fn by_literal<S: Clone>(rows: Vec<Row<'_, S>>) -> Split<'_, S> {
    let mut cases: Vec<Case<'_, S>> = Vec::new();
    let mut otherwise = None;
    let mut seen = HashSet::new();
    for row in rows {
        let outcome = Outcome { arm: row.arm, bound: row.bound };
        match row.pattern {
            TPattern::Literal(literal, _) if seen.contains(literal) => {}
            // Of a Bool only the other value is left, which needs no test.
            TPattern::Literal(literal, ty) if !matches!(literal, Literal::Bool(_)) || seen.is_empty() => {
                seen.insert(literal);
                match cases.last_mut().filter(|last| last.then.arm == outcome.arm) {
                    Some(last) => last.literals.push((literal, *ty)),
                    None => cases.push(Case { literals: vec![(literal, *ty)], then: outcome }),
                }
            }
            _ => {
                otherwise = Some(outcome);
                break;
            }
        }
    }
    let arm = otherwise.as_ref().map(|outcome| outcome.arm);
    cases.pop_if(|last| Some(last.then.arm) == arm);
    match otherwise {
        Some(otherwise) if cases.is_empty() => Split::Arm(otherwise),
        otherwise => Split::Literals { cases, otherwise },
    }
}

fn by_variant<S: Clone>(rows: Vec<Row<'_, S>>) -> Split<'_, S> {
    let mut named: Vec<(Name, Vec<Row<'_, S>>)> = Vec::new();
    let mut indices: HashMap<&Name, usize> = HashMap::new();
    let mut others = None;
    for row in rows {
        match row.pattern {
            TPattern::Variant { name, payload } => {
                let index = *indices.entry(name).or_insert_with(|| {
                    named.push((name.clone(), Vec::new()));
                    named.len() - 1
                });
                if let Some((_, rows)) = named.get_mut(index) {
                    let pattern = payload.as_deref().unwrap_or(&ANY);
                    rows.push(Row { pattern, bound: row.bound, arm: row.arm });
                }
            }
            _ => {
                for (_, rows) in &mut named {
                    rows.push(row.clone());
                }
                others = Some(row);
            }
        }
    }
    Split::Variants { named, others }
}

/// Values that a match leaves out and a warning names.
const WITNESSES: usize = 6;

impl Infer<'_> {
    /// Warns about values that a match leaves out and arms that can't be reached. Linear in the patterns, since a pattern
    /// has one path.
    pub(super) fn check_cover(&mut self, subject: Ty, span: Span, arms: &[(TPattern, TExpr)]) {
        let rows = arms.iter().enumerate().map(|(arm, (pattern, _))| Row { pattern, bound: Vec::new(), arm });
        let mut cover = Cover { reached: vec![false; arms.len()], missing: Vec::new() };
        cover.visit(self, subject, rows.collect(), &mut Vec::new());
        if !cover.missing.is_empty() {
            let shown: Vec<_> =
                cover.missing.iter().take(WITNESSES).map(|value| format!("`{value}`")).collect();
            let more = if cover.missing.len() > WITNESSES { " and others" } else { "" };
            let message = format!("this match leaves out {}{more}", shown.join(", "));
            self.error(
                Diagnostic::warning("match_leaves_out", span, message)
                    .hint("such a value fails when the program runs; add an arm, or `_ => ...`"),
            );
        }
        for ((_, body), reached) in arms.iter().zip(&cover.reached) {
            if !reached {
                let message = "this arm can't be reached: the arms before it match all that it matches";
                self.error(Diagnostic::warning("unreachable_arm", body.span, message));
            }
        }
    }
}

struct Cover {
    reached: Vec<bool>,
    missing: Vec<String>,
}

impl Cover {
    fn visit(&mut self, infer: &mut Infer<'_>, ty: Ty, rows: Vec<Row<'_, ()>>, path: &mut Vec<Name>) {
        if !infer.state.types.budget().charge(1 + rows.len(), 0) {
            return;
        }
        match split(rows, &()) {
            Split::Missing => self.miss(path, "_"),
            Split::Arm(outcome) => self.reach(outcome.arm),
            Split::Literals { cases, otherwise } => {
                cases.iter().for_each(|case| self.reach(case.then.arm));
                let tested = cases.first().and_then(|case| case.literals.first());
                match (otherwise, tested) {
                    (Some(outcome), _) => self.reach(outcome.arm),
                    (None, Some((Literal::Bool(value), _))) => self.miss(path, &(!value).to_string()),
                    (None, _) => self.miss(path, "_"),
                }
            }
            Split::Variants { named, others } => {
                let head = infer.state.types.head_ty(ty);
                let Node::Enum(variants) = infer.state.types.node(head).clone() else { return };
                let types = &mut infer.state.types;
                let mut named: Vec<_> = named
                    .into_iter()
                    .filter_map(|(name, rows)| Some((types.position(head, &name)?, rows)))
                    .collect();
                named.sort_by_key(|(index, _)| *index);
                let mut next = 0;
                for (index, rows) in named {
                    self.unnamed(variants.get(next..index), others.as_ref(), path);
                    next = index + 1;
                    let Some(variant) = variants.get(index) else { continue };
                    path.push(variant.name.clone());
                    self.visit(infer, variant.ty, rows, path);
                    path.pop();
                }
                self.unnamed(variants.get(next..), others.as_ref(), path);
            }
        }
    }

    /// Variants that no pattern names.
    fn unnamed(&mut self, variants: Option<&[Variant]>, others: Option<&Row<'_, ()>>, path: &mut Vec<Name>) {
        let variants = variants.unwrap_or_default();
        match others {
            Some(row) if !variants.is_empty() => self.reach(row.arm),
            Some(_) => {}
            None => {
                for variant in variants.iter().take((WITNESSES + 1).saturating_sub(self.missing.len())) {
                    path.push(variant.name.clone());
                    self.miss(path, "");
                    path.pop();
                }
            }
        }
    }

    fn reach(&mut self, arm: usize) {
        if let Some(reached) = self.reached.get_mut(arm) {
            *reached = true;
        }
    }

    fn miss(&mut self, path: &[Name], left: &str) {
        if self.missing.len() > WITNESSES {
            return;
        }
        let mut value = left.to_owned();
        for name in path.iter().rev() {
            value = if value.is_empty() { format!(".{name}") } else { format!(".{name}({value})") };
        }
        self.missing.push(value);
    }
}
