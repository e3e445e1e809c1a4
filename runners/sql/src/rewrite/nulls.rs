//! What is known not to be NULL is not asked again.
//!
//! `filter(x -> is_some(x.a)) | map(x -> x.a ?? 0)` is built as a CASE that asks for NULL behind a condition that has. And
//! an aggregate over what is not NULL needs no filter: aggregates pass over NULL by themselves.

use super::{for_each_rel, queries::for_each_node};
use crate::plan::{Aggregate, ColIds, Function, JoinKind, PartMut, Plan, Rel, Scalar};

/// Drops questions that conditions have answered.
pub(super) fn simplify(plan: &mut Plan) {
    for_each_node(plan, &mut |input, scalars, _| {
        let known = known(input);
        if !known.is_empty() {
            scalars.all.into_iter().for_each(|scalar| answer(scalar, &known));
        }
    });
    for_each_rel(plan, &mut |rel| {
        if let Rel::Aggregate { aggregates, .. } = rel {
            aggregates.iter_mut().for_each(|(_, aggregate)| pass_over(aggregate));
        }
    });
}

/// Columns that are NULL in none of these rows.
fn known(rel: &Rel) -> ColIds {
    match rel {
        Rel::Filter { input, conditions } => {
            let mut known = known(input);
            known.extend(conditions.iter().filter_map(not_null));
            known
        }
        Rel::Extend { input, .. } | Rel::Window { input, .. } | Rel::Limit { input, .. } => known(input),
        Rel::First { input, .. } | Rel::Fence(input) => known(input),
        Rel::Join { kind: JoinKind::Left { .. }, left, .. } => known(left),
        Rel::Join { left, right, .. } => {
            let mut known = known(left);
            known.extend(self::known(right));
            known
        }
        _ => ColIds::default(),
    }
}

/// The column of which a condition says that it is not NULL.
fn not_null(condition: &Scalar) -> Option<crate::plan::ColId> {
    let Scalar::Not(inner) = condition else { return None };
    let Scalar::IsNull(value) = &**inner else { return None };
    value.as_column()
}

fn answer(scalar: &mut Scalar, known: &ColIds) {
    scalar.for_each_part_mut(&mut |part| {
        if let PartMut::Scalar(scalar) = part {
            answer(scalar, known);
        }
    });
    match scalar {
        Scalar::IsNull(value) if value.as_column().is_some_and(|column| known.contains(&column)) => {
            *scalar = Scalar::bool(false);
        }
        Scalar::Not(value) if matches!(**value, Scalar::Literal(..)) => {
            let value = std::mem::replace(&mut **value, Scalar::bool(true));
            *scalar = value.negated();
        }
        Scalar::Case { branches, otherwise } => {
            branches.retain(|(condition, _)| *condition != Scalar::bool(false));
            let decided = branches.iter().position(|(condition, _)| *condition == Scalar::bool(true));
            if let Some(decided) = decided {
                branches.truncate(decided + 1);
                if let Some((_, value)) = branches.pop() {
                    **otherwise = value;
                }
            }
            if branches.is_empty() {
                let value = std::mem::replace(&mut **otherwise, Scalar::bool(true));
                *scalar = value;
            }
        }
        _ => {}
    }
}

/// Answers what the filter of an aggregate says, and drops it if the aggregate does the same.
fn pass_over(aggregate: &mut Aggregate) {
    let known: ColIds = aggregate.filter.iter().filter_map(not_null).collect();
    let Function::Of { item, .. } = &mut aggregate.function else { return };
    if known.is_empty() {
        return;
    }
    answer(item, &known);
    if let (Some(column), [condition], true) =
        (item.as_column(), aggregate.filter.as_slice(), aggregate.order.is_empty())
        && not_null(condition) == Some(column)
    {
        aggregate.filter.clear();
    }
}
