//! What may fail and depends on no row is evaluated for rows alone.
//!
//! An engine evaluates a condition that has the same value for all rows before it looks for one, and may begin a join on
//! either side. So such a scalar is asked only where a column of the row has been evaluated (`Force`).

use super::{
    for_each_rel,
    queries::{for_each_scalar, within},
};
use crate::plan::{Aggregate, ColId, ColIds, Function, Part, PartMut, Plan, Rel, Scalar};

/// Guards the scalars of all nodes; and subqueries, of an engine that evaluates those that depend on no row by themselves.
pub(super) fn guard(plan: &mut Plan, is_eager: bool) {
    if is_eager {
        for_each_scalar(plan, &mut |input, scalar, columns| {
            if scalar.may_fail() && scalar.has_query() && !input.is_single() {
                let visible = of_rows(input);
                if let Some(row) = witness(input, columns) {
                    within(scalar, &mut |scalar| ask_queries(scalar, &visible, &there_is(row)));
                }
            }
        });
    }
    let mut columns = plan.columns;
    for_each_rel(plan, &mut |rel| match rel {
        Rel::Extend { input, columns: made } => {
            of_rows_of(input, made.iter_mut().map(|(_, scalar)| scalar), &mut columns);
        }
        Rel::Filter { input, conditions } => of_rows_of(input, conditions.iter_mut(), &mut columns),
        Rel::Join { left, right, .. } if !left.is_single() && right.may_fail() => {
            let visible = of_rows(left);
            if !is_eager && !right.free().is_disjoint(&visible) || is_of_same_rows(left, right) {
                return;
            }
            if let Some(row) = witness(left, &mut columns) {
                ask_parts(right, &visible, &there_is(row));
            }
        }
        Rel::Recursion { condition, counter, state, step, next, .. } => {
            let condition = (**condition).clone();
            if step.may_fail() {
                guard_steps(step, &condition);
            }
            if is_eager {
                let visible = state.iter().copied().chain([*counter]).collect();
                let condition = Scalar::and([there_is(*counter), condition]);
                for scalar in next.iter_mut().filter(|scalar| scalar.may_fail()) {
                    within(scalar, &mut |scalar| ask_queries(scalar, &visible, &condition));
                }
            }
        }
        _ => {}
    });
    plan.columns = columns;
}

/// Whether what may fail on the right is evaluated for rows of the left alone, as both are made of the same shared rows.
fn is_of_same_rows(left: &Rel, right: &Rel) -> bool {
    match (left, right) {
        (Rel::Join { left, .. }, _) => is_of_same_rows(left, right),
        (
            _,
            Rel::Extend { input, .. }
            | Rel::Filter { input, .. }
            | Rel::First { input, .. }
            | Rel::Aggregate { input, is_whole: false, .. }
            | Rel::Fence(input),
        ) => is_of_same_rows(left, input),
        (Rel::Shared { index, .. }, Rel::Join { left: other, right, .. }) => {
            matches!(&**other, Rel::Shared { index: other, .. } if other == index) && !right.may_fail()
        }
        _ => false,
    }
}

/// Evaluates what may fail and depends on no row for rows alone.
fn of_rows_of<'s>(input: &mut Rel, scalars: impl Iterator<Item = &'s mut Scalar>, columns: &mut u32) {
    if input.is_single() {
        return;
    }
    let visible = of_rows(input);
    let failing = scalars.filter(|scalar| scalar.may_fail() && !depends(scalar, &visible));
    for scalar in failing {
        if let Some(row) = witness(input, columns) {
            let value = std::mem::replace(scalar, Scalar::bool(true));
            *scalar = when(there_is(row), value);
        }
    }
}

/// Whether a scalar has another value for another row, however much of it an engine evaluates while it plans: then a
/// constant condition leaves one branch of it.
fn depends(scalar: &Scalar, visible: &ColIds) -> bool {
    match scalar {
        Scalar::Column(column) => visible.contains(column),
        Scalar::Case { branches, otherwise } => {
            let decided = |(condition, value): &(Scalar, Scalar)| {
                depends(condition, visible) || !condition.is_foldable() && depends(value, visible)
            };
            let all = |(_, value): &(Scalar, Scalar)| depends(value, visible);
            branches.iter().any(decided) || branches.iter().all(all) && depends(otherwise, visible)
        }
        Scalar::When { condition, value } => depends(condition, visible) || depends(value, visible),
        Scalar::And(all) | Scalar::Or(all) => {
            all.iter().any(|scalar| depends(scalar, visible)) && !all.iter().any(Scalar::is_foldable)
        }
        Scalar::Query { .. } | Scalar::Exists(_) => !scalar.free().is_disjoint(visible),
        _ => {
            let mut depends_on = false;
            scalar.for_each_part(&mut |part| {
                depends_on |= matches!(part, Part::Scalar(scalar) if depends(scalar, visible));
            });
            depends_on
        }
    }
}

/// Columns that may have another value for another row.
fn of_rows(rel: &Rel) -> ColIds {
    match rel {
        Rel::Extend { input, columns } => {
            let mut own = of_rows(input);
            let varying: Vec<_> = columns
                .iter()
                .filter(|(_, scalar)| depends(scalar, &own))
                .map(|(column, _)| *column)
                .collect();
            own.extend(varying);
            own
        }
        Rel::Filter { input, .. } | Rel::Fence(input) => of_rows(input),
        Rel::Join { left, right, .. } => {
            let mut own = of_rows(left);
            own.extend(of_rows(right));
            own
        }
        Rel::Aggregate { input, keys, aggregates, .. } => {
            let below = of_rows(input);
            let varying = keys.iter().filter(|(_, key)| depends(key, &below)).map(|(column, _)| *column);
            varying.chain(aggregates.iter().map(|(column, _)| *column)).collect()
        }
        _ => {
            let mut visible = ColIds::default();
            rel.visible(&mut visible);
            visible
        }
    }
}

/// True, once there is a row that has this column.
fn there_is(row: ColId) -> Scalar {
    Scalar::Force(vec![Scalar::Column(row)])
}

fn when(condition: Scalar, value: Scalar) -> Scalar {
    Scalar::When { condition: Box::new(condition), value: Box::new(value) }
}

fn asked_first(scalar: &mut Scalar, condition: &Scalar) {
    let value = std::mem::replace(scalar, Scalar::bool(true));
    *scalar = when(condition.clone(), value);
}

/// Evaluates a subquery, as far as it does not depend on these columns, where a condition holds.
fn ask_queries(scalar: &mut Scalar, visible: &ColIds, condition: &Scalar) {
    match scalar {
        Scalar::Query { rel, value, .. } => {
            ask_parts(rel, visible, condition);
            if value.may_fail() && !depends(value, visible) {
                asked_first(value, condition);
            }
        }
        Scalar::Exists(rel) => ask_parts(rel, visible, condition),
        _ => {}
    }
}

/// Leaves rows only where a condition holds, in all parts that may fail and do not depend on these columns.
fn ask_parts(rel: &mut Rel, visible: &ColIds, condition: &Scalar) {
    if !rel.may_fail() {
        return;
    }
    if rel.free().is_disjoint(visible) {
        ask(rel, condition);
        return;
    }
    if let Rel::Recursion { initial, .. } = rel {
        ask_alone(initial.iter_mut(), visible, condition);
    }
    if let Rel::Values { rows, .. } = rel {
        ask_alone(rows.iter_mut().flatten(), visible, condition);
    }
    rel.for_each_part_mut(&mut |part| match part {
        PartMut::Rel(rel) => ask_parts(rel, visible, condition),
        PartMut::Scalar(scalar) => within(scalar, &mut |scalar| ask_queries(scalar, visible, condition)),
    });
}

/// Evaluates those that depend on no row where a condition holds.
fn ask_alone<'s>(scalars: impl Iterator<Item = &'s mut Scalar>, visible: &ColIds, condition: &Scalar) {
    for scalar in scalars.filter(|scalar| scalar.may_fail() && !depends(scalar, visible)) {
        asked_first(scalar, condition);
    }
}

/// A column that has a value for each row, and none without one.
fn witness(rel: &mut Rel, columns: &mut u32) -> Option<ColId> {
    match rel {
        Rel::Join { left, right, .. } => witness(left, columns).or_else(|| witness(right, columns)),
        Rel::Extend { input, .. } | Rel::Filter { input, .. } | Rel::Window { input, .. } => {
            witness(input, columns)
        }
        Rel::First { input, .. } | Rel::Limit { input, .. } | Rel::Fence(input) => witness(input, columns),
        Rel::Aggregate { aggregates, .. } => {
            if aggregates.is_empty() {
                // A key may be a constant.
                *columns += 1;
                aggregates.push((ColId(*columns), Aggregate::of(Function::Count, Vec::new())));
            }
            aggregates.first().map(|(column, _)| *column)
        }
        Rel::Union { columns, .. } => columns.last().copied(),
        Rel::Lists { position, .. }
        | Rel::Items { position, .. }
        | Rel::Values { position, .. }
        | Rel::Raw { position, .. }
        | Rel::Parts { position, .. }
        | Rel::Recursion { position, .. } => Some(*position),
        Rel::Sequence { value, .. } => Some(*value),
        Rel::Scan(table) => table.fields.iter().flat_map(|field| &field.columns).next().copied(),
        Rel::Shared { columns, .. } => columns.last().map(|(column, _)| *column),
        Rel::Unit => None,
    }
}

/// Leaves rows only where a condition holds that does not depend on them.
fn ask(rel: &mut Rel, condition: &Scalar) {
    match rel {
        Rel::Extend { input, columns } => {
            ask(input, condition);
            // The row of an aggregate is there all the same.
            let is_there = input.is_single();
            for (_, scalar) in columns.iter_mut().filter(|(_, scalar)| is_there && scalar.may_fail()) {
                asked_first(scalar, condition);
            }
        }
        Rel::Filter { input, conditions } => {
            ask(input, condition);
            let is_there = input.is_single();
            for scalar in conditions.iter_mut().filter(|scalar| is_there && scalar.may_fail()) {
                asked_first(scalar, condition);
            }
        }
        Rel::Window { input, .. }
        | Rel::First { input, .. }
        | Rel::Limit { input, .. }
        | Rel::Aggregate { input, .. }
        | Rel::Fence(input) => ask(input, condition),
        Rel::Join { left, right, .. } => {
            ask(left, condition);
            if left.is_single() {
                ask(right, condition);
            }
        }
        Rel::Union { arms, .. } => arms.iter_mut().for_each(|(arm, _)| ask(arm, condition)),
        Rel::Recursion { initial, condition: goes_on, .. } => {
            for scalar in initial.iter_mut().filter(|scalar| scalar.may_fail()) {
                asked_first(scalar, condition);
            }
            let asked = std::mem::replace(&mut **goes_on, Scalar::bool(true));
            **goes_on = Scalar::and([condition.clone(), asked]);
        }
        source => {
            // Neither are the scalars of a source evaluated elsewhere.
            source.for_each_part_mut(&mut |part| {
                if let PartMut::Scalar(scalar) = part
                    && scalar.may_fail()
                {
                    asked_first(scalar, condition);
                }
            });
            let input = std::mem::replace(source, Rel::Unit);
            *source = input.filter(condition.clone());
        }
    }
}

/// Evaluates what a step adds only where there is one more step.
fn guard_steps(rel: &mut Rel, condition: &Scalar) {
    match rel {
        Rel::Extend { input, columns } => {
            columns
                .iter_mut()
                .filter(|(_, scalar)| scalar.may_fail())
                .for_each(|(_, scalar)| asked_first(scalar, condition));
            guard_steps(input, condition);
        }
        Rel::Filter { input, .. } | Rel::Fence(input) => guard_steps(input, condition),
        Rel::Join { left, right, .. } => {
            guard_steps(left, condition);
            if right.may_fail() {
                ask(right, condition);
            }
        }
        _ => {}
    }
}
