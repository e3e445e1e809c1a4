//! From input bytes to the parameters of a statement.

use duckdb::types::{ToSql, ToSqlOutput, ValueRef};
use runner_core::{Error, Prim, Repr, Result, TypeId, wire::Reader};
use runner_sql::{Shape, Shapes};

use crate::values;

/// A parameter, which may borrow from the input.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Encoded<'a> {
    Null,
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    F32(f32),
    F64(f64),
    Text(&'a str),
    /// The encoding of an array or enum.
    Bytes(&'a [u8]),
}

impl ToSql for Encoded<'_> {
    fn to_sql(&self) -> duckdb::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Boolean(value),
            Self::I8(value) => ValueRef::TinyInt(value),
            Self::I16(value) => ValueRef::SmallInt(value),
            Self::I32(value) => ValueRef::Int(value),
            Self::I64(value) => ValueRef::BigInt(value),
            Self::U8(value) => ValueRef::UTinyInt(value),
            Self::U16(value) => ValueRef::USmallInt(value),
            Self::U32(value) => ValueRef::UInt(value),
            Self::U64(value) => ValueRef::UBigInt(value),
            Self::F32(value) => ValueRef::Float(value),
            Self::F64(value) => ValueRef::Double(value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

/// The parameters of an input, in order. All of it is checked here; functions within DuckDB rely on that.
pub(crate) fn encode<'a>(shapes: &Shapes, input: TypeId, bytes: &'a [u8]) -> Result<Vec<Encoded<'a>>> {
    let mut reader = Reader::new(bytes);
    let mut params = Vec::new();
    add(shapes, input, &mut reader, &mut params)?;
    reader.finish()?;
    Ok(params)
}

fn add<'a>(
    shapes: &Shapes,
    ty: TypeId,
    reader: &mut Reader<'a>,
    params: &mut Vec<Encoded<'a>>,
) -> Result<()> {
    match shapes.get(ty) {
        Shape::Prim(prim) => params.push(primitive(prim, reader)?),
        Shape::Null(prim) => {
            params.push(if option(reader)? { primitive(prim, reader)? } else { Encoded::Null })
        }
        Shape::Tag => {
            let index = reader.u32()?;
            let types = shapes.types();
            let count = types.as_enum(types.unframed(ty)).map_or(0, <[_]>::len);
            match i32::try_from(index) {
                Ok(tag) if (index as usize) < count => params.push(Encoded::I32(tag)),
                _ => return Err(no_variant(reader, index, count)),
            }
        }
        Shape::Tuple => {
            for field in shapes.fields(ty) {
                add(shapes, field, reader, params)?;
            }
        }
        Shape::Option(payload) => {
            let is_some = option(reader)?;
            params.push(Encoded::Bool(is_some));
            if is_some {
                add(shapes, payload, reader, params)?;
            } else {
                params.extend(shapes.leaves(payload).iter().map(|_| Encoded::Null));
            }
        }
        Shape::Enum | Shape::Array(_) => {
            params.push(Encoded::Bytes(values::take(shapes.types(), ty, reader)?));
        }
    }
    Ok(())
}

fn option(reader: &mut Reader<'_>) -> Result<bool> {
    match reader.u32()? {
        index @ 0..=1 => Ok(index == 1),
        index => Err(no_variant(reader, index, 2)),
    }
}

fn no_variant(reader: &Reader<'_>, index: u32, count: usize) -> Error {
    reader.error(&format!("variant {index} of an enum that has {count}"))
}

fn primitive<'a>(prim: Prim, reader: &mut Reader<'a>) -> Result<Encoded<'a>> {
    Ok(match prim.repr() {
        Repr::Bool => Encoded::Bool(reader.bool()?),
        Repr::I8 => Encoded::I8(reader.i8()?),
        Repr::I16 => Encoded::I16(reader.i16()?),
        Repr::I32 => Encoded::I32(reader.i32()?),
        Repr::I64 => Encoded::I64(reader.i64()?),
        Repr::U8 => Encoded::U8(reader.u8()?),
        Repr::U16 => Encoded::U16(reader.u16()?),
        Repr::U32 => Encoded::U32(reader.u32()?),
        Repr::U64 => Encoded::U64(reader.u64()?),
        Repr::F32 => Encoded::F32(reader.f32()?),
        Repr::F64 => Encoded::F64(reader.f64()?),
        Repr::Text => Encoded::Text(reader.text()?),
    })
}
