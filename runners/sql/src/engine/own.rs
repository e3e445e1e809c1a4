//! Values as columns of tables hold them: in a database's own types of dates, times and decimals.
//!
//! A value is held as the number that a program sees, but a column is compared, grouped and sorted in its own type, so that
//! indexes and statistics serve, and converted where its value leaves the statement or is computed with.

use runner_core::{
    Prim,
    value::{format_date, format_decimal, format_time, format_timestamp},
};

const DAY: i64 = 86_400_000_000;

/// Days of the years that have four digits.
const DAYS: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;

/// A number as the literal of an own type says it; `None` where databases may have no such value.
pub(super) fn text(prim: Prim, number: i128) -> Option<String> {
    let number = i64::try_from(number).ok()?;
    match prim {
        Prim::Date if DAYS.contains(&number) => Some(format_date(i32::try_from(number).ok()?)),
        Prim::Timestamp if DAYS.contains(&number.div_euclid(DAY)) => Some(format_timestamp(number)),
        Prim::Time => u64::try_from(number).ok().filter(|_| number < DAY).map(format_time),
        Prim::Decimal => Some(format_decimal(number)),
        _ => None,
    }
}
