//! Values as columns of tables hold them: in a database's own types of dates, times and decimals.
//!
//! A value is held as the number that a program sees, but a column is compared, grouped and sorted in its own type, so that
//! indexes and statistics serve, and converted where its value leaves the statement or is computed with.

use std::ops::RangeInclusive;

use runner_core::{
    Prim,
    value::{format_date, format_decimal, format_time, format_timestamp},
};

use crate::tree::{
    Expr, Type,
    expr::{self, binary, cast, number, template},
};

const DAY: i64 = 86_400_000_000;

/// Days of the years that have four digits.
const DAYS: RangeInclusive<i64> = -719_162..=2_932_896;

/// Hundredths beyond those that 18 digits hold.
const DECIMALS: i64 = 1_000_000_000_000_000_000;

/// A value in the type of a column: a literal, or a date that an expression gives. `None` where the database may have no
/// such value.
///
/// `dates` are the days from 1970-01-01 that the database has dates for. Others become infinities, which compare with its
/// dates as these days would.
pub(super) fn of(prim: Prim, ty: &'static str, value: &Expr, dates: RangeInclusive<i64>) -> Option<Expr> {
    if let Some(number) = value.as_number() {
        return Some(cast(&expr::text(&text(prim, number)?), ty));
    }
    if prim != Prim::Date {
        return None;
    }
    let literal = |text: &str| cast(&expr::text(text), Type::from(ty));
    let is_above = binary(">", value, &number(*dates.end()));
    let is_below = binary("<", value, &number(*dates.start()));
    let date = template("({} + {})", [&literal("1970-01-01"), value]);
    Some(expr::case([(is_above, literal("infinity")), (is_below, literal("-infinity"))], Some(date)))
}

/// The text of a literal.
fn text(prim: Prim, number: i128) -> Option<String> {
    let number = i64::try_from(number).ok()?;
    match prim {
        Prim::Date if DAYS.contains(&number) => Some(format_date(i32::try_from(number).ok()?)),
        Prim::Timestamp if DAYS.contains(&number.div_euclid(DAY)) => Some(format_timestamp(number)),
        Prim::Time => u64::try_from(number).ok().filter(|_| number < DAY).map(format_time),
        Prim::Decimal if number.unsigned_abs() < DECIMALS.unsigned_abs() => Some(format_decimal(number)),
        _ => None,
    }
}
