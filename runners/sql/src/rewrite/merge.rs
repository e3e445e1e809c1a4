//! Several aggregates of the same rows are found in one pass over them.
//!
//! `{count(xs), xs | map(..) | sum, xs | filter(..) | mean}` is built as three subqueries over shared rows. Where each is
//! made of filters and columns over these, they become aggregates of one node, which is joined to the rows around: it gives
//! one row.

use std::collections::HashMap;

use super::{
    groups::{follow, substitute_aggregate},
    queries::for_each_node,
};
use crate::plan::{Aggregate, ColId, ColMap, JoinKind, Part, PartMut, Plan, Rel, Scalar};

/// Merges the aggregates of the scalars of each node.
pub(super) fn merge(plan: &mut Plan) {
    for_each_node(plan, &mut |input, scalars, columns| {
        let mut scalars = scalars.all;
        let is_certain = input.is_single();
        let mut uses: HashMap<usize, usize> = HashMap::new();
        for scalar in &mut scalars {
            for_each_candidate(scalar, is_certain, &mut |_, index, _| *uses.entry(index).or_default() += 1);
        }
        uses.retain(|_, uses| *uses > 1);
        if uses.is_empty() {
            return;
        }
        let mut merged: Vec<(usize, Merged)> = Vec::new();
        for scalar in &mut scalars {
            for_each_candidate(scalar, is_certain, &mut |scalar, index, column| {
                if !uses.contains_key(&index) {
                    return;
                }
                let place = merged.iter().position(|(known, _)| *known == index).unwrap_or_else(|| {
                    merged.push((index, Merged::default()));
                    merged.len() - 1
                });
                let added = merged.get_mut(place).and_then(|(_, merged)| merged.add(scalar, columns));
                if added.is_some() {
                    *scalar = Scalar::Column(column);
                }
            });
        }
        for (index, merged) in merged.into_iter().filter(|(_, merged)| !merged.aggregates.is_empty()) {
            let rel = std::mem::replace(input, Rel::Unit);
            *input = rel.join(JoinKind::Inner, merged.rel(index), Vec::new());
        }
    });
}

/// The aggregates of shared rows.
#[derive(Default)]
struct Merged {
    /// Columns of the shared rows here, by their ids there.
    columns: Vec<(ColId, ColId)>,
    aggregates: Vec<(ColId, Aggregate)>,
}

impl Merged {
    /// Adds what a subquery aggregates. `None` if that can't be.
    fn add(&mut self, scalar: &Scalar, columns: &mut u32) -> Option<()> {
        let Scalar::Query { rel, .. } = scalar else { return None };
        let Rel::Aggregate { input, aggregates, .. } = &**rel else { return None };
        let [(column, aggregate)] = aggregates.as_slice() else { return None };
        let (_, shared) = source(input)?;
        let mut known = ColMap::default();
        for (own, other) in shared {
            let here = self.columns.iter().find(|(_, known)| known == other).map(|(here, _)| *here);
            let here = here.unwrap_or_else(|| {
                *columns += 1;
                self.columns.push((ColId(*columns), *other));
                ColId(*columns)
            });
            known.insert(*own, Scalar::Column(here));
        }
        let mut conditions = Vec::new();
        follow(input, &[], &mut known, &mut conditions)?;
        let mut aggregate = aggregate.clone();
        substitute_aggregate(&mut aggregate, &known);
        aggregate.filter.splice(0..0, conditions);
        if aggregate.checks_before_filter() {
            return None;
        }
        self.aggregates.push((*column, aggregate));
        Some(())
    }

    fn rel(self, index: usize) -> Rel {
        let input = Box::new(Rel::Shared { index, columns: self.columns });
        Rel::Aggregate { input, keys: Vec::new(), aggregates: self.aggregates, is_whole: true }
    }
}

/// Calls `visit` with each subquery that aggregates shared rows as a whole, the number of these rows, and the column that
/// it gives. Where it is not certain that a subquery is evaluated at all, it can't be one that may fail.
fn for_each_candidate(
    scalar: &mut Scalar,
    is_certain: bool,
    visit: &mut dyn FnMut(&mut Scalar, usize, ColId),
) {
    if let Some((index, column)) = candidate(scalar, is_certain) {
        return visit(scalar, index, column);
    }
    let mut is_certain = is_certain;
    let is_chosen =
        matches!(scalar, Scalar::Case { .. } | Scalar::When { .. } | Scalar::And(_) | Scalar::Or(_));
    scalar.for_each_part_mut(&mut |part| {
        if let PartMut::Scalar(scalar) = part {
            for_each_candidate(scalar, is_certain, visit);
            // The first condition is asked in any case.
            is_certain &= !is_chosen;
        }
    });
}

fn candidate(scalar: &Scalar, is_certain: bool) -> Option<(usize, ColId)> {
    let Scalar::Query { rel, value, .. } = scalar else { return None };
    let Rel::Aggregate { input, keys, aggregates, is_whole: true } = &**rel else { return None };
    let ([(column, aggregate)], true) = (aggregates.as_slice(), keys.is_empty()) else { return None };
    let (index, _) = source(input)?;
    let is_plain = value.as_column() == Some(*column) && rel.free().is_empty() && !input.may_fail();
    let is_harmless = is_harmless(aggregate) && (is_certain || !aggregate.may_overflow());
    (is_plain && is_harmless).then_some((index, *column))
}

/// Whether what is aggregated neither fails nor needs subqueries.
fn is_harmless(aggregate: &Aggregate) -> bool {
    let mut is_harmless = true;
    aggregate.for_each_part(&mut |part| {
        is_harmless &= matches!(part, Part::Scalar(scalar) if !scalar.may_fail() && !scalar.has_query());
    });
    is_harmless
}

/// The shared rows that a chain of filters and columns is made of.
fn source(rel: &Rel) -> Option<(usize, &[(ColId, ColId)])> {
    match rel {
        Rel::Shared { index, columns } => Some((*index, columns)),
        Rel::Extend { input, columns } => {
            columns.iter().all(|(_, scalar)| !scalar.has_query()).then(|| source(input)).flatten()
        }
        Rel::Filter { input, conditions } => {
            conditions.iter().all(|scalar| !scalar.has_query()).then(|| source(input)).flatten()
        }
        _ => None,
    }
}
