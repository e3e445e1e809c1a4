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
    let shared: Vec<_> = plan.shared.iter().map(|shared| shared.rel.clone()).collect();
    let shared = Shared(&shared);
    for_each_scalar(plan, &mut |input, scalar, columns| {
        if input.is_single() {
            return;
        }
        within(scalar, &mut |scalar| {
            if let Some(found) = joined(input, scalar, columns, shared) {
                *scalar = found;
            }
        });
    });
    let mut columns = plan.columns;
    for_each_rel(plan, &mut |rel| first_row(rel, &mut columns, shared));
    plan.columns = columns;
}

/// An aggregate as a column of a join, which is added to the rows around it.
fn joined(outer: &mut Rel, scalar: &Scalar, columns: &mut u32, shared: Shared<'_>) -> Option<Scalar> {
    let Scalar::Query { rel, value, .. } = scalar else { return None };
    let Rel::Aggregate { input, keys, aggregates, is_whole: true } = &**rel else { return None };
    let ([(column, aggregate)], true) = (aggregates.as_slice(), keys.is_empty()) else { return None };
    let none = of_none(&aggregate.function)?;
    if value.as_column() != Some(*column) || input.may_fail() {
        return None;
    }
    let Loose { rel, keys } = loose(input, outer, shared)?;
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
    let (aggregate, value) = widened(aggregate.clone(), *column);
    let aggregates: Vec<(ColId, Aggregate)> = vec![(*column, aggregate)];
    let right = Rel::Aggregate { input: Box::new(rel), keys: by, aggregates, is_whole: false };
    let left = std::mem::replace(outer, Rel::Unit);
    *outer = left.join(JoinKind::Left { found }, right, on);
    Some(Scalar::choice(Scalar::Column(found).null_check(), none, value))
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
fn first_row(rel: &mut Rel, columns: &mut u32, shared: Shared<'_>) {
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
    let Some(Loose { rel: inner, keys }) = loose(input, left, shared) else { return };
    let order = order.clone();
    let uses_left = order.iter().any(|key| !key.scalar.free().is_disjoint(&visible(left)));
    if uses_left || !inner.free().is_disjoint(&visible(left)) {
        return;
    }
    let is_unique = shared.unique(&inner).is_some_and(|unique| {
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
fn loose(rel: &Rel, outer: &Rel, shared: Shared<'_>) -> Option<Loose> {
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
            // An index serves few rows best, and a join all of a table.
            let is_served = || keys.iter().any(|key| shared.is_indexed(input, &key.inner));
            if keys.is_empty() || !is_whole_table(outer) && is_served() {
                return None;
            }
            let rel = rest.into_iter().fold((**input).clone(), Rel::filter);
            Some(Loose { rel, keys })
        }
        Rel::Extend { input, columns } => {
            let Loose { rel, keys } = loose(input, outer, shared)?;
            Some(Loose { rel: rel.extend(columns.clone()), keys })
        }
        _ => None,
    }
}

/// The shared rows of a plan, as far as they say something of the columns of a use.
#[derive(Clone, Copy)]
struct Shared<'a>(&'a [Rel]);

impl Shared<'_> {
    /// Whether a key is a column of a table that an index begins with. An engine asks it for the rows of a group, too.
    fn is_indexed(self, rel: &Rel, key: &Scalar) -> bool {
        let Some(column) = key.as_column() else { return false };
        match rel {
            Rel::Scan(table) => {
                let field = table.fields.iter().find(|field| field.columns == [column]);
                let name =
                    field.and_then(|field| table.table.columns.get(field.column)).map(|column| &column.name);
                name.is_some_and(|name| table.table.indexed.contains(name))
            }
            Rel::Filter { input, .. } | Rel::Extend { input, .. } => self.is_indexed(input, key),
            Rel::Aggregate { input, keys, .. } => {
                keys.iter().any(|(own, key)| *own == column && self.is_indexed(input, key))
            }
            Rel::Shared { index, columns } => {
                let other = columns.iter().find(|(own, _)| *own == column).map(|(_, other)| *other);
                let rel = self.0.get(*index);
                rel.zip(other).is_some_and(|(rel, other)| self.is_indexed(rel, &Scalar::Column(other)))
            }
            _ => false,
        }
    }

    /// Columns in which no two rows agree.
    fn unique(self, rel: &Rel) -> Option<Vec<ColId>> {
        match rel {
            Rel::Filter { input, .. } | Rel::Extend { input, .. } => self.unique(input),
            Rel::Aggregate { keys, is_whole: false, .. } => Some(keys.iter().map(|(own, _)| *own).collect()),
            Rel::Shared { index, columns } => {
                let unique = self.unique(self.0.get(*index)?)?;
                let own =
                    |other: &ColId| columns.iter().find(|(_, known)| known == other).map(|(own, _)| *own);
                unique.iter().map(own).collect()
            }
            _ => None,
        }
    }
}

/// Whether these are all rows of a table.
fn is_whole_table(rel: &Rel) -> bool {
    match rel {
        Rel::Scan(_) => true,
        Rel::Extend { input, .. } | Rel::Window { input, .. } => is_whole_table(input),
        Rel::Join { kind: JoinKind::Left { .. }, left, .. } => is_whole_table(left),
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
