//! Dates, times and zones.

use alloc::vec::Vec;

use runner_core::{Op, Result, value::civil_from_days};

use super::{Operand, arithmetic::zip, mismatch};
use crate::{
    column::{Column, Text},
    scalar::{Fault, Zone, date_sub, time_add, time_diff, time_sub, timestamp_sub},
};

pub(super) fn apply(op: Op, args: &[Operand], rows: usize) -> Result<Column> {
    let columns = args.iter().map(|arg| &arg.column).collect::<Vec<_>>();
    match (op, args, columns.as_slice()) {
        (Op::DateSub, [left, right], [Column::I32(a), Column::I32(b)]) => {
            all(zip(left.lane(a), right.lane(b), rows, date_sub))
        }
        (Op::TimestampSub, [left, right], [Column::I64(a), Column::I64(b)]) => {
            all(zip(left.lane(a), right.lane(b), rows, timestamp_sub))
        }
        (Op::TimeDiff, [left, right], [Column::U64(a), Column::U64(b)]) => {
            all(zip(left.lane(a), right.lane(b), rows, time_diff))
        }
        (Op::TimeAdd | Op::TimeSub, [left, right], [Column::U64(a), Column::I64(b)]) => {
            let (a, b) = (left.lane(a), right.lane(b));
            let function = if op == Op::TimeAdd { time_add } else { time_sub };
            Ok(Column::U64((0..rows).map(|row| function(a.get(row), b.get(row))).collect()))
        }
        (Op::DateToYearMonthDay, [_], [Column::I32(dates)]) => {
            let civil: Vec<_> = dates.iter().map(|date| civil_from_days(*date)).collect();
            let fields = Vec::from([
                Column::I32(civil.iter().map(|(year, _, _)| *year).collect()),
                Column::U8(civil.iter().map(|(_, month, _)| *month).collect()),
                Column::U8(civil.iter().map(|(_, _, day)| *day).collect()),
            ]);
            Ok(Column::tuple(dates.len(), fields))
        }
        (Op::DateToTimestamp, [date, zone], [Column::I32(dates), Column::Text(zones)]) => {
            let dates = date.lane(dates);
            let at = |row: usize, known: &Zone| Ok(known.midnight(dates.get(row))?);
            Ok(Column::I64(in_zones(zone, zones, rows, at)?.into()))
        }
        (Op::TimestampToDate, [timestamp, zone], [Column::I64(timestamps), Column::Text(zones)]) => {
            let timestamps = timestamp.lane(timestamps);
            let at = |row: usize, known: &Zone| Ok(known.date(timestamps.get(row)));
            Ok(Column::I32(in_zones(zone, zones, rows, at)?.into()))
        }
        (Op::TimezoneOffset, [zone, date], [Column::Text(zones), Column::I32(dates)]) => {
            let dates = date.lane(dates);
            let at = |row: usize, known: &Zone| Ok(known.offset(dates.get(row)));
            Ok(Column::I64(in_zones(zone, zones, rows, at)?.into()))
        }
        _ => Err(mismatch()),
    }
}

fn all(values: Vec<Result<i64, Fault>>) -> Result<Column> {
    Ok(Column::I64(values.into_iter().collect::<Result<Vec<_>, _>>()?.into()))
}

/// Row by row in its zone, which is looked up again only where it changes.
fn in_zones<T>(
    zone: &Operand,
    zones: &Text,
    rows: usize,
    mut at: impl FnMut(usize, &Zone) -> Result<T>,
) -> Result<Vec<T>> {
    let mut values = Vec::with_capacity(rows);
    let mut known: Option<(&str, Zone)> = None;
    for row in 0..rows {
        let name = zones.get(zone.row(row));
        if known.as_ref().is_none_or(|(last, _)| *last != name) {
            known = Some((name, Zone::find(name)?));
        }
        if let Some((_, zone)) = &known {
            values.push(at(row, zone)?);
        }
    }
    Ok(values)
}
