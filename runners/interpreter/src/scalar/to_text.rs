use alloc::string::String;
use core::fmt::{self, Write};

use runner_core::value::{format_date, format_decimal, format_duration, format_time, format_timestamp};

/// `to_text`, appended to a buffer.
///
/// Floats are the shortest text that reads back the same, as Rust's `{:?}` but for a trailing `.0`: `5`, `0.1`, `1e300`.
/// What is held as an integer and means more (dates, `Decimal`) has functions of its own.
pub(crate) trait ToText {
    fn to_text(self, out: &mut String);
}

macro_rules! plain {
    ($($ty:ty)*) => {
        $(impl ToText for $ty {
            #[inline]
            fn to_text(self, out: &mut String) {
                // Writing to a String can't fail.
                let _ = write!(out, "{self}");
            }
        })*
    };
}

plain!(bool i8 i16 i32 i64 u8 u16 u32 u64 &str);

macro_rules! floats {
    ($($ty:ty)*) => {
        $(impl ToText for $ty {
            #[inline]
            fn to_text(self, out: &mut String) {
                float(out, format_args!("{self:?}"));
            }
        })*
    };
}

floats!(f32 f64);

/// A primitive with a meaning of its own, over the integer that holds it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meaning {
    Date(i32),
    Time(u64),
    Duration(i64),
    Timestamp(i64),
    Decimal(i64),
}

impl ToText for Meaning {
    fn to_text(self, out: &mut String) {
        out.push_str(&match self {
            Self::Date(days) => format_date(days),
            Self::Time(micros) => format_time(micros),
            Self::Duration(micros) => format_duration(micros),
            Self::Timestamp(micros) => format_timestamp(micros),
            Self::Decimal(hundredths) => format_decimal(hundredths),
        });
    }
}

fn float(out: &mut String, value: fmt::Arguments<'_>) {
    let start = out.len();
    let _ = out.write_fmt(value);
    if out.get(start..).is_some_and(|text| text.ends_with(".0")) {
        out.truncate(out.len() - 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: impl ToText) -> String {
        let mut out = String::from("0.0");
        value.to_text(&mut out);
        out.split_off(3)
    }

    #[test]
    fn numbers_as_text() {
        let floats =
            [5.0, 0.1, -1121121221.0, 1e300, 1e16, 1e-7, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let texts = ["5", "0.1", "-1121121221", "1e300", "1e16", "1e-7", "-0", "NaN", "inf", "-inf"];
        for (float, expected) in floats.into_iter().zip(texts) {
            assert_eq!(text(float), expected);
        }
        assert_eq!(text(0.1f32), "0.1");
        assert_eq!(text(i64::MIN), "-9223372036854775808");
        assert_eq!(text(true), "true");
        assert_eq!(text("a\n"), "a\n");
    }

    #[test]
    fn dates_and_times_as_text() {
        for (value, expected) in [
            (Meaning::Date(20_406), "2025-11-14"),
            (Meaning::Time(3_600_000_001), "01:00:00.000001"),
            (Meaning::Duration(-1_800_000_000), "-00:30:00.000000"),
            (Meaning::Timestamp(0), "1970-01-01T00:00:00.000000"),
            (Meaning::Decimal(-5), "-0.05"),
        ] {
            assert_eq!(text(value), expected);
        }
    }
}
