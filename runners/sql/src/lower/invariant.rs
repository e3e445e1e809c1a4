//! What within a lambda depends on nothing that the lambda is given.

use std::collections::HashSet;

use runner_core::{ExprId, Kind, LocalId, Op, Result};

use super::Lowering;
use crate::{dialect::is_partial, shape::Shape};

/// Locals whose values depend on what the lambda is given.
type Variant = HashSet<LocalId>;

impl Lowering<'_> {
    /// Whether the body of a lambda becomes subqueries, and holds an operation that may fail and depends on nothing that
    /// the lambda is given.
    pub(super) fn has_failing_invariant(&self, lambda: ExprId) -> Result<bool> {
        let (params, body) = self.lambda(lambda)?;
        if !self.may_fail(body)? || !self.may_need_query(body)? {
            return Ok(false);
        }
        let mut variant = params.iter().map(|(local, _)| *local).collect();
        let mut has_found = false;
        self.depends(body, &mut variant, &mut has_found)?;
        Ok(has_found)
    }

    /// Whether an expression depends on what the lambda is given. Notes what may fail and does not.
    fn depends(&self, id: ExprId, variant: &mut Variant, has_found: &mut bool) -> Result<bool> {
        let expr = self.expr(id)?;
        let mut depends = false;
        match &expr.kind {
            Kind::Local(local) => depends = variant.contains(local),
            Kind::Let { bindings, body } => {
                for (local, value) in bindings {
                    if self.depends(*value, variant, has_found)? {
                        variant.insert(*local);
                    }
                }
                depends = self.depends(*body, variant, has_found)?;
            }
            Kind::If { condition, then, otherwise } => {
                depends = self.depends(*condition, variant, has_found)?;
                // What a row decides on is evaluated for rows alone.
                let mut ignored = true;
                let found = if depends { &mut ignored } else { has_found };
                depends |= self.depends(*then, variant, found)?;
                depends |= self.depends(*otherwise, variant, found)?;
            }
            Kind::Switch { subject, arms, default } => {
                depends = self.depends(*subject, variant, has_found)?;
                let mut ignored = true;
                let found = if depends { &mut ignored } else { has_found };
                if depends {
                    variant.extend(arms.iter().filter_map(|arm| arm.payload));
                }
                let bodies = arms.iter().map(|arm| arm.body).chain(*default);
                for body in bodies.collect::<Vec<_>>() {
                    depends |= self.depends(body, variant, found)?;
                }
            }
            Kind::Fail(_) => *has_found = true,
            Kind::Lambda { body, .. } => depends = self.depends(*body, variant, has_found)?,
            kind => {
                let mut children = Vec::new();
                kind.for_each_child(|child| children.push(child));
                // The arrays come before the lambda that is given their items.
                for child in children {
                    if let Kind::Lambda { params, .. } = &self.expr(child)?.kind
                        && depends
                    {
                        variant.extend(params.iter().map(|(local, _)| *local));
                    }
                    depends |= self.depends(child, variant, has_found)?;
                }
                if let (Kind::Call { op, .. }, false) = (kind, depends) {
                    *has_found |= self.fails(*op, id)?;
                }
            }
        }
        Ok(depends)
    }

    /// Whether an operation itself may fail, whatever its operands do.
    fn fails(&self, op: Op, id: ExprId) -> Result<bool> {
        let Shape::Prim(prim) = self.shapes.get(self.ty(id)?) else { return Ok(false) };
        Ok(is_partial(op, prim) || (op == Op::Sum && !prim.is_float()))
    }
}
