//! Types, as a table of nodes that refer to each other by index.
//!
//! A table makes a type cheap to name (four bytes), shares what repeats, and lets a recursive type be what it is:
//! a cycle. Cycles must pass through an enum or an array, or a value could not end.

mod display;
mod same;
mod validate;

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

pub use display::DisplayType;
pub(crate) use same::Classes;

/// Index of a type in its [`TypeTable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TypeId(pub u32);

/// A type. Children are indices into the same table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Type {
    /// A primitive, which has no parts.
    Prim(Prim),
    /// Ordered fields.
    Tuple(#[serde(deserialize_with = "crate::bounded::vec")] Vec<Field>),
    /// Items of one type.
    Array(TypeId),
    /// One of several variants.
    Enum(#[serde(deserialize_with = "crate::bounded::vec")] Vec<Variant>),
    /// A nominal type around another one; its values are those of `inner`.
    Framed {
        /// The type's path, such as `shop::Celsius`.
        name: String,
        /// The name of its only field, if it has one.
        field: Option<String>,
        /// What it frames.
        inner: TypeId,
    },
}

/// The primitive types. The comments give the Rust type of a value on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Prim {
    /// `bool`
    Bool,
    /// `i8`
    Int8,
    /// `i16`
    Int16,
    /// `i32`
    Int32,
    /// `i64`
    Int64,
    /// `u8`
    Uint8,
    /// `u16`
    Uint16,
    /// `u32`
    Uint32,
    /// `u64`
    Uint64,
    /// `f32`
    Float32,
    /// `f64`
    Float64,
    /// `str`
    Text,
    /// `i32`, days since 1970-01-01
    Date,
    /// `u64`, microseconds since midnight
    Time,
    /// `i64`, microseconds
    Duration,
    /// `i64`, microseconds since 1970-01-01T00:00:00 without a zone
    Timestamp,
    /// `i64`, hundredths
    Decimal,
    /// `u8`, raw bits
    Prim8,
    /// `u16`, raw bits
    Prim16,
    /// `u32`, raw bits
    Prim32,
    /// `u64`, raw bits
    Prim64,
}

/// A field of a tuple.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Field {
    /// Its name, if it has one. Names may repeat.
    pub name: Option<String>,
    /// Its type.
    pub ty: TypeId,
}

/// A variant of an enum.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// The type of its payload, `{}` where it has none.
    pub ty: TypeId,
}

/// The types of a program. Equal types have one entry (but for field names, see [`TypeTable::same`]).
///
/// ```
/// use runner_core::{Prim, Type, TypeTable};
///
/// let mut types = TypeTable::new();
/// let int = types.prim(Prim::Int64);
/// let option = types.option(int);
/// let array = types.array(option);
/// assert_eq!(types.display(array).to_string(), "[Int64?]");
/// assert_eq!(types.array(option), array);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeTable {
    #[serde(deserialize_with = "crate::bounded::vec")]
    types: Vec<Type>,
}

impl TypeTable {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The type at an index, `None` if the index is not of this table.
    #[must_use]
    pub fn get(&self, id: TypeId) -> Option<&Type> {
        self.types.get(id.0 as usize)
    }

    /// Number of types.
    #[must_use]
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether there are no types.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    /// All types with their indices.
    pub fn iter(&self) -> impl Iterator<Item = (TypeId, &Type)> {
        (0..).map(TypeId).zip(&self.types)
    }

    /// The index of this type, which is added if it is new. Linear in the size of the table.
    pub fn intern(&mut self, ty: Type) -> TypeId {
        match self.types.iter().position(|known| *known == ty) {
            Some(index) => TypeId(index as u32),
            None => self.push(ty),
        }
    }

    /// Adds a type without looking whether it is there.
    pub fn push(&mut self, ty: Type) -> TypeId {
        let id = TypeId(self.types.len() as u32);
        self.types.push(ty);
        id
    }

    /// Replaces a type, to close the cycle of a recursive one. An index beyond the table changes nothing.
    pub fn set(&mut self, id: TypeId, ty: Type) {
        if let Some(slot) = self.types.get_mut(id.0 as usize) {
            *slot = ty;
        }
    }

    /// The index of a primitive.
    pub fn prim(&mut self, prim: Prim) -> TypeId {
        self.intern(Type::Prim(prim))
    }

    /// The index of `{}`.
    pub fn unit(&mut self) -> TypeId {
        self.intern(Type::Tuple(Vec::new()))
    }

    /// The index of `[item]`.
    pub fn array(&mut self, item: TypeId) -> TypeId {
        self.intern(Type::Array(item))
    }

    /// The index of `some?`, which is `enum {none, some: T}`.
    pub fn option(&mut self, some: TypeId) -> TypeId {
        let unit = self.unit();
        self.intern(Type::Enum(alloc::vec![
            Variant { name: "none".into(), ty: unit },
            Variant { name: "some".into(), ty: some },
        ]))
    }

    /// The index of a tuple of fields without names.
    pub fn tuple(&mut self, fields: impl IntoIterator<Item = TypeId>) -> TypeId {
        self.intern(Type::Tuple(fields.into_iter().map(|ty| Field { name: None, ty }).collect()))
    }

    /// The payload type if this is `enum {none, some: T}`.
    #[must_use]
    pub fn as_option(&self, id: TypeId) -> Option<TypeId> {
        match self.get(id)? {
            Type::Enum(variants) => match variants.as_slice() {
                [none, some] if none.name == "none" && some.name == "some" && self.is_unit(none.ty) => {
                    Some(some.ty)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether this is `{}`.
    #[must_use]
    pub fn is_unit(&self, id: TypeId) -> bool {
        matches!(self.get(id), Some(Type::Tuple(fields)) if fields.is_empty())
    }

    /// The primitive at this index, if it is one.
    #[must_use]
    pub fn as_prim(&self, id: TypeId) -> Option<Prim> {
        match self.get(id)? {
            Type::Prim(prim) => Some(*prim),
            _ => None,
        }
    }

    /// The item type if this is an array.
    #[must_use]
    pub fn as_array(&self, id: TypeId) -> Option<TypeId> {
        match self.get(id)? {
            Type::Array(item) => Some(*item),
            _ => None,
        }
    }

    /// The fields if this is a tuple.
    #[must_use]
    pub fn as_tuple(&self, id: TypeId) -> Option<&[Field]> {
        match self.get(id)? {
            Type::Tuple(fields) => Some(fields),
            _ => None,
        }
    }

    /// The variants if this is an enum.
    #[must_use]
    pub fn as_enum(&self, id: TypeId) -> Option<&[Variant]> {
        match self.get(id)? {
            Type::Enum(variants) => Some(variants),
            _ => None,
        }
    }

    /// The type below all frames.
    #[must_use]
    pub fn unframed(&self, mut id: TypeId) -> TypeId {
        for _ in 0..self.types.len() {
            match self.get(id) {
                Some(Type::Framed { inner, .. }) => id = *inner,
                _ => break,
            }
        }
        id
    }

    /// Prints as Lutra source; a recursive type prints as `Self` where it meets itself again.
    #[must_use]
    pub fn display(&self, id: TypeId) -> DisplayType<'_> {
        DisplayType::new(self, id)
    }
}

impl Prim {
    /// Every primitive, in order of their indices on the wire.
    pub const ALL: [Self; 21] = [
        Self::Bool,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Uint8,
        Self::Uint16,
        Self::Uint32,
        Self::Uint64,
        Self::Float32,
        Self::Float64,
        Self::Text,
        Self::Date,
        Self::Time,
        Self::Duration,
        Self::Timestamp,
        Self::Decimal,
        Self::Prim8,
        Self::Prim16,
        Self::Prim32,
        Self::Prim64,
    ];

    /// The name in Lutra source.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "Bool",
            Self::Int8 => "Int8",
            Self::Int16 => "Int16",
            Self::Int32 => "Int32",
            Self::Int64 => "Int64",
            Self::Uint8 => "Uint8",
            Self::Uint16 => "Uint16",
            Self::Uint32 => "Uint32",
            Self::Uint64 => "Uint64",
            Self::Float32 => "Float32",
            Self::Float64 => "Float64",
            Self::Text => "Text",
            Self::Date => "Date",
            Self::Time => "Time",
            Self::Duration => "Duration",
            Self::Timestamp => "Timestamp",
            Self::Decimal => "Decimal",
            Self::Prim8 => "Prim8",
            Self::Prim16 => "Prim16",
            Self::Prim32 => "Prim32",
            Self::Prim64 => "Prim64",
        }
    }

    /// How a value is held: most types are integers with a meaning.
    #[must_use]
    pub fn repr(self) -> Repr {
        match self {
            Self::Bool => Repr::Bool,
            Self::Int8 => Repr::I8,
            Self::Int16 => Repr::I16,
            Self::Int32 | Self::Date => Repr::I32,
            Self::Int64 | Self::Duration | Self::Timestamp | Self::Decimal => Repr::I64,
            Self::Uint8 | Self::Prim8 => Repr::U8,
            Self::Uint16 | Self::Prim16 => Repr::U16,
            Self::Uint32 | Self::Prim32 => Repr::U32,
            Self::Uint64 | Self::Time | Self::Prim64 => Repr::U64,
            Self::Float32 => Repr::F32,
            Self::Float64 => Repr::F64,
            Self::Text => Repr::Text,
        }
    }

    /// What a primitive with a meaning frames: `Date` frames `Int32`, `Int32` frames `Prim32`.
    #[must_use]
    pub fn framed(self) -> Option<Self> {
        Some(match self {
            Self::Date => Self::Int32,
            Self::Time => Self::Uint64,
            Self::Duration | Self::Timestamp | Self::Decimal => Self::Int64,
            Self::Int8 | Self::Uint8 => Self::Prim8,
            Self::Int16 | Self::Uint16 => Self::Prim16,
            Self::Int32 | Self::Uint32 | Self::Float32 => Self::Prim32,
            Self::Int64 | Self::Uint64 | Self::Float64 => Self::Prim64,
            Self::Bool | Self::Text | Self::Prim8 | Self::Prim16 | Self::Prim32 | Self::Prim64 => {
                return None;
            }
        })
    }

    /// `Int8..64` and `Uint8..64`.
    #[must_use]
    pub fn is_integer(self) -> bool {
        self.is_signed() || matches!(self, Self::Uint8 | Self::Uint16 | Self::Uint32 | Self::Uint64)
    }

    /// `Int8..64`.
    #[must_use]
    pub fn is_signed(self) -> bool {
        matches!(self, Self::Int8 | Self::Int16 | Self::Int32 | Self::Int64)
    }

    /// `Float32` and `Float64`.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, Self::Float32 | Self::Float64)
    }

    /// `Num` of the standard library: integers and floats.
    #[must_use]
    pub fn is_num(self) -> bool {
        self.is_integer() || self.is_float()
    }

    /// `Ord` of the standard library: what `sort`, `min` and `rank` take.
    #[must_use]
    pub fn is_ord(self) -> bool {
        !matches!(self, Self::Prim8 | Self::Prim16 | Self::Prim32 | Self::Prim64)
    }
}

/// The Rust type that holds a primitive, see [`Prim::repr`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Repr {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
    Text,
}
