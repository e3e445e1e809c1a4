//! A look-up of which is only asked whether there is a row becomes EXISTS, which engines execute as a semi-join or an
//! anti-join.
//!
//! So do `any`, `all` and `is_empty`. `find(..) | is_some` is built as a left join with the first row that matches. Where nothing of that row is used, and it
//! is asked once whether it is there, the question is asked of the rows themselves.

use std::collections::HashMap;

use runner_core::Op;

use super::{for_each_rel, queries::for_each_scalar_within};
use crate::plan::{ColId, ColIds, Function, JoinKind, Part, Plan, Rel, Scalar};

/// Makes EXISTS of look-ups. What they were made of is left for [`prune`](super::columns::prune).
pub(super) fn ask(plan: &mut Plan) {
    for_each_scalar_within(plan, &mut of_aggregate);
    let mut uses = HashMap::new();
    plan.for_each_part(&mut |part| count(&part, &mut uses));
    let is_used = |column: &ColId| uses.contains_key(column);
    let mut asked = HashMap::new();
    for_each_rel(plan, &mut |rel| {
        let Rel::Join { kind: JoinKind::Left { found }, right, on, .. } = rel else { return };
        let Rel::Limit { input, skip, take: 1, .. } = &**right else { return };
        let mut columns = ColIds::new();
        input.visible(&mut columns);
        let is_asked = uses.get(found).is_some_and(|uses| uses.all == 1 && uses.null_checks == 1);
        let outside: bool = columns.iter().filter(|column| is_used(column)).all(|column| {
            // Used by its own look-up alone.
            let mut within = HashMap::new();
            count(&Part::Rel(right), &mut within);
            within.get(column).map(|uses: &Uses| uses.all) == uses.get(column).map(|uses| uses.all)
        });
        if on.is_empty() && **skip == Scalar::int(0) && is_asked && outside {
            asked.insert(*found, (**input).clone());
        }
    });
    if asked.is_empty() {
        return;
    }
    for_each_scalar_within(plan, &mut |scalar| {
        if let Scalar::Not(inner) = scalar
            && let Scalar::IsNull(value) = &**inner
            && let Some(rows) = value.as_column().and_then(|found| asked.remove(&found))
        {
            *scalar = Scalar::Exists(Box::new(rows));
        }
        if let Scalar::IsNull(value) = scalar
            && let Some(rows) = value.as_column().and_then(|found| asked.remove(&found))
        {
            *scalar = Scalar::Exists(Box::new(rows)).negated();
        }
    });
}

/// Asks for a row instead of `any`, `all`, and a count that is compared with zero.
fn of_aggregate(scalar: &mut Scalar) {
    if let Scalar::Compare { op, left, right, .. } = scalar
        && let Op::Eq | Op::Ne | Op::Gt = op
        && **right == Scalar::int(0)
        && let Some((rel, Function::Count)) = whole(left)
    {
        let exists = Scalar::Exists(Box::new(rel));
        *scalar = if *op == Op::Eq { exists.negated() } else { exists };
        return;
    }
    match whole(scalar) {
        Some((rel, Function::Of { op: Op::Any, item, .. })) => {
            *scalar = Scalar::Exists(Box::new(rel.filter(item)));
        }
        Some((rel, Function::Of { op: Op::All, item, .. })) => {
            *scalar = Scalar::Exists(Box::new(rel.filter(item.negated()))).negated();
        }
        _ => {}
    }
}

/// The rows that a subquery aggregates as a whole, and how, if no row is left out.
fn whole(scalar: &Scalar) -> Option<(Rel, Function)> {
    let Scalar::Query { rel, value, .. } = scalar else { return None };
    let Rel::Aggregate { input, keys, aggregates, is_whole: true } = &**rel else { return None };
    let ([(column, aggregate)], true) = (aggregates.as_slice(), keys.is_empty()) else { return None };
    let is_plain = value.as_column() == Some(*column) && aggregate.filter.is_empty() && !input.may_fail();
    let is_safe = |scalar: &Scalar| !scalar.may_fail() && !scalar.checks_null();
    let is_safe = match &aggregate.function {
        Function::Of { item, .. } => is_safe(item),
        _ => true,
    };
    (is_plain && is_safe).then(|| ((**input).clone(), aggregate.function.clone()))
}

/// How often a column is used.
#[derive(Debug, Clone, Copy, Default)]
struct Uses {
    all: usize,
    /// Those that ask whether it is NULL.
    null_checks: usize,
}

fn count(part: &Part<'_>, uses: &mut HashMap<ColId, Uses>) {
    match part {
        Part::Scalar(Scalar::Column(column)) => uses.entry(*column).or_default().all += 1,
        Part::Scalar(scalar) => {
            if let Scalar::IsNull(value) = scalar
                && let Some(column) = value.as_column()
            {
                uses.entry(column).or_default().null_checks += 1;
            }
            scalar.for_each_part(&mut |part| count(&part, uses));
        }
        Part::Rel(rel) => rel.for_each_part(&mut |part| count(&part, uses)),
    }
}
