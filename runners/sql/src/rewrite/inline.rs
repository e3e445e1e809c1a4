//! Shared rows that are used once stand where they are used.

use std::collections::HashMap;

use crate::plan::{Part, PartMut, Plan, Rel, Scalar};

/// Moves shared rows to their only use, unless that is evaluated again and again.
pub(super) fn inline(plan: &mut Plan) {
    let mut uses = HashMap::new();
    plan.for_each_part(&mut |part| count(&part, true, &mut uses));
    for index in (0..plan.shared.len()).rev() {
        if uses.get(&index) != Some(&Uses { all: 1, steady: 1 }) {
            continue;
        }
        let Some(shared) = plan.shared.get_mut(index) else { continue };
        let mut rel = Some(std::mem::replace(&mut shared.rel, Rel::Unit));
        shared.columns.clear();
        plan.for_each_part_mut(&mut |part| place(part, index, &mut rel));
    }
}

/// Uses of shared rows, and those that are evaluated once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Uses {
    all: usize,
    steady: usize,
}

fn count(part: &Part<'_>, is_steady: bool, uses: &mut HashMap<usize, Uses>) {
    match part {
        Part::Rel(Rel::Shared { index, .. }) => {
            let uses = uses.entry(*index).or_default();
            uses.all += 1;
            uses.steady += usize::from(is_steady);
        }
        Part::Rel(rel) => {
            let is_steady = is_steady && !matches!(rel, Rel::Recursion { .. });
            rel.for_each_part(&mut |part| {
                // The right side of a lateral join is evaluated for each row of the left side.
                let is_steady = match &part {
                    Part::Rel(inner) => is_steady && inner.free().is_empty(),
                    Part::Scalar(_) => is_steady,
                };
                count(&part, is_steady, uses);
            });
        }
        Part::Scalar(scalar) => {
            let is_steady = is_steady && !matches!(scalar, Scalar::Query { .. } | Scalar::Exists(_));
            scalar.for_each_part(&mut |part| count(&part, is_steady, uses));
        }
    }
}

fn place(part: PartMut<'_>, wanted: usize, rows: &mut Option<Rel>) {
    match part {
        PartMut::Rel(rel) => {
            if let Rel::Shared { index, columns } = rel
                && *index == wanted
                && let Some(rows) = rows.take()
            {
                let columns = columns.iter().map(|(own, other)| (*own, Scalar::Column(*other))).collect();
                *rel = rows.extend(columns);
                return;
            }
            rel.for_each_part_mut(&mut |part| place(part, wanted, rows));
        }
        PartMut::Scalar(scalar) => scalar.for_each_part_mut(&mut |part| place(part, wanted, rows)),
    }
}
