//! Files: Parquet and CSV as wire bytes and back, and the directory that programs are confined to.
//!
//! The conversions go by the columns of `[R]`, where `R` is a tuple type: a column is matched by the field's name (its
//! position, where it has none), its type is checked, and only the columns of `R` are read.
//!
//! | Lutra | Parquet | CSV cell |
//! | --- | --- | --- |
//! | `Bool`, `Int8..64`, `Uint8..64`, `Float32/64`, `Text` | the same, integers by their annotated width | as `to_text` writes them |
//! | `Date`, `Time`, `Timestamp` | date, time, timestamp in any unit, nanoseconds are cut | `2025-11-14`, `16:07:44.12`, `2025-11-14T16:07:44Z` |
//! | `Duration` | 64-bit integer of microseconds | `-0:30:00` |
//! | `Decimal` | decimal(18, 2), or of fewer digits | `4.20` |
//! | `T?` | an optional column | empty or `NA` is `none` |
//! | tuple, array | group, list | not possible |
//! | other enums | not possible | not possible |
//!
//! A value that is missing where the type is no option is an error that names the column and the row.
//!
//! A program that reads a Parquet file with `std::fs::read_parquet` decodes the columns whose values its output depends
//! on. The others have to be there with their type, but a value that is missing in them goes unnoticed.

mod from_arrow;
mod native;
mod root;
mod shape;
mod to_arrow;

pub mod csv;
pub mod parquet;

pub use root::{Pending, Root};
