//! Arrow arrays to columns: a builder that takes one batch after the other.

use std::{boxed::Box, format, string::String, sync::Arc, vec::Vec};

use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType,
    cast::AsArray,
    types::{
        Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
        Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType,
        TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
        UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, TimeUnit};
use runner_core::{Error, Prim, Repr, Result};

use super::shape::{self, Shape};
use crate::{
    budget::Budget,
    column::{Column, Text, TextBuilder, Vector, row_count},
};

/// A column of a file that grows batch by batch.
pub(super) struct Builder {
    name: String,
    shape: Shape,
    values: Values,
    rows: usize,
}

impl Builder {
    pub(super) fn new(column: &shape::Column, budget: &Budget) -> Result<Self> {
        let (name, shape) = (column.name.clone(), column.shape.clone());
        Ok(Self { name, values: Values::new(&shape, budget)?, shape, rows: 0 })
    }

    /// Appends a batch.
    ///
    /// # Errors
    /// `EXECUTION_ERROR` that names column and row if a value is missing or does not fit, `RESOURCE_EXHAUSTED` beyond
    /// what a column can hold.
    pub(super) fn append(&mut self, array: &dyn Array, budget: &Budget) -> Result<()> {
        match self.values.append(array, None, budget) {
            Ok(()) => {
                self.rows += array.len();
                row_count(self.rows).map(drop)
            }
            Err(Fault::Limit(error)) => Err(error),
            Err(Fault::Value { path, row, words }) => {
                let row = row.map(|row| format!(", row {}", self.rows + row + 1)).unwrap_or_default();
                Err(Error::execution(format!("column `{}{path}`{row}: {words}", self.name)))
            }
        }
    }

    /// Counts rows that are left out.
    pub(super) fn skip(&mut self, rows: usize) {
        self.rows = self.rows.saturating_add(rows);
    }

    /// What was appended since the last time.
    pub(super) fn take(&mut self, budget: &Budget) -> Result<Column> {
        let fresh = Values::new(&self.shape, budget)?;
        core::mem::replace(&mut self.values, fresh).finish(budget)
    }
}

/// Why a batch can't be appended.
enum Fault {
    /// A value is at fault: the path to it below the column, its row in the batch if it is not inside a list.
    Value {
        path: String,
        row: Option<usize>,
        words: String,
    },
    Limit(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Limit(error)
    }
}

enum Values {
    Bool(Vector<bool>),
    I8(Vector<i8>),
    I16(Vector<i16>),
    I32(Vector<i32>),
    I64(Prim, Vector<i64>),
    U8(Vector<u8>),
    U16(Vector<u16>),
    U32(Vector<u32>),
    U64(Prim, Vector<u64>),
    F32(Vector<f32>),
    F64(Vector<f64>),
    Text(Texts),
    Option { some: Vector<bool>, payload: Box<Self> },
    Tuple { rows: usize, fields: Vec<(String, Self)> },
    Array { offsets: Vector<u32>, items: Box<Self> },
}

impl Values {
    fn new(shape: &Shape, budget: &Budget) -> Result<Self> {
        Ok(match shape {
            Shape::Prim(prim) => match prim.repr() {
                Repr::Bool => Self::Bool(Vector::new(budget)?),
                Repr::I8 => Self::I8(Vector::new(budget)?),
                Repr::I16 => Self::I16(Vector::new(budget)?),
                Repr::I32 => Self::I32(Vector::new(budget)?),
                Repr::I64 => Self::I64(*prim, Vector::new(budget)?),
                Repr::U8 => Self::U8(Vector::new(budget)?),
                Repr::U16 => Self::U16(Vector::new(budget)?),
                Repr::U32 => Self::U32(Vector::new(budget)?),
                Repr::U64 => Self::U64(*prim, Vector::new(budget)?),
                Repr::F32 => Self::F32(Vector::new(budget)?),
                Repr::F64 => Self::F64(Vector::new(budget)?),
                Repr::Text => Self::Text(Texts::new(budget)?),
            },
            Shape::Option(some) => {
                Self::Option { some: Vector::new(budget)?, payload: Box::new(Self::new(some, budget)?) }
            }
            Shape::Tuple(columns) => {
                let fields = columns
                    .iter()
                    .map(|column| Ok((column.name.clone(), Self::new(&column.shape, budget)?)))
                    .collect::<Result<_>>()?;
                Self::Tuple { rows: 0, fields }
            }
            Shape::Array(item) => {
                Self::Array { offsets: Vector::of(0, budget)?, items: Box::new(Self::new(item, budget)?) }
            }
        })
    }

    /// Appends all rows. Where `outer` is null the value belongs to something that is missing as a whole: whatever
    /// stands there will do.
    fn append(
        &mut self,
        array: &dyn Array,
        outer: Option<&NullBuffer>,
        budget: &Budget,
    ) -> Result<(), Fault> {
        budget.check()?;
        if !matches!(self, Self::Option { .. }) {
            all_there(array, outer)?;
        }
        match self {
            Self::Bool(values) => {
                let array = array.as_boolean_opt().ok_or_else(|| wrong(array))?;
                values.append(array.values().iter())?;
            }
            Self::I8(values) => copy::<Int8Type>(values, array)?,
            Self::I16(values) => copy::<Int16Type>(values, array)?,
            Self::I32(values) => match array.data_type() {
                DataType::Date32 => copy::<Date32Type>(values, array)?,
                _ => copy::<Int32Type>(values, array)?,
            },
            Self::I64(Prim::Timestamp, values) => timestamps(values, array, outer)?,
            Self::I64(Prim::Decimal, values) => decimals(values, array, outer)?,
            Self::I64(_, values) => copy::<Int64Type>(values, array)?,
            Self::U8(values) => copy::<UInt8Type>(values, array)?,
            Self::U16(values) => copy::<UInt16Type>(values, array)?,
            Self::U32(values) => copy::<UInt32Type>(values, array)?,
            Self::U64(Prim::Time, values) => times(values, array, outer)?,
            Self::U64(_, values) => copy::<UInt64Type>(values, array)?,
            Self::F32(values) => copy::<Float32Type>(values, array)?,
            Self::F64(values) => copy::<Float64Type>(values, array)?,
            Self::Text(texts) => texts.append(array, budget)?,
            Self::Option { some, payload } => {
                match array.nulls() {
                    Some(nulls) => some.append(nulls.iter())?,
                    None => some.resize(some.len() + array.len(), true)?,
                }
                let missing = NullBuffer::union(array.nulls(), outer);
                payload.append(array, missing.as_ref(), budget)?;
            }
            Self::Tuple { rows, fields } => {
                let array = array.as_struct_opt().ok_or_else(|| wrong(array))?;
                let missing = NullBuffer::union(array.nulls(), outer);
                for (name, values) in fields {
                    let field = array.column_by_name(name).ok_or_else(|| wrong(array))?;
                    values
                        .append(field, missing.as_ref(), budget)
                        .map_err(|fault| fault.within(&format!(".{name}")))?;
                }
                *rows += array.len();
            }
            Self::Array { offsets, items } => {
                let array = array.as_list_opt::<i32>().ok_or_else(|| wrong(array))?;
                let bounds = array.value_offsets();
                let (first, last) =
                    (bounds.first().copied().unwrap_or(0), bounds.last().copied().unwrap_or(0));
                let start = offsets.last().copied().unwrap_or(0);
                row_count(start as usize + (last - first).unsigned_abs() as usize)?;
                offsets.append(bounds.iter().skip(1).map(|bound| start + (bound - first).unsigned_abs()))?;
                let part = array.values().slice(first as usize, (last - first) as usize);
                items.append(&part, None, budget).map_err(|fault| fault.within("[]").without_row())?;
            }
        }
        Ok(())
    }

    fn finish(self, budget: &Budget) -> Result<Column> {
        Ok(match self {
            Self::Bool(values) => Column::Bool(values.finish()),
            Self::I8(values) => Column::I8(values.finish()),
            Self::I16(values) => Column::I16(values.finish()),
            Self::I32(values) => Column::I32(values.finish()),
            Self::I64(_, values) => Column::I64(values.finish()),
            Self::U8(values) => Column::U8(values.finish()),
            Self::U16(values) => Column::U16(values.finish()),
            Self::U32(values) => Column::U32(values.finish()),
            Self::U64(_, values) => Column::U64(values.finish()),
            Self::F32(values) => Column::F32(values.finish()),
            Self::F64(values) => Column::F64(values.finish()),
            Self::Text(texts) => texts.finish(budget)?,
            Self::Option { some, payload } => Column::option(&some, payload.finish(budget)?, budget)?,
            Self::Tuple { rows, fields } => {
                let fields =
                    fields.into_iter().map(|(_, field)| field.finish(budget)).collect::<Result<_>>()?;
                Column::tuple(rows, fields)
            }
            Self::Array { offsets, items } => Column::array(offsets.finish(), items.finish(budget)?)?,
        })
    }
}

/// Texts, with a dictionary where the file has one.
struct Texts {
    /// Batches that have dictionaries, and texts that came between them.
    parts: Vector<Column>,
    /// Texts without a dictionary that came last.
    plain: TextBuilder,
    /// The dictionary of the last batch.
    known: Option<(ArrayRef, Text)>,
}

impl Texts {
    fn new(budget: &Budget) -> Result<Self> {
        let plain = TextBuilder::with_capacity(0, 0, budget)?;
        Ok(Self { parts: Vector::new(budget)?, plain, known: None })
    }

    fn append(&mut self, array: &dyn Array, budget: &Budget) -> Result<(), Fault> {
        let Some(coded) = array.as_dictionary_opt::<Int32Type>() else {
            return append_texts(&mut self.plain, array);
        };
        let values = match &self.known {
            Some((known, values)) if Arc::ptr_eq(known, coded.values()) => values.clone(),
            _ => {
                let mut values = TextBuilder::with_capacity(coded.values().len(), 0, budget)?;
                append_texts(&mut values, coded.values())?;
                let values = values.finish();
                self.known = Some((Arc::clone(coded.values()), values.clone()));
                values
            }
        };
        self.close(budget)?;
        let codes = budget.map(coded.keys().values(), |code| code.cast_unsigned())?;
        self.parts.push(Column::Text(values.coded(codes, budget)?))?;
        Ok(())
    }

    /// Ends a run of texts without a dictionary.
    fn close(&mut self, budget: &Budget) -> Result<()> {
        if self.plain.len() == 0 {
            return Ok(());
        }
        let plain = core::mem::replace(&mut self.plain, TextBuilder::with_capacity(0, 0, budget)?);
        self.parts.push(Column::Text(plain.finish()))
    }

    fn finish(mut self, budget: &Budget) -> Result<Column> {
        self.close(budget)?;
        Column::concat(&self.parts, budget)
    }
}

fn append_texts(texts: &mut TextBuilder, array: &dyn Array) -> Result<(), Fault> {
    let array = array.as_string_opt::<i32>().ok_or_else(|| wrong(array))?;
    texts.reserve(array.len())?;
    (0..array.len()).try_for_each(|row| texts.push(array.value(row)))?;
    Ok(())
}

impl Fault {
    fn at(row: usize, words: impl Into<String>) -> Self {
        Self::Value { path: String::new(), row: Some(row), words: words.into() }
    }

    fn within(self, step: &str) -> Self {
        match self {
            Self::Value { path, row, words } => Self::Value { path: format!("{step}{path}"), row, words },
            limit => limit,
        }
    }

    fn without_row(self) -> Self {
        match self {
            Self::Value { path, words, .. } => Self::Value { path, row: None, words },
            limit => limit,
        }
    }
}

/// The types of all columns were compared before; this is for files that say one thing and hold another.
fn wrong(array: &dyn Array) -> Fault {
    let words = format!("the file holds {}, which its schema does not say", array.data_type());
    Fault::Value { path: String::new(), row: None, words }
}

fn all_there(array: &dyn Array, outer: Option<&NullBuffer>) -> Result<(), Fault> {
    let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) else { return Ok(()) };
    let at_fault =
        (0..array.len()).find(|row| nulls.is_null(*row) && outer.is_none_or(|outer| outer.is_valid(*row)));
    match at_fault {
        Some(row) => Err(Fault::at(row, "there is no value, and the type is no option")),
        None => Ok(()),
    }
}

fn copy<T: ArrowPrimitiveType>(values: &mut Vector<T::Native>, array: &dyn Array) -> Result<(), Fault> {
    let array = array.as_primitive_opt::<T>().ok_or_else(|| wrong(array))?;
    values.append_slice(array.values())?;
    Ok(())
}

/// Appends each value through a conversion, which may fail where there is a value.
fn convert<T: ArrowPrimitiveType, U: Default>(
    values: &mut Vector<U>,
    array: &dyn Array,
    outer: Option<&NullBuffer>,
    what: &str,
    convert: impl Fn(T::Native) -> Option<U>,
) -> Result<(), Fault> {
    let array = array.as_primitive_opt::<T>().ok_or_else(|| wrong(array))?;
    values.reserve(array.len())?;
    for (row, value) in array.values().iter().enumerate() {
        values.push(match convert(*value) {
            Some(value) => value,
            None if array.is_null(row) || outer.is_some_and(|outer| outer.is_null(row)) => U::default(),
            None => return Err(Fault::at(row, format!("{value:?} does not fit {what}"))),
        })?;
    }
    Ok(())
}

fn timestamps(values: &mut Vector<i64>, array: &dyn Array, outer: Option<&NullBuffer>) -> Result<(), Fault> {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            convert::<TimestampSecondType, _>(values, array, outer, "a Timestamp", |s| {
                s.checked_mul(1_000_000)
            })
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            convert::<TimestampMillisecondType, _>(values, array, outer, "a Timestamp", |ms| {
                ms.checked_mul(1_000)
            })
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            convert::<TimestampNanosecondType, _>(values, array, outer, "a Timestamp", |ns| {
                Some(ns.div_euclid(1_000))
            })
        }
        _ => copy::<TimestampMicrosecondType>(values, array),
    }
}

fn times(values: &mut Vector<u64>, array: &dyn Array, outer: Option<&NullBuffer>) -> Result<(), Fault> {
    let scaled = |time: i64, scale: u64| u64::try_from(time).ok()?.checked_mul(scale);
    match array.data_type() {
        DataType::Time32(TimeUnit::Second) => {
            convert::<Time32SecondType, _>(values, array, outer, "a Time", |s| scaled(s.into(), 1_000_000))
        }
        DataType::Time32(_) => {
            convert::<Time32MillisecondType, _>(values, array, outer, "a Time", |ms| scaled(ms.into(), 1_000))
        }
        DataType::Time64(TimeUnit::Nanosecond) => {
            convert::<Time64NanosecondType, _>(values, array, outer, "a Time", |ns| {
                scaled(ns, 1).map(|ns| ns / 1_000)
            })
        }
        _ => convert::<Time64MicrosecondType, _>(values, array, outer, "a Time", |us| scaled(us, 1)),
    }
}

fn decimals(values: &mut Vector<i64>, array: &dyn Array, outer: Option<&NullBuffer>) -> Result<(), Fault> {
    let scale = match array.data_type() {
        DataType::Decimal128(_, 0) => 100,
        DataType::Decimal128(_, 1) => 10,
        DataType::Decimal128(_, 2) => 1,
        other => return Err(Fault::at(0, format!("{} is no Decimal", other))),
    };
    convert::<Decimal128Type, _>(values, array, outer, "a Decimal", |value| {
        i64::try_from(value.checked_mul(scale)?).ok()
    })
}
