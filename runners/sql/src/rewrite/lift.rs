//! Columns are made above joins and conditions that do not need them.
//!
//! A column that is used more than once is made in a query of its own, and what stands in that query is out of an engine's
//! reach when it looks for an order of joins. So columns are made as late as can be. What may fail stays where it is.

use super::for_each_rel;
use crate::plan::{ColId, ColIds, JoinKind, Plan, Rel, Scalar};

/// Lifts columns in all nodes.
pub(super) fn lift(plan: &mut Plan) {
    for_each_rel(plan, &mut |rel| {
        let mut lifted = Vec::new();
        match rel {
            Rel::Filter { input, conditions } => {
                take(input, &used(conditions.iter()), &mut lifted);
            }
            Rel::Limit { input, order, skip, .. } => {
                take(input, &used(order.iter().map(|key| &key.scalar).chain([&**skip])), &mut lifted);
            }
            Rel::Join { kind, left, right, on } => {
                let used = used(on.iter());
                if *kind == JoinKind::Inner {
                    take(right, &used, &mut lifted);
                }
                let of_left = used.union(&right.free()).copied().collect();
                // Columns of the right side may use those of the left side, which are therefore added last, below them.
                take(left, &of_left, &mut lifted);
            }
            _ => {}
        }
        // Those that were taken last are added first, so that they stand below the others.
        for columns in lifted.into_iter().rev() {
            let input = std::mem::replace(rel, Rel::Unit);
            *rel = input.extend(columns);
        }
    });
}

/// Takes columns off that are not used, those that stand highest first.
fn take(rel: &mut Rel, used: &ColIds, lifted: &mut Vec<Vec<(ColId, Scalar)>>) {
    let mut used = used.clone();
    let mut place = rel;
    while let Rel::Extend { input, columns } = place {
        let (taken, kept): (Vec<_>, Vec<_>) = std::mem::take(columns)
            .into_iter()
            .partition(|(column, scalar)| !used.contains(column) && !scalar.may_fail());
        used.extend(kept.iter().flat_map(|(_, scalar)| scalar.free()));
        if !taken.is_empty() {
            lifted.push(taken);
        }
        if kept.is_empty() {
            let below = std::mem::replace(&mut **input, Rel::Unit);
            *place = below;
        } else {
            *columns = kept;
            let Rel::Extend { input, .. } = place else { return };
            place = input;
        }
    }
}

fn used<'a>(scalars: impl Iterator<Item = &'a Scalar>) -> ColIds {
    scalars.flat_map(Scalar::free).collect()
}
