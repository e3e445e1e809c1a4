//! Values of programs as JSON, driven by their types.
//!
//! [`read`] makes wire bytes (see [`runner_core::wire`]) of JSON, [`print()`] and [`Printer`] make JSON of wire bytes. None builds a
//! tree: values go from one form to the other as they are met.
//!
//! | Lutra | JSON |
//! | --- | --- |
//! | `Bool` | `true`, `false` |
//! | integers | a number with all its digits; `3.0` is read as 3 |
//! | `Float32`, `Float64` | a number, or `"NaN"`, `"inf"`, `"-inf"` |
//! | `Text` | text |
//! | `Date`, `Time`, `Duration`, `Timestamp` | text, as the literal without its `@`: `"2025-11-14"`, `"16:07:44.120000"` |
//! | `Decimal` | text, `"4.20"`; a number is read too, from its digits, so `0.10` is exact |
//! | tuple whose fields all have names of their own | an object; read in any order, absent options are `none`, unknown keys are refused |
//! | other tuple | an array of its fields |
//! | array | an array |
//! | `T?` | `null`, or the payload; a `T?` directly in another one is written as other enums are: `"none"`, `{"some": 1}` |
//! | other enum | `"variant"`, or `{"variant": payload}` |
//! | framed type | what it frames |
//!
//! What it is not: a general JSON library, or a way to describe types in JSON.
//!
//! ```
//! use runner_core::{Field, Prim, Type, TypeTable};
//! use runner_json::{Layout, print, read};
//!
//! let mut types = TypeTable::new();
//! let (text, int) = (types.prim(Prim::Text), types.prim(Prim::Int64));
//! let option = types.option(int);
//! let row = types.push(Type::Tuple(vec![
//!     Field { name: Some("name".into()), ty: text },
//!     Field { name: Some("age".into()), ty: option },
//! ]));
//!
//! let wire = read(&types, row, br#"{"age": 36, "name": "Ada"}"#)?;
//! assert_eq!(print(&types, row, &wire, Layout::Compact)?, br#"{"name":"Ada","age":36}"#);
//!
//! let error = read(&types, row, br#"{"name": "Ada", "age": "old"}"#).unwrap_err();
//! assert_eq!(error.message(), r#"line 1, column 28: at `$.age`: expected Int64, found the text "old""#);
//! # Ok::<(), runner_core::Error>(())
//! ```

mod path;
mod print;
mod read;
mod shape;

pub use print::{Layout, Printer, print};
pub use read::read;
