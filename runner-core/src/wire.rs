//! Values as bytes: the [postcard](https://docs.rs/postcard) format, driven by a type.
//!
//! [`Writer`] and [`Reader`] are the primitives: those who hold values in a form of their own (columns, rows of a
//! file) write and read with them and never build a [`Value`]. [`encode`] and [`decode`] do it for [`Value`].
//!
//! | type | bytes |
//! | --- | --- |
//! | `Bool` | one byte, 0 or 1 |
//! | `Int8`, `Uint8` | one byte |
//! | unsigned | LEB128: seven bits a byte, lowest first, the high bit says that more follow |
//! | signed | the same after zigzag: 0, -1, 1, -2 are 0, 1, 2, 3 |
//! | floats | 4 or 8 bytes, little endian |
//! | `Text` | length in bytes as `u64`, UTF-8 |
//! | tuple | its fields |
//! | array | number of items as `u64`, its items |
//! | enum | index of the variant as `u32`, its payload |
//! | framed | what it frames |

mod reader;
mod value;
mod writer;

pub use reader::Reader;
pub use value::{decode, encode};
pub use writer::Writer;
