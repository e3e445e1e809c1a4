use alloc::vec::Vec;

use runner_core::Result;

use super::{Array, Buffer, Column, Enum, Text, TextBuilder, Vector, row_count};
use crate::{budget::Budget, limits::CHECKED_ROWS};

impl Column {
    /// The rows at these indices, in their order, as often as they are named. Indices beyond the column give a row
    /// of it all the same, or none: callers never ask.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if the result is more than a column can hold.
    pub(crate) fn gather(&self, rows: &[u32], budget: &Budget) -> Result<Self> {
        if rows.is_empty() {
            return Ok(Self::Empty);
        }
        Ok(match self {
            Self::Empty => Self::Empty,
            Self::Bool(buffer) => Self::Bool(pick(buffer, rows, budget)?),
            Self::I8(buffer) => Self::I8(pick(buffer, rows, budget)?),
            Self::I16(buffer) => Self::I16(pick(buffer, rows, budget)?),
            Self::I32(buffer) => Self::I32(pick(buffer, rows, budget)?),
            Self::I64(buffer) => Self::I64(pick(buffer, rows, budget)?),
            Self::U8(buffer) => Self::U8(pick(buffer, rows, budget)?),
            Self::U16(buffer) => Self::U16(pick(buffer, rows, budget)?),
            Self::U32(buffer) => Self::U32(pick(buffer, rows, budget)?),
            Self::U64(buffer) => Self::U64(pick(buffer, rows, budget)?),
            Self::F32(buffer) => Self::F32(pick(buffer, rows, budget)?),
            Self::F64(buffer) => Self::F64(pick(buffer, rows, budget)?),
            Self::Text(text) => Self::Text(texts(text, rows, budget)?),
            Self::Tuple(tuple) => {
                let fields =
                    tuple.fields.iter().map(|field| field.gather(rows, budget)).collect::<Result<_>>()?;
                Self::tuple(rows.len(), fields)
            }
            Self::Array(array) => arrays(array, rows, budget)?,
            Self::Enum(column) => enums(column, rows, budget)?,
        })
    }

    /// This one row, `rows` times.
    ///
    /// # Errors
    /// As [`Column::gather`].
    pub(crate) fn repeat(&self, rows: usize, budget: &Budget) -> Result<Self> {
        if rows == 1 {
            return Ok(self.slice(0, 1));
        }
        macro_rules! prims {
            ($($variant:ident)*) => {
                match self {
                    $(Self::$variant(buffer) => match buffer.first() {
                        Some(value) if rows > 0 => Ok(Self::$variant(budget.filled(*value, rows)?)),
                        _ => Ok(Self::Empty),
                    },)*
                    Self::Tuple(tuple) => {
                        let fields = tuple.fields.iter().map(|field| field.repeat(rows, budget)).collect::<Result<_>>()?;
                        Ok(Self::tuple(rows, fields))
                    }
                    _ => self.gather(&Vector::filled(0, rows, budget)?, budget),
                }
            };
        }
        prims!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64)
    }
}

impl Enum {
    /// These rows, without a copy of any payload.
    pub(crate) fn pick(&self, rows: &Buffer<u32>, budget: &Budget) -> Result<Column> {
        let tags = pick(&self.tags, rows, budget)?;
        let places = match &self.places {
            Some(places) => pick(places, rows, budget)?,
            None => rows.clone(),
        };
        Column::variants(tags, Some(places), self.payloads.to_vec())
    }
}

fn pick<T: Copy + Default>(values: &[T], rows: &[u32], budget: &Budget) -> Result<Buffer<T>> {
    budget.map(rows, |row| values.get(*row as usize).copied().unwrap_or_default())
}

fn texts(text: &Text, rows: &[u32], budget: &Budget) -> Result<Text> {
    if let Some((values, codes)) = text.dictionary()
        && !values.is_sparse(rows.len())
    {
        return values.coded(pick(codes, rows, budget)?, budget);
    }
    if text.len() < rows.len() / 2 {
        let mut codes = Vector::with_capacity(rows.len(), budget)?;
        codes.append_slice(rows)?;
        return text.coded(codes.finish(), budget);
    }
    let mut bytes = 0;
    for chunk in rows.chunks(CHECKED_ROWS) {
        bytes += chunk.iter().map(|row| text.get(*row as usize).len()).sum::<usize>();
        budget.work(chunk.len())?;
    }
    row_count(bytes)?;
    let mut builder = TextBuilder::with_capacity(rows.len(), bytes, budget)?;
    for row in rows {
        builder.push(text.get(*row as usize))?;
    }
    Ok(builder.finish())
}

fn arrays(array: &Array, rows: &[u32], budget: &Budget) -> Result<Column> {
    let length = |row: &u32| {
        let (start, end) = array.range(*row as usize);
        end - start
    };
    let offsets = super::offsets(rows.iter().map(length), budget)?;
    let total = offsets.last().map_or(0, |total| *total as usize);
    let mut picked = Vector::with_capacity(total, budget)?;
    for row in rows {
        let (start, end) = array.range(*row as usize);
        picked.append_run(start as u32..end as u32)?;
    }
    Column::array(offsets, array.items.gather(&picked, budget)?)
}

fn enums(column: &Enum, rows: &[u32], budget: &Budget) -> Result<Column> {
    let tags = pick(&column.tags, rows, budget)?;
    if column.places.is_none() && column.payloads.len() <= 2 {
        let payloads =
            column.payloads.iter().map(|payload| payload.gather(rows, budget)).collect::<Result<Vec<_>>>()?;
        return Column::variants(tags, None, payloads);
    }
    let (places, payloads) = column.spread(rows.iter().map(|row| *row as usize), budget)?;
    Column::variants(tags, Some(places), payloads)
}

impl Enum {
    /// The payloads of these rows, variant by variant, and where that of each row stands.
    pub(super) fn spread(
        &self,
        rows: impl ExactSizeIterator<Item = usize>,
        budget: &Budget,
    ) -> Result<(Buffer<u32>, Vec<Column>)> {
        let mut rows_of = self.payloads.iter().map(|_| Vector::new(budget)).collect::<Result<Vec<_>>>()?;
        let mut places = Vector::with_capacity(rows.len(), budget)?;
        for row in rows {
            let (tag, place) = self.at(row);
            if let Some(rows) = rows_of.get_mut(tag) {
                places.push(rows.len() as u32)?;
                rows.push(place as u32)?;
            }
            budget.work(1)?;
        }
        let payloads = self
            .payloads
            .iter()
            .zip(&rows_of)
            .map(|(payload, rows)| payload.gather(rows, budget))
            .collect::<Result<_>>()?;
        Ok((places.finish(), payloads))
    }
}
