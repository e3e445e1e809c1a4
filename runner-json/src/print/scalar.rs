//! Primitives: what they take on the wire, and how they are written.

use std::io;

use runner_core::{
    Error, Prim, Repr, Result,
    value::{format_date, format_decimal, format_duration, format_time, format_timestamp},
    wire::Reader,
};

/// Bytes of the longest number.
const VARINT_BYTES: usize = 10;

/// Whether a primitive is there as a whole. What can't be one counts as there: the reader says what is wrong with it.
pub(super) fn is_whole(rest: &[u8], repr: Repr) -> bool {
    match repr {
        Repr::Bool | Repr::I8 | Repr::U8 => !rest.is_empty(),
        Repr::F32 => rest.len() >= 4,
        Repr::F64 => rest.len() >= 8,
        Repr::Text => {
            let mut reader = Reader::new(rest);
            is_number(rest) && reader.u64().map_or(true, |length| length <= reader.remaining() as u64)
        }
        _ => is_number(rest),
    }
}

/// Whether a length, an index or another number is there as a whole.
pub(super) fn is_number(rest: &[u8]) -> bool {
    rest.len() >= VARINT_BYTES || rest.iter().any(|byte| *byte < 0x80)
}

/// Writes the next value of the reader.
pub(super) fn write(prim: Prim, reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Result<()> {
    match prim {
        Prim::Date => return text(&format_date(reader.i32()?), out),
        Prim::Time => return text(&format_time(reader.u64()?), out),
        Prim::Duration => return text(&format_duration(reader.i64()?), out),
        Prim::Timestamp => return text(&format_timestamp(reader.i64()?), out),
        Prim::Decimal => return text(&format_decimal(reader.i64()?), out),
        _ => {}
    }
    let done = match prim.repr() {
        Repr::Bool => serde_json::to_writer(out, &reader.bool()?),
        Repr::I8 => serde_json::to_writer(out, &reader.i8()?),
        Repr::I16 => serde_json::to_writer(out, &reader.i16()?),
        Repr::I32 => serde_json::to_writer(out, &reader.i32()?),
        Repr::I64 => serde_json::to_writer(out, &reader.i64()?),
        Repr::U8 => serde_json::to_writer(out, &reader.u8()?),
        Repr::U16 => serde_json::to_writer(out, &reader.u16()?),
        Repr::U32 => serde_json::to_writer(out, &reader.u32()?),
        Repr::U64 => serde_json::to_writer(out, &reader.u64()?),
        Repr::F32 => match reader.f32()? {
            finite if finite.is_finite() => serde_json::to_writer(out, &finite),
            other => serde_json::to_writer(out, &format!("{other:?}")),
        },
        Repr::F64 => match reader.f64()? {
            finite if finite.is_finite() => serde_json::to_writer(out, &finite),
            other => serde_json::to_writer(out, &format!("{other:?}")),
        },
        Repr::Text => serde_json::to_writer(out, reader.text()?),
    };
    done.map_err(unwritable)
}

/// Writes a text in quotes.
pub(super) fn text(text: &str, out: &mut Vec<u8>) -> Result<()> {
    serde_json::to_writer(out, text).map_err(unwritable)
}

/// Writing to memory does not fail; this is what the compiler is told about it.
fn unwritable(error: serde_json::Error) -> Error {
    Error::new(runner_core::Code::Internal, format!("JSON can't be written: {}", io::Error::from(error)))
}
