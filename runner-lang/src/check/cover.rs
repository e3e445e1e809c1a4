//! How a match tests its subject: one decision at a time. The check of what a match leaves out walks all of them, and
//! lowering makes a `Switch` or `If` of each.
//!
//! A pattern has one path only (a variant has one payload), so there is always one thing to look at next.

use super::{
    infer::Infer,
    tree::{LocalId, TPattern},
    types::{Name, Node, Ty},
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
    /// By variant: those that patterns name, and the others.
    Variants { named: Vec<(Name, Vec<Row<'p, S>>)>, others: Vec<Row<'p, S>> },
    /// Equal to one of these, or not.
    Literals { literals: Vec<(&'p Literal, Ty)>, then: Outcome<S>, otherwise: Vec<Row<'p, S>> },
}

#[derive(Debug, Clone)]
pub(crate) struct Outcome<S> {
    pub(crate) arm: usize,
    pub(crate) bound: Vec<(LocalId, S)>,
}

static ANY: TPattern = TPattern::Any;

/// Decides what to test first of a subject that is called `subject`.
pub(crate) fn split<'p, S: Clone>(rows: Vec<Row<'p, S>>, subject: &S) -> Split<'p, S> {
    let mut flat = Vec::new();
    for row in rows {
        flatten(row, subject, &mut flat);
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

/// Replaces names by what they bind, and alternatives by a row for each.
fn flatten<'p, S: Clone>(row: Row<'p, S>, subject: &S, flat: &mut Vec<Row<'p, S>>) {
    match row.pattern {
        TPattern::Bind(local) => {
            let mut bound = row.bound;
            bound.push((*local, subject.clone()));
            flat.push(Row { pattern: &ANY, bound, arm: row.arm });
        }
        TPattern::Or(patterns) => {
            for pattern in patterns {
                flatten(Row { pattern, bound: row.bound.clone(), arm: row.arm }, subject, flat);
            }
        }
        _ => flat.push(row),
    }
}

fn by_literal<S: Clone>(rows: Vec<Row<'_, S>>) -> Split<'_, S> {
    let Some(first) = rows.first() else { return Split::Missing };
    let then = Outcome { arm: first.arm, bound: first.bound.clone() };
    let mut literals: Vec<(&Literal, Ty)> = Vec::new();
    let mut otherwise = Vec::new();
    let mut in_run = true;
    let mut seen = Vec::new();
    for row in rows {
        match row.pattern {
            TPattern::Literal(literal, ty) => {
                in_run &= row.arm == then.arm;
                if seen.contains(&literal) {
                    continue;
                }
                if in_run {
                    seen.push(literal);
                    literals.push((literal, *ty));
                } else {
                    otherwise.push(row);
                }
            }
            _ => {
                in_run = false;
                otherwise.push(row);
            }
        }
    }
    // Of a Bool only the other value is left, which needs no test.
    if let [(Literal::Bool(_), _)] = literals.as_slice() {
        for row in &mut otherwise {
            if matches!(row.pattern, TPattern::Literal(..)) {
                row.pattern = &ANY;
            }
        }
    } else if literals.len() > 1 && matches!(literals.first(), Some((Literal::Bool(_), _))) {
        return Split::Arm(then);
    }
    Split::Literals { literals, then, otherwise }
}

fn by_variant<S: Clone>(rows: Vec<Row<'_, S>>) -> Split<'_, S> {
    let mut named: Vec<(Name, Vec<Row<'_, S>>)> = Vec::new();
    for row in &rows {
        if let TPattern::Variant { name, .. } = row.pattern
            && !named.iter().any(|(known, _)| known == name)
        {
            named.push((name.clone(), Vec::new()));
        }
    }
    let mut others = Vec::new();
    for row in rows {
        match row.pattern {
            TPattern::Variant { name, payload } => {
                let pattern = payload.as_deref().unwrap_or(&ANY);
                if let Some((_, rows)) = named.iter_mut().find(|(known, _)| known == name) {
                    rows.push(Row { pattern, bound: row.bound, arm: row.arm });
                }
            }
            _ => {
                for (_, rows) in &mut named {
                    rows.push(row.clone());
                }
                others.push(row);
            }
        }
    }
    Split::Variants { named, others }
}

/// Decisions that the check of one match looks at, and values that it names.
const STEPS: usize = 20_000;
const WITNESSES: usize = 6;

impl Infer<'_> {
    /// Warns about values that a match leaves out and arms that can't be reached.
    pub(super) fn check_cover(&mut self, subject: Ty, span: Span, arms: &[(TPattern, Span)]) {
        let rows = arms.iter().enumerate().map(|(arm, (pattern, _))| Row { pattern, bound: Vec::new(), arm });
        let mut cover = Cover { reached: vec![false; arms.len()], missing: Vec::new(), steps: 0 };
        cover.visit(self, Some(subject), rows.collect(), &mut Vec::new());
        if cover.steps >= STEPS {
            return;
        }
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
        for ((_, span), reached) in arms.iter().zip(&cover.reached) {
            if !reached {
                let message = "this arm can't be reached: the arms before it match all that it matches";
                self.error(Diagnostic::warning("unreachable_arm", *span, message));
            }
        }
    }
}

struct Cover {
    reached: Vec<bool>,
    missing: Vec<String>,
    steps: usize,
}

impl Cover {
    fn visit(&mut self, infer: &mut Infer<'_>, ty: Option<Ty>, rows: Vec<Row<'_, ()>>, path: &mut Vec<Name>) {
        let mut rows = rows;
        let mut left = "_".to_owned();
        while self.steps < STEPS {
            self.steps += 1;
            match split(std::mem::take(&mut rows), &()) {
                Split::Missing => return self.miss(path, &left),
                Split::Arm(outcome) => return self.reach(outcome.arm),
                Split::Literals { literals, then, otherwise } => {
                    self.reach(then.arm);
                    left = match literals.as_slice() {
                        [(Literal::Bool(value), _)] => (!value).to_string(),
                        _ => left,
                    };
                    rows = otherwise;
                }
                Split::Variants { named, others } => {
                    let head = ty.map(|ty| infer.state.types.head(ty));
                    let Some(Node::Enum(variants)) = head else { return };
                    for variant in variants.iter() {
                        path.push(variant.name.clone());
                        match named.iter().find(|(name, _)| *name == variant.name) {
                            Some((_, rows)) => self.visit(infer, Some(variant.ty), rows.clone(), path),
                            None if others.is_empty() => self.miss(path, ""),
                            None => self.visit(infer, Some(variant.ty), others.clone(), path),
                        }
                        path.pop();
                    }
                    return;
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
        let mut value = left.to_owned();
        for name in path.iter().rev() {
            value = if value.is_empty() { format!(".{name}") } else { format!(".{name}({value})") };
        }
        self.missing.push(value);
    }
}
