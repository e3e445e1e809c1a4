//! Sizes and times, as flags and in files.

use std::{str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, de};

use crate::args::{parse_size, parse_time};

/// Bytes: `64MiB`, `2GB`, or a number alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// A time: `500ms`, `30s`, `5m`, `1h`; a number alone is seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Duration);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_size(text).map(Self)
    }
}

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_time(text).map(Self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Quantity::deserialize(deserializer)? {
            Quantity::Number(number) => Ok(Self(number)),
            Quantity::Text(text) => text.parse().map_err(de::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Quantity::deserialize(deserializer)? {
            Quantity::Number(seconds) => Ok(Self(Duration::from_secs(seconds))),
            Quantity::Text(text) => text.parse().map_err(de::Error::custom),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number, or text such as \"30s\" or \"64MiB\"")]
enum Quantity {
    Number(u64),
    Text(String),
}
