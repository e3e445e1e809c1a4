//! Columns that nothing uses are dropped, and what would only make them.
//!
//! A left join has at most one partner for a row, so one of which nothing is used goes too. What is not needed may not
//! happen, so what may fail is no reason to keep a column.

use crate::plan::{ColId, ColIds, JoinKind, PartMut, Plan, Rel, Scalar};

/// Drops unused columns of all nodes.
pub(super) fn prune(plan: &mut Plan) {
    let mut pass = Pass { shared: vec![ColIds::default(); plan.shared.len()] };
    if let Some(change) = &mut plan.change {
        let mut needed = change.row_id().iter().copied().collect();
        change.for_each_scalar_mut(&mut |scalar| pass.scalar(scalar, &mut needed));
        pass.rel(change.rel_mut(), &needed);
    }
    let root = &mut plan.root;
    let mut needed = ColIds::default();
    for scalar in root.columns.iter_mut().chain(root.order.iter_mut().map(|key| &mut key.scalar)) {
        pass.scalar(scalar, &mut needed);
    }
    pass.rel(&mut root.rel, &needed);
    // Each uses those before it alone.
    for (index, shared) in plan.shared.iter_mut().enumerate().rev() {
        let needed = pass.shared.get(index).cloned().unwrap_or_default();
        shared.columns.retain(|column| needed.contains(column));
        pass.rel(&mut shared.rel, &needed);
    }
}

struct Pass {
    /// What is used of shared rows.
    shared: Vec<ColIds>,
}

impl Pass {
    /// Notes what a scalar uses, and prunes the subqueries within it.
    fn scalar(&mut self, scalar: &mut Scalar, needed: &mut ColIds) {
        needed.extend(scalar.free());
        self.queries(scalar);
    }

    fn queries(&mut self, scalar: &mut Scalar) {
        match scalar {
            Scalar::Query { rel, value, .. } => {
                let mut needed = ColIds::default();
                self.scalar(value, &mut needed);
                self.rel(rel, &needed);
            }
            Scalar::Exists(rel) => self.rel(rel, &ColIds::default()),
            _ => scalar.for_each_part_mut(&mut |part| {
                if let PartMut::Scalar(scalar) = part {
                    self.queries(scalar);
                }
            }),
        }
    }

    fn rel(&mut self, rel: &mut Rel, needed: &ColIds) {
        match rel {
            Rel::Extend { input, columns } => {
                retain(columns, needed);
                if columns.is_empty() {
                    let input = std::mem::replace(&mut **input, Rel::Unit);
                    *rel = input;
                    return self.rel(rel, needed);
                }
            }
            Rel::Window { input, columns } => {
                retain(columns, needed);
                if columns.is_empty() {
                    let input = std::mem::replace(&mut **input, Rel::Unit);
                    *rel = input;
                    return self.rel(rel, needed);
                }
            }
            Rel::Join { kind: JoinKind::Left { found, is_unique: true }, left, right, .. } => {
                let mut of_right = ColIds::from_iter([*found]);
                right.visible(&mut of_right);
                if of_right.is_disjoint(needed) {
                    let left = std::mem::replace(&mut **left, Rel::Unit);
                    *rel = left;
                    return self.rel(rel, needed);
                }
            }
            Rel::Aggregate { aggregates, .. } => retain(aggregates, needed),
            Rel::Union { arms, columns } => {
                let kept: Vec<_> = columns.iter().map(|column| needed.contains(column)).collect();
                filter(columns, &kept);
                arms.iter_mut().for_each(|(_, scalars)| filter(scalars, &kept));
            }
            Rel::Shared { index, columns } => {
                columns.retain(|(column, _)| needed.contains(column));
                if let Some(used) = self.shared.get_mut(*index) {
                    used.extend(columns.iter().map(|(_, other)| *other));
                }
            }
            _ => {}
        }
        self.parts(rel, needed);
    }

    /// Prunes the parts of a node that stays.
    fn parts(&mut self, rel: &mut Rel, needed: &ColIds) {
        if let Rel::Union { arms, .. } = rel {
            for (arm, scalars) in arms {
                let mut of_arm = ColIds::default();
                scalars.iter_mut().for_each(|scalar| self.scalar(scalar, &mut of_arm));
                self.rel(arm, &of_arm);
            }
            return;
        }
        let mut below = needed.clone();
        // Scalars first: they say what the inputs must give.
        rel.for_each_part_mut(&mut |part| {
            if let PartMut::Scalar(scalar) = part {
                self.scalar(scalar, &mut below);
            }
        });
        if let Rel::Join { left, right, .. } = rel {
            self.rel(right, &below);
            below.extend(right.free());
            return self.rel(left, &below);
        }
        rel.for_each_part_mut(&mut |part| {
            if let PartMut::Rel(input) = part {
                self.rel(input, &below);
            }
        });
    }
}

fn retain<T>(columns: &mut Vec<(ColId, T)>, needed: &ColIds) {
    columns.retain(|(column, _)| needed.contains(column));
}

fn filter<T>(all: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    all.retain(|_| kept.next().copied().unwrap_or(true));
}
