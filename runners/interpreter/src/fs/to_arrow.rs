//! Columns to Arrow arrays.

use std::{format, sync::Arc, vec::Vec};

use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, ListArray, PrimitiveArray, StringArray, StructArray,
    new_null_array,
    types::{
        Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
        Time64MicrosecondType, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::ArrowError;
use runner_core::{Code, Error, Prim, Result};

use super::shape::{DECIMAL_DIGITS, Shape, fields};
use crate::{
    budget::Budget,
    column::{self, Column, TextBuilder, Vector},
    scalar::DAY_MICROS,
};

/// The array of a column of `rows` rows, those at `nulls` missing.
///
/// # Errors
/// `EXECUTION_ERROR` if a value does not fit the type of the file.
pub(super) fn to_arrow(
    shape: &Shape,
    column: &Column,
    rows: usize,
    nulls: Option<NullBuffer>,
    budget: &Budget,
) -> Result<ArrayRef> {
    budget.check()?;
    match (shape, column) {
        // No row of it is there: all rows are missing, or there are none.
        (_, Column::Empty) => Ok(new_null_array(&shape.data_type(), rows)),
        (Shape::Prim(Prim::Time), Column::U64(values)) => {
            let fits = |value: &u64| i64::try_from(*value).ok().filter(|micros| *micros < DAY_MICROS);
            Ok(Arc::new(checked::<Time64MicrosecondType, _>(values, nulls, "Time", fits)?))
        }
        (Shape::Prim(Prim::Decimal), Column::I64(values)) => {
            let limit = 10i64.pow(u32::from(DECIMAL_DIGITS));
            let fits = |value: &i64| (-limit < *value && *value < limit).then_some(i128::from(*value));
            let array = checked::<Decimal128Type, _>(values, nulls, "Decimal", fits)?;
            let array = array.with_precision_and_scale(DECIMAL_DIGITS, 2).map_err(internal)?;
            Ok(Arc::new(array))
        }
        (Shape::Prim(Prim::Timestamp), Column::I64(values)) => {
            copy::<TimestampMicrosecondType>(values, nulls)
        }
        (Shape::Prim(Prim::Date), Column::I32(values)) => copy::<Date32Type>(values, nulls),
        (Shape::Prim(_), Column::I8(values)) => copy::<Int8Type>(values, nulls),
        (Shape::Prim(_), Column::I16(values)) => copy::<Int16Type>(values, nulls),
        (Shape::Prim(_), Column::I32(values)) => copy::<Int32Type>(values, nulls),
        (Shape::Prim(_), Column::I64(values)) => copy::<Int64Type>(values, nulls),
        (Shape::Prim(_), Column::U8(values)) => copy::<UInt8Type>(values, nulls),
        (Shape::Prim(_), Column::U16(values)) => copy::<UInt16Type>(values, nulls),
        (Shape::Prim(_), Column::U32(values)) => copy::<UInt32Type>(values, nulls),
        (Shape::Prim(_), Column::U64(values)) => copy::<UInt64Type>(values, nulls),
        (Shape::Prim(_), Column::F32(values)) => copy::<Float32Type>(values, nulls),
        (Shape::Prim(_), Column::F64(values)) => copy::<Float64Type>(values, nulls),
        (Shape::Prim(_), Column::Bool(values)) => {
            Ok(Arc::new(BooleanArray::new(values.iter().copied().collect::<BooleanBuffer>(), nulls)))
        }
        (Shape::Prim(_), Column::Text(texts)) => {
            let Some((text, bounds)) = texts.joined() else {
                let mut plain = TextBuilder::with_capacity(texts.len(), texts.byte_len(), budget)?;
                plain.extend(texts)?;
                return to_arrow(shape, &Column::Text(plain.finish()), rows, nulls, budget);
            };
            let array = StringArray::try_new(offsets(bounds)?, Buffer::from(text.as_bytes()), nulls);
            array.map(|array| Arc::new(array) as ArrayRef).map_err(internal)
        }
        (Shape::Option(some), Column::Enum(values)) => options(some, values, rows, nulls, budget),
        (Shape::Tuple(columns), Column::Tuple(values)) => {
            let arrays = columns
                .iter()
                .zip(values.fields.iter())
                .map(|(column, values)| to_arrow(&column.shape, values, rows, None, budget))
                .collect::<Result<_>>()?;
            let array = StructArray::try_new(fields(columns), arrays, nulls);
            array.map(|array| Arc::new(array) as ArrayRef).map_err(internal)
        }
        (Shape::Array(item), Column::Array(values)) => lists(item, values, rows, nulls, budget),
        _ => Err(Error::new(Code::Internal, format!("a column is no {shape}"))),
    }
}

fn options(
    shape: &Shape,
    values: &column::Enum,
    rows: usize,
    outer: Option<NullBuffer>,
    budget: &Budget,
) -> Result<ArrayRef> {
    let some: NullBuffer = values.tags.iter().map(|tag| *tag == 1).collect::<BooleanBuffer>().into();
    let payload = values.payloads.get(1).unwrap_or(&Column::Empty);
    let payload = match &values.places {
        None => payload.clone(),
        // A missing row takes any payload that there is.
        Some(places) => {
            let place = |row: usize| if some.is_valid(row) { places.get(row).copied() } else { None };
            let places = budget.rows(rows, |row| place(row).unwrap_or_default())?;
            payload.gather(&places, budget)?
        }
    };
    let payload = if some.null_count() == rows { Column::Empty } else { payload };
    to_arrow(shape, &payload, rows, NullBuffer::union(Some(&some), outer.as_ref()), budget)
}

fn lists(
    shape: &Shape,
    values: &column::Array,
    rows: usize,
    nulls: Option<NullBuffer>,
    budget: &Budget,
) -> Result<ArrayRef> {
    let is_there = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    let length = |row: usize| {
        let (start, end) = values.range(row);
        if is_there(row) { end - start } else { 0 }
    };
    let bounds = column::offsets((0..rows).map(length), budget)?;
    let total = bounds.last().map_or(0, |total| *total as usize);
    let (first, last) = (values.range(0).0, values.range(rows.saturating_sub(1)).1);
    let items = if total == last - first {
        values.items.slice(first, last)
    } else {
        // What stands in the lists of missing rows is left out.
        let mut picked = Vector::with_capacity(total, budget)?;
        for row in (0..rows).filter(|row| is_there(*row)) {
            let (start, end) = values.range(row);
            picked.append_run(start as u32..end as u32)?;
        }
        values.items.gather(&picked, budget)?
    };
    let items = to_arrow(shape, &items, total, None, budget)?;
    let array = ListArray::try_new(Arc::new(shape.field("element")), offsets(&bounds)?, items, nulls);
    array.map(|array| Arc::new(array) as ArrayRef).map_err(internal)
}

/// Offsets from 0, of the 32 signed bits that Arrow gives them.
fn offsets(offsets: &[u32]) -> Result<OffsetBuffer<i32>> {
    let first = offsets.first().copied().unwrap_or(0);
    let shifted: Vec<i32> = offsets
        .iter()
        .map(|offset| i32::try_from(offset.saturating_sub(first)))
        .collect::<Result<_, _>>()
        .map_err(|_| {
            let words = format!("more than {} items or bytes in a batch of a column", i32::MAX);
            Error::exhausted("arrow_offsets", i32::MAX.unsigned_abs().into(), words)
        })?;
    Ok(OffsetBuffer::new(ScalarBuffer::from(shifted)))
}

fn copy<T: ArrowPrimitiveType>(values: &[T::Native], nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    let array = PrimitiveArray::<T>::try_new(values.iter().copied().collect(), nulls);
    array.map(|array| Arc::new(array) as ArrayRef).map_err(internal)
}

fn checked<T: ArrowPrimitiveType, U: core::fmt::Display>(
    values: &[U],
    nulls: Option<NullBuffer>,
    what: &str,
    fits: impl Fn(&U) -> Option<T::Native>,
) -> Result<PrimitiveArray<T>> {
    let mut converted = Vec::with_capacity(values.len());
    for (row, value) in values.iter().enumerate() {
        converted.push(match fits(value) {
            Some(value) => value,
            None if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) => T::Native::default(),
            None => {
                return Err(Error::execution(format!(
                    "the {what} of {value} units does not fit a column of a file"
                )));
            }
        });
    }
    PrimitiveArray::try_new(converted.into(), nulls).map_err(internal)
}

fn internal(error: ArrowError) -> Error {
    Error::new(Code::Internal, format!("an array for a file: {error}"))
}
