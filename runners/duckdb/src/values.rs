//! Values that contain themselves: they are bytes in DuckDB, and these functions look into them.

use std::{cmp::Ordering, sync::Arc};

use duckdb::arrow::{
    array::{Array, ArrayRef, AsArray, BinaryArray, Int32Array},
    datatypes::DataType,
};
use runner_core::{
    Code, Repr, Result, Type, TypeId, TypeTable, Value,
    limits::VALUE_DEPTH,
    wire::{self, Reader, Writer},
};
use runner_sql::{Layout, Shapes};

use crate::{
    columns::{Builder, Source, data_type},
    error::unexpected,
    function::Overload,
    room::Left,
};

/// The function of this kind over values of a type, see [`runner_sql::DuckDb::function`].
pub(crate) fn function(shapes: &Shapes, what: &str, ty: TypeId) -> Option<Overload> {
    let types = Arc::new(shapes.types().clone());
    let layout = Layout::unboxed(shapes, ty);
    let list = Layout::List(Box::new(Layout::of(shapes, ty)));
    Some(match what {
        "read" => read(types, layout),
        "write" => write(layout),
        "read_list" => read(types, list),
        "write_list" => write(list),
        "order" => order(types, ty),
        "key" => key(types, ty),
        _ => return None,
    })
}

/// The bytes of the value of a type that stands next, all of which were looked at.
pub(crate) fn take<'a>(types: &TypeTable, ty: TypeId, reader: &mut Reader<'a>) -> Result<&'a [u8]> {
    let mut start = reader.clone();
    skip(types, ty, reader, 0)?;
    start.raw(reader.offset() - start.offset())
}

fn skip(types: &TypeTable, ty: TypeId, reader: &mut Reader<'_>, depth: usize) -> Result<()> {
    if depth > VALUE_DEPTH {
        return Err(reader.error(&format!("a value nests deeper than {VALUE_DEPTH} levels")));
    }
    let below = depth + 1;
    match types.get(ty) {
        Some(Type::Prim(prim)) => skip_prim(prim.repr(), reader),
        Some(Type::Framed { inner, .. }) => skip(types, *inner, reader, below),
        Some(Type::Tuple(fields)) => fields.iter().try_for_each(|field| skip(types, field.ty, reader, below)),
        Some(Type::Array(item)) => {
            let count = reader.length(types.least_bytes(*item))?;
            (0..count).try_for_each(|_| skip(types, *item, reader, below))
        }
        Some(Type::Enum(variants)) => {
            let index = reader.u32()?;
            match variants.get(index as usize) {
                Some(variant) => skip(types, variant.ty, reader, below),
                None => {
                    let words = format!("variant {index} of an enum that has {}", variants.len());
                    Err(reader.error(&words))
                }
            }
        }
        None => Err(reader.error("a type is not there")),
    }
}

fn skip_prim(repr: Repr, reader: &mut Reader<'_>) -> Result<()> {
    match repr {
        Repr::Bool => reader.bool().map(drop),
        Repr::I8 => reader.i8().map(drop),
        Repr::I16 => reader.i16().map(drop),
        Repr::I32 => reader.i32().map(drop),
        Repr::I64 => reader.i64().map(drop),
        Repr::U8 => reader.u8().map(drop),
        Repr::U16 => reader.u16().map(drop),
        Repr::U32 => reader.u32().map(drop),
        Repr::U64 => reader.u64().map(drop),
        Repr::F32 => reader.f32().map(drop),
        Repr::F64 => reader.f64().map(drop),
        Repr::Text => reader.text().map(drop),
    }
}

fn read(types: Arc<TypeTable>, layout: Layout) -> Overload {
    let result = data_type(&layout);
    Overload::growing([DataType::Binary], result, move |args, room| {
        let blobs = blobs(args, 0)?;
        let mut column = Builder::new(&types, &layout);
        let mut left = Left::new(room);
        for row in 0..blobs.len() {
            if blobs.is_null(row) {
                column.push_null();
                continue;
            }
            let mut reader = Reader::new(blobs.value(row));
            column.push(&mut reader, &mut left)?;
            reader.finish()?;
        }
        column.finish()
    })
}

fn write(layout: Layout) -> Overload {
    Overload::growing([data_type(&layout)], DataType::Binary, move |args, room| {
        let array = args.first().ok_or_else(|| unexpected("an argument"))?;
        let source = Source::new(&layout, array)?;
        let mut bytes = 0;
        let blobs: Result<BinaryArray> = (0..array.len())
            .map(|row| {
                if array.is_null(row) {
                    return Ok(None);
                }
                let mut writer = Writer::new();
                match source.write(row, &mut writer) {
                    Ok(()) => {
                        bytes += writer.len() as u64;
                        room.check(bytes)?;
                        Ok(Some(writer.into_bytes()))
                    }
                    // A part of it is NULL, as it is not needed here.
                    Err(error) if error.code() == Code::ExecutionError => Ok(None),
                    Err(error) => Err(error),
                }
            })
            .collect::<Result<Vec<_>>>()
            .map(|blobs| blobs.iter().map(Option::as_deref).collect());
        Ok(Arc::new(blobs?) as ArrayRef)
    })
}

/// 0, 1 or 2 as the left value is less, equal or greater.
fn order(types: Arc<TypeTable>, ty: TypeId) -> Overload {
    Overload::new([DataType::Binary, DataType::Binary], DataType::Int32, move |args| {
        let (left, right) = (blobs(args, 0)?, blobs(args, 1)?);
        let orders: Result<Int32Array> = left
            .iter()
            .zip(right.iter())
            .map(|pair| match pair {
                (Some(left), Some(right)) => {
                    let (left, right) = (wire::decode(&types, ty, left)?, wire::decode(&types, ty, right)?);
                    Ok(Some(compare(&left, &right) as i32 + 1))
                }
                _ => Ok(None),
            })
            .collect();
        Ok(Arc::new(orders?) as ArrayRef)
    })
}

/// Bytes that are the same for all equal values.
fn key(types: Arc<TypeTable>, ty: TypeId) -> Overload {
    Overload::new([DataType::Binary], DataType::Binary, move |args| {
        let keys: Result<Vec<_>> = blobs(args, 0)?
            .iter()
            .map(|blob| {
                let Some(blob) = blob else { return Ok(None) };
                let value = canonical(wire::decode(&types, ty, blob)?);
                wire::encode(&types, ty, &value).map(Some)
            })
            .collect();
        let keys: BinaryArray = keys?.iter().map(Option::as_deref).collect();
        Ok(Arc::new(keys) as ArrayRef)
    })
}

fn blobs(args: &[ArrayRef], index: usize) -> Result<&BinaryArray> {
    let array = args.get(index).and_then(|array| array.as_binary_opt());
    array.ok_or_else(|| unexpected("a blob"))
}

/// The order of values of one type.
fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Uint(a), Value::Uint(b)) => a.cmp(b),
        (Value::Float32(a), Value::Float32(b)) => {
            a.partial_cmp(b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
        }
        (Value::Float64(a), Value::Float64(b)) => {
            a.partial_cmp(b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
        }
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Tuple(a), Value::Tuple(b)) | (Value::Array(a), Value::Array(b)) => {
            let different = a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|order| order.is_ne());
            different.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Variant(a, x), Value::Variant(b, y)) => a.cmp(b).then_with(|| compare(x, y)),
        _ => Ordering::Equal,
    }
}

fn canonical(value: Value) -> Value {
    match value {
        Value::Float32(x) if x.is_nan() => Value::Float32(f32::NAN),
        Value::Float32(x) => Value::Float32(x + 0.0),
        Value::Float64(x) if x.is_nan() => Value::Float64(f64::NAN),
        Value::Float64(x) => Value::Float64(x + 0.0),
        Value::Tuple(items) => Value::Tuple(items.into_iter().map(canonical).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(canonical).collect()),
        Value::Variant(index, payload) => Value::Variant(index, Box::new(canonical(*payload))),
        other => other,
    }
}
