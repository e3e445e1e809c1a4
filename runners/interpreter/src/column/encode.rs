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
        match self {
            Self::Empty => {}
            Self::Bool(buffer) => run!(buffer, bool),
            Self::I8(buffer) => run!(buffer, i8),
            Self::I16(buffer) => run!(buffer, i16),
            Self::I32(buffer) => run!(buffer, i32),
            Self::I64(buffer) => run!(buffer, i64),
            Self::U8(buffer) => run!(buffer, u8),
            Self::U16(buffer) => run!(buffer, u16),
            Self::U32(buffer) => run!(buffer, u32),
            Self::U64(buffer) => run!(buffer, u64),
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
