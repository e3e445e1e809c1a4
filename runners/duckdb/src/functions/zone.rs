//! IANA time zones, by the rules that are compiled in.
//!
//! Where the clock skips midnight, midnight is read with the offset before the change; where it comes twice it is the
//! first one.

use std::sync::{Arc, OnceLock};

use duckdb::arrow::{
    array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray, StringArray},
    datatypes::{DataType, Int32Type, Int64Type},
};
use jiff::{
    Timestamp,
    tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase},
};

use super::{Named, primitives, texts};
use crate::function::Overload;

const DAY_MICROS: i64 = 86_400_000_000;

/// After 400 years the calendar repeats, weekdays included, and so do rules that hold for ever.
const CYCLE_DAYS: i64 = 146_097;

/// Days within which zones change their rules, with room for the cycle.
const RULED_DAYS: core::ops::Range<i64> = -2 * CYCLE_DAYS..2 * CYCLE_DAYS;

pub(super) fn all() -> Vec<Named> {
    vec![
        (
            "lt_midnight",
            vec![in_zone::<Int32Type, Int64Type>(|zone, date| {
                i64::from(date).checked_mul(DAY_MICROS)?.checked_sub(offset_at_midnight(zone, date))
            })],
        ),
        (
            "lt_zone_offset",
            vec![in_zone::<Int32Type, Int64Type>(|zone, date| Some(offset_at_midnight(zone, date)))],
        ),
        (
            "lt_local_date",
            vec![in_zone::<Int64Type, Int32Type>(|zone, timestamp| {
                let local = i128::from(timestamp) + i128::from(offset_at(zone, timestamp));
                i32::try_from(local.div_euclid(i128::from(DAY_MICROS))).ok()
            })],
        ),
    ]
}

/// A function of a number and a zone; NULL if there is no such zone.
fn in_zone<A: ArrowPrimitiveType, B: ArrowPrimitiveType>(
    f: impl Fn(&TimeZone, A::Native) -> Option<B::Native> + Send + Sync + 'static,
) -> Overload {
    Overload::new([A::DATA_TYPE, DataType::Utf8], B::DATA_TYPE, move |args| {
        let (numbers, names) = (primitives::<A>(args, 0)?, texts(args, 1)?);
        let mut zone: Option<(&str, Option<TimeZone>)> = None;
        let result: PrimitiveArray<B> = numbers
            .iter()
            .enumerate()
            .map(|(row, number)| {
                let name = name_at(names, row)?;
                // Mostly it is the same one for all rows.
                if zone.as_ref().is_none_or(|(known, _)| *known != name) {
                    zone = Some((name, find(name)));
                }
                f(zone.as_ref()?.1.as_ref()?, number?)
            })
            .collect();
        Ok(Arc::new(result) as ArrayRef)
    })
}

fn name_at(names: &StringArray, row: usize) -> Option<&str> {
    names.is_valid(row).then(|| names.value(row))
}

/// The zone of this name, which must be written as in the database.
fn find(name: &str) -> Option<TimeZone> {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    let zone = DATABASE.get_or_init(TimeZoneDatabase::bundled).get(name).ok()?;
    (zone.iana_name() == Some(name) && !zone.is_unknown()).then_some(zone)
}

fn offset_at(zone: &TimeZone, timestamp: i64) -> i64 {
    let days = timestamp.div_euclid(DAY_MICROS);
    let moment = timestamp - (days - repeated(days)) * DAY_MICROS;
    Timestamp::from_microsecond(moment).map_or(0, |moment| micros(zone.to_offset(moment)))
}

fn offset_at_midnight(zone: &TimeZone, date: i32) -> i64 {
    let midnight = repeated(i64::from(date)) * DAY_MICROS;
    let Ok(midnight) = Timestamp::from_microsecond(midnight) else { return 0 };
    match zone.to_ambiguous_timestamp(Offset::UTC.to_datetime(midnight)).offset() {
        AmbiguousOffset::Unambiguous { offset } => micros(offset),
        AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => micros(before),
    }
}

/// A day on which a zone is as it is on this one, within the range of the library.
fn repeated(days: i64) -> i64 {
    if RULED_DAYS.contains(&days) {
        return days;
    }
    let base = if days < 0 { RULED_DAYS.start } else { RULED_DAYS.end - CYCLE_DAYS };
    base + (days - base).rem_euclid(CYCLE_DAYS)
}

fn micros(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1_000_000
}
