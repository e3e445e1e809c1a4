use std::sync::Arc;

use duckdb::arrow::{
    array::{
        ArrayRef, BinaryBuilder, BooleanBuilder, Float32Builder, Float64Builder, Int8Builder, Int16Builder,
        Int32Builder, Int64Builder, ListArray, StringBuilder, StructArray, UInt8Builder, UInt16Builder,
        UInt32Builder, UInt64Builder,
    },
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::{DataType, Field},
};
use runner_core::{Prim, Repr, Result, TypeTable, wire::Reader};
use runner_sql::Layout;

use super::data_type;
use crate::{error, room::Left, values};

/// Builds a column of packed values from bytes.
pub(crate) struct Builder {
    ty: DataType,
    kind: Kind,
    /// What an entry takes beside what hangs on it, in DuckDB.
    width: u64,
}

enum Kind {
    Bool(BooleanBuilder),
    I8(Int8Builder),
    I16(Int16Builder),
    I32(Int32Builder),
    I64(Int64Builder),
    U8(UInt8Builder),
    U16(UInt16Builder),
    U32(UInt32Builder),
    U64(UInt64Builder),
    F32(Float32Builder),
    F64(Float64Builder),
    Text(StringBuilder),
    Unit(BooleanBuilder),
    Tag(Int32Builder),
    Tuple(Vec<Builder>, Vec<bool>),
    List { ends: Vec<i32>, valid: Vec<bool>, item: Box<Builder>, least: usize },
    Option(Box<Builder>),
    Wrapped(Box<Builder>, Vec<bool>),
    Enum { tags: Int32Builder, payloads: Vec<Option<Builder>>, valid: Vec<bool> },
    Boxed(runner_core::TypeId, Arc<TypeTable>, BinaryBuilder),
}

impl Builder {
    /// An empty column.
    pub(crate) fn new(types: &Arc<TypeTable>, layout: &Layout) -> Self {
        let new = |layout: &Layout| Self::new(types, layout);
        let kind = match layout {
            Layout::Prim(prim) => primitive(*prim),
            Layout::Unit => Kind::Unit(BooleanBuilder::new()),
            Layout::Tag => Kind::Tag(Int32Builder::new()),
            Layout::Tuple(fields) => Kind::Tuple(fields.iter().map(new).collect(), Vec::new()),
            Layout::List(item) => Kind::List {
                ends: vec![0],
                valid: Vec::new(),
                least: least_bytes(item),
                item: Box::new(new(item)),
            },
            Layout::Option(payload) => Kind::Option(Box::new(new(payload))),
            Layout::Wrapped(payload) => Kind::Wrapped(Box::new(new(payload)), Vec::new()),
            Layout::Enum(variants) => Kind::Enum {
                tags: Int32Builder::new(),
                payloads: variants.iter().map(|payload| payload.as_ref().map(new)).collect(),
                valid: Vec::new(),
            },
            Layout::Boxed(ty) => Kind::Boxed(*ty, Arc::clone(types), BinaryBuilder::new()),
        };
        Self { ty: data_type(layout), kind, width: width(layout) }
    }

    /// Adds the value that stands next.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if there is no room for it.
    pub(crate) fn push(&mut self, reader: &mut Reader<'_>, left: &mut Left) -> Result<()> {
        left.take(self.width)?;
        self.fill(reader, left)
    }

    /// The same of which the width is paid for.
    fn fill(&mut self, reader: &mut Reader<'_>, left: &mut Left) -> Result<()> {
        match &mut self.kind {
            Kind::Bool(column) => column.append_value(reader.bool()?),
            Kind::I8(column) => column.append_value(reader.i8()?),
            Kind::I16(column) => column.append_value(reader.i16()?),
            Kind::I32(column) => column.append_value(reader.i32()?),
            Kind::I64(column) => column.append_value(reader.i64()?),
            Kind::U8(column) => column.append_value(reader.u8()?),
            Kind::U16(column) => column.append_value(reader.u16()?),
            Kind::U32(column) => column.append_value(reader.u32()?),
            Kind::U64(column) => column.append_value(reader.u64()?),
            Kind::F32(column) => column.append_value(reader.f32()?),
            Kind::F64(column) => column.append_value(reader.f64()?),
            Kind::Text(column) => {
                let text = reader.text()?;
                left.take(text.len() as u64)?;
                column.append_value(text);
            }
            Kind::Unit(column) => column.append_value(true),
            Kind::Tag(column) => column.append_value(tag(reader)?),
            Kind::Tuple(fields, valid) => {
                fields.iter_mut().try_for_each(|field| field.fill(reader, left))?;
                valid.push(true);
            }
            Kind::List { ends, valid, item, least } => {
                let count = reader.length(*least)?;
                for _ in 0..count {
                    item.push(reader, left)?;
                }
                let end = ends.last().copied().unwrap_or_default();
                let count = i32::try_from(count).ok().and_then(|count| end.checked_add(count));
                ends.push(count.ok_or_else(|| reader.error("too many items for DuckDB"))?);
                valid.push(true);
            }
            Kind::Option(payload) => match reader.u32()? {
                0 => payload.push_null(),
                _ => payload.fill(reader, left)?,
            },
            Kind::Wrapped(payload, valid) => match reader.u32()? {
                0 => {
                    payload.push_null();
                    valid.push(false);
                }
                _ => {
                    payload.fill(reader, left)?;
                    valid.push(true);
                }
            },
            Kind::Enum { tags, payloads, valid } => {
                let index = tag(reader)?;
                tags.append_value(index);
                for (n, payload) in (0..).zip(payloads) {
                    match payload {
                        Some(payload) if n == index => payload.fill(reader, left)?,
                        Some(payload) => payload.push_null(),
                        None => {}
                    }
                }
                valid.push(true);
            }
            Kind::Boxed(ty, types, column) => {
                let bytes = values::take(types, *ty, reader)?;
                left.take(bytes.len() as u64)?;
                column.append_value(bytes);
            }
        }
        Ok(())
    }

    /// Adds NULL.
    pub(crate) fn push_null(&mut self) {
        match &mut self.kind {
            Kind::Bool(column) | Kind::Unit(column) => column.append_null(),
            Kind::I8(column) => column.append_null(),
            Kind::I16(column) => column.append_null(),
            Kind::I32(column) | Kind::Tag(column) => column.append_null(),
            Kind::I64(column) => column.append_null(),
            Kind::U8(column) => column.append_null(),
            Kind::U16(column) => column.append_null(),
            Kind::U32(column) => column.append_null(),
            Kind::U64(column) => column.append_null(),
            Kind::F32(column) => column.append_null(),
            Kind::F64(column) => column.append_null(),
            Kind::Text(column) => column.append_null(),
            Kind::Boxed(_, _, column) => column.append_null(),
            Kind::Tuple(fields, valid) => {
                fields.iter_mut().for_each(Self::push_null);
                valid.push(false);
            }
            Kind::List { ends, valid, .. } => {
                ends.push(ends.last().copied().unwrap_or_default());
                valid.push(false);
            }
            Kind::Option(payload) => payload.push_null(),
            Kind::Wrapped(payload, valid) => {
                payload.push_null();
                valid.push(false);
            }
            Kind::Enum { tags, payloads, valid } => {
                tags.append_null();
                payloads.iter_mut().flatten().for_each(Self::push_null);
                valid.push(false);
            }
        }
    }

    /// The column.
    pub(crate) fn finish(self) -> Result<ArrayRef> {
        let wrong = |e| error::arrow(&e);
        let children = |fields: Vec<Self>| fields.into_iter().map(Self::finish).collect::<Result<Vec<_>>>();
        let structure = |ty: &DataType, children: Vec<ArrayRef>, valid: Vec<bool>| match ty {
            DataType::Struct(fields) => {
                let array = StructArray::try_new(fields.clone(), children, Some(NullBuffer::from(valid)));
                Ok(Arc::new(array.map_err(wrong)?) as ArrayRef)
            }
            _ => Err(error::unexpected("a struct")),
        };
        Ok(match self.kind {
            Kind::Bool(mut column) | Kind::Unit(mut column) => Arc::new(column.finish()),
            Kind::I8(mut column) => Arc::new(column.finish()),
            Kind::I16(mut column) => Arc::new(column.finish()),
            Kind::I32(mut column) | Kind::Tag(mut column) => Arc::new(column.finish()),
            Kind::I64(mut column) => Arc::new(column.finish()),
            Kind::U8(mut column) => Arc::new(column.finish()),
            Kind::U16(mut column) => Arc::new(column.finish()),
            Kind::U32(mut column) => Arc::new(column.finish()),
            Kind::U64(mut column) => Arc::new(column.finish()),
            Kind::F32(mut column) => Arc::new(column.finish()),
            Kind::F64(mut column) => Arc::new(column.finish()),
            Kind::Text(mut column) => Arc::new(column.finish()),
            Kind::Boxed(_, _, mut column) => Arc::new(column.finish()),
            Kind::Tuple(fields, valid) => structure(&self.ty, children(fields)?, valid)?,
            Kind::List { ends, valid, item, .. } => {
                let field = Arc::new(Field::new("item", item.ty.clone(), true));
                let ends = OffsetBuffer::new(ends.into());
                let list = ListArray::try_new(field, ends, item.finish()?, Some(NullBuffer::from(valid)));
                Arc::new(list.map_err(wrong)?)
            }
            Kind::Option(payload) => payload.finish()?,
            Kind::Wrapped(payload, valid) => structure(&self.ty, vec![payload.finish()?], valid)?,
            Kind::Enum { mut tags, payloads, valid } => {
                let mut columns: Vec<ArrayRef> = vec![Arc::new(tags.finish())];
                columns.extend(children(payloads.into_iter().flatten().collect())?);
                structure(&self.ty, columns, valid)?
            }
        })
    }
}

fn primitive(prim: Prim) -> Kind {
    match prim.repr() {
        Repr::Bool => Kind::Bool(BooleanBuilder::new()),
        Repr::I8 => Kind::I8(Int8Builder::new()),
        Repr::I16 => Kind::I16(Int16Builder::new()),
        Repr::I32 => Kind::I32(Int32Builder::new()),
        Repr::I64 => Kind::I64(Int64Builder::new()),
        Repr::U8 => Kind::U8(UInt8Builder::new()),
        Repr::U16 => Kind::U16(UInt16Builder::new()),
        Repr::U32 => Kind::U32(UInt32Builder::new()),
        Repr::U64 => Kind::U64(UInt64Builder::new()),
        Repr::F32 => Kind::F32(Float32Builder::new()),
        Repr::F64 => Kind::F64(Float64Builder::new()),
        Repr::Text => Kind::Text(StringBuilder::new()),
    }
}

fn tag(reader: &mut Reader<'_>) -> Result<i32> {
    let index = reader.u32()?;
    i32::try_from(index).map_err(|_| reader.error("there is no such variant"))
}

/// Bytes that a value takes at least, to check lengths before anything is allocated.
fn least_bytes(layout: &Layout) -> usize {
    match layout {
        Layout::Unit => 0,
        Layout::Prim(prim) => match prim.repr() {
            Repr::F32 => 4,
            Repr::F64 => 8,
            _ => 1,
        },
        Layout::Tuple(fields) => fields.iter().map(least_bytes).sum(),
        _ => 1,
    }
}

/// Bytes that an entry of a column takes in DuckDB, with those of all columns within.
fn width(layout: &Layout) -> u64 {
    match layout {
        Layout::Unit => 1,
        Layout::Tag => 4,
        Layout::Prim(prim) => match prim.repr() {
            Repr::Bool | Repr::I8 | Repr::U8 => 1,
            Repr::I16 | Repr::U16 => 2,
            Repr::I32 | Repr::U32 | Repr::F32 => 4,
            Repr::I64 | Repr::U64 | Repr::F64 => 8,
            Repr::Text => 16,
        },
        Layout::Tuple(fields) => 1 + fields.iter().map(width).sum::<u64>(),
        Layout::List(_) | Layout::Boxed(_) => 16,
        Layout::Option(payload) => width(payload),
        Layout::Wrapped(payload) => 1 + width(payload),
        Layout::Enum(variants) => 5 + variants.iter().flatten().map(width).sum::<u64>(),
    }
}
