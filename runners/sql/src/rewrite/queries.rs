//! Scalars of a node, beside the rows that they are evaluated for.

use crate::plan::{JoinKind, PartMut, Plan, Rel, Scalar};

/// The scalars of a node.
pub(super) struct Scalars<'a> {
    pub(super) all: Vec<&'a mut Scalar>,
    /// How many of them, from the first, are evaluated for each row.
    pub(super) strict: usize,
}

impl<'a> Scalars<'a> {
    fn strict_all(all: Vec<&'a mut Scalar>) -> Self {
        Self { strict: all.len(), all }
    }

    /// Those that are evaluated for each row.
    pub(super) fn strict(self) -> impl Iterator<Item = &'a mut Scalar> {
        self.all.into_iter().take(self.strict)
    }
}

/// Calls `visit` with each node that has scalars, with each arm of a union and each subquery that has a value, and with the
/// root: the rows that they are evaluated for, each scalar in turn, and the number of the last column. Those of a source are evaluated for one row, to
/// which columns may be added.
pub(super) fn for_each_scalar(plan: &mut Plan, visit: &mut dyn FnMut(&mut Rel, &mut Scalar, &mut u32)) {
    for_each_node(plan, &mut |input, scalars, columns| {
        scalars.all.into_iter().for_each(|scalar| visit(input, scalar, columns));
    });
}

/// The same with all scalars that are evaluated for the same rows.
pub(super) fn for_each_node(plan: &mut Plan, visit: &mut dyn FnMut(&mut Rel, Scalars<'_>, &mut u32)) {
    let mut columns = plan.columns;
    plan.for_each_part_mut(&mut |part| {
        nodes(part, &mut |input, scalars| visit(input, scalars, &mut columns));
    });
    let root = &mut plan.root;
    let keys = root.order.iter_mut().map(|key| &mut key.scalar);
    visit(&mut root.rel, Scalars::strict_all(root.columns.iter_mut().chain(keys).collect()), &mut columns);
    plan.columns = columns;
}

fn nodes(part: PartMut<'_>, visit: &mut dyn FnMut(&mut Rel, Scalars<'_>)) {
    match part {
        PartMut::Rel(rel) => {
            rel.for_each_part_mut(&mut |part| nodes(part, visit));
            node(rel, visit);
        }
        PartMut::Scalar(scalar) => {
            scalar.for_each_part_mut(&mut |part| nodes(part, visit));
            if let Scalar::Query { rel, value, .. } = scalar {
                visit(rel, Scalars::strict_all(vec![value]));
            }
        }
    }
}

fn node(rel: &mut Rel, visit: &mut dyn FnMut(&mut Rel, Scalars<'_>)) {
    match rel {
        Rel::Union { arms, .. } => {
            arms.iter_mut()
                .for_each(|(arm, scalars)| visit(arm, Scalars::strict_all(scalars.iter_mut().collect())));
        }
        Rel::Items { .. } | Rel::Parts { .. } | Rel::Sequence { .. } | Rel::Values { .. } => {
            let mut input = Rel::Unit;
            visit(&mut input, scalars_of(rel));
            let source = std::mem::replace(rel, Rel::Unit);
            *rel = input.join(JoinKind::Inner, source, Vec::new());
        }
        Rel::Recursion { initial, step, next, .. } => {
            let mut input = Rel::Unit;
            visit(&mut input, Scalars::strict_all(initial.iter_mut().collect()));
            visit(step, Scalars::strict_all(next.iter_mut().collect()));
            let recursion = std::mem::replace(rel, Rel::Unit);
            *rel = input.join(JoinKind::Inner, recursion, Vec::new());
        }
        Rel::Extend { input, .. }
        | Rel::Filter { input, .. }
        | Rel::Window { input, .. }
        | Rel::Aggregate { input, .. } => {
            let mut below = std::mem::replace(&mut **input, Rel::Unit);
            visit(&mut below, scalars_of(rel));
            if let Rel::Extend { input, .. }
            | Rel::Filter { input, .. }
            | Rel::Window { input, .. }
            | Rel::Aggregate { input, .. } = rel
            {
                **input = below;
            }
        }
        _ => {}
    }
}

fn scalars_of(rel: &mut Rel) -> Scalars<'_> {
    let strict = match rel {
        Rel::Filter { .. } => 1,
        Rel::Window { .. } => 0,
        Rel::Aggregate { aggregates, .. } if aggregates.iter().any(|(_, of)| !of.filter.is_empty()) => 0,
        _ => usize::MAX,
    };
    let mut all = Vec::new();
    rel.for_each_part_mut(&mut |part| {
        if let PartMut::Scalar(scalar) = part {
            all.push(scalar);
        }
    });
    Scalars { strict: strict.min(all.len()), all }
}

/// Calls `visit` with each scalar of a plan, those within others and within subqueries too.
pub(super) fn for_each_scalar_within(plan: &mut Plan, visit: &mut dyn FnMut(&mut Scalar)) {
    plan.for_each_part_mut(&mut |part| scalars(part, visit));
}

fn scalars(part: PartMut<'_>, visit: &mut dyn FnMut(&mut Scalar)) {
    match part {
        PartMut::Rel(rel) => rel.for_each_part_mut(&mut |part| scalars(part, visit)),
        PartMut::Scalar(scalar) => {
            visit(scalar);
            scalar.for_each_part_mut(&mut |part| scalars(part, visit));
        }
    }
}

/// Calls `visit` with this and each scalar within it, those of subqueries aside.
pub(super) fn within(scalar: &mut Scalar, visit: &mut dyn FnMut(&mut Scalar)) {
    visit(scalar);
    scalar.for_each_part_mut(&mut |part| {
        if let PartMut::Scalar(scalar) = part {
            within(scalar, visit);
        }
    });
}

/// Calls `visit` with this and each scalar within it that is evaluated whenever this is.
pub(super) fn strictly(scalar: &mut Scalar, visit: &mut dyn FnMut(&mut Scalar)) {
    visit(scalar);
    match scalar {
        Scalar::Query { .. } | Scalar::Exists(_) => {}
        Scalar::Case { branches, .. } => {
            if let Some((condition, _)) = branches.first_mut() {
                strictly(condition, visit);
            }
        }
        Scalar::When { condition, .. } => strictly(condition, visit),
        Scalar::And(all) | Scalar::Or(all) => {
            if let Some(first) = all.first_mut() {
                strictly(first, visit);
            }
        }
        _ => scalar.for_each_part_mut(&mut |part| {
            if let PartMut::Scalar(scalar) = part {
                strictly(scalar, visit);
            }
        }),
    }
}
