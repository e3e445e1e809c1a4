//! Nested look-ups by equality become joins.
//!
//! `map(x -> ys | filter(y -> y.k == x.k) | count)` is built as an aggregate that is evaluated for each `x`. Where `ys` does
//! not depend on `x` but for the equality, it is grouped by the key once, and joined. So is the first row that matches
//! (`find`), which is the row itself where the key is unique. This is the simple and common case of unnesting arbitrary
//! queries (Neumann and Kemper, 2015).

use runner_core::{Literal, Op, Prim};

use super::{
    for_each_rel,
    lookup::{Known, Lookup, Pair, visible},
    queries::{for_each_scalar, within},
};
use crate::{
    plan::{Aggregate, ColId, Function, JoinKind, Part, Plan, Rel, Scalar},
    shape::Leaf,
};

/// Makes joins of look-ups; where an engine does so by itself, not of those for few rows, for whose keys alone it aggregates.
pub(super) fn unnest(plan: &mut Plan, leaves_few: bool) {
    let known = Known::of(&plan.shared);
    for_each_scalar(plan, &mut |input, scalar, columns| {
        if input.is_single() {
            return;
        }
        within(scalar, &mut |scalar| {
            if let Some(found) = joined(input, scalar, columns, &known, leaves_few) {
                *scalar = found;
            }
        });
    });
    let mut columns = plan.columns;
    for_each_rel(plan, &mut |rel| first_row(rel, &mut columns, &known));
    plan.columns = columns;
}

/// An aggregate as a column of a join, which is added to the rows around it.
fn joined(
    outer: &mut Rel,
    scalar: &Scalar,
    columns: &mut u32,
    known: &Known,
    leaves_few: bool,
) -> Option<Scalar> {
    let (input, column, aggregate) = scalar.as_aggregate()?;
    let none = of_none(&aggregate.function)?;
    if input.may_fail() || aggregate.items_may_fail() {
        return None;
    }
    // What may overflow would do so for keys that nobody asks for, too.
    if leaves_few && has_few_rows(outer) && !aggregate.may_overflow() {
        return None;
    }
    let lookup = Lookup::of(input, outer, known)?;
    let rel = lookup.rel();
    let mut free = rel.free();
    aggregate.for_each_part(&mut |part| {
        if let Part::Scalar(scalar) = part {
            free.extend(scalar.free());
        }
    });
    if !free.is_disjoint(&visible(outer)) {
        return None;
    }
    let mut new = || {
        *columns += 1;
        ColId(*columns)
    };
    let found = new();
    let (mut by, mut on) = (Vec::new(), Vec::new());
    for Pair { prim, inner, outer } in lookup.keys {
        let key = new();
        by.push((key, inner));
        on.push(Scalar::compare(Op::Eq, prim, outer, Scalar::Column(key)));
    }
    let (aggregate, value) = widened(aggregate.clone(), column);
    let aggregates: Vec<(ColId, Aggregate)> = vec![(column, aggregate)];
    let right = Rel::Aggregate { input: Box::new(rel), keys: by, aggregates, is_whole: false };
    let left = std::mem::replace(outer, Rel::Unit);
    *outer = left.join(JoinKind::Left { found, is_unique: true }, right, on);
    Some(Scalar::choice(Scalar::Column(found).null_check(), none, value))
}

/// Whether rows were left out, so that they may be few beside those that they look up.
fn has_few_rows(rel: &Rel) -> bool {
    match rel {
        Rel::Filter { .. } | Rel::Limit { .. } | Rel::Join { kind: JoinKind::Inner, .. } => true,
        Rel::Join { left: input, .. }
        | Rel::Extend { input, .. }
        | Rel::Window { input, .. }
        | Rel::Fence(input) => has_few_rows(input),
        _ => false,
    }
}

/// An aggregate for all keys, and its value for one: nobody asks for some keys, and their sums may be too large.
fn widened(aggregate: Aggregate, column: ColId) -> (Aggregate, Scalar) {
    let value = Scalar::Column(column);
    match aggregate.function {
        Function::Of { op: Op::Sum, prim, item } if !prim.is_float() => {
            let aggregate = Aggregate { function: Function::WideSum(item), ..aggregate };
            (aggregate, Scalar::Narrow(prim, Box::new(value)))
        }
        _ => (aggregate, value),
    }
}

/// Makes the first row that matches a plain join.
fn first_row(rel: &mut Rel, columns: &mut u32, known: &Known) {
    let Rel::Join { kind: JoinKind::Left { .. }, left, right, on } = rel else { return };
    // Columns that were lifted above the limit stay above what takes its place.
    let mut right = &mut **right;
    while let Rel::Extend { input, .. } = right {
        right = input;
    }
    let Rel::Limit { input, order, skip, take: 1 } = &*right else { return };
    if **skip != Scalar::int(0) || input.may_fail() {
        return;
    }
    if let Some((scan, conditions)) = by_unique_key(input) {
        on.extend(conditions);
        *right = scan;
        return;
    }
    if left.is_single() {
        return;
    }
    let Some(lookup) = Lookup::of(input, left, known) else { return };
    let (inner, keys) = (lookup.rel(), lookup.keys);
    let order = order.clone();
    let uses_left = order.iter().any(|key| !key.scalar.free().is_disjoint(&visible(left)));
    if uses_left || !inner.free().is_disjoint(&visible(left)) {
        return;
    }
    let is_unique = known.unique(&inner).is_some_and(|unique| {
        unique.iter().all(|column| keys.iter().any(|pair| pair.inner.as_column() == Some(*column)))
    });
    let mut added = Vec::new();
    for Pair { prim, inner, outer } in keys {
        *columns += 1;
        let key = ColId(*columns);
        added.push((key, inner));
        on.push(Scalar::compare(Op::Eq, prim, outer, Scalar::Column(key)));
    }
    if is_unique {
        *right = inner.extend(added);
        return;
    }
    let keys = added.iter().map(|(key, _)| Scalar::Column(*key)).collect();
    *right = Rel::First { input: Box::new(inner.extend(added)), keys, order, is_strict: true };
}

/// A table and conditions of which one is equality with a column that no two rows agree in.
fn by_unique_key(rel: &Rel) -> Option<(Rel, Vec<Scalar>)> {
    let Rel::Filter { input, conditions } = rel else { return None };
    let Rel::Scan(table) = &**input else { return None };
    let own = visible(input);
    let is_unique = |scalar: &Scalar| {
        let Some(column) = scalar.as_column() else { return false };
        let field = table.fields.iter().find(|field| field.columns == [column]);
        let name = field.and_then(|field| table.table.columns.get(field.column)).map(|column| &column.name);
        name.is_some_and(|name| table.table.unique.contains(name))
    };
    let finds = |condition: &Scalar| match condition {
        Scalar::Compare { op: Op::Eq, left, right, .. } => {
            // A constant finds the same row for all, and DuckDB 2.0 forgets a limit above such a join.
            let is_outer = |scalar: &Scalar| !scalar.is_constant() && scalar.free().is_disjoint(&own);
            is_unique(left) && is_outer(right) || is_unique(right) && is_outer(left)
        }
        _ => false,
    };
    conditions.iter().any(finds).then(|| ((**input).clone(), conditions.clone()))
}

/// What an aggregate gives for no rows.
pub(super) fn of_none(function: &Function) -> Option<Scalar> {
    Some(match function {
        Function::Count | Function::CountDistinct(_) => Scalar::int(0),
        Function::Of { op: Op::Sum, prim, .. } => Scalar::Literal(*prim, zero(*prim)?),
        Function::Of { op: Op::Mean, .. } => Scalar::Literal(Prim::Float64, Literal::Float64(f64::NAN)),
        Function::Of { op: Op::All, .. } => Scalar::bool(true),
        Function::Of { op: Op::Any, .. } => Scalar::bool(false),
        Function::Of { prim, .. } => Scalar::Null(Leaf::Null(*prim)),
        Function::Join { .. } => Scalar::Literal(Prim::Text, Literal::Text("".into())),
        Function::Collect { ty, .. } => Scalar::Empty(*ty),
        Function::First(_) | Function::Least(_) | Function::WideSum(_) => return None,
    })
}

fn zero(prim: Prim) -> Option<Literal> {
    Some(match prim {
        Prim::Float32 => Literal::Float32(0.0),
        Prim::Float64 => Literal::Float64(0.0),
        Prim::Bool | Prim::Text => return None,
        _ if prim.is_signed() => Literal::Int(0),
        Prim::Date | Prim::Timestamp | Prim::Duration | Prim::Decimal => Literal::Int(0),
        _ => Literal::Uint(0),
    })
}
