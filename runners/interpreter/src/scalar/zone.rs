//! IANA time zones. Rules come from the database that is compiled in, never from the system, so every machine gives the
//! same answers.
//!
//! Where the clock skips midnight, midnight is read with the offset before the change, which gives the first moment of
//! that day; where midnight comes twice it is the first one. PostgreSQL takes the second, so SQL has to ask for the
//! lesser of two.

use alloc::format;

use runner_core::{Error, Result};

use super::{Fault, time::DAY_MICROS};

/// A time zone. Look it up once, not for every row.
#[derive(Debug, Clone)]
pub(crate) struct Zone(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Utc,
    #[cfg(feature = "zones")]
    Iana(jiff::tz::TimeZone),
}

impl Zone {
    /// The zone of this name, which must be written as in the database: `Europe/Ljubljana`, not `europe/ljubljana`.
    ///
    /// # Errors
    /// `EXECUTION_ERROR` if there is none. Without feature `zones` there is `UTC` alone, and any other is `UNSUPPORTED`.
    pub(crate) fn find(name: &str) -> Result<Self> {
        if name == "UTC" {
            return Ok(Self(Kind::Utc));
        }
        #[cfg(feature = "zones")]
        match iana::find(name) {
            Some(zone) => Ok(Self(Kind::Iana(zone))),
            None => Err(Error::execution(format!("there is no time zone {name:?}"))),
        }
        #[cfg(not(feature = "zones"))]
        Err(Error::new(
            runner_core::Code::Unsupported,
            format!("time zone {name:?}: this runner was built with UTC alone (feature `zones`)"),
        ))
    }

    /// `date::to_timestamp`: UTC of local midnight.
    pub(crate) fn midnight(&self, date: i32) -> Result<i64, Fault> {
        let midnight =
            i64::from(date).checked_mul(DAY_MICROS).ok_or(Fault::Overflow("date::to_timestamp"))?;
        midnight.checked_sub(self.offset(date)).ok_or(Fault::Overflow("date::to_timestamp"))
    }

    /// `timestamp::to_date`: the local date at this moment.
    pub(crate) fn date(&self, timestamp: i64) -> i32 {
        let local = i128::from(timestamp) + i128::from(self.offset_at(timestamp));
        local.div_euclid(i128::from(DAY_MICROS)) as i32
    }

    /// `timezone_offset`: what UTC lacks to local midnight of this date, in microseconds.
    #[cfg_attr(not(feature = "zones"), allow(unused_variables, reason = "UTC is the same at all times"))]
    pub(crate) fn offset(&self, date: i32) -> i64 {
        match &self.0 {
            Kind::Utc => 0,
            #[cfg(feature = "zones")]
            Kind::Iana(zone) => iana::offset_at_midnight(zone, date),
        }
    }

    #[cfg_attr(not(feature = "zones"), allow(unused_variables, reason = "UTC is the same at all times"))]
    fn offset_at(&self, timestamp: i64) -> i64 {
        match &self.0 {
            Kind::Utc => 0,
            #[cfg(feature = "zones")]
            Kind::Iana(zone) => iana::offset_at(zone, timestamp),
        }
    }
}

#[cfg(feature = "zones")]
mod iana {
    use alloc::boxed::Box;

    use jiff::{
        Timestamp,
        tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase},
    };
    use once_cell::race::OnceBox;

    use super::DAY_MICROS;

    /// After 400 years the calendar repeats, weekdays included, and so do rules that hold for ever.
    const CYCLE_DAYS: i64 = 146_097;

    /// Years within which zones change their rules: from 1800 to 2200, in days, with room for the cycle.
    const RULED_DAYS: core::ops::Range<i64> = -2 * CYCLE_DAYS..2 * CYCLE_DAYS;

    pub(super) fn find(name: &str) -> Option<TimeZone> {
        static DATABASE: OnceBox<TimeZoneDatabase> = OnceBox::new();
        let zone = DATABASE.get_or_init(|| Box::new(TimeZoneDatabase::bundled())).get(name).ok()?;
        (zone.iana_name() == Some(name) && !zone.is_unknown()).then_some(zone)
    }

    pub(super) fn offset_at(zone: &TimeZone, timestamp: i64) -> i64 {
        let days = timestamp.div_euclid(DAY_MICROS);
        let moment = timestamp - (days - repeated(days)) * DAY_MICROS;
        match Timestamp::from_microsecond(moment) {
            Ok(moment) => micros(zone.to_offset(moment)),
            Err(_) => 0,
        }
    }

    pub(super) fn offset_at_midnight(zone: &TimeZone, date: i32) -> i64 {
        let midnight = repeated(i64::from(date)) * DAY_MICROS;
        let Ok(midnight) = Timestamp::from_microsecond(midnight) else { return 0 };
        match zone.to_ambiguous_timestamp(Offset::UTC.to_datetime(midnight)).offset() {
            AmbiguousOffset::Unambiguous { offset } => micros(offset),
            AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => micros(before),
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use runner_core::{
        Code,
        value::{parse_date, parse_timestamp},
    };

    #[test]
    fn utc_needs_no_database() {
        let utc = Zone::find("UTC").unwrap();
        assert_eq!(utc.midnight(1), Ok(DAY_MICROS));
        assert_eq!((utc.date(-1), utc.date(i64::MAX), utc.offset(i32::MIN)), (-1, 106_751_991, 0));
        assert_eq!(utc.midnight(i32::MAX), Err(Fault::Overflow("date::to_timestamp")));
    }

    #[cfg(feature = "zones")]
    #[test]
    fn midnights() {
        for (zone, date, midnight) in [
            ("Europe/Ljubljana", "2025-03-30", "2025-03-29T23:00:00"),
            ("Europe/Ljubljana", "2025-03-31", "2025-03-30T22:00:00"),
            ("America/New_York", "1943-06-15", "1943-06-15T04:00:00"),
            ("Australia/Lord_Howe", "2025-07-15", "2025-07-14T13:30:00"),
            // The clock skipped midnight: the day began at 01:00.
            ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00"),
            // Midnight came twice: the first one, in summer time.
            ("America/Havana", "2024-11-03", "2024-11-03T04:00:00"),
            // Local mean time, and rules that go on for ever.
            ("Europe/Ljubljana", "-5000-06-01", "-5000-05-31T22:38:00"),
            ("America/New_York", "+200000-07-01", "+200000-07-01T04:00:00"),
            ("America/New_York", "+200000-01-01", "+200000-01-01T05:00:00"),
        ] {
            let found = Zone::find(zone).unwrap();
            let (date, midnight) = (parse_date(date).unwrap(), parse_timestamp(midnight).unwrap());
            assert_eq!(found.midnight(date), Ok(midnight), "{zone} {date}");
            assert_eq!((found.date(midnight), found.date(midnight - 1)), (date, date - 1), "{zone}");
            assert_eq!(i64::from(date) * DAY_MICROS - found.offset(date), midnight);
        }
    }

    #[cfg(feature = "zones")]
    #[test]
    fn names_are_exact() {
        for name in [
            "",
            "Europe/Atlantis",
            "europe/ljubljana",
            "utc",
            "Etc/Unknown",
            "+01:00",
            "EST5EDT,M3.2.0,M11.1.0",
        ] {
            assert_eq!(Zone::find(name).unwrap_err().code(), Code::ExecutionError, "{name}");
        }
        for name in ["Etc/UTC", "GMT", "US/Eastern", "America/Argentina/Buenos_Aires"] {
            Zone::find(name).unwrap();
        }
    }

    #[cfg(feature = "zones")]
    #[test]
    fn every_date_and_timestamp_has_an_answer() {
        let zone = Zone::find("Asia/Kathmandu").unwrap();
        for date in [i32::MIN, -3_000_000, -1_000_000, 1_000_000, 3_000_000, i32::MAX] {
            assert!(zone.offset(date) > 0);
        }
        assert_eq!((zone.date(i64::MIN), zone.date(i64::MAX)), (-106_751_991, 106_751_991));
    }
}
