//! Matches, as trees of `Switch` and `If`.

use runner_core::{Op, Prim, TypeId};

use super::{
    Lower, Lowerer,
    env::{Binding, Env},
    internal,
    node::{Node, NodeKind},
};
use crate::{
    check::{
        Outcome, Row, Split, split,
        tree::{TExpr, TPattern},
    },
    syntax::Span,
};

/// A match that is being lowered.
struct Match<'m, 'a> {
    arms: &'a [(TPattern, TExpr)],
    env: &'m Env<'a>,
    ty: TypeId,
    span: Span,
}

impl<'a> Lowerer<'a> {
    pub(super) fn match_expr(
        &mut self,
        subject: &'a TExpr,
        arms: &'a [(TPattern, TExpr)],
        ty: TypeId,
        env: &Env<'a>,
        span: Span,
    ) -> Lower<Node> {
        let mut lets = Vec::new();
        let subject = self.expr(subject, env)?;
        let rows = arms.iter().enumerate().map(|(arm, (pattern, _))| Row { pattern, bound: Vec::new(), arm });
        let rows: Vec<_> = rows.collect();
        // What one switch looks at needs no name.
        let is_named = !arms.iter().all(|(pattern, _)| is_plain(pattern));
        let subject = if is_named { self.share(subject, &mut lets)? } else { subject };
        let whole = Match { arms, env, ty, span };
        let node = self.decide(&whole, subject, rows)?;
        Ok(Node::wrap(lets, node))
    }

    fn decide(&mut self, whole: &Match<'_, 'a>, subject: Node, rows: Vec<Row<'a, Node>>) -> Lower<Node> {
        self.enter(whole.span)?;
        let node = match split(rows, &subject) {
            Split::Missing => {
                let message = "no arm of the match fits the value".to_owned();
                self.node(NodeKind::Fail(message), whole.ty, whole.span)?
            }
            Split::Arm(outcome) => self.arm(whole, &outcome)?,
            Split::Literals { literals, then, otherwise } => {
                let mut condition: Option<Node> = None;
                for (literal, _) in literals {
                    let test = match literal {
                        crate::syntax::Literal::Bool(value) => {
                            let is_true = self.copy(&subject, whole.span)?;
                            let ty = subject.ty;
                            if *value {
                                is_true
                            } else {
                                self.call_op(Op::Not, vec![is_true], ty, whole.span)?
                            }
                        }
                        literal => {
                            let copy = self.copy(&subject, whole.span)?;
                            let value = self.literal(literal, subject.ty, whole.span)?;
                            let bool = self.prim(Prim::Bool);
                            self.call_op(Op::Eq, vec![copy, value], bool, whole.span)?
                        }
                    };
                    condition = Some(match condition {
                        None => test,
                        Some(before) => {
                            let bool = self.prim(Prim::Bool);
                            self.call_op(Op::Or, vec![before, test], bool, whole.span)?
                        }
                    });
                }
                let condition = condition.ok_or_else(|| internal(whole.span))?;
                let then = self.arm(whole, &then)?;
                let otherwise = self.decide(whole, subject, otherwise)?;
                self.node(NodeKind::If(Box::new([condition, then, otherwise])), whole.ty, whole.span)?
            }
            Split::Variants { named, others } => self.switch(whole, subject, named, others)?,
        };
        self.leave();
        Ok(node)
    }

    fn switch(
        &mut self,
        whole: &Match<'_, 'a>,
        subject: Node,
        named: Vec<(crate::check::types::Name, Vec<Row<'a, Node>>)>,
        others: Vec<Row<'a, Node>>,
    ) -> Lower<Node> {
        let span = whole.span;
        let count = self.types.as_enum(subject.ty).map(<[_]>::len).ok_or_else(|| internal(span))?;
        let mut cases = Vec::new();
        for (name, rows) in named {
            let (index, payload) = self.variant_of(subject.ty, &name, span)?;
            cases.push((index, payload, rows));
        }
        cases.sort_by_key(|(index, ..)| *index);
        let mut default_rows = (cases.len() < count).then_some(others);
        if default_rows.is_none() {
            default_rows = take_common(&mut cases);
        }
        let mut arms = Vec::new();
        for (index, payload, rows) in cases {
            let local = self.fresh();
            let inner = self.local(local, payload, span)?;
            let body = self.decide(whole, inner, rows)?;
            arms.push((index, Some(local), body));
        }
        let default = match default_rows {
            Some(rows) => {
                // Only names and `_` are left, which look into nothing.
                let copy =
                    if rows.iter().any(|row| matches!(row.pattern, TPattern::Any) && row.bound.is_empty()) {
                        subject.clone()
                    } else {
                        self.copy(&subject, span)?
                    };
                Some(Box::new(self.decide(whole, copy, rows)?))
            }
            None => None,
        };
        self.node(NodeKind::Switch { subject: Box::new(subject), arms, default }, whole.ty, span)
    }

    fn arm(&mut self, whole: &Match<'_, 'a>, outcome: &Outcome<Node>) -> Lower<Node> {
        let (_, body) = whole.arms.get(outcome.arm).ok_or_else(|| internal(whole.span))?;
        let mut env = whole.env.clone();
        for (local, value) in &outcome.bound {
            env = env.with(*local, Binding::Value(value.clone()));
        }
        self.expr(body, &env)
    }
}

/// Several variants that lead to one arm without looking into them become the default.
fn take_common<'a>(cases: &mut Vec<(u32, TypeId, Vec<Row<'a, Node>>)>) -> Option<Vec<Row<'a, Node>>> {
    let arm_of = |rows: &[Row<'a, Node>]| match rows.first() {
        Some(Row { pattern: TPattern::Any, bound, arm }) if bound.is_empty() => Some(*arm),
        _ => None,
    };
    let arms: Vec<Option<usize>> = cases.iter().map(|(.., rows)| arm_of(rows)).collect();
    let counted =
        arms.iter().flatten().map(|arm| (arms.iter().filter(|other| **other == Some(*arm)).count(), *arm));
    let (count, arm) = counted.max_by_key(|(count, _)| *count)?;
    if count < 2 {
        return None;
    }
    let rows = cases.iter().find(|(.., rows)| arm_of(rows) == Some(arm)).map(|(.., rows)| rows.clone());
    cases.retain(|(.., rows)| arm_of(rows) != Some(arm));
    rows
}

/// Whether a pattern looks at the variant only, or at nothing.
fn is_plain(pattern: &TPattern) -> bool {
    match pattern {
        TPattern::Any | TPattern::Variant { .. } => true,
        TPattern::Or(patterns) => patterns.iter().all(is_plain),
        TPattern::Bind(_) | TPattern::Literal(..) => false,
    }
}
