use duckdb::arrow::datatypes::{Int32Type, Int64Type, UInt8Type, UInt64Type};
use runner_core::value::{
    civil_from_days, format_date, format_decimal, format_duration, format_time, format_timestamp,
};

use super::{Named, to_text, unary};

pub(super) fn all() -> Vec<Named> {
    vec![
        ("lt_year", vec![unary::<Int32Type, Int32Type>(|days| civil_from_days(days).0)]),
        ("lt_month", vec![unary::<Int32Type, UInt8Type>(|days| civil_from_days(days).1)]),
        ("lt_day", vec![unary::<Int32Type, UInt8Type>(|days| civil_from_days(days).2)]),
        ("lt_date_text", vec![to_text::<Int32Type>(format_date)]),
        ("lt_time_text", vec![to_text::<UInt64Type>(format_time)]),
        ("lt_duration_text", vec![to_text::<Int64Type>(format_duration)]),
        ("lt_timestamp_text", vec![to_text::<Int64Type>(format_timestamp)]),
        ("lt_decimal_text", vec![to_text::<Int64Type>(format_decimal)]),
    ]
}
