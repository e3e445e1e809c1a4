//! Columns from the bytes of values, driven by their type.

use alloc::{boxed::Box, format, vec::Vec};

use runner_core::{Error, Repr, Result, Type, TypeId, TypeTable, limits::VALUE_DEPTH, wire::Reader};

use super::{Column, TextBuilder, Vector, row_count};
use crate::{budget::Budget, limits::CHECKED_ROWS};

impl Column {
    /// The `rows` values of a type that these bytes are, one behind the other, and nothing else.
    ///
    /// # Errors
    /// `DECODE_ERROR` if they are not.
    pub(crate) fn from_wire(
        types: &TypeTable,
        ty: TypeId,
        bytes: &[u8],
        rows: usize,
        budget: &Budget,
    ) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let from = Given { types, budget };
        let mut builder = Builder::new(from, ty, 0)?;
        builder.read(from, &mut reader, rows)?;
        reader.finish()?;
        builder.finish()
    }
}

/// What a builder has to know beside what it holds.
#[derive(Clone, Copy)]
struct Given<'a> {
    types: &'a TypeTable,
    budget: &'a Budget,
}

/// A column that grows.
enum Builder {
    Bool(Vector<bool>),
    I8(Vector<i8>),
    I16(Vector<i16>),
    I32(Vector<i32>),
    I64(Vector<i64>),
    U8(Vector<u8>),
    U16(Vector<u16>),
    U32(Vector<u32>),
    U64(Vector<u64>),
    F32(Vector<f32>),
    F64(Vector<f64>),
    Text(TextBuilder),
    Tuple {
        len: usize,
        fields: Vec<Builder>,
    },
    Array {
        offsets: Vector<u32>,
        total: usize,
        least: usize,
        item: TypeId,
        depth: usize,
        items: Option<Box<Builder>>,
    },
    Enum {
        tags: Vector<u16>,
        places: Vector<u32>,
        ty: TypeId,
        depth: usize,
        payloads: Vec<Option<(u32, Builder)>>,
    },
}

impl Builder {
    /// Parts that may not be there (items, payloads) are made when they come, so recursive types end.
    fn new(from: Given<'_>, ty: TypeId, depth: usize) -> Result<Self> {
        let Given { types, budget } = from;
        if depth > VALUE_DEPTH {
            return Err(Error::decode(format!("a value nests deeper than {VALUE_DEPTH} levels")));
        }
        Ok(match types.get(ty) {
            Some(Type::Prim(prim)) => match prim.repr() {
                Repr::Bool => Self::Bool(Vector::new(budget)?),
                Repr::I8 => Self::I8(Vector::new(budget)?),
                Repr::I16 => Self::I16(Vector::new(budget)?),
                Repr::I32 => Self::I32(Vector::new(budget)?),
                Repr::I64 => Self::I64(Vector::new(budget)?),
                Repr::U8 => Self::U8(Vector::new(budget)?),
                Repr::U16 => Self::U16(Vector::new(budget)?),
                Repr::U32 => Self::U32(Vector::new(budget)?),
                Repr::U64 => Self::U64(Vector::new(budget)?),
                Repr::F32 => Self::F32(Vector::new(budget)?),
                Repr::F64 => Self::F64(Vector::new(budget)?),
                Repr::Text => Self::Text(TextBuilder::with_capacity(0, 0, budget)?),
            },
            Some(Type::Framed { inner, .. }) => Self::new(from, *inner, depth + 1)?,
            Some(Type::Tuple(fields)) => Self::Tuple {
                len: 0,
                fields: fields
                    .iter()
                    .map(|field| Self::new(from, field.ty, depth + 1))
                    .collect::<Result<_>>()?,
            },
            Some(Type::Array(item)) => Self::Array {
                offsets: Vector::of(0, budget)?,
                total: 0,
                least: types.least_bytes(*item),
                item: *item,
                depth,
                items: None,
            },
            Some(Type::Enum(variants)) => Self::Enum {
                tags: Vector::new(budget)?,
                places: Vector::new(budget)?,
                ty,
                depth,
                payloads: variants.iter().map(|_| None).collect(),
            },
            None => return Err(Error::decode(format!("type {} is not there", ty.0))),
        })
    }

    /// Reads `rows` values.
    fn read(&mut self, from: Given<'_>, reader: &mut Reader<'_>, rows: usize) -> Result<()> {
        let Given { types, budget } = from;
        match self {
            Self::Bool(values) => fill(values, reader, rows, Reader::bool),
            Self::I8(values) => fill(values, reader, rows, Reader::i8),
            Self::I16(values) => fill(values, reader, rows, Reader::i16),
            Self::I32(values) => fill(values, reader, rows, Reader::i32),
            Self::I64(values) if rows > 1 => integers(values, reader, rows),
            Self::I64(values) => fill(values, reader, rows, Reader::i64),
            Self::U8(values) => fill(values, reader, rows, Reader::u8),
            Self::U16(values) => fill(values, reader, rows, Reader::u16),
            Self::U32(values) => fill(values, reader, rows, Reader::u32),
            Self::U64(values) => fill(values, reader, rows, Reader::u64),
            Self::F32(values) => fill(values, reader, rows, Reader::f32),
            Self::F64(values) => fill(values, reader, rows, Reader::f64),
            Self::Text(texts) => (0..rows).try_for_each(|_| texts.push(reader.text()?)),
            Self::Tuple { len, fields } => {
                *len += rows;
                if fields.is_empty() {
                    return Ok(());
                }
                // The count of an array was checked against the bytes that are left.
                if rows > 1 {
                    fields.iter_mut().try_for_each(|field| field.reserve(rows.min(reader.remaining())))?;
                }
                (0..rows).try_for_each(|_| {
                    budget.work(1)?;
                    fields.iter_mut().try_for_each(|field| field.read(from, reader, 1))
                })
            }
            Self::Array { offsets, total, least, item, depth, items } => {
                for _ in 0..rows {
                    let count = reader.length(*least)?;
                    *total += count;
                    offsets.push(row_count(*total)?)?;
                    budget.work(1)?;
                    if count > 0 {
                        let items = match items {
                            Some(items) => items,
                            None => items.insert(Box::new(Self::new(from, *item, *depth + 1)?)),
                        };
                        items.read(from, reader, count)?;
                    }
                }
                Ok(())
            }
            Self::Enum { tags, places, ty, depth, payloads } => {
                let variants = types.as_enum(*ty).unwrap_or_default();
                for _ in 0..rows {
                    let index = reader.u32()?;
                    let (Some(variant), Some(payload)) =
                        (variants.get(index as usize), payloads.get_mut(index as usize))
                    else {
                        return Err(reader.error(&format!(
                            "variant {index} of an enum that has {}: {}",
                            variants.len(),
                            types.display(*ty)
                        )));
                    };
                    let (count, payload) = match payload {
                        Some(payload) => payload,
                        None => payload.insert((0, Self::new(from, variant.ty, *depth + 1)?)),
                    };
                    tags.push(index as u16)?;
                    places.push(*count)?;
                    budget.work(1)?;
                    *count += 1;
                    payload.read(from, reader, 1)?;
                }
                Ok(())
            }
        }
    }

    /// Makes room for this many more values, as far as they are not nested.
    fn reserve(&mut self, rows: usize) -> Result<()> {
        match self {
            Self::Bool(values) => values.reserve(rows),
            Self::I8(values) => values.reserve(rows),
            Self::I16(values) => values.reserve(rows),
            Self::I32(values) => values.reserve(rows),
            Self::I64(values) => values.reserve(rows),
            Self::U8(values) => values.reserve(rows),
            Self::U16(values) => values.reserve(rows),
            Self::U32(values) => values.reserve(rows),
            Self::U64(values) => values.reserve(rows),
            Self::F32(values) => values.reserve(rows),
            Self::F64(values) => values.reserve(rows),
            Self::Text(texts) => texts.reserve(rows),
            Self::Tuple { fields, .. } => fields.iter_mut().try_for_each(|field| field.reserve(rows)),
            Self::Array { offsets, .. } => offsets.reserve(rows),
            Self::Enum { tags, places, .. } => {
                tags.reserve(rows)?;
                places.reserve(rows)
            }
        }
    }

    fn finish(self) -> Result<Column> {
        Ok(match self {
            Self::Bool(values) => Column::Bool(values.finish()),
            Self::I8(values) => Column::I8(values.finish()),
            Self::I16(values) => Column::I16(values.finish()),
            Self::I32(values) => Column::I32(values.finish()),
            Self::I64(values) => Column::I64(values.finish()),
            Self::U8(values) => Column::U8(values.finish()),
            Self::U16(values) => Column::U16(values.finish()),
            Self::U32(values) => Column::U32(values.finish()),
            Self::U64(values) => Column::U64(values.finish()),
            Self::F32(values) => Column::F32(values.finish()),
            Self::F64(values) => Column::F64(values.finish()),
            Self::Text(texts) if texts.len() == 0 => Column::Empty,
            Self::Text(texts) => Column::Text(texts.finish()),
            Self::Tuple { len, fields } => {
                Column::tuple(len, fields.into_iter().map(Self::finish).collect::<Result<_>>()?)
            }
            Self::Array { offsets, items, .. } => {
                Column::array(offsets.finish(), items.map_or(Ok(Column::Empty), |items| items.finish())?)?
            }
            Self::Enum { tags, places, payloads, .. } => {
                let payloads = payloads
                    .into_iter()
                    .map(|payload| payload.map_or(Ok(Column::Empty), |(_, payload)| payload.finish()))
                    .collect::<Result<_>>()?;
                Column::variants(tags.finish(), Some(places.finish()), payloads)?
            }
        })
    }
}

/// Reads a run of primitives. The count of an array was checked against the bytes that are left, so room for
/// all of them is a small multiple of the input.
#[inline]
fn fill<'a, T>(
    values: &mut Vector<T>,
    reader: &mut Reader<'a>,
    rows: usize,
    read: impl Fn(&mut Reader<'a>) -> Result<T>,
) -> Result<()> {
    if rows == 1 {
        return values.push(read(reader)?);
    }
    in_chunks(values, reader, rows, |values, reader, rows| {
        (0..rows).try_for_each(|_| {
            values.push(read(reader)?);
            Ok(())
        })
    })
}

fn integers(values: &mut Vector<i64>, reader: &mut Reader<'_>, rows: usize) -> Result<()> {
    in_chunks(values, reader, rows, |values, reader, rows| reader.i64s(rows, values))
}

#[inline]
fn in_chunks<'a, T>(
    values: &mut Vector<T>,
    reader: &mut Reader<'a>,
    rows: usize,
    read: impl Fn(&mut Vec<T>, &mut Reader<'a>, usize) -> Result<()>,
) -> Result<()> {
    values.reserve(rows.min(reader.remaining()))?;
    let mut left = rows;
    while left > 0 {
        let chunk = left.min(CHECKED_ROWS);
        values.append_with(chunk.min(reader.remaining()), |values| read(values, reader, chunk))?;
        values.budget().work(chunk)?;
        left -= chunk;
    }
    Ok(())
}
