use duckdb::arrow::{
    array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray, ListArray, StringArray},
    buffer::NullBuffer,
    datatypes::{
        ArrowNativeType, ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
        Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};
use runner_core::{Error, Prim, Repr, Result, wire::Writer};
use runner_sql::Layout;

use crate::error::unexpected;

/// A column of packed values to be written as bytes.
pub(crate) enum Source<'a> {
    /// `{}`
    Unit,
    Bool(&'a BooleanArray),
    I8(Values<'a, i8>),
    I16(Values<'a, i16>),
    I32(Values<'a, i32>),
    I64(Values<'a, i64>),
    U8(Values<'a, u8>),
    U16(Values<'a, u16>),
    U32(Values<'a, u32>),
    U64(Values<'a, u64>),
    F32(Values<'a, f32>),
    F64(Values<'a, f64>),
    Text(&'a StringArray),
    /// The index of a variant without payload.
    Tag(Values<'a, i32>),
    Tuple(Vec<Source<'a>>),
    /// Lists of which none has items, so that their type does not matter.
    Empty,
    List(&'a ListArray, Box<Source<'a>>),
    /// Some where the array is not NULL.
    Option(&'a dyn Array, Box<Source<'a>>),
    /// Some where the flag says so.
    Flag(&'a BooleanArray, Box<Source<'a>>),
    Enum(Values<'a, i32>, Vec<Option<Source<'a>>>),
    Boxed(&'a BinaryArray),
}

/// A column of primitives.
pub(crate) struct Values<'a, T> {
    values: &'a [T],
    nulls: Option<&'a NullBuffer>,
}

impl<'a> Source<'a> {
    /// A column of this layout.
    pub(crate) fn new(layout: &Layout, array: &'a ArrayRef) -> Result<Self> {
        Ok(match layout {
            Layout::Prim(prim) => Self::primitive(*prim, array)?,
            Layout::Unit => Self::Unit,
            Layout::Tag => Self::Tag(Values::of::<Int32Type>(array)?),
            Layout::Tuple(fields) => {
                let columns = array.as_struct_opt().ok_or_else(|| unexpected("a struct"))?.columns();
                if columns.len() != fields.len() {
                    return Err(unexpected("a struct with these fields"));
                }
                let fields = fields.iter().zip(columns).map(|(layout, column)| Self::new(layout, column));
                Self::Tuple(fields.collect::<Result<_>>()?)
            }
            Layout::List(item) => {
                let list = array.as_list_opt().ok_or_else(|| unexpected("a list"))?;
                if list.values().is_empty() {
                    return Ok(Self::Empty);
                }
                Self::List(list, Box::new(Self::new(item, list.values())?))
            }
            Layout::Option(payload) => Self::Option(array, Box::new(Self::new(payload, array)?)),
            Layout::Wrapped(payload) => {
                let columns = array.as_struct_opt().ok_or_else(|| unexpected("a struct"))?.columns();
                let column = columns.first().ok_or_else(|| unexpected("a struct with a field"))?;
                Self::Option(array, Box::new(Self::new(payload, column)?))
            }
            Layout::Enum(variants) => {
                let columns = array.as_struct_opt().ok_or_else(|| unexpected("a struct"))?.columns();
                let mut columns = columns.iter();
                let mut next = || columns.next().ok_or_else(|| unexpected("a struct with these variants"));
                let tags = Values::of::<Int32Type>(next()?)?;
                let mut payloads = Vec::with_capacity(variants.len());
                for payload in variants {
                    payloads.push(match payload {
                        Some(layout) => Some(Self::new(layout, next()?)?),
                        None => None,
                    });
                }
                Self::Enum(tags, payloads)
            }
            Layout::Boxed(_) => Self::Boxed(array.as_binary_opt().ok_or_else(|| unexpected("a blob"))?),
        })
    }

    /// A column of primitives.
    pub(crate) fn primitive(prim: Prim, array: &'a ArrayRef) -> Result<Self> {
        Ok(match prim.repr() {
            Repr::Bool => Self::Bool(array.as_boolean_opt().ok_or_else(|| unexpected("a boolean"))?),
            Repr::I8 => Self::I8(Values::of::<Int8Type>(array)?),
            Repr::I16 => Self::I16(Values::of::<Int16Type>(array)?),
            Repr::I32 => Self::I32(Values::of::<Int32Type>(array)?),
            Repr::I64 => Self::I64(Values::of::<Int64Type>(array)?),
            Repr::U8 => Self::U8(Values::of::<UInt8Type>(array)?),
            Repr::U16 => Self::U16(Values::of::<UInt16Type>(array)?),
            Repr::U32 => Self::U32(Values::of::<UInt32Type>(array)?),
            Repr::U64 => Self::U64(Values::of::<UInt64Type>(array)?),
            Repr::F32 => Self::F32(Values::of::<Float32Type>(array)?),
            Repr::F64 => Self::F64(Values::of::<Float64Type>(array)?),
            Repr::Text => Self::Text(array.as_string_opt().ok_or_else(|| unexpected("a text"))?),
        })
    }

    /// Writes the value of a row.
    pub(crate) fn write(&self, row: usize, writer: &mut Writer) -> Result<()> {
        match self {
            Self::Unit => {}
            Self::Bool(column) if column.is_valid(row) => writer.bool(column.value(row)),
            Self::I8(column) => writer.i8(column.get(row)?),
            Self::I16(column) => writer.i16(column.get(row)?),
            Self::I32(column) => writer.i32(column.get(row)?),
            Self::I64(column) => writer.i64(column.get(row)?),
            Self::U8(column) => writer.u8(column.get(row)?),
            Self::U16(column) => writer.u16(column.get(row)?),
            Self::U32(column) => writer.u32(column.get(row)?),
            Self::U64(column) => writer.u64(column.get(row)?),
            Self::F32(column) => writer.f32(column.get(row)?),
            Self::F64(column) => writer.f64(column.get(row)?),
            Self::Text(column) if column.is_valid(row) => writer.text(column.value(row)),
            Self::Tag(column) => writer.u32(column.get(row)?.cast_unsigned()),
            Self::Boxed(column) if column.is_valid(row) => writer.raw(column.value(row)),
            Self::Tuple(fields) => fields.iter().try_for_each(|field| field.write(row, writer))?,
            Self::Empty => writer.length(0),
            Self::List(list, items) if list.is_valid(row) => {
                let offsets = list.value_offsets();
                let (Some(start), Some(end)) = (offsets.get(row), offsets.get(row + 1)) else {
                    return Err(null());
                };
                let range = *start as usize..*end as usize;
                writer.length(range.len());
                for item in range {
                    items.write(item, writer)?;
                }
            }
            Self::Option(array, _) if array.is_null(row) => writer.u32(0),
            Self::Option(_, payload) => {
                writer.u32(1);
                payload.write(row, writer)?;
            }
            Self::Flag(flags, payload) => {
                let is_some = flags.is_valid(row) && flags.value(row);
                writer.u32(is_some.into());
                if is_some {
                    payload.write(row, writer)?;
                }
            }
            Self::Enum(tags, payloads) => {
                let index = tags.get(row)?.cast_unsigned();
                writer.u32(index);
                if let Some(Some(payload)) = payloads.get(index as usize) {
                    payload.write(row, writer)?;
                }
            }
            _ => return Err(null()),
        }
        Ok(())
    }
}

impl<'a, T: ArrowNativeType> Values<'a, T> {
    fn of<A: ArrowPrimitiveType<Native = T>>(array: &'a ArrayRef) -> Result<Self> {
        let array = array.as_primitive_opt::<A>().ok_or_else(|| unexpected(&A::DATA_TYPE.to_string()))?;
        Ok(Self { values: array.values(), nulls: array.nulls() })
    }

    /// The value of a row.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Result<T> {
        match (self.nulls, self.values.get(row)) {
            (None, Some(value)) => Ok(*value),
            (Some(nulls), Some(value)) if nulls.is_valid(row) => Ok(*value),
            _ => Err(null()),
        }
    }
}

#[cold]
pub(super) fn null() -> Error {
    Error::execution("a column of the result holds a NULL where there must be a value")
}
