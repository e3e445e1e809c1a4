//! Scalars of a node, beside the rows that they are evaluated for.

use crate::plan::{JoinKind, PartMut, Plan, Rel, Scalar};

/// Calls `visit` with each node that has scalars, with each arm of a union, and with the root: the rows that they are
/// evaluated for, each scalar in turn, and the number of the last column. Those of a source are evaluated for one row, to
/// which columns may be added.
pub(super) fn for_each_scalar(plan: &mut Plan, visit: &mut dyn FnMut(&mut Rel, &mut Scalar, &mut u32)) {
    for_each_node(plan, &mut |input, scalars, columns| {
        scalars.into_iter().for_each(|scalar| visit(input, scalar, columns));
    });
}

/// The same with all scalars that are evaluated for the same rows.
pub(super) fn for_each_node(plan: &mut Plan, visit: &mut dyn FnMut(&mut Rel, Vec<&mut Scalar>, &mut u32)) {
    let mut columns = plan.columns;
    super::for_each_rel(plan, &mut |rel| {
        node(rel, &mut |input, scalars| visit(input, scalars, &mut columns))
    });
    let root = &mut plan.root;
    let keys = root.order.iter_mut().map(|key| &mut key.scalar);
    visit(&mut root.rel, root.columns.iter_mut().chain(keys).collect(), &mut columns);
    plan.columns = columns;
}

fn node(rel: &mut Rel, visit: &mut dyn FnMut(&mut Rel, Vec<&mut Scalar>)) {
    match rel {
        Rel::Union { arms, .. } => {
            arms.iter_mut().for_each(|(arm, scalars)| visit(arm, scalars.iter_mut().collect()));
        }
        Rel::Items { .. } | Rel::Parts { .. } | Rel::Sequence { .. } | Rel::Values { .. } => {
            let mut input = Rel::Unit;
            visit(&mut input, scalars_of(rel));
            let source = std::mem::replace(rel, Rel::Unit);
            *rel = input.join(JoinKind::Inner, source, Vec::new());
        }
        Rel::Recursion { initial, step, next, .. } => {
            let mut input = Rel::Unit;
            visit(&mut input, initial.iter_mut().collect());
            visit(step, next.iter_mut().collect());
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

/// The scalars of a node.
fn scalars_of(rel: &mut Rel) -> Vec<&mut Scalar> {
    let mut scalars = Vec::new();
    rel.for_each_part_mut(&mut |part| {
        if let PartMut::Scalar(scalar) = part {
            scalars.push(scalar);
        }
    });
    scalars
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
