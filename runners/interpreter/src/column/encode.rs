//! The bytes of the values of a column.

use alloc::vec::Vec;

use runner_core::wire::Writer;

use super::{Array, Column, Enum};

impl Column {
    /// The bytes of all rows, one behind the other.
    pub(crate) fn to_wire(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(self.len() * 2);
        self.write(0, self.len(), &mut writer);
        writer.into_bytes()
    }

    /// Writes rows `start..end`.
    pub(crate) fn write(&self, start: usize, end: usize, writer: &mut Writer) {
        macro_rules! run {
            ($buffer:expr, $write:ident) => {
                $buffer.get(start..end).unwrap_or_default().iter().for_each(|value| writer.$write(*value))
            };
        }
        macro_rules! integers {
            ($buffer:expr, $write:ident, $bits:ident) => {
                match $buffer.get(start..end).unwrap_or_default() {
                    [one] => writer.$write(*one),
                    many => varints(many, |value| $bits((*value).into()), writer),
                }
            };
        }
        match self {
            Self::Empty => {}
            Self::Bool(buffer) => run!(buffer, bool),
            Self::I8(buffer) => run!(buffer, i8),
            Self::I16(buffer) => integers!(buffer, i16, zigzag),
            Self::I32(buffer) => integers!(buffer, i32, zigzag),
            Self::I64(buffer) => integers!(buffer, i64, zigzag),
            Self::U8(buffer) => run!(buffer, u8),
            Self::U16(buffer) => integers!(buffer, u16, plain),
            Self::U32(buffer) => integers!(buffer, u32, plain),
            Self::U64(buffer) => integers!(buffer, u64, plain),
            Self::F32(buffer) => run!(buffer, f32),
            Self::F64(buffer) => run!(buffer, f64),
            Self::Text(text) => (start..end).for_each(|row| writer.text(text.get(row))),
            Self::Tuple(tuple) => match tuple.fields.as_ref() {
                [] => {}
                [one] => one.write(start, end, writer),
                fields => {
                    for row in start..end {
                        fields.iter().for_each(|field| field.write(row, row + 1, writer));
                    }
                }
            },
            Self::Array(array) => write_arrays(array, start, end, writer),
            Self::Enum(column) => write_enums(column, start, end, writer),
        }
    }
}

/// Integers that are put together before they are appended, and the most bytes that they take.
const RUN: usize = 256;
const RUN_BYTES: usize = RUN * 10;

/// Writes a run of integers in LEB128.
fn varints<T>(values: &[T], bits: impl Fn(&T) -> u64, writer: &mut Writer) {
    let mut bytes = [0u8; RUN_BYTES];
    for run in values.chunks(RUN) {
        let mut rest = bytes.iter_mut();
        for value in run {
            let mut bits = bits(value);
            // There are ten bytes for each: the slots never run out before the values do.
            for slot in rest.by_ref() {
                if bits < 0x80 {
                    *slot = bits as u8;
                    break;
                }
                *slot = bits as u8 | 0x80;
                bits >>= 7;
            }
        }
        let left = rest.len();
        writer.raw(bytes.get(..RUN_BYTES - left).unwrap_or_default());
    }
}

/// Signed integers as unsigned ones, small where they are near zero. Those of fewer bits give the same number.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn plain(value: u64) -> u64 {
    value
}

fn write_arrays(array: &Array, start: usize, end: usize, writer: &mut Writer) {
    for row in start..end {
        let (first, last) = array.range(row);
        writer.length(last - first);
        array.items.write(first, last, writer);
    }
}

fn write_enums(column: &Enum, start: usize, end: usize, writer: &mut Writer) {
    for row in start..end {
        let (tag, place) = column.at(row);
        writer.u32(tag as u32);
        if let Some(payload) = column.payloads.get(tag) {
            payload.write(place, place + 1, writer);
        }
    }
}
