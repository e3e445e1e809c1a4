//! Time zones: UTC, and with feature `zones` all others of `runner-zones`.

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
    Iana(runner_zones::Zone),
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
        match runner_zones::Zone::find(name) {
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
            Kind::Iana(zone) => zone.offset_at_midnight(date),
        }
    }

    #[cfg_attr(not(feature = "zones"), allow(unused_variables, reason = "UTC is the same at all times"))]
    fn offset_at(&self, timestamp: i64) -> i64 {
        match &self.0 {
            Kind::Utc => 0,
            #[cfg(feature = "zones")]
            Kind::Iana(zone) => zone.offset_at(timestamp),
        }
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
