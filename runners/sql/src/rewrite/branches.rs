//! What may fail in a subquery of a branch is evaluated where the branch is taken alone.
//!
//! Some engines evaluate a subquery as a join, before they know which branch of a CASE is taken, and whether there is a row
//! that asks for it. In such a subquery a scalar that may fail is NULL where the conditions around it do not hold. These
//! become columns first, so that they are evaluated once.

use super::queries::for_each_scalar;
use crate::plan::{Aggregate, ColId, Function, PartMut, Plan, Rel, Scalar};

/// Guards the subqueries of all branches.
pub(super) fn guard(plan: &mut Plan) {
    for_each_scalar(plan, &mut |input, scalar, columns| {
        let mut pass = Pass { added: Vec::new(), columns };
        pass.scalar(scalar, &[]);
        let added = std::mem::take(&mut pass.added);
        if !added.is_empty() {
            // Later ones use earlier ones.
            for column in added {
                let rel = std::mem::replace(input, Rel::Unit);
                *input = rel.extend(vec![column]);
            }
        }
    });
}

struct Pass<'a> {
    /// Conditions that become columns of the rows around the scalar.
    added: Vec<(ColId, Scalar)>,
    columns: &'a mut u32,
}

impl Pass<'_> {
    fn scalar(&mut self, scalar: &mut Scalar, guards: &[Scalar]) {
        if !needs_guard(scalar) {
            return;
        }
        match scalar {
            Scalar::Case { branches, otherwise } => {
                let mut guards = guards.to_vec();
                for (condition, value) in branches {
                    self.scalar(condition, &guards);
                    let is_taken = self.column(condition, &guards);
                    *condition = is_taken.clone();
                    let mut of_branch = guards.clone();
                    of_branch.push(is_taken.clone());
                    self.scalar(value, &of_branch);
                    guards.push(is_taken.negated());
                }
                self.scalar(otherwise, &guards);
            }
            Scalar::When { condition, value } => {
                let is_taken = self.column(condition, guards);
                **condition = is_taken.clone();
                let guards: Vec<_> = guards.iter().cloned().chain([is_taken]).collect();
                self.scalar(value, &guards);
            }
            Scalar::And(all) => self.chain(all, guards, |condition| condition),
            Scalar::Or(all) => self.chain(all, guards, Scalar::negated),
            Scalar::Query { rel, value, .. } if !guards.is_empty() => {
                guard_rel(rel, guards);
                guard_scalar(value, guards);
            }
            Scalar::Exists(rel) if !guards.is_empty() => guard_rel(rel, guards),
            Scalar::Query { .. } | Scalar::Exists(_) => {}
            other => other.for_each_part_mut(&mut |part| {
                if let PartMut::Scalar(scalar) = part {
                    self.scalar(scalar, guards);
                }
            }),
        }
    }

    fn chain(&mut self, all: &mut [Scalar], guards: &[Scalar], goes_on: fn(Scalar) -> Scalar) {
        let mut guards = guards.to_vec();
        let last = all.iter().rposition(needs_guard).unwrap_or_default();
        for (index, condition) in all.iter_mut().enumerate() {
            self.scalar(condition, &guards);
            if index < last {
                let holds = self.column(condition, &guards);
                *condition = holds.clone();
                guards.push(goes_on(holds));
            }
        }
    }

    /// A condition as a column, evaluated where these hold.
    fn column(&mut self, condition: &Scalar, guards: &[Scalar]) -> Scalar {
        if condition.is_cheap() {
            return condition.clone();
        }
        *self.columns += 1;
        let column = ColId(*self.columns);
        let mut condition = condition.clone();
        if !guards.is_empty() && condition.may_fail() {
            condition = when(guards, condition);
        }
        self.added.push((column, condition));
        Scalar::Column(column)
    }
}

/// Whether a subquery is in it in which something may fail.
fn needs_guard(scalar: &Scalar) -> bool {
    scalar.may_fail() && scalar.has_query()
}

fn when(guards: &[Scalar], value: Scalar) -> Scalar {
    let condition = Box::new(Scalar::and(guards.iter().cloned()));
    Scalar::When { condition, value: Box::new(value) }
}

fn guard_scalar(scalar: &mut Scalar, guards: &[Scalar]) {
    if !scalar.may_fail() {
        return;
    }
    if let Scalar::Query { rel, value, .. } = scalar {
        guard_rel(rel, guards);
        guard_scalar(value, guards);
        return;
    }
    let value = std::mem::replace(scalar, Scalar::bool(true));
    *scalar = when(guards, value);
    // Subqueries within are evaluated by themselves, too.
    if let Scalar::When { value, .. } = scalar {
        value.for_each_part_mut(&mut |part| guard_queries(part, guards));
    }
}

fn guard_queries(part: PartMut<'_>, guards: &[Scalar]) {
    match part {
        PartMut::Rel(rel) => guard_rel(rel, guards),
        PartMut::Scalar(scalar) => scalar.for_each_part_mut(&mut |part| guard_queries(part, guards)),
    }
}

fn guard_rel(rel: &mut Rel, guards: &[Scalar]) {
    if !rel.may_fail() {
        return;
    }
    if let Rel::Aggregate { aggregates, .. } = rel {
        // The sum of no items is none that is too large.
        for (_, aggregate) in aggregates.iter_mut().filter(|(_, aggregate)| aggregate.may_overflow()) {
            guard_items(aggregate, guards);
        }
    }
    rel.for_each_part_mut(&mut |part| match part {
        PartMut::Rel(rel) => guard_rel(rel, guards),
        PartMut::Scalar(scalar) => guard_scalar(scalar, guards),
    });
}

fn guard_items(aggregate: &mut Aggregate, guards: &[Scalar]) {
    if let Function::Of { item, .. } = &mut aggregate.function {
        let value = std::mem::replace(item, Scalar::bool(true));
        *item = when(guards, value);
    }
}
