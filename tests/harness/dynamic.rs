//! Values through serde, as Rust types of the same shape would go: what the type-driven codec is checked against.

use std::fmt;

use runner_core::{Prim, Repr, Type, TypeId, TypeTable, Value};
use serde::{
    Serialize, Serializer,
    de::{DeserializeSeed, Deserializer, EnumAccess, Error as _, SeqAccess, VariantAccess, Visitor},
    ser::{SerializeSeq, SerializeTuple},
};

/// A value with its type. Serialises as the Rust type would; deserialises as a seed.
#[derive(Clone, Copy)]
pub struct Dynamic<'a, V> {
    /// The table of types.
    pub types: &'a TypeTable,
    /// The value's type.
    pub ty: TypeId,
    /// The value, or `()` for a seed.
    pub value: V,
}

impl<'a, V> Dynamic<'a, V> {
    fn at<W>(&self, ty: TypeId, value: W) -> Dynamic<'a, W> {
        Dynamic { types: self.types, ty, value }
    }
}

impl Serialize for Dynamic<'_, &Value> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.types.get(self.ty).unwrap(), self.value) {
            (Type::Prim(prim), value) => serialize_prim(*prim, value, serializer),
            (Type::Framed { inner, .. }, value) => {
                serializer.serialize_newtype_struct("Framed", &self.at(*inner, value))
            }
            (Type::Tuple(fields), Value::Tuple(values)) => {
                let mut tuple = serializer.serialize_tuple(fields.len())?;
                for (field, value) in fields.iter().zip(values) {
                    tuple.serialize_element(&self.at(field.ty, value))?;
                }
                tuple.end()
            }
            (Type::Array(item), Value::Array(values)) => {
                let mut seq = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    seq.serialize_element(&self.at(*item, value))?;
                }
                seq.end()
            }
            (Type::Enum(variants), Value::Variant(index, payload)) => match self.types.as_option(self.ty) {
                Some(_) if *index == 0 => serializer.serialize_none(),
                Some(some) => serializer.serialize_some(&self.at(some, &**payload)),
                None if self.types.is_unit(variants[*index as usize].ty) => {
                    serializer.serialize_unit_variant("Enum", *index, "variant")
                }
                None => {
                    let payload = self.at(variants[*index as usize].ty, &**payload);
                    serializer.serialize_newtype_variant("Enum", *index, "variant", &payload)
                }
            },
            (ty, value) => panic!("{value:?} is no {ty:?}"),
        }
    }
}

fn serialize_prim<S: Serializer>(prim: Prim, value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    match (prim.repr(), value) {
        (Repr::Bool, Value::Bool(value)) => serializer.serialize_bool(*value),
        (Repr::I8, Value::Int(value)) => serializer.serialize_i8(*value as i8),
        (Repr::I16, Value::Int(value)) => serializer.serialize_i16(*value as i16),
        (Repr::I32, Value::Int(value)) => serializer.serialize_i32(*value as i32),
        (Repr::I64, Value::Int(value)) => serializer.serialize_i64(*value),
        (Repr::U8, Value::Uint(value)) => serializer.serialize_u8(*value as u8),
        (Repr::U16, Value::Uint(value)) => serializer.serialize_u16(*value as u16),
        (Repr::U32, Value::Uint(value)) => serializer.serialize_u32(*value as u32),
        (Repr::U64, Value::Uint(value)) => serializer.serialize_u64(*value),
        (Repr::F32, Value::Float32(value)) => serializer.serialize_f32(*value),
        (Repr::F64, Value::Float64(value)) => serializer.serialize_f64(*value),
        (Repr::Text, Value::Text(value)) => serializer.serialize_str(value),
        (_, value) => panic!("{value:?} is no {prim:?}"),
    }
}

impl<'de> DeserializeSeed<'de> for Dynamic<'_, ()> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.types.get(self.ty).unwrap() {
            Type::Framed { inner, .. } => self.at(*inner, ()).deserialize(deserializer),
            Type::Tuple(fields) => deserializer.deserialize_tuple(fields.len(), self),
            Type::Array(_) => deserializer.deserialize_seq(self),
            Type::Enum(_) if self.types.as_option(self.ty).is_some() => deserializer.deserialize_option(self),
            Type::Enum(_) => deserializer.deserialize_enum("Enum", &[], self),
            Type::Prim(prim) => match prim.repr() {
                Repr::Bool => deserializer.deserialize_bool(self),
                Repr::I8 => deserializer.deserialize_i8(self),
                Repr::I16 => deserializer.deserialize_i16(self),
                Repr::I32 => deserializer.deserialize_i32(self),
                Repr::I64 => deserializer.deserialize_i64(self),
                Repr::U8 => deserializer.deserialize_u8(self),
                Repr::U16 => deserializer.deserialize_u16(self),
                Repr::U32 => deserializer.deserialize_u32(self),
                Repr::U64 => deserializer.deserialize_u64(self),
                Repr::F32 => deserializer.deserialize_f32(self),
                Repr::F64 => deserializer.deserialize_f64(self),
                Repr::Text => deserializer.deserialize_str(self),
            },
        }
    }
}

impl<'de> Visitor<'de> for Dynamic<'_, ()> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.types.display(self.ty))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i8<E>(self, value: i8) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_i16<E>(self, value: i16) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_i32<E>(self, value: i32) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u8<E>(self, value: u8) -> Result<Value, E> {
        Ok(Value::Uint(value.into()))
    }

    fn visit_u16<E>(self, value: u16) -> Result<Value, E> {
        Ok(Value::Uint(value.into()))
    }

    fn visit_u32<E>(self, value: u32) -> Result<Value, E> {
        Ok(Value::Uint(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Uint(value))
    }

    fn visit_f32<E>(self, value: f32) -> Result<Value, E> {
        Ok(Value::Float32(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float64(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.into()))
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::none())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let some = self.types.as_option(self.ty).unwrap();
        Ok(Value::some(self.at(some, ()).deserialize(deserializer)?))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        match self.types.get(self.ty).unwrap() {
            Type::Tuple(fields) => {
                for field in fields {
                    let value = seq.next_element_seed(self.at(field.ty, ()))?;
                    values.push(value.ok_or_else(|| A::Error::custom("too few fields"))?);
                }
                Ok(Value::Tuple(values))
            }
            Type::Array(item) => {
                while let Some(value) = seq.next_element_seed(self.at(*item, ()))? {
                    values.push(value);
                }
                Ok(Value::Array(values))
            }
            ty => panic!("{ty:?} is no sequence"),
        }
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Value, A::Error> {
        let (index, variant) = data.variant::<u32>()?;
        let variants = self.types.as_enum(self.ty).unwrap();
        let ty = variants.get(index as usize).ok_or_else(|| A::Error::custom("no such variant"))?.ty;
        if self.types.is_unit(ty) {
            variant.unit_variant()?;
            return Ok(Value::Variant(index, Box::new(Value::unit())));
        }
        Ok(Value::Variant(index, Box::new(variant.newtype_variant_seed(self.at(ty, ()))?)))
    }
}
