//! Comparisons of every type.

use alloc::vec::Vec;
use core::cmp::Ordering;

use runner_core::{Op, Result};

use super::{
    Lane, Operand,
    arithmetic::zip,
    mismatch,
    order::{compare_rows, compare_texts, same_bytes},
};
use crate::{
    budget::Budget,
    column::{Buffer, Column},
    scalar::Float,
};

pub(super) fn compare(
    op: Op,
    left: &Operand,
    right: &Operand,
    rows: usize,
    budget: &Budget,
) -> Result<Column> {
    macro_rules! prims {
        ($($variant:ident),*) => {
            match (&left.column, &right.column) {
                $((Column::$variant(a), Column::$variant(b)) => plain(op, left.lane(a), right.lane(b), rows, budget),)*
                (Column::F32(a), Column::F32(b)) => floats(op, left.lane(a), right.lane(b), rows, budget),
                (Column::F64(a), Column::F64(b)) => floats(op, left.lane(a), right.lane(b), rows, budget),
                (Column::Text(a), Column::Text(b)) => {
                    let at = |row| (a.get(left.row(row)), b.get(right.row(row)));
                    let same = |row| {
                        let (a, b) = at(row);
                        same_bytes(a.as_bytes(), b.as_bytes(), budget)
                    };
                    let bools = |values| Ok(Column::Bool(values));
                    match op {
                        Op::Eq => bools(budget.try_rows(rows, same)?),
                        Op::Ne => bools(budget.try_rows(rows, |row| same(row).map(|same| !same))?),
                        _ => by_order(op, rows, budget, |row| {
                            let (a, b) = at(row);
                            Ok(compare_texts(a, b, budget))
                        }),
                    }
                }
                (a, b) => by_order(op, rows, budget, |row| {
                    Ok(compare_rows(a, left.row(row), b, right.row(row), budget))
                }),
            }
        };
    }
    prims!(Bool, I8, I16, I32, I64, U8, U16, U32, U64)
}

fn plain<T: Copy + Ord>(
    op: Op,
    a: Lane<'_, T>,
    b: Lane<'_, T>,
    rows: usize,
    budget: &Budget,
) -> Result<Column> {
    Ok(Column::Bool(match op {
        Op::Eq => zip(a, b, rows, |a, b| a == b, budget)?,
        Op::Ne => zip(a, b, rows, |a, b| a != b, budget)?,
        Op::Lt => zip(a, b, rows, |a, b| a < b, budget)?,
        Op::Lte => zip(a, b, rows, |a, b| a <= b, budget)?,
        Op::Gt => zip(a, b, rows, |a, b| a > b, budget)?,
        Op::Gte => zip(a, b, rows, |a, b| a >= b, budget)?,
        _ => return orderings(zip(a, b, rows, |a, b| tag(a.cmp(&b)), budget)?),
    }))
}

fn floats<T: Float>(op: Op, a: Lane<'_, T>, b: Lane<'_, T>, rows: usize, budget: &Budget) -> Result<Column> {
    Ok(Column::Bool(match op {
        Op::Eq => zip(a, b, rows, |a, b| a.same(b), budget)?,
        Op::Ne => zip(a, b, rows, |a, b| !a.same(b), budget)?,
        Op::Lt => zip(a, b, rows, |a, b| a.order(b).is_lt(), budget)?,
        Op::Lte => zip(a, b, rows, |a, b| a.order(b).is_le(), budget)?,
        Op::Gt => zip(a, b, rows, |a, b| a.order(b).is_gt(), budget)?,
        Op::Gte => zip(a, b, rows, |a, b| a.order(b).is_ge(), budget)?,
        _ => return orderings(zip(a, b, rows, |a, b| tag(a.order(b)), budget)?),
    }))
}

fn by_order(
    op: Op,
    rows: usize,
    budget: &Budget,
    order: impl Fn(usize) -> Result<Ordering>,
) -> Result<Column> {
    let holds: fn(Ordering) -> bool = match op {
        Op::Eq => Ordering::is_eq,
        Op::Ne => Ordering::is_ne,
        Op::Lt => Ordering::is_lt,
        Op::Lte => Ordering::is_le,
        Op::Gt => Ordering::is_gt,
        Op::Gte => Ordering::is_ge,
        Op::Cmp => return orderings(budget.try_rows(rows, |row| order(row).map(tag))?),
        _ => return Err(mismatch()),
    };
    Ok(Column::Bool(budget.try_rows(rows, |row| order(row).map(holds))?))
}

/// Values of `enum {less, equal, greater}`.
fn orderings(tags: Buffer<u16>) -> Result<Column> {
    let units = Column::unit(tags.len());
    Column::variants(tags, None, Vec::from([units.clone(), units.clone(), units]))
}

fn tag(order: Ordering) -> u16 {
    match order {
        Ordering::Less => 0,
        Ordering::Equal => 1,
        Ordering::Greater => 2,
    }
}
