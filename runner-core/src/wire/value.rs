use alloc::{boxed::Box, format, string::String, vec::Vec};

use super::{Reader, Writer};
use crate::{
    error::{Error, Result},
    limits::VALUE_DEPTH,
    ty::{Prim, Repr, Type, TypeId, TypeTable},
    value::Value,
};

/// The bytes of a value of this type.
///
/// ```
/// use runner_core::{Prim, TypeTable, Value, wire};
///
/// let mut types = TypeTable::new();
/// let int = types.prim(Prim::Int32);
/// let ty = types.array(int);
/// let value = Value::Array(vec![Value::Int(1), Value::Int(-2)]);
/// let bytes = wire::encode(&types, ty, &value)?;
/// assert_eq!(bytes, postcard::to_allocvec(&[1i32, -2][..]).unwrap());
/// assert_eq!(wire::decode(&types, ty, &bytes)?, value);
/// # Ok::<(), runner_core::Error>(())
/// ```
///
/// # Errors
/// `DECODE_ERROR` if the value is not of the type, or nests deeper than [`VALUE_DEPTH`].
pub fn encode(types: &TypeTable, ty: TypeId, value: &Value) -> Result<Vec<u8>> {
    let mut writer = Writer::new();
    write(types, ty, value, &mut writer, 0)?;
    Ok(writer.into_bytes())
}

/// The value of this type that these bytes are, all of them.
///
/// # Errors
/// `DECODE_ERROR` if they are not one, or nest deeper than [`VALUE_DEPTH`].
pub fn decode(types: &TypeTable, ty: TypeId, bytes: &[u8]) -> Result<Value> {
    let mut reader = Reader::new(bytes);
    let value = take(types, ty, &mut reader, 0)?;
    reader.finish()?;
    Ok(value)
}

fn write(types: &TypeTable, ty: TypeId, value: &Value, writer: &mut Writer, depth: usize) -> Result<()> {
    if depth > VALUE_DEPTH {
        return Err(too_deep());
    }
    let below = depth + 1;
    match (types.get(ty), value) {
        (Some(Type::Prim(prim)), _) => write_prim(*prim, value, writer),
        (Some(Type::Framed { inner, .. }), _) => write(types, *inner, value, writer, below),
        (Some(Type::Tuple(fields)), Value::Tuple(values)) if fields.len() == values.len() => fields
            .iter()
            .zip(values)
            .try_for_each(|(field, value)| write(types, field.ty, value, writer, below)),
        (Some(Type::Array(item)), Value::Array(values)) => {
            writer.length(values.len());
            values.iter().try_for_each(|value| write(types, *item, value, writer, below))
        }
        (Some(Type::Enum(variants)), Value::Variant(index, payload)) => {
            let variant = variants.get(*index as usize).ok_or_else(|| mismatch(types, ty, value))?;
            writer.u32(*index);
            write(types, variant.ty, payload, writer, below)
        }
        _ => Err(mismatch(types, ty, value)),
    }
}

fn write_prim(prim: Prim, value: &Value, writer: &mut Writer) -> Result<()> {
    let wrong = || Error::decode(format!("{value:?} is no {}", prim.name()));
    match (prim.repr(), value) {
        (Repr::Bool, Value::Bool(value)) => writer.bool(*value),
        (Repr::I8, Value::Int(value)) => writer.i8(i8::try_from(*value).map_err(|_| wrong())?),
        (Repr::I16, Value::Int(value)) => writer.i16(i16::try_from(*value).map_err(|_| wrong())?),
        (Repr::I32, Value::Int(value)) => writer.i32(i32::try_from(*value).map_err(|_| wrong())?),
        (Repr::I64, Value::Int(value)) => writer.i64(*value),
        (Repr::U8, Value::Uint(value)) => writer.u8(u8::try_from(*value).map_err(|_| wrong())?),
        (Repr::U16, Value::Uint(value)) => writer.u16(u16::try_from(*value).map_err(|_| wrong())?),
        (Repr::U32, Value::Uint(value)) => writer.u32(u32::try_from(*value).map_err(|_| wrong())?),
        (Repr::U64, Value::Uint(value)) => writer.u64(*value),
        (Repr::F32, Value::Float32(value)) => writer.f32(*value),
        (Repr::F64, Value::Float64(value)) => writer.f64(*value),
        (Repr::Text, Value::Text(value)) => writer.text(value),
        _ => return Err(wrong()),
    }
    Ok(())
}

fn take(types: &TypeTable, ty: TypeId, reader: &mut Reader<'_>, depth: usize) -> Result<Value> {
    if depth > VALUE_DEPTH {
        return Err(too_deep());
    }
    let below = depth + 1;
    Ok(match types.get(ty) {
        Some(Type::Prim(prim)) => take_prim(*prim, reader)?,
        Some(Type::Framed { inner, .. }) => take(types, *inner, reader, below)?,
        Some(Type::Tuple(fields)) => {
            let mut values = Vec::with_capacity(fields.len());
            for field in fields {
                values.push(take(types, field.ty, reader, below)?);
            }
            Value::Tuple(values)
        }
        Some(Type::Array(item)) => {
            let least = types.least_bytes(*item);
            let count = reader.length(least)?;
            let mut values = Vec::new();
            for _ in 0..count {
                values.push(take(types, *item, reader, below)?);
            }
            Value::Array(values)
        }
        Some(Type::Enum(variants)) => {
            let index = reader.u32()?;
            match variants.get(index as usize) {
                Some(variant) => Value::Variant(index, Box::new(take(types, variant.ty, reader, below)?)),
                None => {
                    return Err(reader.error(&format!(
                        "variant {index} of an enum that has {}: {}",
                        variants.len(),
                        types.display(ty)
                    )));
                }
            }
        }
        None => return Err(Error::decode(format!("type {} is not there", ty.0))),
    })
}

fn take_prim(prim: Prim, reader: &mut Reader<'_>) -> Result<Value> {
    Ok(match prim.repr() {
        Repr::Bool => Value::Bool(reader.bool()?),
        Repr::I8 => Value::Int(reader.i8()?.into()),
        Repr::I16 => Value::Int(reader.i16()?.into()),
        Repr::I32 => Value::Int(reader.i32()?.into()),
        Repr::I64 => Value::Int(reader.i64()?),
        Repr::U8 => Value::Uint(reader.u8()?.into()),
        Repr::U16 => Value::Uint(reader.u16()?.into()),
        Repr::U32 => Value::Uint(reader.u32()?.into()),
        Repr::U64 => Value::Uint(reader.u64()?),
        Repr::F32 => Value::Float32(reader.f32()?),
        Repr::F64 => Value::Float64(reader.f64()?),
        Repr::Text => Value::Text(String::from(reader.text()?)),
    })
}

impl TypeTable {
    /// The fewest bytes that a value of this type takes on the wire, at most 1 for all but wide tuples; what a length
    /// is checked against.
    #[must_use]
    pub fn least_bytes(&self, ty: TypeId) -> usize {
        match self.get(ty) {
            Some(Type::Prim(prim)) => match prim.repr() {
                Repr::F32 => 4,
                Repr::F64 => 8,
                _ => 1,
            },
            Some(Type::Framed { inner, .. }) => self.least_bytes(*inner),
            Some(Type::Tuple(fields)) => fields.iter().map(|field| self.least_bytes(field.ty)).sum(),
            Some(Type::Array(_) | Type::Enum(_)) => 1,
            None => 0,
        }
    }
}

fn too_deep() -> Error {
    Error::decode(format!("a value nests deeper than {VALUE_DEPTH} levels"))
}

fn mismatch(types: &TypeTable, ty: TypeId, value: &Value) -> Error {
    let kind = match value {
        Value::Tuple(fields) => format!("a tuple of {}", fields.len()),
        Value::Array(_) => "an array".into(),
        Value::Variant(index, _) => format!("variant {index}"),
        other => format!("{other:?}"),
    };
    Error::decode(format!("{kind} is no {}", types.display(ty)))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::ty::{Field, Variant};

    /// The format, byte by byte; whoever writes a client in another language may check it against these.
    #[test]
    fn golden_bytes() {
        let mut types = TypeTable::new();
        let prims = [
            (Prim::Bool, Value::Bool(true), vec![1]),
            (Prim::Int8, Value::Int(-1), vec![0xff]),
            (Prim::Int16, Value::Int(-1), vec![1]),
            (Prim::Int32, Value::Int(64), vec![0x80, 1]),
            (
                Prim::Int64,
                Value::Int(i64::MIN),
                vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            ),
            (Prim::Uint8, Value::Uint(255), vec![0xff]),
            (Prim::Uint16, Value::Uint(300), vec![0xac, 2]),
            (Prim::Uint64, Value::Uint(127), vec![127]),
            (Prim::Float32, Value::Float32(1.0), vec![0, 0, 0x80, 0x3f]),
            (Prim::Float64, Value::Float64(-0.0), vec![0, 0, 0, 0, 0, 0, 0, 0x80]),
            (Prim::Text, Value::Text("é".into()), vec![2, 0xc3, 0xa9]),
            (Prim::Date, Value::Int(-1), vec![1]),
            (Prim::Time, Value::Uint(1), vec![1]),
            (Prim::Decimal, Value::Int(420), vec![0xc8, 6]),
        ];
        for (prim, value, bytes) in prims {
            let ty = types.prim(prim);
            assert_eq!(encode(&types, ty, &value).unwrap(), bytes, "{}", prim.name());
            assert_eq!(decode(&types, ty, &bytes).unwrap(), value, "{}", prim.name());
        }

        let (int, text) = (types.prim(Prim::Int64), types.prim(Prim::Text));
        let (array, option, unit) = (types.array(int), types.option(text), types.unit());
        let variant = |name: &str, ty| Variant { name: name.into(), ty };
        let tag = types.intern(Type::Enum(vec![variant("a", unit), variant("b", array)]));
        let field = |ty| Field { name: None, ty };
        let tuple = types.intern(Type::Tuple(vec![field(option), field(tag), field(option), field(unit)]));
        let value = Value::Tuple(vec![
            Value::some(Value::Text("x".into())),
            Value::Variant(1, Box::new(Value::Array(vec![Value::Int(1), Value::Int(-1)]))),
            Value::none(),
            Value::unit(),
        ]);
        let bytes = [1, 1, b'x', 1, 2, 2, 1, 0];
        assert_eq!(encode(&types, tuple, &value).unwrap(), bytes);
        assert_eq!(decode(&types, tuple, &bytes).unwrap(), value);
    }
}
