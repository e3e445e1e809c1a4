//! Random types and values.

use proptest::prelude::*;
use runner_core::{Field, Prim, Repr, Type, TypeId, TypeTable, Value, Variant};

/// A type as a tree, before it is put into a table.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A primitive.
    Prim(Prim),
    /// A tuple with some named fields.
    Tuple(Vec<(bool, Shape)>),
    /// An array.
    Array(Box<Shape>),
    /// An option.
    Option(Box<Shape>),
    /// Another enum, at least one variant.
    Enum(Vec<Shape>),
    /// A framed type.
    Framed(Box<Shape>),
}

/// A type of up to four levels.
pub fn shape() -> impl Strategy<Value = Shape> {
    let prim = proptest::sample::select(Prim::ALL.to_vec()).prop_map(Shape::Prim);
    prim.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec((any::<bool>(), inner.clone()), 0..4).prop_map(Shape::Tuple),
            inner.clone().prop_map(|item| Shape::Array(Box::new(item))),
            inner.clone().prop_map(|some| Shape::Option(Box::new(some))),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Shape::Enum),
            inner.prop_map(|inner| Shape::Framed(Box::new(inner))),
        ]
    })
}

impl Shape {
    /// Puts the type into a table.
    pub fn intern(&self, types: &mut TypeTable) -> TypeId {
        match self {
            Self::Prim(prim) => types.prim(*prim),
            Self::Tuple(fields) => {
                let fields = fields
                    .iter()
                    .enumerate()
                    .map(|(index, (named, shape))| Field {
                        name: named.then(|| format!("f{index}")),
                        ty: shape.intern(types),
                    })
                    .collect();
                types.intern(Type::Tuple(fields))
            }
            Self::Array(item) => {
                let item = item.intern(types);
                types.array(item)
            }
            Self::Option(some) => {
                let some = some.intern(types);
                types.option(some)
            }
            Self::Enum(payloads) => {
                let variants = payloads
                    .iter()
                    .enumerate()
                    .map(|(index, shape)| Variant { name: format!("v{index}"), ty: shape.intern(types) })
                    .collect();
                types.intern(Type::Enum(variants))
            }
            Self::Framed(inner) => {
                let inner = inner.intern(types);
                types.intern(Type::Framed { name: "test::Framed".into(), field: None, inner })
            }
        }
    }

    /// Values of the type.
    pub fn values(&self) -> BoxedStrategy<Value> {
        match self {
            Self::Prim(prim) => prim_values(*prim),
            Self::Tuple(fields) => {
                let fields: Vec<_> = fields.iter().map(|(_, shape)| shape.values()).collect();
                fields.prop_map(Value::Tuple).boxed()
            }
            Self::Array(item) => {
                proptest::collection::vec(item.values(), 0..5).prop_map(Value::Array).boxed()
            }
            Self::Option(some) => {
                prop_oneof![Just(Value::none()), some.values().prop_map(Value::some)].boxed()
            }
            Self::Enum(payloads) => {
                let variants = payloads.iter().enumerate().map(|(index, shape)| {
                    shape
                        .values()
                        .prop_map(move |payload| Value::Variant(index as u32, Box::new(payload)))
                        .boxed()
                });
                proptest::strategy::Union::new(variants).boxed()
            }
            Self::Framed(inner) => inner.values(),
        }
    }
}

/// A type and a value of it.
pub fn typed_value() -> impl Strategy<Value = (TypeTable, TypeId, Value)> {
    shape().prop_flat_map(|shape| {
        let mut types = TypeTable::new();
        let ty = shape.intern(&mut types);
        shape.values().prop_map(move |value| (types.clone(), ty, value))
    })
}

fn prim_values(prim: Prim) -> BoxedStrategy<Value> {
    let int = |value: i64| Value::Int(value);
    let uint = |value: u64| Value::Uint(value);
    match prim.repr() {
        Repr::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Repr::I8 => any::<i8>().prop_map(move |value| int(value.into())).boxed(),
        Repr::I16 => any::<i16>().prop_map(move |value| int(value.into())).boxed(),
        Repr::I32 => any::<i32>().prop_map(move |value| int(value.into())).boxed(),
        Repr::I64 => {
            prop_oneof![any::<i64>(), -9i64..9, Just(i64::MIN), Just(i64::MAX)].prop_map(int).boxed()
        }
        Repr::U8 => any::<u8>().prop_map(move |value| uint(value.into())).boxed(),
        Repr::U16 => any::<u16>().prop_map(move |value| uint(value.into())).boxed(),
        Repr::U32 => any::<u32>().prop_map(move |value| uint(value.into())).boxed(),
        Repr::U64 => prop_oneof![any::<u64>(), 0u64..9, Just(u64::MAX)].prop_map(uint).boxed(),
        Repr::F32 => any::<f32>().prop_map(Value::Float32).boxed(),
        Repr::F64 => {
            prop_oneof![any::<f64>(), Just(f64::INFINITY), Just(-0.0)].prop_map(Value::Float64).boxed()
        }
        Repr::Text => any::<String>().prop_map(Value::Text).boxed(),
    }
}
