//! Values as a tree, for those who don't know their type when they are compiled: command lines, tests, conversions.

mod calendar;
mod print;
mod read;
mod words;

use alloc::{boxed::Box, string::String, vec::Vec};

pub use calendar::{
    civil_from_days, days_from_civil, format_date, format_duration, format_time, format_timestamp,
};
pub use calendar::{parse_date, parse_duration, parse_time, parse_timestamp};
pub use print::{format_decimal, format_f32, format_f64, print};
pub use read::{parse_decimal, read};
pub use words::{is_keyword, to_lower, to_upper};

/// A value of some type. It says less than the type does: what holds `Int` may be an `Int8` or a `Date`.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `Bool`
    Bool(bool),
    /// `Int8..64`, `Date`, `Duration`, `Timestamp`, `Decimal`
    Int(i64),
    /// `Uint8..64`, `Time`, raw bits
    Uint(u64),
    /// `Float32`
    Float32(f32),
    /// `Float64`
    Float64(f64),
    /// `Text`
    Text(String),
    /// Fields of a tuple.
    Tuple(Vec<Value>),
    /// Items of an array.
    Array(Vec<Value>),
    /// A variant of an enum by its index, and its payload (an empty tuple where it has none).
    Variant(u32, Box<Value>),
}

impl Value {
    /// The value of `{}`.
    #[must_use]
    pub fn unit() -> Self {
        Self::Tuple(Vec::new())
    }

    /// `.none` of an option.
    #[must_use]
    pub fn none() -> Self {
        Self::Variant(0, Box::new(Self::unit()))
    }

    /// `.some(value)` of an option.
    #[must_use]
    pub fn some(value: Self) -> Self {
        Self::Variant(1, Box::new(value))
    }
}
