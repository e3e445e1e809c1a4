use super::Fault;

/// Microseconds of a day, which has no leap second and no change of the clock.
pub(crate) const DAY_MICROS: i64 = 86_400_000_000;

/// `date::sub`: from `b` to `a`.
#[inline]
pub(crate) fn date_sub(a: i32, b: i32) -> Result<i64, Fault> {
    (i64::from(a) - i64::from(b)).checked_mul(DAY_MICROS).ok_or(Fault::Overflow("date::sub"))
}

/// `timestamp::sub`: from `b` to `a`.
#[inline]
pub(crate) fn timestamp_sub(a: i64, b: i64) -> Result<i64, Fault> {
    a.checked_sub(b).ok_or(Fault::Overflow("timestamp::sub"))
}

/// `time::diff`: from `b` to `a`. A `Time` may be made of any number, so this can overflow.
#[inline]
pub(crate) fn time_diff(a: u64, b: u64) -> Result<i64, Fault> {
    i64::try_from(i128::from(a) - i128::from(b)).map_err(|_| Fault::Overflow("time::diff"))
}

/// `time::add`, wrapping within the day.
#[inline]
pub(crate) fn time_add(time: u64, duration: i64) -> u64 {
    wrap(i128::from(time) + i128::from(duration))
}

/// `time::sub`, wrapping within the day.
#[inline]
pub(crate) fn time_sub(time: u64, duration: i64) -> u64 {
    wrap(i128::from(time) - i128::from(duration))
}

fn wrap(micros: i128) -> u64 {
    micros.rem_euclid(i128::from(DAY_MICROS)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences() {
        assert_eq!(date_sub(1, 0), Ok(DAY_MICROS));
        assert_eq!(date_sub(i32::MIN, i32::MAX), Err(Fault::Overflow("date::sub")));
        assert_eq!(timestamp_sub(0, i64::MIN), Err(Fault::Overflow("timestamp::sub")));
        assert_eq!(time_diff(1, 5), Ok(-4));
        assert_eq!(time_diff(u64::MAX, 0), Err(Fault::Overflow("time::diff")));
    }

    #[test]
    fn times_wrap_within_the_day() {
        let day = DAY_MICROS.unsigned_abs();
        assert_eq!(time_add(day - 1, 1), 0);
        assert_eq!(time_sub(0, 1), day - 1);
        assert_eq!(time_add(0, -DAY_MICROS), 0);
        assert!(time_add(u64::MAX, i64::MAX) < day && time_sub(0, i64::MIN) < day);
    }
}
