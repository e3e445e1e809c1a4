//! IANA time zones. Rules come from the database that is compiled in (about 400 KB), never from the system, so every
//! machine and every runner gives the same answers.
//!
//! Where the clock skips midnight, midnight is read with the offset before the change, which gives the first moment of
//! that day; where midnight comes twice it is the first one. PostgreSQL takes the second, so SQL has to ask for the
//! lesser of two.

#![no_std]

extern crate alloc;

use alloc::boxed::Box;

use jiff::{
    Timestamp,
    tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase},
};
use once_cell::race::OnceBox;

/// Microseconds of a day.
pub const DAY_MICROS: i64 = 86_400_000_000;

/// Days after which the calendar repeats, weekdays included, and so do rules that hold for ever: 400 years.
const CYCLE_DAYS: i64 = 146_097;

/// Days within which zones change their rules, from 1800 to 2200, with room for the cycle.
const RULED_DAYS: core::ops::Range<i64> = -2 * CYCLE_DAYS..2 * CYCLE_DAYS;

/// A time zone. Look it up once, not for every row.
///
/// ```
/// use runner_zones::{DAY_MICROS, Zone};
///
/// let zone = Zone::find("America/Havana").unwrap();
/// // 2024-11-03, on which midnight came twice: four hours behind UTC it was the first one.
/// assert_eq!(zone.offset_at_midnight(20_030), -4 * DAY_MICROS / 24);
/// assert_eq!(zone.offset_at(20_031 * DAY_MICROS), -5 * DAY_MICROS / 24);
/// assert!(Zone::find("america/havana").is_none());
/// ```
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of this name, which must be written as in the database: `Europe/Ljubljana`, not `europe/ljubljana`.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        static DATABASE: OnceBox<TimeZoneDatabase> = OnceBox::new();
        if name == "UTC" {
            return Some(Self(TimeZone::UTC));
        }
        let zone = DATABASE.get_or_init(|| Box::new(TimeZoneDatabase::bundled())).get(name).ok()?;
        (zone.iana_name() == Some(name) && !zone.is_unknown()).then_some(Self(zone))
    }

    /// What local time is ahead of UTC at a moment, both in microseconds; the moment since 1970 in UTC.
    #[must_use]
    pub fn offset_at(&self, timestamp: i64) -> i64 {
        let days = timestamp.div_euclid(DAY_MICROS);
        let moment = timestamp - (days - repeated(days)) * DAY_MICROS;
        Timestamp::from_microsecond(moment).map_or(0, |moment| micros(self.0.to_offset(moment)))
    }

    /// What local time is ahead of UTC at midnight of a date, in microseconds; the date in days since 1970.
    #[must_use]
    pub fn offset_at_midnight(&self, date: i32) -> i64 {
        let midnight = repeated(i64::from(date)) * DAY_MICROS;
        let Ok(midnight) = Timestamp::from_microsecond(midnight) else { return 0 };
        match self.0.to_ambiguous_timestamp(Offset::UTC.to_datetime(midnight)).offset() {
            AmbiguousOffset::Unambiguous { offset } => micros(offset),
            AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => micros(before),
        }
    }
}

/// A day on which a zone is as it is on this one, within the range of the library (9999 years either way).
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
