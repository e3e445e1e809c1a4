use duckdb::arrow::{
    array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray, ListArray, PrimitiveArray, StringArray},
    datatypes::{
        ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
        UInt16Type, UInt32Type, UInt64Type,
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
    I8(&'a PrimitiveArray<Int8Type>),
    I16(&'a PrimitiveArray<Int16Type>),
    I32(&'a PrimitiveArray<Int32Type>),
    I64(&'a PrimitiveArray<Int64Type>),
    U8(&'a PrimitiveArray<UInt8Type>),
    U16(&'a PrimitiveArray<UInt16Type>),
    U32(&'a PrimitiveArray<UInt32Type>),
    U64(&'a PrimitiveArray<UInt64Type>),
    F32(&'a PrimitiveArray<Float32Type>),
    F64(&'a PrimitiveArray<Float64Type>),
    Text(&'a StringArray),
    /// The index of a variant without payload.
    Tag(&'a PrimitiveArray<Int32Type>),
    Tuple(Vec<Source<'a>>),
    /// Lists of which none has items, so that their type does not matter.
    Empty,
    List(&'a ListArray, Box<Source<'a>>),
    /// Some where the array is not NULL.
    Option(&'a dyn Array, Box<Source<'a>>),
    /// Some where the flag says so.
    Flag(&'a BooleanArray, Box<Source<'a>>),
    Enum(&'a PrimitiveArray<Int32Type>, Vec<Option<Source<'a>>>),
    Boxed(&'a BinaryArray),
}

impl<'a> Source<'a> {
    /// A column of this layout.
    pub(crate) fn new(layout: &Layout, array: &'a ArrayRef) -> Result<Self> {
        Ok(match layout {
            Layout::Prim(prim) => Self::primitive(*prim, array)?,
            Layout::Unit => Self::Unit,
            Layout::Tag => Self::Tag(primitives(array)?),
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
                let tags = primitives(next()?)?;
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
            Repr::I8 => Self::I8(primitives(array)?),
            Repr::I16 => Self::I16(primitives(array)?),
            Repr::I32 => Self::I32(primitives(array)?),
            Repr::I64 => Self::I64(primitives(array)?),
            Repr::U8 => Self::U8(primitives(array)?),
            Repr::U16 => Self::U16(primitives(array)?),
            Repr::U32 => Self::U32(primitives(array)?),
            Repr::U64 => Self::U64(primitives(array)?),
            Repr::F32 => Self::F32(primitives(array)?),
            Repr::F64 => Self::F64(primitives(array)?),
            Repr::Text => Self::Text(array.as_string_opt().ok_or_else(|| unexpected("a text"))?),
        })
    }

    /// Writes the value of a row.
    pub(crate) fn write(&self, row: usize, writer: &mut Writer) -> Result<()> {
        match self {
            Self::Unit => {}
            Self::Bool(column) if column.is_valid(row) => writer.bool(column.value(row)),
            Self::I8(column) if column.is_valid(row) => writer.i8(column.value(row)),
            Self::I16(column) if column.is_valid(row) => writer.i16(column.value(row)),
            Self::I32(column) if column.is_valid(row) => writer.i32(column.value(row)),
            Self::I64(column) if column.is_valid(row) => writer.i64(column.value(row)),
            Self::U8(column) if column.is_valid(row) => writer.u8(column.value(row)),
            Self::U16(column) if column.is_valid(row) => writer.u16(column.value(row)),
            Self::U32(column) if column.is_valid(row) => writer.u32(column.value(row)),
            Self::U64(column) if column.is_valid(row) => writer.u64(column.value(row)),
            Self::F32(column) if column.is_valid(row) => writer.f32(column.value(row)),
            Self::F64(column) if column.is_valid(row) => writer.f64(column.value(row)),
            Self::Text(column) if column.is_valid(row) => writer.text(column.value(row)),
            Self::Tag(column) if column.is_valid(row) => writer.u32(column.value(row).cast_unsigned()),
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
            Self::Enum(tags, payloads) if tags.is_valid(row) => {
                let index = tags.value(row).cast_unsigned();
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

fn primitives<A: ArrowPrimitiveType>(array: &ArrayRef) -> Result<&PrimitiveArray<A>> {
    array.as_primitive_opt().ok_or_else(|| unexpected(&A::DATA_TYPE.to_string()))
}

#[cold]
pub(super) fn null() -> Error {
    Error::execution("a column of the result holds a NULL where there must be a value")
}
