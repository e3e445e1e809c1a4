//! Whatever is printed reads back as the same bytes, in any order of fields.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use proptest::prelude::*;
use runner_core::{Field, Prim, Type, TypeId, TypeTable, Value, Variant, wire};
use runner_json::{Layout, Printer, print, read};

/// A type as a tree, from which a table is made.
#[derive(Debug, Clone)]
enum Shape {
    Prim(Prim),
    Named(Vec<Shape>),
    Unnamed(Vec<Shape>),
    Array(Box<Shape>),
    Option(Box<Shape>),
    Enum(Vec<Option<Shape>>),
    Framed(Box<Shape>),
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = (0..Prim::ALL.len()).prop_map(|index| Shape::Prim(Prim::ALL[index]));
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Shape::Named),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Shape::Unnamed),
            inner.clone().prop_map(|item| Shape::Array(Box::new(item))),
            inner.clone().prop_map(|some| Shape::Option(Box::new(some))),
            inner.clone().prop_map(|some| Shape::Framed(Box::new(some))),
            prop::collection::vec(prop::option::of(inner), 1..4).prop_map(Shape::Enum),
        ]
    })
}

fn build(types: &mut TypeTable, shape: &Shape) -> TypeId {
    match shape {
        Shape::Prim(prim) => types.prim(*prim),
        Shape::Named(fields) => {
            let fields = fields
                .iter()
                .enumerate()
                .map(|(index, field)| Field { name: Some(format!("f{index}")), ty: build(types, field) })
                .collect();
            types.push(Type::Tuple(fields))
        }
        Shape::Unnamed(fields) => {
            let fields: Vec<_> = fields.iter().map(|field| build(types, field)).collect();
            types.tuple(fields)
        }
        Shape::Array(item) => {
            let item = build(types, item);
            types.array(item)
        }
        Shape::Option(some) => {
            let some = build(types, some);
            types.option(some)
        }
        Shape::Framed(inner) => {
            let inner = build(types, inner);
            types.push(Type::Framed { name: "Frame".into(), field: None, inner })
        }
        Shape::Enum(variants) => {
            let variants = variants
                .iter()
                .enumerate()
                .map(|(index, payload)| Variant {
                    name: format!("v{index}"),
                    ty: match payload {
                        Some(payload) => build(types, payload),
                        None => types.unit(),
                    },
                })
                .collect();
            types.push(Type::Enum(variants))
        }
    }
}

fn value(shape: Shape) -> BoxedStrategy<Value> {
    match shape {
        Shape::Prim(prim) => match prim {
            Prim::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
            Prim::Int8 => any::<i8>().prop_map(|value| Value::Int(value.into())).boxed(),
            Prim::Int16 => any::<i16>().prop_map(|value| Value::Int(value.into())).boxed(),
            Prim::Int32 | Prim::Date => any::<i32>().prop_map(|value| Value::Int(value.into())).boxed(),
            Prim::Int64 | Prim::Duration | Prim::Timestamp | Prim::Decimal => {
                any::<i64>().prop_map(Value::Int).boxed()
            }
            Prim::Uint8 | Prim::Prim8 => any::<u8>().prop_map(|value| Value::Uint(value.into())).boxed(),
            Prim::Uint16 | Prim::Prim16 => any::<u16>().prop_map(|value| Value::Uint(value.into())).boxed(),
            Prim::Uint32 | Prim::Prim32 => any::<u32>().prop_map(|value| Value::Uint(value.into())).boxed(),
            Prim::Uint64 | Prim::Prim64 => any::<u64>().prop_map(Value::Uint).boxed(),
            Prim::Time => (0u64..86_400_000_000).prop_map(Value::Uint).boxed(),
            // The bits of a NaN are not kept, only that it is one.
            Prim::Float32 => any::<f32>()
                .prop_map(|value| Value::Float32(if value.is_nan() { f32::NAN } else { value }))
                .boxed(),
            Prim::Float64 => any::<f64>()
                .prop_map(|value| Value::Float64(if value.is_nan() { f64::NAN } else { value }))
                .boxed(),
            Prim::Text => any::<String>().prop_map(Value::Text).boxed(),
        },
        Shape::Named(fields) | Shape::Unnamed(fields) => {
            fields.into_iter().map(value).collect::<Vec<_>>().prop_map(Value::Tuple).boxed()
        }
        Shape::Array(item) => prop::collection::vec(value(*item), 0..4).prop_map(Value::Array).boxed(),
        Shape::Option(some) => prop_oneof![Just(Value::none()), value(*some).prop_map(Value::some)].boxed(),
        Shape::Framed(inner) => value(*inner),
        Shape::Enum(variants) => (0..variants.len())
            .prop_flat_map(move |index| match &variants[index] {
                Some(payload) => value(payload.clone())
                    .prop_map(move |payload| Value::Variant(index as u32, Box::new(payload)))
                    .boxed(),
                None => Just(Value::Variant(index as u32, Box::new(Value::unit()))).boxed(),
            })
            .boxed(),
    }
}

/// Prints bytes that come in pieces of this size into a buffer of that room.
fn print_pieces(
    types: &TypeTable,
    ty: TypeId,
    bytes: &[u8],
    (piece, room): (usize, usize),
    layout: Layout,
) -> runner_core::Result<Vec<u8>> {
    let mut printer = Printer::new(types, ty, layout);
    let mut json = Vec::new();
    for mut bytes in bytes.chunks(piece) {
        loop {
            let mut out = Vec::new();
            let more = printer.push(&mut bytes, room, &mut out)?;
            json.append(&mut out);
            if !more {
                break;
            }
        }
        assert!(bytes.is_empty());
    }
    printer.finish(&mut json)?;
    Ok(json)
}

proptest! {
    #[test]
    fn pieces_are_printed_as_the_whole_is(
        (shape, value) in shape().prop_flat_map(|shape| (Just(shape.clone()), value(shape))),
        cut in (1usize..9, 1usize..9),
    ) {
        let mut types = TypeTable::new();
        let ty = build(&mut types, &shape);
        let bytes = wire::encode(&types, ty, &value).unwrap();
        for layout in [Layout::Compact, Layout::Pretty] {
            let whole = print(&types, ty, &bytes, layout);
            prop_assert_eq!(print_pieces(&types, ty, &bytes, cut, layout), whole);
        }
        let mut longer = bytes.clone();
        longer.push(0);
        prop_assert!(print_pieces(&types, ty, &longer, cut, Layout::Compact).is_err());
        if let Some((_, shorter)) = bytes.split_last() {
            let shorter = print_pieces(&types, ty, shorter, cut, Layout::Compact);
            prop_assert_eq!(shorter.is_ok(), print(&types, ty, &bytes[..bytes.len() - 1], Layout::Compact).is_ok());
        }
    }

    #[test]
    fn printed_json_reads_back((shape, value) in shape().prop_flat_map(|shape| (Just(shape.clone()), value(shape)))) {
        let mut types = TypeTable::new();
        let ty = build(&mut types, &shape);
        let bytes = wire::encode(&types, ty, &value).unwrap();
        for layout in [Layout::Compact, Layout::Pretty] {
            let json = print(&types, ty, &bytes, layout).unwrap();
            let again = read(&types, ty, &json);
            prop_assert_eq!(again.as_deref(), Ok(&*bytes), "{}", String::from_utf8_lossy(&json));
        }
    }

    #[test]
    fn no_bytes_panic(shape in shape(), noise in prop::collection::vec(any::<u8>(), 0..64), json in "[\\[\\]{}\",:a-f0-9.n -]{0,40}") {
        let mut types = TypeTable::new();
        let ty = build(&mut types, &shape);
        let _ = print(&types, ty, &noise, Layout::Compact);
        let _ = print_pieces(&types, ty, &noise, (3, 5), Layout::Pretty);
        let _ = read(&types, ty, &noise);
        let _ = read(&types, ty, json.as_bytes());
    }
}
