//! What may fail and depends on no row is evaluated for rows alone.
//!
//! An engine evaluates a condition that has the same value for all rows before it looks for one, and may begin a join on
//! either side. So such a scalar is asked only where a column of the row has been evaluated (`Force`).

use super::for_each_rel;
use crate::plan::{ColId, ColIds, Plan, Rel, Scalar};

/// Guards the scalars of all nodes.
pub(super) fn guard(plan: &mut Plan) {
    for_each_rel(plan, &mut |rel| match rel {
        Rel::Extend { input, columns } if !input.is_single() => {
            if let Some(row) = witness(input) {
                let visible = of_rows(input);
                columns.iter_mut().for_each(|(_, scalar)| of_row(scalar, &visible, row));
            }
        }
        Rel::Filter { input, conditions } if !input.is_single() => {
            if let Some(row) = witness(input) {
                let visible = of_rows(input);
                conditions.iter_mut().for_each(|condition| of_row(condition, &visible, row));
            }
        }
        Rel::Join { left, right, .. } if !left.is_single() && right.may_fail() => {
            if let Some(row) = witness(left)
                && right.free().is_disjoint(&of_rows(left))
            {
                restrict(right, row);
            }
        }
        Rel::Recursion { condition, step, .. } if step.may_fail() => {
            let condition = (**condition).clone();
            guard_steps(step, &condition);
        }
        _ => {}
    });
}

/// Columns that may have another value for another row.
fn of_rows(rel: &Rel) -> ColIds {
    match rel {
        Rel::Extend { input, columns } => {
            let mut own = of_rows(input);
            let varying: Vec<_> = columns
                .iter()
                .filter(|(_, scalar)| !scalar.free().is_disjoint(&own))
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
        _ => {
            let mut visible = ColIds::new();
            rel.visible(&mut visible);
            visible
        }
    }
}

/// Evaluates a scalar that may fail and does not depend on these columns where there is one of them.
fn of_row(scalar: &mut Scalar, visible: &ColIds, row: ColId) {
    if scalar.may_fail() && scalar.free().is_disjoint(visible) {
        let value = std::mem::replace(scalar, Scalar::bool(true));
        *scalar = when(Scalar::Force(vec![Scalar::Column(row)]), value);
    }
}

fn when(condition: Scalar, value: Scalar) -> Scalar {
    Scalar::When { condition: Box::new(condition), value: Box::new(value) }
}

/// A column that has a value for each row, and none without one.
fn witness(rel: &Rel) -> Option<ColId> {
    match rel {
        Rel::Join { left, right, .. } => witness(left).or_else(|| witness(right)),
        Rel::Extend { input, .. } | Rel::Filter { input, .. } | Rel::Window { input, .. } => witness(input),
        Rel::First { input, .. } | Rel::Limit { input, .. } | Rel::Fence(input) => witness(input),
        Rel::Aggregate { keys, aggregates, .. } => {
            aggregates.first().map(|(column, _)| *column).or_else(|| keys.first().map(|(column, _)| *column))
        }
        Rel::Union { columns, .. } => columns.last().copied(),
        Rel::Lists { position, .. }
        | Rel::Items { position, .. }
        | Rel::Values { position, .. }
        | Rel::Raw { position, .. }
        | Rel::Split { position, .. }
        | Rel::Recursion { position, .. } => Some(*position),
        Rel::Sequence { value, .. } => Some(*value),
        Rel::Scan(table) => table.fields.iter().flat_map(|field| &field.columns).next().copied(),
        Rel::Shared { columns, .. } => columns.last().map(|(column, _)| *column),
        Rel::Unit => None,
    }
}

/// Leaves only rows that there are for a row of the left side.
fn restrict(rel: &mut Rel, row: ColId) {
    let force = || Scalar::Force(vec![Scalar::Column(row)]);
    match rel {
        Rel::Extend { input, .. }
        | Rel::Filter { input, .. }
        | Rel::Window { input, .. }
        | Rel::First { input, .. }
        | Rel::Limit { input, .. }
        | Rel::Aggregate { input, .. }
        | Rel::Fence(input) => restrict(input, row),
        Rel::Join { left, .. } => restrict(left, row),
        Rel::Union { arms, .. } => arms.iter_mut().for_each(|(arm, _)| restrict(arm, row)),
        Rel::Recursion { initial, condition, .. } => {
            for scalar in initial.iter_mut().filter(|scalar| scalar.may_fail()) {
                let value = std::mem::replace(scalar, Scalar::bool(true));
                *scalar = when(force(), value);
            }
            let asked = std::mem::replace(&mut **condition, Scalar::bool(true));
            **condition = Scalar::and([force(), asked]);
        }
        source => {
            let input = std::mem::replace(source, Rel::Unit);
            *source = input.filter(force());
        }
    }
}

/// Evaluates what a step adds only where there is one more step.
fn guard_steps(rel: &mut Rel, condition: &Scalar) {
    match rel {
        Rel::Extend { input, columns } => {
            for (_, scalar) in columns.iter_mut().filter(|(_, scalar)| scalar.may_fail()) {
                let value = std::mem::replace(scalar, Scalar::bool(true));
                *scalar = when(condition.clone(), value);
            }
            guard_steps(input, condition);
        }
        Rel::Filter { input, .. } | Rel::Fence(input) => guard_steps(input, condition),
        Rel::Join { left, right, .. } => {
            guard_steps(left, condition);
            if right.may_fail() {
                let right_rel = std::mem::replace(&mut **right, Rel::Unit);
                **right = asked(right_rel, condition);
            }
        }
        _ => {}
    }
}

/// Rows of a source for which a condition holds that does not depend on them.
fn asked(rel: Rel, condition: &Scalar) -> Rel {
    match rel {
        Rel::Extend { input, columns } => Rel::Extend { input: Box::new(asked(*input, condition)), columns },
        Rel::Filter { input, conditions } => {
            Rel::Filter { input: Box::new(asked(*input, condition)), conditions }
        }
        Rel::Aggregate { input, keys, aggregates, is_whole } => {
            Rel::Aggregate { input: Box::new(asked(*input, condition)), keys, aggregates, is_whole }
        }
        Rel::Limit { input, order, skip, take } => {
            Rel::Limit { input: Box::new(asked(*input, condition)), order, skip, take }
        }
        Rel::Recursion { .. } => rel,
        source => source.filter(condition.clone()),
    }
}
