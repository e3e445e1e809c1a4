//! Values through columns and back, against the codec that knows no columns.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by a panic")]

use proptest::prelude::*;
use runner_core::{
    Code, Expr, INPUT, Kind, Parts, Prim, Program, RunSync, Type, TypeId, TypeTable, Value, Variant, wire,
};
use runner_interpreter::Interpreter;

/// The shape of a type.
#[derive(Debug, Clone)]
enum Shape {
    Prim(Prim),
    Tuple(Vec<Shape>),
    Array(Box<Shape>),
    Enum(Vec<Shape>),
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop::sample::select(&Prim::ALL[..]).prop_map(Shape::Prim);
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Shape::Tuple),
            inner.clone().prop_map(|item| Shape::Array(Box::new(item))),
            prop::collection::vec(inner, 1..4).prop_map(Shape::Enum),
        ]
    })
}

fn add(types: &mut TypeTable, shape: &Shape) -> TypeId {
    match shape {
        Shape::Prim(prim) => types.prim(*prim),
        Shape::Tuple(fields) => {
            let fields: Vec<_> = fields.iter().map(|field| add(types, field)).collect();
            types.tuple(fields)
        }
        Shape::Array(item) => {
            let item = add(types, item);
            types.array(item)
        }
        Shape::Enum(variants) => {
            let variants = variants.iter().enumerate();
            let variants =
                variants.map(|(index, shape)| Variant { name: format!("v{index}"), ty: add(types, shape) });
            let variants = variants.collect();
            types.intern(Type::Enum(variants))
        }
    }
}

fn value(shape: &Shape) -> BoxedStrategy<Value> {
    use runner_core::Repr;
    match shape {
        Shape::Prim(prim) => match prim.repr() {
            Repr::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
            Repr::I8 => any::<i8>().prop_map(|v| Value::Int(v.into())).boxed(),
            Repr::I16 => any::<i16>().prop_map(|v| Value::Int(v.into())).boxed(),
            Repr::I32 => any::<i32>().prop_map(|v| Value::Int(v.into())).boxed(),
            // Of every length in bytes.
            Repr::I64 => (any::<i64>(), 0..64u32).prop_map(|(v, bits)| Value::Int(v >> bits)).boxed(),
            Repr::U8 => any::<u8>().prop_map(|v| Value::Uint(v.into())).boxed(),
            Repr::U16 => any::<u16>().prop_map(|v| Value::Uint(v.into())).boxed(),
            Repr::U32 => any::<u32>().prop_map(|v| Value::Uint(v.into())).boxed(),
            Repr::U64 => (any::<u64>(), 0..64u32).prop_map(|(v, bits)| Value::Uint(v >> bits)).boxed(),
            Repr::F32 => any::<f32>().prop_map(Value::Float32).boxed(),
            Repr::F64 => any::<f64>().prop_map(Value::Float64).boxed(),
            Repr::Text => ".{0,12}".prop_map(Value::Text).boxed(),
        },
        Shape::Tuple(fields) => fields.iter().map(value).collect::<Vec<_>>().prop_map(Value::Tuple).boxed(),
        Shape::Array(item) => prop::collection::vec(value(item), 0..6).prop_map(Value::Array).boxed(),
        Shape::Enum(variants) => {
            let variants: Vec<_> = variants.iter().map(value).collect();
            (0..variants.len())
                .prop_flat_map(move |index| {
                    variants[index]
                        .clone()
                        .prop_map(move |payload| Value::Variant(index as u32, Box::new(payload)))
                })
                .boxed()
        }
    }
}

fn identity(types: TypeTable, ty: TypeId) -> Program {
    let body = vec![Expr { kind: Kind::Local(INPUT), ty }];
    Program::new(Parts { types, input: ty, output: ty, body, ..Parts::default() }).unwrap()
}

fn execute(program: &Program, input: &[u8]) -> runner_core::Result<Vec<u8>> {
    let interpreter = Interpreter::new();
    interpreter.execute(&interpreter.prepare(program)?, input)
}

proptest! {
    #[test]
    fn values_come_back_as_they_went(
        (shape, value) in shape().prop_flat_map(|shape| { let value = value(&shape); (Just(shape), value) })
    ) {
        let mut types = TypeTable::new();
        let ty = add(&mut types, &shape);
        let bytes = wire::encode(&types, ty, &value).unwrap();
        prop_assert_eq!(execute(&identity(types, ty), &bytes).unwrap(), bytes);
    }

    #[test]
    fn any_bytes_give_what_the_other_codec_gives(
        shape in shape(),
        bytes in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut types = TypeTable::new();
        let ty = add(&mut types, &shape);
        let expected = wire::decode(&types, ty, &bytes).map(|value| wire::encode(&types, ty, &value).unwrap());
        match (execute(&identity(types, ty), &bytes), expected) {
            (Ok(found), Ok(expected)) => prop_assert_eq!(found, expected),
            (Err(found), Err(_)) => prop_assert_eq!(found.code(), Code::DecodeError),
            (found, expected) => prop_assert!(false, "{:?} but {:?}", found, expected),
        }
    }
}

#[test]
fn a_recursive_value_nests_as_deep_as_the_contract_says() {
    let mut types = TypeTable::new();
    let tree = types.push(Type::Array(TypeId(0)));
    let program = identity(types, tree);
    let nested = |levels: usize| {
        let mut bytes = vec![1u8; levels];
        bytes.push(0);
        bytes
    };
    assert_eq!(execute(&program, &nested(256)).unwrap(), nested(256));
    assert_eq!(execute(&program, &nested(257)).unwrap_err().code(), Code::DecodeError);
    assert_eq!(execute(&program, &nested(1 << 20)).unwrap_err().code(), Code::DecodeError);
}
