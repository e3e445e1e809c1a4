//! What within a lambda depends on nothing that the lambda is given.

use std::collections::HashSet;

use runner_core::{ExprId, Kind, LocalId, Op, Result};

use super::Lowering;
use crate::{dialect::is_partial, shape::Shape};

/// What is known of locals.
#[derive(Default)]
struct Known {
    /// Those whose values depend on what the lambda is given.
    variant: HashSet<LocalId>,
    /// Those that are always of one variant of their enum.
    tagged: HashSet<LocalId>,
}

impl Lowering<'_> {
    /// Whether the body of a lambda becomes subqueries, and holds an operation that may fail and depends on nothing that
    /// the lambda is given; on nothing else either, if what it is given does not `vary`.
    pub(super) fn has_failing_invariant(&self, lambda: ExprId, vary: bool) -> Result<bool> {
        let (params, body) = self.lambda(lambda)?;
        if !self.may_fail(body)? || !self.may_need_query(body)? {
            return Ok(false);
        }
        let variant = params.iter().map(|(local, _)| *local).filter(|_| vary).collect();
        let mut has_found = false;
        self.depends(body, &mut Known { variant, ..Known::default() }, &mut has_found)?;
        Ok(has_found)
    }

    /// Whether an expression depends on what the lambda is given. Notes what may fail and does not.
    fn depends(&self, id: ExprId, known: &mut Known, has_found: &mut bool) -> Result<bool> {
        let expr = self.expr(id)?;
        let mut depends = false;
        match &expr.kind {
            Kind::Local(local) => depends = known.variant.contains(local),
            Kind::Let { bindings, body } => {
                for (local, value) in bindings {
                    if self.depends(*value, known, has_found)? {
                        known.variant.insert(*local);
                    }
                    if self.is_tagged(*value, known)? {
                        known.tagged.insert(*local);
                    }
                }
                depends = self.depends(*body, known, has_found)?;
            }
            Kind::If { condition, then, otherwise } => {
                depends = self.depends(*condition, known, has_found)?;
                // What a row decides on is evaluated for rows alone.
                let mut ignored = true;
                let found = if depends { &mut ignored } else { has_found };
                depends |= self.depends(*then, known, found)?;
                depends |= self.depends(*otherwise, known, found)?;
            }
            Kind::Switch { subject, arms, default } => {
                let varies = self.depends(*subject, known, has_found)?;
                // Nothing is decided where there is but one variant, and only its payload is of use.
                depends = varies && !self.is_tagged(*subject, known)?;
                let mut ignored = true;
                let found = if depends { &mut ignored } else { has_found };
                if varies {
                    known.variant.extend(arms.iter().filter_map(|arm| arm.payload));
                }
                let bodies = arms.iter().map(|arm| arm.body).chain(*default);
                for body in bodies.collect::<Vec<_>>() {
                    depends |= self.depends(body, known, found)?;
                }
            }
            Kind::Fail(_) => *has_found = true,
            Kind::Lambda { body, .. } => depends = self.depends(*body, known, has_found)?,
            kind => {
                let mut children = Vec::new();
                kind.for_each_child(|child| children.push(child));
                // The arrays come before the lambda that is given their items.
                for child in children {
                    if let Kind::Lambda { params, .. } = &self.expr(child)?.kind
                        && depends
                    {
                        known.variant.extend(params.iter().map(|(local, _)| *local));
                    }
                    depends |= self.depends(child, known, has_found)?;
                }
                if let (Kind::Call { op, .. }, false) = (kind, depends) {
                    *has_found |= self.fails(*op, id)?;
                }
            }
        }
        Ok(depends)
    }

    /// Whether an enum's variant is written in the program.
    fn is_tagged(&self, id: ExprId, known: &Known) -> Result<bool> {
        Ok(match &self.expr(id)?.kind {
            Kind::Variant { .. } => true,
            Kind::Local(local) => known.tagged.contains(local),
            _ => false,
        })
    }

    /// Whether an operation itself may fail, whatever its operands do.
    fn fails(&self, op: Op, id: ExprId) -> Result<bool> {
        let Shape::Prim(prim) = self.shapes.get(self.ty(id)?) else { return Ok(false) };
        Ok(is_partial(op, prim) || (op == Op::Sum && !prim.is_float()))
    }
}
