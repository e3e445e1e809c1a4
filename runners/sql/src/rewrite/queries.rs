//! Scalars of a node, beside the rows that they are evaluated for.

use crate::plan::{PartMut, Plan, Rel, Scalar};

/// Calls `visit` with each node that has rows and scalars over them, and with the root: the rows, and each scalar in turn.
pub(super) fn for_each_scalar(plan: &mut Plan, visit: &mut dyn FnMut(&mut Rel, &mut Scalar, &mut u32)) {
    let mut columns = plan.columns;
    super::for_each_rel(plan, &mut |rel| {
        let Some(mut input) = take_input(rel) else { return };
        rel.for_each_part_mut(&mut |part| {
            if let PartMut::Scalar(scalar) = part {
                visit(&mut input, scalar, &mut columns);
            }
        });
        put_input(rel, input);
    });
    let root = &mut plan.root;
    root.columns.iter_mut().for_each(|scalar| visit(&mut root.rel, scalar, &mut columns));
    plan.columns = columns;
}

fn take_input(rel: &mut Rel) -> Option<Rel> {
    match rel {
        Rel::Extend { input, .. } | Rel::Filter { input, .. } | Rel::Aggregate { input, .. } => {
            Some(std::mem::replace(&mut **input, Rel::Unit))
        }
        _ => None,
    }
}

fn put_input(rel: &mut Rel, inner: Rel) {
    if let Rel::Extend { input, .. } | Rel::Filter { input, .. } | Rel::Aggregate { input, .. } = rel {
        **input = inner;
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
