//! Dates and times as text. The calendar is the proleptic Gregorian one; the algorithms are Howard Hinnant's
//! ("chrono-compatible low-level date algorithms"), over eras of 400 years.

use alloc::{format, string::String};

const DAY_MICROS: i64 = 86_400_000_000;

/// Year, month and day of a day counted from 1970-01-01.
///
/// ```
/// use runner_core::value::{civil_from_days, days_from_civil};
///
/// assert_eq!(civil_from_days(-1), (1969, 12, 31));
/// assert_eq!(days_from_civil(2000, 2, 29), 11_016);
/// ```
#[must_use]
pub fn civil_from_days(days: i32) -> (i32, u8, u8) {
    let shifted = i64::from(days) + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i32, month as u8, day as u8)
}

/// Days from 1970-01-01 to this day, which must be of the calendar; the reverse of [`civil_from_days`].
#[must_use]
pub fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let (month, day) = (i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// `2025-11-14`; years beyond four digits have a sign: `+100000-11-14`, `-10000-11-14`.
#[must_use]
pub fn format_date(days: i32) -> String {
    let (year, month, day) = civil_from_days(days);
    match year {
        0..=9999 => format!("{year:04}-{month:02}-{day:02}"),
        10_000.. => format!("+{year}-{month:02}-{day:02}"),
        _ => format!("-{:04}-{month:02}-{day:02}", year.unsigned_abs()),
    }
}

/// `16:07:44.120000`, of microseconds since midnight.
#[must_use]
pub fn format_time(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    format!("{:02}:{:02}:{:02}.{:06}", seconds / 3600, seconds / 60 % 60, seconds % 60, micros % 1_000_000)
}

/// `213:06:00.000000`, `-00:30:00.000000`, of signed microseconds.
#[must_use]
pub fn format_duration(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    format!("{sign}{}", format_time(micros.unsigned_abs()))
}

/// `2025-12-29T16:07:44.120000`, of microseconds since 1970-01-01T00:00:00.
#[must_use]
pub fn format_timestamp(micros: i64) -> String {
    let days = micros.div_euclid(DAY_MICROS) as i32;
    let time = micros.rem_euclid(DAY_MICROS).unsigned_abs();
    format!("{}T{}", format_date(days), format_time(time))
}

/// Reads what [`format_date`] writes: an optional sign, any number of digits of a year, month, day.
///
/// ```
/// use runner_core::value::parse_date;
///
/// assert_eq!(parse_date("2024-02-29"), Some(19_782));
/// assert_eq!(parse_date("2023-02-29"), None);
/// ```
#[must_use]
pub fn parse_date(text: &str) -> Option<i32> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut parts = digits.split('-');
    let year = sign * i64::try_from(number(parts.next()?, 1, 7)?).ok()?;
    let month = u8::try_from(number(parts.next()?, 2, 2)?).ok()?;
    let day = u8::try_from(number(parts.next()?, 2, 2)?).ok()?;
    if parts.next().is_some() || !(1..=12).contains(&month) || day == 0 || day > month_days(year, month) {
        return None;
    }
    i32::try_from(days_from_civil(year, month, day)).ok()
}

/// Reads `[-]hours:minutes[:seconds[.fraction]]` with up to six digits of a fraction, as signed microseconds.
#[must_use]
pub fn parse_duration(text: &str) -> Option<i64> {
    match text.strip_prefix('-') {
        Some(digits) => 0i64.checked_sub_unsigned(parse_time(digits)?),
        None => i64::try_from(parse_time(text)?).ok(),
    }
}

/// Reads `hours:minutes[:seconds[.fraction]]` with any hours and up to six digits of a fraction, as microseconds.
///
/// ```
/// use runner_core::value::{parse_duration, parse_time};
///
/// assert_eq!(parse_time("00:00:01.5"), Some(1_500_000));
/// assert_eq!(parse_duration("-0:30:00"), Some(-1_800_000_000));
/// ```
#[must_use]
pub fn parse_time(text: &str) -> Option<u64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = clock.split(':');
    let hours = number(parts.next()?, 1, 10)?;
    let minutes = number(parts.next()?, 2, 2)?;
    let seconds = match parts.next() {
        Some(seconds) => number(seconds, 2, 2)?,
        None => 0,
    };
    if parts.next().is_some() || minutes > 59 || seconds > 59 {
        return None;
    }
    let scale = 10u64.checked_pow(6u32.checked_sub(u32::try_from(fraction.len()).ok()?)?)?;
    let micros = number(fraction, 1, 6)? * scale;
    ((hours * 60 + minutes) * 60 + seconds).checked_mul(1_000_000)?.checked_add(micros)
}

/// Reads a date, `T`, and a time of day, as microseconds since 1970-01-01T00:00:00.
#[must_use]
pub fn parse_timestamp(text: &str) -> Option<i64> {
    let (date, time) = text.split_once('T')?;
    let time = parse_duration(time).filter(|time| (0..DAY_MICROS).contains(time))?;
    let micros = i128::from(parse_date(date)?) * i128::from(DAY_MICROS) + i128::from(time);
    i64::try_from(micros).ok()
}

fn month_days(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// A number of `least` to `most` decimal digits and nothing else.
fn number(text: &str, least: usize, most: usize) -> Option<u64> {
    let fits = (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back() {
        for days in [i32::MIN, -4_000_000, -719_529, -1, 0, 11_016, 2_932_896, 2_932_897, i32::MAX] {
            assert_eq!(parse_date(&format_date(days)), Some(days), "{}", format_date(days));
        }
        for micros in [i64::MIN, -1, 0, 1, 1_800_000_000, i64::MAX] {
            assert_eq!(parse_duration(&format_duration(micros)), Some(micros));
            assert_eq!(
                parse_timestamp(&format_timestamp(micros)),
                Some(micros),
                "{}",
                format_timestamp(micros)
            );
        }
        assert_eq!(
            format_date(parse_date("@+100000-11-14".trim_start_matches('@')).unwrap()),
            "+100000-11-14"
        );
        assert_eq!(parse_duration("-0:30:00"), Some(-1_800_000_000));
    }

    #[test]
    fn what_is_no_date_or_time_is_refused() {
        for text in
            ["", "2025", "2025-13-01", "2025-00-01", "2025-01-32", "2025-1-1", "2025-01-01-", "x-01-01"]
        {
            assert_eq!(parse_date(text), None, "{text}");
        }
        for text in ["", "1", "1:60:00", "1:00:60", "1:00:00.1234567", "1:00:00.", "99999999999:00:00"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        assert_eq!(parse_timestamp("2025-01-01T24:00:00"), None);
    }
}
