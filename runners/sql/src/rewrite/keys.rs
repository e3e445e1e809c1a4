//! Keys that may fail become columns of the rows around a look-up.
//!
//! `ys | filter(y -> y.k == x.k + 1)` evaluates `x.k + 1` only where there is a `y` that the other conditions leave. Beside
//! a join it would be evaluated for each `x`. So is the column, and only if there is any such `y`, which is asked once.

use super::{
    for_each_rel,
    lookup::{Pair, visible},
    queries::{for_each_node, strictly},
};
use crate::plan::{ColId, Plan, Rel, Scalar};

/// Adds the keys of all look-ups that are evaluated for each row around them.
pub(super) fn add(plan: &mut Plan) {
    for_each_node(plan, &mut |input, scalars, columns| {
        if input.is_single() {
            return;
        }
        for scalar in scalars.strict() {
            strictly(scalar, &mut |scalar| {
                if let Scalar::Query { rel, .. } | Scalar::Exists(rel) = scalar {
                    of_look_up(input, rel, columns);
                }
            });
        }
    });
    let mut columns = plan.columns;
    for_each_rel(plan, &mut |rel| {
        if let Rel::Join { left, right, .. } = rel
            && !left.is_single()
        {
            of_look_up(left, right, &mut columns);
        }
    });
    plan.columns = columns;
}

/// Adds the key of the rows that `inner` is made of.
fn of_look_up(outer: &mut Rel, inner: &mut Rel, columns: &mut u32) {
    match inner {
        Rel::Extend { input, .. } | Rel::Limit { input, .. } | Rel::Aggregate { input, .. } => {
            of_look_up(outer, input, columns);
        }
        Rel::Filter { input, conditions } => of_conditions(outer, input, conditions, columns),
        _ => {}
    }
}

fn of_conditions(outer: &mut Rel, input: &Rel, conditions: &mut [Scalar], columns: &mut u32) {
    let (own, around) = (visible(input), visible(outer));
    let (failing, safe): (Vec<_>, Vec<_>) = conditions.iter_mut().partition(|scalar| scalar.may_fail());
    let Some(failing) = failing.into_iter().next() else { return };
    let Some(pair) = Pair::of(failing, &own, &around) else { return };
    let is_independent =
        input.free().is_disjoint(&around) && safe.iter().all(|scalar| scalar.free().is_disjoint(&around));
    if pair.inner.may_fail() || pair.outer.has_query() || input.may_fail() || !is_independent {
        return;
    }
    if input.is_computed() {
        // Making the rows once more would cost as much as the look-up.
        return;
    }
    let mut new = || {
        *columns += 1;
        ColId(*columns)
    };
    let mut rows = safe.into_iter().fold(input.clone(), |rows, condition| rows.filter(condition.clone()));
    rows.rename(&mut new);
    let key = new();
    let value =
        Scalar::When { condition: Box::new(Scalar::Exists(Box::new(rows))), value: Box::new(pair.outer) };
    *failing = Scalar::compare(runner_core::Op::Eq, pair.prim, pair.inner, Scalar::Column(key));
    let below = std::mem::replace(outer, Rel::Unit);
    *outer = below.extend(vec![(key, value)]);
}
