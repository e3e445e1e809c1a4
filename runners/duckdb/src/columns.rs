//! Packed values between bytes and Arrow.

mod read;
mod read_typed;
mod write;

use std::sync::Arc;

use duckdb::arrow::datatypes::{DataType, Field, Fields};
use runner_core::{Prim, Repr};
use runner_sql::Layout;

pub(crate) use read::Builder;
pub(crate) use read_typed::Cell;
pub(crate) use write::Source;

/// The Arrow type of a packed value.
pub(crate) fn data_type(layout: &Layout) -> DataType {
    match layout {
        Layout::Prim(prim) => prim_type(*prim),
        Layout::Unit => DataType::Boolean,
        Layout::Tag => DataType::Int32,
        Layout::Tuple(fields) => {
            let fields = fields.iter().enumerate();
            DataType::Struct(fields.map(|(n, layout)| field(format!("f{n}"), layout)).collect())
        }
        Layout::List(item) => DataType::List(Arc::new(Field::new("item", data_type(item), true))),
        Layout::Option(payload) => data_type(payload),
        Layout::Wrapped(payload) => DataType::Struct(Fields::from([field("v".into(), payload)].to_vec())),
        Layout::Enum(variants) => {
            let payloads = variants.iter().enumerate();
            let payloads = payloads.filter_map(|(n, layout)| Some(field(format!("v{n}"), layout.as_ref()?)));
            let tag = Arc::new(Field::new("t", DataType::Int32, true));
            DataType::Struct(std::iter::once(tag).chain(payloads).collect())
        }
        Layout::Boxed(_) => DataType::Binary,
    }
}

fn field(name: String, layout: &Layout) -> Arc<Field> {
    Arc::new(Field::new(name, data_type(layout), true))
}

fn prim_type(prim: Prim) -> DataType {
    match prim.repr() {
        Repr::Bool => DataType::Boolean,
        Repr::I8 => DataType::Int8,
        Repr::I16 => DataType::Int16,
        Repr::I32 => DataType::Int32,
        Repr::I64 => DataType::Int64,
        Repr::U8 => DataType::UInt8,
        Repr::U16 => DataType::UInt16,
        Repr::U32 => DataType::UInt32,
        Repr::U64 => DataType::UInt64,
        Repr::F32 => DataType::Float32,
        Repr::F64 => DataType::Float64,
        Repr::Text => DataType::Utf8,
    }
}
