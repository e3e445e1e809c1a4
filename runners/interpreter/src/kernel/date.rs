//! Dates, times and zones.

use alloc::vec::Vec;

use runner_core::{Op, Result, value::civil_from_days};

use super::{Lane, Operand, mismatch};
use crate::{
    budget::Budget,
    column::{Buffer, Column, Text, Vector},
    scalar::{Fault, Zone, date_sub, time_add, time_diff, time_sub, timestamp_sub},
};

pub(super) fn apply(op: Op, args: &[Operand], rows: usize, budget: &Budget) -> Result<Column> {
    let columns = args.iter().map(|arg| &arg.column).collect::<Vec<_>>();
    match (op, args, columns.as_slice()) {
        (Op::DateSub, [left, right], [Column::I32(a), Column::I32(b)]) => {
            all(left.lane(a), right.lane(b), rows, date_sub, budget)
        }
        (Op::TimestampSub, [left, right], [Column::I64(a), Column::I64(b)]) => {
            all(left.lane(a), right.lane(b), rows, timestamp_sub, budget)
        }
        (Op::TimeDiff, [left, right], [Column::U64(a), Column::U64(b)]) => {
            all(left.lane(a), right.lane(b), rows, time_diff, budget)
        }
        (Op::TimeAdd | Op::TimeSub, [left, right], [Column::U64(a), Column::I64(b)]) => {
            let (a, b) = (left.lane(a), right.lane(b));
            let function = if op == Op::TimeAdd { time_add } else { time_sub };
            Ok(Column::U64(budget.rows(rows, |row| function(a.get(row), b.get(row)))?))
        }
        (Op::DateToYearMonthDay, [_], [Column::I32(dates)]) => {
            let civil = budget.map(dates, |date| civil_from_days(*date))?;
            let fields = Vec::from([
                Column::I32(budget.map(&civil, |(year, _, _)| *year)?),
                Column::U8(budget.map(&civil, |(_, month, _)| *month)?),
                Column::U8(budget.map(&civil, |(_, _, day)| *day)?),
            ]);
            Ok(Column::tuple(dates.len(), fields))
        }
        (Op::DateToTimestamp, [date, zone], [Column::I32(dates), Column::Text(zones)]) => {
            let dates = date.lane(dates);
            let at = |row: usize, known: &Zone| Ok(known.midnight(dates.get(row))?);
            Ok(Column::I64(in_zones(zone, zones, rows, at, budget)?))
        }
        (Op::TimestampToDate, [timestamp, zone], [Column::I64(timestamps), Column::Text(zones)]) => {
            let timestamps = timestamp.lane(timestamps);
            let at = |row: usize, known: &Zone| Ok(known.date(timestamps.get(row)));
            Ok(Column::I32(in_zones(zone, zones, rows, at, budget)?))
        }
        (Op::TimezoneOffset, [zone, date], [Column::Text(zones), Column::I32(dates)]) => {
            let dates = date.lane(dates);
            let at = |row: usize, known: &Zone| Ok(known.offset(dates.get(row)));
            Ok(Column::I64(in_zones(zone, zones, rows, at, budget)?))
        }
        _ => Err(mismatch()),
    }
}

fn all<T: Copy + Default>(
    a: Lane<'_, T>,
    b: Lane<'_, T>,
    rows: usize,
    f: impl Fn(T, T) -> Result<i64, Fault>,
    budget: &Budget,
) -> Result<Column> {
    Ok(Column::I64(budget.try_rows(rows, |row| Ok(f(a.get(row), b.get(row))?))?))
}

/// Row by row in its zone, which is looked up again only where it changes.
fn in_zones<T>(
    zone: &Operand,
    zones: &Text,
    rows: usize,
    mut at: impl FnMut(usize, &Zone) -> Result<T>,
    budget: &Budget,
) -> Result<Buffer<T>> {
    let mut values = Vector::with_capacity(rows, budget)?;
    let mut known: Option<(&str, Zone)> = None;
    for row in 0..rows {
        let name = zones.get(zone.row(row));
        if known.as_ref().is_none_or(|(last, _)| *last != name) {
            known = Some((name, Zone::find(name)?));
            budget.work(100)?;
        }
        if let Some((_, zone)) = &known {
            values.push(at(row, zone)?)?;
            budget.work(4)?;
        }
    }
    Ok(values.finish())
}
