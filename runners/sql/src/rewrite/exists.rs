//! Look-ups that only ask whether there is a row become EXISTS, which engines execute as a semi-join or an anti-join.
//!
//! `any`, `all` and `count(..) == 0` are built as aggregates, `find(..) | is_some` as a left join with the first row that
//! matches. Where nothing else of that row is used, EXISTS takes their place. It stops at the first row, so none of the rows
//! may hold an error.

use runner_core::Op;

use super::{for_each_rel, queries::for_each_scalar_within};
use crate::plan::{ColIds, ColMap, Function, JoinKind, Part, Plan, Rel, Scalar};

/// Makes EXISTS of look-ups. The joins that nothing uses any more are left for [`prune`](super::columns::prune).
pub(super) fn ask(plan: &mut Plan) {
    for_each_scalar_within(plan, &mut of_aggregate);
    let mut uses = ColMap::default();
    plan.for_each_part(&mut |part| count(&part, &mut uses));
    let mut asked = ColMap::default();
    for_each_rel(plan, &mut |rel| {
        let Rel::Join { kind: JoinKind::Left { found, .. }, right, on, .. } = rel else { return };
        let Rel::Limit { input, skip, take: 1, .. } = &**right else { return };
        let is_asked = uses.get(found) == Some(&Uses { all: 1, null_checks: 1 });
        if !on.is_empty() || **skip != Scalar::int(0) || !is_asked || !is_harmless(input) {
            return;
        }
        let (mut columns, mut within) = (ColIds::default(), ColMap::default());
        input.visible(&mut columns);
        count(&Part::Rel(right), &mut within);
        if columns.iter().all(|column| within.get(column) == uses.get(column)) {
            asked.insert(*found, (**input).clone());
        }
    });
    if asked.is_empty() {
        return;
    }
    let mut taken = |value: &Scalar| value.as_column().and_then(|found| asked.remove(&found));
    for_each_scalar_within(plan, &mut |scalar| {
        let is_some = match scalar {
            Scalar::Not(inner) => match &**inner {
                Scalar::IsNull(value) => taken(value).map(|rows| (rows, true)),
                _ => None,
            },
            Scalar::IsNull(value) => taken(value).map(|rows| (rows, false)),
            _ => None,
        };
        if let Some((rows, is_some)) = is_some {
            let exists = Scalar::Exists(Box::new(rows));
            *scalar = if is_some { exists } else { exists.negated() };
        }
    });
}

/// Makes EXISTS of `any`, `all`, and a count that is compared with zero.
fn of_aggregate(scalar: &mut Scalar) {
    let exists = |rel: &Rel, condition: Scalar| Scalar::Exists(Box::new(rel.clone().filter(condition)));
    let asked = match scalar {
        Scalar::Compare { op: op @ (Op::Eq | Op::Ne | Op::Gt), left, right, .. }
            if **right == Scalar::int(0) =>
        {
            let Some((rel, Function::Count)) = whole(left) else { return };
            let exists = exists(rel, Scalar::bool(true));
            if *op == Op::Eq { exists.negated() } else { exists }
        }
        Scalar::Query { .. } => match whole(scalar) {
            Some((rel, Function::Of { op: Op::Any, item, .. })) => exists(rel, item.clone()),
            Some((rel, Function::Of { op: Op::All, item, .. })) => {
                exists(rel, item.clone().negated()).negated()
            }
            _ => return,
        },
        _ => return,
    };
    *scalar = asked;
}

/// The rows that a subquery aggregates as a whole, and how, if no row is left out and none holds an error.
fn whole(scalar: &Scalar) -> Option<(&Rel, &Function)> {
    let (input, _, aggregate) = scalar.as_aggregate()?;
    let Scalar::Query { rel, .. } = scalar else { return None };
    (is_harmless(rel) && aggregate.filter.is_empty()).then_some((input, &aggregate.function))
}

/// Whether no row of these is an error.
fn is_harmless(rel: &Rel) -> bool {
    !rel.may_fail() && !Part::Rel(rel).checks_null()
}

/// How often a column is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Uses {
    all: usize,
    /// Uses within `IsNull`.
    null_checks: usize,
}

fn count(part: &Part<'_>, uses: &mut ColMap<Uses>) {
    part.walk(&mut |part| match part {
        Part::Scalar(Scalar::Column(column)) => uses.entry(*column).or_default().all += 1,
        Part::Scalar(Scalar::IsNull(value)) => {
            if let Some(column) = value.as_column() {
                uses.entry(column).or_default().null_checks += 1;
            }
        }
        _ => {}
    });
}
