//! Comparisons of every type.

use alloc::vec::Vec;
use core::cmp::Ordering;

use runner_core::{Op, Result};

use super::{Lane, Operand, arithmetic::zip, mismatch, order::compare_rows};
use crate::{
    column::{Buffer, Column},
    scalar::Float,
};

pub(super) fn compare(op: Op, left: &Operand, right: &Operand, rows: usize) -> Result<Column> {
    macro_rules! prims {
        ($($variant:ident),*) => {
            match (&left.column, &right.column) {
                $((Column::$variant(a), Column::$variant(b)) => plain(op, left.lane(a), right.lane(b), rows),)*
                (Column::F32(a), Column::F32(b)) => floats(op, left.lane(a), right.lane(b), rows),
                (Column::F64(a), Column::F64(b)) => floats(op, left.lane(a), right.lane(b), rows),
                (Column::Text(a), Column::Text(b)) => {
                    let at = |row| (a.get(left.row(row)), b.get(right.row(row)));
                    match op {
                        Op::Eq => bools((0..rows).map(|row| { let (a, b) = at(row); a == b })),
                        Op::Ne => bools((0..rows).map(|row| { let (a, b) = at(row); a != b })),
                        _ => by_order(op, (0..rows).map(|row| { let (a, b) = at(row); a.cmp(b) })),
                    }
                }
                (a, b) => by_order(op, (0..rows).map(|row| compare_rows(a, left.row(row), b, right.row(row)))),
            }
        };
    }
    prims!(Bool, I8, I16, I32, I64, U8, U16, U32, U64)
}

fn plain<T: Copy + Ord>(op: Op, a: Lane<'_, T>, b: Lane<'_, T>, rows: usize) -> Result<Column> {
    Ok(Column::Bool(
        match op {
            Op::Eq => zip(a, b, rows, |a, b| a == b),
            Op::Ne => zip(a, b, rows, |a, b| a != b),
            Op::Lt => zip(a, b, rows, |a, b| a < b),
            Op::Lte => zip(a, b, rows, |a, b| a <= b),
            Op::Gt => zip(a, b, rows, |a, b| a > b),
            Op::Gte => zip(a, b, rows, |a, b| a >= b),
            _ => return orderings(zip(a, b, rows, |a, b| tag(a.cmp(&b)))),
        }
        .into(),
    ))
}

fn floats<T: Float>(op: Op, a: Lane<'_, T>, b: Lane<'_, T>, rows: usize) -> Result<Column> {
    Ok(Column::Bool(
        match op {
            Op::Eq => zip(a, b, rows, |a, b| a.same(b)),
            Op::Ne => zip(a, b, rows, |a, b| !a.same(b)),
            Op::Lt => zip(a, b, rows, |a, b| a.order(b).is_lt()),
            Op::Lte => zip(a, b, rows, |a, b| a.order(b).is_le()),
            Op::Gt => zip(a, b, rows, |a, b| a.order(b).is_gt()),
            Op::Gte => zip(a, b, rows, |a, b| a.order(b).is_ge()),
            _ => return orderings(zip(a, b, rows, |a, b| tag(a.order(b)))),
        }
        .into(),
    ))
}

fn by_order(op: Op, orders: impl Iterator<Item = Ordering>) -> Result<Column> {
    match op {
        Op::Eq => bools(orders.map(Ordering::is_eq)),
        Op::Ne => bools(orders.map(Ordering::is_ne)),
        Op::Lt => bools(orders.map(Ordering::is_lt)),
        Op::Lte => bools(orders.map(Ordering::is_le)),
        Op::Gt => bools(orders.map(Ordering::is_gt)),
        Op::Gte => bools(orders.map(Ordering::is_ge)),
        Op::Cmp => orderings(orders.map(tag).collect()),
        _ => Err(mismatch()),
    }
}

fn bools(values: impl Iterator<Item = bool>) -> Result<Column> {
    Ok(Column::Bool(values.collect()))
}

/// Values of `enum {less, equal, greater}`.
fn orderings(tags: Vec<u16>) -> Result<Column> {
    let units = Column::unit(tags.len());
    Column::variants(Buffer::from(tags), None, Vec::from([units.clone(), units.clone(), units]))
}

fn tag(order: Ordering) -> u16 {
    match order {
        Ordering::Less => 0,
        Ordering::Equal => 1,
        Ordering::Greater => 2,
    }
}
