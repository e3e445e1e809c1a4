//! The input, from wire bytes to parameters in PostgreSQL's binary format.

use std::borrow::Cow;

use runner_core::{Error, Prim, Repr, Result, TypeId, wire::Reader};
use runner_sql::{Leaf, Param, Shape, Shapes, postgres::escape};
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut};

use crate::{error, json, limits::PARAMETER_BYTES, numeric};

/// A value of a parameter, encoded.
#[derive(Debug)]
pub(crate) struct Encoded {
    leaf: Leaf,
    is_list: bool,
    /// Nothing of it is sent.
    is_unused: bool,
    /// A value, or the items of a list with their lengths.
    bytes: Vec<u8>,
    items: u32,
    is_null: bool,
    has_nulls: bool,
}

/// Encodes all parameters.
///
/// # Errors
/// `DECODE_ERROR` if the bytes are not a value of the type; [`error::nul`] if they hold U+0000 and it is not escaped;
/// `RESOURCE_EXHAUSTED` if a few bytes stand for too many.
pub(crate) fn encode(
    shapes: &Shapes,
    ty: TypeId,
    params: &[Param],
    input: &[u8],
    escapes: bool,
) -> Result<Vec<Encoded>> {
    let columns = params
        .iter()
        .map(|param| {
            let (leaf, is_list) = match param {
                Param::One(leaf) => (*leaf, false),
                Param::Many(leaf) => (*leaf, true),
                Param::Unused => (Leaf::Some, false),
            };
            let is_unused = *param == Param::Unused;
            Encoded {
                leaf,
                is_list,
                is_unused,
                bytes: Vec::new(),
                items: 0,
                is_null: is_unused,
                has_nulls: false,
            }
        })
        .collect();
    let mut reader = Reader::new(input);
    let mut encoder = Encoder { shapes, columns, next: 0, escapes, left: PARAMETER_BYTES };
    encoder.value(ty, &mut reader)?;
    reader.finish()?;
    Ok(encoder.columns)
}

/// The types of all parameters, used or not.
pub(crate) fn types(params: &[Param]) -> Vec<Type> {
    let ty = |param: &Param| match param {
        Param::One(leaf) => column_type(*leaf),
        Param::Unused => Type::BOOL,
        Param::Many(leaf) => match column_type(*leaf) {
            Type::BOOL => Type::BOOL_ARRAY,
            Type::INT2 => Type::INT2_ARRAY,
            Type::INT4 => Type::INT4_ARRAY,
            Type::INT8 => Type::INT8_ARRAY,
            Type::NUMERIC => Type::NUMERIC_ARRAY,
            Type::FLOAT4 => Type::FLOAT4_ARRAY,
            Type::FLOAT8 => Type::FLOAT8_ARRAY,
            Type::JSONB => Type::JSONB_ARRAY,
            _ => Type::TEXT_ARRAY,
        },
    };
    params.iter().map(ty).collect()
}

struct Encoder<'a> {
    shapes: &'a Shapes,
    columns: Vec<Encoded>,
    next: usize,
    escapes: bool,
    /// Bytes that parameters may still take.
    left: usize,
}

impl Encoder<'_> {
    fn value(&mut self, ty: TypeId, reader: &mut Reader<'_>) -> Result<()> {
        match self.shapes.get(ty) {
            Shape::Tuple => self.shapes.fields(ty).into_iter().try_for_each(|ty| self.value(ty, reader)),
            Shape::Array(item) => {
                let count = reader.length(self.shapes.types().least_bytes(item))?;
                let width = self.shapes.leaves(item).len();
                let first = self.next;
                let fields = match self.shapes.get(item) {
                    Shape::Tuple => self.shapes.fields(item),
                    _ => vec![item],
                };
                for _ in 0..count {
                    self.next = first;
                    if width == 0 {
                        self.item_of(|bytes| bytes.push(1))?;
                    }
                    fields.iter().try_for_each(|ty| self.item(*ty, reader))?;
                }
                self.next = first + width.max(1);
                Ok(())
            }
            _ => self.item(ty, reader),
        }
    }

    /// The columns of a value that is not an array of its own.
    fn item(&mut self, ty: TypeId, reader: &mut Reader<'_>) -> Result<()> {
        match self.shapes.get(ty) {
            Shape::Prim(prim) => {
                let escapes = self.escapes;
                self.column(|column, _| column.try_item(|bytes| primitive(prim, reader, bytes, escapes)))
            }
            Shape::Null(prim) => {
                let escapes = self.escapes;
                match reader.u32()? {
                    0 => self.null(),
                    1 => self
                        .column(|column, _| column.try_item(|bytes| primitive(prim, reader, bytes, escapes))),
                    _ => Err(reader.error("an option has two variants")),
                }
            }
            Shape::Tag => {
                let index = reader.u32()?;
                let types = self.shapes.types();
                if index as usize >= types.as_enum(types.unframed(ty)).unwrap_or_default().len() {
                    return Err(reader.error("there is no such variant"));
                }
                self.item_of(|bytes| bytes.extend_from_slice(&index.to_be_bytes()))
            }
            Shape::Tuple => self.shapes.fields(ty).into_iter().try_for_each(|ty| self.item(ty, reader)),
            Shape::Option(payload) => {
                let some = match reader.u32()? {
                    0 => false,
                    1 => true,
                    _ => return Err(reader.error("an option has two variants")),
                };
                self.item_of(|bytes| bytes.push(some.into()))?;
                if some {
                    return self.item(payload, reader);
                }
                (0..self.shapes.leaves(payload).len()).try_for_each(|_| self.null())
            }
            Shape::Enum | Shape::Array(_) => {
                let (shapes, escapes) = (self.shapes, self.escapes);
                self.column(|column, left| {
                    column.try_item(|bytes| {
                        bytes.push(1);
                        let most = bytes.len().saturating_add(left);
                        json::write(shapes, ty, reader, json::Out { bytes, most }, escapes)
                    })
                })
            }
        }
    }

    fn null(&mut self) -> Result<()> {
        self.column(|column, _| {
            column.null();
            Ok(())
        })
    }

    fn item_of(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        self.column(|column, _| {
            column.try_item(|bytes| {
                write(bytes);
                Ok(())
            })
        })
    }

    /// Writes to the next column, which is told how many bytes it may take.
    fn column(&mut self, write: impl FnOnce(&mut Encoded, usize) -> Result<()>) -> Result<()> {
        self.next += 1;
        let column = self.columns.get_mut(self.next - 1);
        let column =
            column.ok_or_else(|| Error::new(runner_core::Code::Internal, "a parameter is missing"))?;
        let before = column.bytes.len();
        write(column, self.left)?;
        let grown = column.bytes.len().saturating_sub(before);
        self.left = self.left.checked_sub(grown).ok_or_else(|| error::parameters(PARAMETER_BYTES))?;
        Ok(())
    }
}

impl Encoded {
    fn null(&mut self) {
        if self.is_list {
            self.bytes.extend_from_slice(&(-1i32).to_be_bytes());
            self.items += 1;
            self.has_nulls = true;
        } else {
            self.is_null = true;
        }
    }

    fn try_item(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        if self.is_unused {
            self.bytes.clear();
        }
        if !self.is_list {
            return write(&mut self.bytes);
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        write(&mut self.bytes)?;
        let length = (self.bytes.len() - start - 4) as u32;
        if let Some(slot) = self.bytes.get_mut(start..start + 4) {
            slot.copy_from_slice(&length.to_be_bytes());
        }
        self.items += 1;
        Ok(())
    }
}

impl ToSql for Encoded {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        if self.is_null {
            return Ok(IsNull::Yes);
        }
        if self.is_list {
            let dimensions = u32::from(self.items > 0);
            out.extend_from_slice(&dimensions.to_be_bytes());
            out.extend_from_slice(&u32::from(self.has_nulls).to_be_bytes());
            out.extend_from_slice(&column_type(self.leaf).oid().to_be_bytes());
            if self.items > 0 {
                out.extend_from_slice(&self.items.to_be_bytes());
                out.extend_from_slice(&1u32.to_be_bytes());
            }
        }
        out.extend_from_slice(&self.bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.to_sql(ty, out)
    }
}

fn primitive(prim: Prim, reader: &mut Reader<'_>, out: &mut Vec<u8>, escapes: bool) -> Result<()> {
    match prim.repr() {
        Repr::Bool => out.push(reader.bool()?.into()),
        Repr::I8 => out.extend_from_slice(&i16::from(reader.i8()?).to_be_bytes()),
        Repr::I16 => out.extend_from_slice(&reader.i16()?.to_be_bytes()),
        Repr::I32 => out.extend_from_slice(&reader.i32()?.to_be_bytes()),
        Repr::I64 => out.extend_from_slice(&reader.i64()?.to_be_bytes()),
        Repr::U8 => out.extend_from_slice(&i16::from(reader.u8()?).to_be_bytes()),
        Repr::U16 => out.extend_from_slice(&i32::from(reader.u16()?).to_be_bytes()),
        Repr::U32 => out.extend_from_slice(&i64::from(reader.u32()?).to_be_bytes()),
        Repr::U64 => numeric::encode(reader.u64()?, out),
        Repr::F32 => out.extend_from_slice(&reader.f32()?.to_be_bytes()),
        Repr::F64 => out.extend_from_slice(&reader.f64()?.to_be_bytes()),
        Repr::Text => out.extend_from_slice(text(reader, escapes)?.as_bytes()),
    }
    Ok(())
}

/// A text as the statement holds it.
pub(crate) fn text<'a>(reader: &mut Reader<'a>, escapes: bool) -> Result<Cow<'a, str>> {
    let text = reader.text()?;
    if escapes {
        Ok(escape(text))
    } else if text.as_bytes().contains(&0) {
        Err(error::nul())
    } else {
        Ok(Cow::Borrowed(text))
    }
}

pub(crate) fn column_type(leaf: Leaf) -> Type {
    match leaf {
        Leaf::Tag => Type::INT4,
        Leaf::Some => Type::BOOL,
        Leaf::Packed(_) => Type::JSONB,
        Leaf::Prim(prim) | Leaf::Null(prim) => match prim.repr() {
            Repr::Bool => Type::BOOL,
            Repr::I8 | Repr::I16 | Repr::U8 => Type::INT2,
            Repr::I32 | Repr::U16 => Type::INT4,
            Repr::I64 | Repr::U32 => Type::INT8,
            Repr::U64 => Type::NUMERIC,
            Repr::F32 => Type::FLOAT4,
            Repr::F64 => Type::FLOAT8,
            Repr::Text => Type::TEXT,
        },
    }
}
