//! Rows as Rust types, straight from columns.

use std::fmt;

use duckdb::arrow::array::Array;
use runner_core::Error;
use serde::{
    Deserializer,
    de::{
        self, DeserializeSeed, IntoDeserializer, SeqAccess, VariantAccess, Visitor, value::U32Deserializer,
    },
    forward_to_deserialize_any,
};

use super::Source;

/// Why a value was not read.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) Error);

/// The value of a column in a row.
#[derive(Clone, Copy)]
pub(crate) struct Cell<'a> {
    source: &'a Source<'a>,
    row: usize,
}

/// Values of columns one by one: fields of a tuple, or items of a list.
struct Cells<'a, I>(I, std::marker::PhantomData<&'a ()>);

/// A variant of an enum, and the column of its payload.
struct Variant<'a> {
    index: u32,
    payload: Option<Cell<'a>>,
}

impl<'a> Cell<'a> {
    pub(crate) fn at(source: &'a Source<'a>, row: usize) -> Self {
        Self { source, row }
    }

    /// The payload of an option, if it has one; `None` if this is no option.
    fn option(self) -> Option<Option<Self>> {
        let Self { source, row } = self;
        match source {
            Source::Option(array, payload) => Some((!array.is_null(row)).then(|| Self::at(payload, row))),
            Source::Flag(flags, payload) => {
                let is_some = flags.is_valid(row) && flags.value(row);
                Some(is_some.then(|| Self::at(payload, row)))
            }
            _ => None,
        }
    }

    #[inline]
    fn fields<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        match self.source {
            Source::Tuple(fields) => {
                visitor.visit_seq(cells(fields.iter().map(|field| Self::at(field, self.row))))
            }
            Source::Unit => visitor.visit_seq(cells(std::iter::empty())),
            _ => visitor.visit_seq(cells(std::iter::once(self))),
        }
    }
}

impl<'de> Deserializer<'de> for Cell<'_> {
    type Error = Failed;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        let row = self.row;
        match self.source {
            Source::I64(column) => visitor.visit_i64(column.get(row)?),
            Source::I32(column) => visitor.visit_i32(column.get(row)?),
            Source::F64(column) => visitor.visit_f64(column.get(row)?),
            Source::Text(column) if column.is_valid(row) => visitor.visit_str(column.value(row)),
            Source::Bool(column) if column.is_valid(row) => visitor.visit_bool(column.value(row)),
            Source::I8(column) => visitor.visit_i8(column.get(row)?),
            Source::I16(column) => visitor.visit_i16(column.get(row)?),
            Source::U8(column) => visitor.visit_u8(column.get(row)?),
            Source::U16(column) => visitor.visit_u16(column.get(row)?),
            Source::U32(column) => visitor.visit_u32(column.get(row)?),
            Source::U64(column) => visitor.visit_u64(column.get(row)?),
            Source::F32(column) => visitor.visit_f32(column.get(row)?),
            Source::Tag(column) => {
                visitor.visit_enum(Variant { index: column.get(row)?.cast_unsigned(), payload: None })
            }
            Source::Enum(tags, payloads) => {
                let index = tags.get(row)?.cast_unsigned();
                let payload = payloads.get(index as usize).and_then(Option::as_ref);
                visitor.visit_enum(Variant { index, payload: payload.map(|payload| Self::at(payload, row)) })
            }
            Source::Option(..) | Source::Flag(..) => match self.option().flatten() {
                Some(payload) => visitor.visit_some(payload),
                None => visitor.visit_none(),
            },
            Source::Unit => visitor.visit_unit(),
            // A tuple of one field may be read as the field.
            Source::Tuple(fields) => match fields.as_slice() {
                [] => visitor.visit_unit(),
                [only] => Self::at(only, row).deserialize_any(visitor),
                _ => self.fields(visitor),
            },
            Source::Empty => visitor.visit_seq(cells(std::iter::empty())),
            Source::List(list, items) if list.is_valid(row) => {
                let offsets = list.value_offsets();
                let (Some(start), Some(end)) = (offsets.get(row), offsets.get(row + 1)) else {
                    return Err(Failed(super::write::null()));
                };
                let rows = *start as usize..*end as usize;
                visitor.visit_seq(cells(rows.map(|row| Self::at(items, row))))
            }
            _ => Err(Failed(super::write::null())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        match (self.option(), self.source) {
            (Some(Some(payload)), _) => visitor.visit_some(payload),
            (Some(None), _) => visitor.visit_none(),
            (None, Source::Tag(tags)) if tags.get(self.row)? == 0 => visitor.visit_none(),
            (None, Source::Enum(tags, payloads)) => {
                let index = tags.get(self.row)?;
                match (index, payloads.get(index as usize).and_then(Option::as_ref)) {
                    (0, _) => visitor.visit_none(),
                    (_, Some(payload)) => visitor.visit_some(Self::at(payload, self.row)),
                    (_, None) => visitor.visit_some(Self::at(&Source::Unit, self.row)),
                }
            }
            (None, Source::Tuple(fields)) => match fields.as_slice() {
                [only] => Self::at(only, self.row).deserialize_option(visitor),
                _ => self.deserialize_any(visitor),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failed> {
        match self.option() {
            Some(payload) => visitor.visit_enum(Variant { index: payload.is_some().into(), payload }),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failed> {
        visitor.visit_newtype_struct(self)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failed> {
        self.fields(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failed> {
        match self.source {
            // An array of bytes whose length the type knows.
            Source::List(..) | Source::Empty => self.deserialize_any(visitor),
            _ => self.fields(visitor),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Failed> {
        self.fields(visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failed> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf seq map identifier ignored_any
    }
}

fn cells<'a, I: Iterator<Item = Cell<'a>>>(items: I) -> Cells<'a, I> {
    Cells(items, std::marker::PhantomData)
}

impl<'de, 'a, I: Iterator<Item = Cell<'a>>> SeqAccess<'de> for Cells<'a, I> {
    type Error = Failed;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failed> {
        self.0.next().map(|cell| seed.deserialize(cell)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint().1
    }
}

impl<'de> de::EnumAccess<'de> for Variant<'_> {
    type Error = Failed;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Failed> {
        let index: U32Deserializer<Failed> = self.index.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl Variant<'_> {
    fn cell(&self) -> Cell<'_> {
        self.payload.unwrap_or(Cell { source: &Source::Unit, row: 0 })
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Failed;

    fn unit_variant(self) -> Result<(), Failed> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failed> {
        seed.deserialize(self.cell())
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failed> {
        self.cell().fields(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failed> {
        self.cell().fields(visitor)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failed {}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl de::Error for Failed {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Error::decode(format!("the output can't be decoded: {message}")))
    }
}
