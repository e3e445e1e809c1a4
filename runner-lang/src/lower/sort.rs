//! Sorting by keys of several parts, which is to sort by the last one first: sorting is stable.

use runner_core::{Literal, Op, Prim, TypeId};

use super::{
    Lower, Lowerer,
    call::Arg,
    internal,
    node::{Node, NodeKind},
};
use crate::{diagnostic::Diagnostic, limits, syntax::Span};

/// What leads from a key to a part of it.
#[derive(Debug, Clone, Copy)]
enum Step {
    Field(u32, TypeId),
    IsSome,
    /// The payload, or the default of its type.
    Some(TypeId),
}

impl<'a> Lowerer<'a> {
    /// The array sorted by a function that takes `params` and gives `key`.
    pub(super) fn sort(
        &mut self,
        op: Op,
        args: Vec<Arg<'a>>,
        params: &[TypeId],
        key: TypeId,
        span: Span,
    ) -> Lower<Node> {
        let mut args = args.into_iter();
        let mut rows = match args.next() {
            Some(Arg::Value(node)) => node,
            Some(Arg::Shared(node, place)) => self.copy(&node, place)?,
            _ => return Err(internal(span)),
        };
        let Some(Arg::Func(func)) = args.next() else { return Err(internal(span)) };
        let mut parts = Vec::new();
        self.parts(key, &mut Vec::new(), &mut parts, span)?;
        for steps in parts.iter().rev() {
            let NodeKind::Lambda(bound, body) = self.lambda(&func, params, key, span)?.kind else {
                return Err(internal(span));
            };
            let part = self.part(*body, steps, span)?;
            let ty = part.ty;
            let lambda = self.node(NodeKind::Lambda(bound, Box::new(part)), ty, span)?;
            let ty = rows.ty;
            rows = self.call_op(op, vec![rows, lambda], ty, span)?;
        }
        Ok(rows)
    }

    /// The scalars that a key is made of, first to last.
    fn parts(
        &mut self,
        key: TypeId,
        steps: &mut Vec<Step>,
        parts: &mut Vec<Vec<Step>>,
        span: Span,
    ) -> Lower<()> {
        self.enter(span)?;
        if parts.len() >= limits::KEY_PARTS {
            let message = format!("a key to sort by has at most {} parts", limits::KEY_PARTS);
            return Err(Box::new(Diagnostic::error("too_many_keys", self.site.unwrap_or(span), message)));
        }
        if self.types.as_prim(key).is_some() {
            parts.push(steps.clone());
        } else if let Some(payload) = self.types.as_option(key) {
            steps.push(Step::IsSome);
            parts.push(steps.clone());
            steps.pop();
            steps.push(Step::Some(payload));
            self.parts(payload, steps, parts, span)?;
            steps.pop();
        } else {
            for (index, ty) in (0..).zip(self.fields_of(key)) {
                steps.push(Step::Field(index, ty));
                self.parts(ty, steps, parts, span)?;
                steps.pop();
            }
        }
        self.leave();
        Ok(())
    }

    fn part(&mut self, mut node: Node, steps: &[Step], span: Span) -> Lower<Node> {
        for step in steps {
            node = match *step {
                Step::Field(index, ty) => self.field(node, index, ty, span)?,
                Step::Some(ty) => {
                    let default = self.default(ty, span)?;
                    self.or_else(node, default, ty, span)?
                }
                Step::IsSome => {
                    let bool = self.prim(Prim::Bool);
                    let mut is = |value| self.node(NodeKind::Literal(Literal::Bool(value)), bool, span);
                    let arms = vec![(0, None, is(false)?), (1, None, is(true)?)];
                    self.node(NodeKind::Switch { subject: Box::new(node), arms, default: None }, bool, span)?
                }
            };
        }
        Ok(node)
    }
}
