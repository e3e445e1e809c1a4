//! Matches, as trees of `Switch` and `If`.

use std::{collections::HashMap, rc::Rc};

use runner_core::{Op, Prim, TypeId};

use super::{
    Lower, Lowerer,
    env::{Binding, Env},
    internal,
    node::{Lets, Node, NodeKind},
};
use crate::{
    check::{
        Case, Outcome, Row, Split, split,
        tree::{TExpr, TPattern},
    },
    syntax::{Literal, Span},
};

/// Alternatives that are tested one behind the other.
const CHAIN: usize = 64;

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
        let mut lets = Lets::default();
        let subject = self.expr(subject, env)?;
        let rows = arms.iter().enumerate().map(|(arm, (pattern, _))| Row { pattern, bound: Vec::new(), arm });
        let rows: Vec<_> = rows.collect();
        // What one switch looks at needs no name.
        let is_named = !arms.iter().all(|(pattern, _)| is_plain(pattern));
        let subject = if is_named { self.share(subject, &mut lets)? } else { subject };
        let whole = Match { arms, env, ty, span };
        let node = self.decide(&whole, subject, rows)?;
        Ok(lets.around(node))
    }

    fn decide(&mut self, whole: &Match<'_, 'a>, subject: Node, rows: Vec<Row<'a, Node>>) -> Lower<Node> {
        self.enter(whole.span)?;
        let node = match split(rows, &subject) {
            Split::Missing => self.missing(whole)?,
            Split::Arm(outcome) => self.arm(whole, &outcome)?,
            Split::Literals { cases, otherwise } => self.literals(whole, &subject, &cases, otherwise)?,
            Split::Variants { named, others } => self.switch(whole, subject, named, others)?,
        };
        self.leave();
        Ok(node)
    }

    /// A chain of conditions.
    fn literals(
        &mut self,
        whole: &Match<'_, 'a>,
        subject: &Node,
        cases: &[Case<'a, Node>],
        otherwise: Option<Outcome<Node>>,
    ) -> Lower<Node> {
        let mut branches = Vec::new();
        for case in cases {
            let tests = case.literals.iter().map(|(literal, _)| self.test(whole, subject, literal));
            let tests = tests.collect::<Lower<Vec<_>>>()?;
            let condition = self.any(tests, whole.span)?;
            branches.push((condition, self.arm(whole, &case.then)?));
        }
        let mut node = match otherwise {
            Some(outcome) => self.arm(whole, &outcome)?,
            None => self.missing(whole)?,
        };
        while let Some((condition, then)) = branches.pop() {
            node = self.node(NodeKind::If(Box::new([condition, then, node])), whole.ty, whole.span)?;
        }
        Ok(node)
    }

    fn test(&mut self, whole: &Match<'_, 'a>, subject: &Node, literal: &Literal) -> Lower<Node> {
        let copy = self.copy(subject, whole.span)?;
        match literal {
            Literal::Bool(true) => Ok(copy),
            Literal::Bool(false) => self.call_op(Op::Not, vec![copy], subject.ty, whole.span),
            literal => {
                let value = self.literal(literal, subject.ty, whole.span)?;
                let bool = self.prim(Prim::Bool);
                self.call_op(Op::Eq, vec![copy, value], bool, whole.span)
            }
        }
    }

    /// Whether one of several conditions holds, tested in order. Many of them make a tree that is not deep.
    fn any(&mut self, tests: Vec<Node>, span: Span) -> Lower<Node> {
        let is_long = tests.len() > CHAIN;
        let mut tests = tests;
        while is_long && tests.len() > 1 {
            let mut pairs = tests.into_iter();
            let mut joined = Vec::new();
            while let Some(first) = pairs.next() {
                joined.push(match pairs.next() {
                    Some(second) => self.or(first, second, span)?,
                    None => first,
                });
            }
            tests = joined;
        }
        let mut tests = tests.into_iter();
        let first = tests.next().ok_or_else(|| internal(span))?;
        tests.try_fold(first, |before, test| self.or(before, test, span))
    }

    fn or(&mut self, left: Node, right: Node, span: Span) -> Lower<Node> {
        let bool = self.prim(Prim::Bool);
        self.call_op(Op::Or, vec![left, right], bool, span)
    }

    fn missing(&mut self, whole: &Match<'_, 'a>) -> Lower<Node> {
        let message = "no arm of the match fits the value".to_owned();
        self.node(NodeKind::Fail(message), whole.ty, whole.span)
    }

    fn switch(
        &mut self,
        whole: &Match<'_, 'a>,
        subject: Node,
        named: Vec<(crate::check::types::Name, Vec<Row<'a, Node>>)>,
        others: Option<Row<'a, Node>>,
    ) -> Lower<Node> {
        let span = whole.span;
        let count = self.types.as_enum(subject.ty).map(<[_]>::len).ok_or_else(|| internal(span))?;
        let mut cases = Vec::new();
        for (name, rows) in named {
            let (index, payload) = self.variant_of(subject.ty, &name, span)?;
            cases.push((index, payload, rows));
        }
        cases.sort_by_key(|(index, ..)| *index);
        let mut default_rows = (cases.len() < count).then(|| others.into_iter().collect());
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
            env = env.with(*local, Binding::Value(Rc::new(value.clone())));
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
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for arm in cases.iter().filter_map(|(.., rows)| arm_of(rows)) {
        *counts.entry(arm).or_default() += 1;
    }
    let counted = cases.iter().filter_map(|(.., rows)| arm_of(rows)).map(|arm| (counts.get(&arm), arm));
    let (count, arm) = counted.max_by_key(|(count, _)| *count)?;
    let count = count.copied().unwrap_or_default();
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
