//! Nested look-ups by equality become joins.
//!
//! `map(x -> ys | filter(y -> y.k == x.k) | count)` is built as an aggregate that is evaluated for each `x`. Where `ys` does
//! not depend on `x` but for the equality, it is grouped by the key once, and joined. So is the first row that matches
//! (`find`), which is the row itself where the key is unique. This is the simple and common case of unnesting arbitrary
//! queries (Neumann and Kemper, 2015).

use runner_core::{Literal, Op, Prim};

use super::{
    for_each_rel,
    queries::{for_each_scalar, within},
};
use crate::{
    plan::{Aggregate, ColId, ColIds, Function, JoinKind, Plan, Rel, Scalar},
    shape::Leaf,
};

/// Makes joins of look-ups.
pub(super) fn unnest(plan: &mut Plan) {
    for_each_scalar(plan, &mut |input, scalar, columns| {
        if input.is_single() {
            return;
        }
        within(scalar, &mut |scalar| {
            if let Some(found) = joined(input, scalar, columns) {
                *scalar = found;
            }
        });
    });
    let mut columns = plan.columns;
    for_each_rel(plan, &mut |rel| first_row(rel, &mut columns));
    plan.columns = columns;
}

/// An aggregate as a column of a join, which is added to the rows around it.
fn joined(outer: &mut Rel, scalar: &Scalar, columns: &mut u32) -> Option<Scalar> {
    let Scalar::Query { rel, value } = scalar else { return None };
    let Rel::Aggregate { input, keys, aggregates, is_whole: true } = &**rel else { return None };
    let ([(column, aggregate)], true) = (aggregates.as_slice(), keys.is_empty()) else { return None };
    let none = of_none(&aggregate.function)?;
    if value.as_column() != Some(*column) || input.may_fail() {
        return None;
    }
    let Loose { rel, keys } = loose(input, outer)?;
    let mut free = rel.free();
    aggregate.for_each_part(&mut |part| {
        if let crate::plan::Part::Scalar(scalar) = part {
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
    for Pair { prim, inner, outer } in keys {
        let key = new();
        by.push((key, inner));
        on.push(Scalar::compare(Op::Eq, prim, outer, Scalar::Column(key)));
    }
    let aggregates: Vec<(ColId, Aggregate)> = vec![(*column, aggregate.clone())];
    let right = Rel::Aggregate { input: Box::new(rel), keys: by, aggregates, is_whole: false };
    let left = std::mem::replace(outer, Rel::Unit);
    *outer = left.join(JoinKind::Left { found }, right, on);
    Some(Scalar::choice(Scalar::Column(found).null_check(), none, Scalar::Column(*column)))
}

/// Makes the first row that matches a plain join.
fn first_row(rel: &mut Rel, columns: &mut u32) {
    let Rel::Join { kind: JoinKind::Left { .. }, left, right, on } = rel else { return };
    let Rel::Limit { input, order, skip, take: 1 } = &**right else { return };
    if **skip != Scalar::int(0) || input.may_fail() {
        return;
    }
    if let Some((scan, conditions)) = by_unique_key(input) {
        on.extend(conditions);
        **right = scan;
        return;
    }
    if left.is_single() {
        return;
    }
    let Some(Loose { rel: inner, keys }) = loose(input, left) else { return };
    let order = order.clone();
    let uses_left = order.iter().any(|key| !key.scalar.free().is_disjoint(&visible(left)));
    if uses_left || !inner.free().is_disjoint(&visible(left)) {
        return;
    }
    let mut added = Vec::new();
    for Pair { prim, inner, outer } in keys {
        *columns += 1;
        let key = ColId(*columns);
        added.push((key, inner));
        on.push(Scalar::compare(Op::Eq, prim, outer, Scalar::Column(key)));
    }
    let keys = added.iter().map(|(key, _)| Scalar::Column(*key)).collect();
    **right = Rel::First { input: Box::new(inner.extend(added)), keys, order };
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
            (is_unique(left) && right.free().is_disjoint(&own))
                || (is_unique(right) && left.free().is_disjoint(&own))
        }
        _ => false,
    };
    conditions.iter().any(finds).then(|| ((**input).clone(), conditions.clone()))
}

/// Rows without the equalities that tie them to those around.
struct Loose {
    rel: Rel,
    keys: Vec<Pair>,
}

/// What must be equal.
struct Pair {
    prim: Prim,
    inner: Scalar,
    outer: Scalar,
}

/// Takes the equalities off. `None` if there are none, or an index serves one.
fn loose(rel: &Rel, outer: &Rel) -> Option<Loose> {
    match rel {
        Rel::Filter { input, conditions } => {
            let (own, around) = (visible(input), visible(outer));
            let is_inner = |scalar: &Scalar| {
                let free = scalar.free();
                !free.is_empty() && free.is_subset(&own)
            };
            let is_outer = |scalar: &Scalar| {
                let free = scalar.free();
                free.is_disjoint(&own) && !free.is_disjoint(&around)
            };
            let (mut keys, mut rest) = (Vec::new(), Vec::new());
            for condition in conditions {
                match condition {
                    Scalar::Compare { op: Op::Eq, prim, left, right }
                        if is_inner(left) && is_outer(right) =>
                    {
                        keys.push(Pair { prim: *prim, inner: (**left).clone(), outer: (**right).clone() });
                    }
                    Scalar::Compare { op: Op::Eq, prim, left, right }
                        if is_inner(right) && is_outer(left) =>
                    {
                        keys.push(Pair { prim: *prim, inner: (**right).clone(), outer: (**left).clone() });
                    }
                    other => rest.push(other.clone()),
                }
            }
            if keys.is_empty() || keys.iter().any(|key| is_indexed(input, &key.inner)) {
                return None;
            }
            let rel = rest.into_iter().fold((**input).clone(), Rel::filter);
            Some(Loose { rel, keys })
        }
        Rel::Extend { input, columns } => {
            let Loose { rel, keys } = loose(input, outer)?;
            Some(Loose { rel: rel.extend(columns.clone()), keys })
        }
        _ => None,
    }
}

/// Whether a key is a column of a table that an index begins with.
fn is_indexed(rel: &Rel, key: &Scalar) -> bool {
    match (rel, key.as_column()) {
        (Rel::Scan(table), Some(column)) => {
            let field = table.fields.iter().find(|field| field.columns == [column]);
            let name =
                field.and_then(|field| table.table.columns.get(field.column)).map(|column| &column.name);
            name.is_some_and(|name| table.table.indexed.contains(name))
        }
        (Rel::Filter { input, .. } | Rel::Extend { input, .. }, Some(_)) => is_indexed(input, key),
        _ => false,
    }
}

fn visible(rel: &Rel) -> ColIds {
    let mut visible = ColIds::new();
    rel.visible(&mut visible);
    visible
}

/// What an aggregate gives for no rows.
fn of_none(function: &Function) -> Option<Scalar> {
    Some(match function {
        Function::Count => Scalar::int(0),
        Function::Of { op: Op::Sum, prim, .. } => Scalar::Literal(*prim, zero(*prim)?),
        Function::Of { op: Op::Mean, .. } => Scalar::Literal(Prim::Float64, Literal::Float64(f64::NAN)),
        Function::Of { op: Op::All, .. } => Scalar::bool(true),
        Function::Of { op: Op::Any, .. } => Scalar::bool(false),
        Function::Of { prim, .. } => Scalar::Null(Leaf::Null(*prim)),
        Function::Join { .. } => Scalar::Literal(Prim::Text, Literal::Text("".into())),
        Function::Collect { ty, .. } => Scalar::Empty(*ty),
        Function::First(_) | Function::Least(_) => return None,
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
