//! The bytes of the values of a column.

use alloc::vec::Vec;

use runner_core::{Result, wire::Writer};

use super::{Array, Column, Enum};
use crate::{
    budget::{Budget, Charge},
    limits::{BUFFER_BYTES, CHECKED_BYTES},
};

/// Bytes that are written, whose room is charged to a budget before it is allocated.
pub(crate) struct Output {
    writer: Writer,
    room: usize,
    charge: Charge,
}

impl Output {
    /// With room for as many bytes.
    pub(crate) fn with_capacity(bytes: usize, budget: &Budget) -> Result<Self> {
        let charge = budget.charge(bytes.saturating_add(BUFFER_BYTES))?;
        Ok(Self { writer: Writer::with_capacity(bytes), room: bytes, charge })
    }

    /// Number of bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.writer.len()
    }

    #[cfg(feature = "host")]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.writer.as_bytes()
    }

    /// What was written, which belongs to the caller from now on.
    ///
    /// # Errors
    /// If the execution had to stop before: what was written may then be anything.
    pub(crate) fn into_bytes(self) -> Result<Vec<u8>> {
        self.charge.budget().finish()?;
        Ok(self.writer.into_bytes())
    }

    /// The length of an array.
    pub(crate) fn length(&mut self, items: usize) -> Result<()> {
        self.room(10)?.length(items);
        Ok(())
    }

    /// The writer, with room for as many bytes more.
    #[inline]
    fn room(&mut self, bytes: usize) -> Result<&mut Writer> {
        if self.room - self.writer.len() < bytes {
            self.grow(bytes)?;
        }
        Ok(&mut self.writer)
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, bytes: usize) -> Result<()> {
        let held = self.room;
        let wanted = self.writer.len().saturating_add(bytes).max(held.saturating_mul(2)).max(64);
        // While the bytes move, both are there.
        self.charge.add(wanted)?;
        self.writer.reserve(wanted - self.writer.len());
        self.charge.release(held);
        self.room = wanted;
        Ok(())
    }

    #[inline]
    fn work(&self, rows: usize) -> Result<()> {
        self.charge.budget().work(rows)
    }

    fn text(&mut self, text: &str) -> Result<()> {
        self.room(text.len() + 10)?;
        if text.len() < CHECKED_BYTES {
            self.writer.text(text);
            return self.work(1 + text.len() / 8);
        }
        self.writer.length(text.len());
        for part in text.as_bytes().chunks(CHECKED_BYTES) {
            self.writer.raw(part);
            self.charge.budget().check()?;
        }
        Ok(())
    }
}

impl Column {
    /// The bytes of all rows, one behind the other.
    pub(crate) fn to_wire(&self, budget: &Budget) -> Result<Vec<u8>> {
        let mut output = Output::with_capacity(self.len() * 2, budget)?;
        self.write(0, self.len(), &mut output)?;
        output.into_bytes()
    }

    /// Writes rows `start..end`.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if there is no memory left.
    pub(crate) fn write(&self, start: usize, end: usize, output: &mut Output) -> Result<()> {
        macro_rules! run {
            ($buffer:expr, $write:ident) => {
                for values in $buffer.get(start..end).unwrap_or_default().chunks(RUN) {
                    let writer = output.room(RUN_BYTES.min(values.len() * 10))?;
                    values.iter().for_each(|value| writer.$write(*value));
                    output.work(values.len())?;
                }
            };
        }
        macro_rules! integers {
            ($buffer:expr, $write:ident, $bits:ident) => {
                match $buffer.get(start..end).unwrap_or_default() {
                    [one] => output.room(10)?.$write(*one),
                    many => varints(many, |value| $bits((*value).into()), output)?,
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
            Self::Text(text) => {
                for row in start..end {
                    output.text(text.get(row))?;
                }
            }
            Self::Tuple(tuple) => match tuple.fields.as_ref() {
                [] => {}
                [one] => return one.write(start, end, output),
                fields => {
                    for row in start..end {
                        for field in fields {
                            field.write(row, row + 1, output)?;
                        }
                        output.work(1)?;
                    }
                }
            },
            Self::Array(array) => return write_arrays(array, start, end, output),
            Self::Enum(column) => return write_enums(column, start, end, output),
        }
        Ok(())
    }
}

/// Integers that are put together before they are appended, and the most bytes that they take.
const RUN: usize = 256;
const RUN_BYTES: usize = RUN * 10;

/// Writes a run of integers in LEB128.
fn varints<T>(values: &[T], bits: impl Fn(&T) -> u64, output: &mut Output) -> Result<()> {
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
        let written = bytes.get(..RUN_BYTES - left).unwrap_or_default();
        output.room(written.len())?.raw(written);
        output.work(run.len())?;
    }
    Ok(())
}

/// Signed integers as unsigned ones, small where they are near zero. Those of fewer bits give the same number.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn plain(value: u64) -> u64 {
    value
}

fn write_arrays(array: &Array, start: usize, end: usize, output: &mut Output) -> Result<()> {
    for row in start..end {
        let (first, last) = array.range(row);
        output.room(10)?.length(last - first);
        array.items.write(first, last, output)?;
        output.work(1)?;
    }
    Ok(())
}

fn write_enums(column: &Enum, start: usize, end: usize, output: &mut Output) -> Result<()> {
    for row in start..end {
        let (tag, place) = column.at(row);
        output.room(10)?.u32(tag as u32);
        if let Some(payload) = column.payloads.get(tag) {
            payload.write(place, place + 1, output)?;
        }
        output.work(1)?;
    }
    Ok(())
}
