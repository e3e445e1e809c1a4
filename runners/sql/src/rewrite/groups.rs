//! Aggregates over the values of a group become aggregates of the grouping itself.
//!
//! `group(..) | map(g -> sum(g.values | map(..)))` is built as an aggregate over the items of a packed array that the
//! grouping collects. The chain of filters and columns between the two is made part of the aggregate, and nothing is packed.

use super::{
    for_each_rel,
    queries::{for_each_scalar, within},
};
use crate::plan::{Aggregate, ColId, ColIds, ColMap, Function, Part, PartMut, Plan, Rel, Scalar};

/// Fuses aggregates with groupings, and counts with what is counted.
pub(super) fn fuse(plan: &mut Plan) {
    for_each_rel(plan, &mut count_distinct);
    for_each_scalar(plan, &mut |input, scalar, columns| {
        within(scalar, &mut |scalar| {
            if let Some(fused) = fused(input, scalar, columns) {
                *scalar = Scalar::Column(fused);
            }
        });
    });
}

/// Counts values instead of the first rows that have them.
fn count_distinct(rel: &mut Rel) {
    let Rel::Aggregate { input, keys, aggregates, is_whole: true } = rel else { return };
    let Rel::First { input: rows, keys: values, is_strict: true, .. } = &mut **input else { return };
    if let [(_, aggregate)] = aggregates.as_mut_slice()
        && aggregate.function == Function::Count
        && keys.is_empty()
    {
        aggregate.function = Function::CountDistinct(std::mem::take(values));
        let rows = std::mem::replace(&mut **rows, Rel::Unit);
        **input = rows;
    }
}

fn fused(input: &mut Rel, scalar: &Scalar, columns: &mut u32) -> Option<ColId> {
    let (array, aggregate, chain) = match scalar {
        Scalar::Length { array, .. } => {
            (array.as_column()?, Aggregate::of(Function::Count, Vec::new()), None)
        }
        Scalar::Query { rel, value, .. } => match &**rel {
            Rel::Aggregate { input, keys, aggregates, is_whole: true } if keys.is_empty() => {
                let [(column, aggregate)] = aggregates.as_slice() else { return None };
                if value.as_column() != Some(*column) {
                    return None;
                }
                (source(input)?, aggregate.clone(), Some(&**input))
            }
            _ => return None,
        },
        _ => return None,
    };
    let (below, aggregates) = grouping(input, array)?;
    let (_, collect) = aggregates.iter().find(|(column, _)| *column == array)?;
    let Function::Collect { item, .. } = &collect.function else { return None };
    let mut known = ColMap::default();
    let mut fused = aggregate;
    if let Some(chain) = chain {
        let mut filter = Vec::new();
        let item: Vec<Scalar> = item.all().into_iter().cloned().collect();
        follow(chain, &item, &mut known, &mut filter)?;
        substitute_aggregate(&mut fused, &known);
        fused.filter.splice(0..0, filter);
        // What is ordered by positions of the array is ordered as the array is.
        let position = position(chain);
        let is_array_order = fused.order.iter().all(|key| key.scalar.as_column() == position);
        if is_array_order && !fused.order.is_empty() {
            fused.order.clone_from(&collect.order);
        }
    }
    if may_fail(&fused) || fused.checks_before_filter() || !is_over(&fused, below) {
        return None;
    }
    if let Some((column, _)) = aggregates.iter().find(|(_, known)| *known == fused) {
        return Some(*column);
    }
    *columns += 1;
    let column = ColId(*columns);
    aggregates.push((column, fused));
    Some(column)
}

/// The column of the array that a chain is made of.
fn source(rel: &Rel) -> Option<ColId> {
    match rel {
        Rel::Items { array, .. } => array.as_column(),
        Rel::Extend { input, .. } | Rel::Filter { input, .. } => source(input),
        _ => None,
    }
}

fn position(rel: &Rel) -> Option<ColId> {
    match rel {
        Rel::Items { position, .. } => Some(*position),
        Rel::Extend { input, .. } | Rel::Filter { input, .. } => position(input),
        _ => None,
    }
}

/// The grouping that a column comes from: its input and its aggregates.
fn grouping(rel: &mut Rel, column: ColId) -> Option<(&Rel, &mut Vec<(ColId, Aggregate)>)> {
    match rel {
        Rel::Aggregate { input, aggregates, .. } if aggregates.iter().any(|(own, _)| *own == column) => {
            Some((input, aggregates))
        }
        Rel::Extend { input, .. } | Rel::Filter { input, .. } | Rel::Window { input, .. } => {
            grouping(input, column)
        }
        Rel::Limit { input, .. } | Rel::Fence(input) => grouping(input, column),
        Rel::Join { left, .. } => grouping(left, column),
        _ => None,
    }
}

/// What stands for the columns of a chain over the rows of a group, and the conditions in it.
pub(super) fn follow(
    rel: &Rel,
    item: &[Scalar],
    known: &mut ColMap<Scalar>,
    filter: &mut Vec<Scalar>,
) -> Option<()> {
    match rel {
        Rel::Shared { .. } => Some(()),
        Rel::Items { columns, .. } => {
            known.extend(columns.iter().copied().zip(item.iter().cloned()));
            Some(())
        }
        Rel::Extend { input, columns } => {
            follow(input, item, known, filter)?;
            for (column, scalar) in columns {
                let mut scalar = scalar.clone();
                substitute(&mut scalar, known);
                known.insert(*column, scalar);
            }
            Some(())
        }
        Rel::Filter { input, conditions } => {
            follow(input, item, known, filter)?;
            for condition in conditions {
                let mut condition = condition.clone();
                substitute(&mut condition, known);
                filter.push(condition);
            }
            Some(())
        }
        _ => None,
    }
}

fn substitute(scalar: &mut Scalar, known: &ColMap<Scalar>) {
    if let Scalar::Column(column) = scalar {
        if let Some(value) = known.get(column) {
            *scalar = value.clone();
        }
        return;
    }
    scalar.for_each_part_mut(&mut |part| substitute_part(part, known));
}

fn substitute_part(part: PartMut<'_>, known: &ColMap<Scalar>) {
    match part {
        PartMut::Scalar(scalar) => substitute(scalar, known),
        PartMut::Rel(rel) => rel.for_each_part_mut(&mut |part| substitute_part(part, known)),
    }
}

pub(super) fn substitute_aggregate(aggregate: &mut Aggregate, known: &ColMap<Scalar>) {
    aggregate.for_each_part_mut(&mut |part| substitute_part(part, known));
}

/// Whether an aggregate may fail by more than a sum that is too large.
fn may_fail(aggregate: &Aggregate) -> bool {
    let mut found = false;
    aggregate.for_each_part(&mut |part| found |= matches!(part, Part::Scalar(scalar) if scalar.may_fail()));
    found
}

/// Whether an aggregate is one over these rows, without subqueries and without columns that only stand above them.
fn is_over(aggregate: &Aggregate, rows: &Rel) -> bool {
    let mut visible = ColIds::default();
    rows.visible(&mut visible);
    let mut is_over = true;
    aggregate.for_each_part(&mut |part| {
        if let Part::Scalar(scalar) = part {
            is_over &= !scalar.has_query() && scalar.free().is_subset(&visible);
        }
    });
    is_over
}
