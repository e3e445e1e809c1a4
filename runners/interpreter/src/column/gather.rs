use alloc::vec::Vec;

use runner_core::Result;

use super::{Array, Column, Enum, Text, TextBuilder, row_count};

impl Column {
    /// The rows at these indices, in their order, as often as they are named. Indices beyond the column give a row
    /// of it all the same, or none: callers never ask.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if the result is more than a column can hold.
    pub(crate) fn gather(&self, rows: &[u32]) -> Result<Self> {
        if rows.is_empty() {
            return Ok(Self::Empty);
        }
        Ok(match self {
            Self::Empty => Self::Empty,
            Self::Bool(buffer) => Self::Bool(pick(buffer, rows).into()),
            Self::I8(buffer) => Self::I8(pick(buffer, rows).into()),
            Self::I16(buffer) => Self::I16(pick(buffer, rows).into()),
            Self::I32(buffer) => Self::I32(pick(buffer, rows).into()),
            Self::I64(buffer) => Self::I64(pick(buffer, rows).into()),
            Self::U8(buffer) => Self::U8(pick(buffer, rows).into()),
            Self::U16(buffer) => Self::U16(pick(buffer, rows).into()),
            Self::U32(buffer) => Self::U32(pick(buffer, rows).into()),
            Self::U64(buffer) => Self::U64(pick(buffer, rows).into()),
            Self::F32(buffer) => Self::F32(pick(buffer, rows).into()),
            Self::F64(buffer) => Self::F64(pick(buffer, rows).into()),
            Self::Text(text) => Self::Text(texts(text, rows)?),
            Self::Tuple(tuple) => {
                let fields = tuple.fields.iter().map(|field| field.gather(rows)).collect::<Result<_>>()?;
                Self::tuple(rows.len(), fields)
            }
            Self::Array(array) => arrays(array, rows)?,
            Self::Enum(column) => enums(column, rows)?,
        })
    }

    /// This one row, `rows` times.
    ///
    /// # Errors
    /// As [`Column::gather`].
    pub(crate) fn repeat(&self, rows: usize) -> Result<Self> {
        if rows == 1 {
            return Ok(self.slice(0, 1));
        }
        macro_rules! prims {
            ($($variant:ident)*) => {
                match self {
                    $(Self::$variant(buffer) => match buffer.first() {
                        Some(value) if rows > 0 => Ok(Self::$variant(alloc::vec![*value; rows].into())),
                        _ => Ok(Self::Empty),
                    },)*
                    Self::Tuple(tuple) => {
                        let fields = tuple.fields.iter().map(|field| field.repeat(rows)).collect::<Result<_>>()?;
                        Ok(Self::tuple(rows, fields))
                    }
                    _ => self.gather(&alloc::vec![0; rows]),
                }
            };
        }
        prims!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64)
    }
}

impl Enum {
    /// These rows, without a copy of any payload.
    pub(crate) fn pick(&self, rows: &[u32]) -> Result<Column> {
        let tags = pick(&self.tags, rows);
        let places = match &self.places {
            Some(places) => pick(places, rows),
            None => rows.to_vec(),
        };
        Column::variants(tags, Some(places.into()), self.payloads.to_vec())
    }
}

fn pick<T: Copy + Default>(values: &[T], rows: &[u32]) -> Vec<T> {
    rows.iter().map(|row| values.get(*row as usize).copied().unwrap_or_default()).collect()
}

fn texts(text: &Text, rows: &[u32]) -> Result<Text> {
    let bytes = rows.iter().map(|row| text.get(*row as usize).len()).sum();
    row_count(bytes)?;
    let mut builder = TextBuilder::with_capacity(rows.len(), bytes);
    for row in rows {
        builder.push(text.get(*row as usize))?;
    }
    Ok(builder.finish())
}

fn arrays(array: &Array, rows: &[u32]) -> Result<Column> {
    let mut offsets = Vec::with_capacity(rows.len() + 1);
    offsets.push(0);
    let mut total = 0;
    for row in rows {
        let (start, end) = array.range(*row as usize);
        total += end - start;
        offsets.push(row_count(total)?);
    }
    let mut picked = Vec::with_capacity(total);
    for row in rows {
        let (start, end) = array.range(*row as usize);
        picked.extend(start as u32..end as u32);
    }
    Column::array(offsets, array.items.gather(&picked)?)
}

fn enums(column: &Enum, rows: &[u32]) -> Result<Column> {
    let tags = pick(&column.tags, rows);
    if column.places.is_none() && column.payloads.len() <= 2 {
        let payloads =
            column.payloads.iter().map(|payload| payload.gather(rows)).collect::<Result<Vec<_>>>()?;
        return Column::variants(tags, None, payloads);
    }
    let mut payload_rows: Vec<Vec<u32>> = Vec::new();
    payload_rows.resize(column.payloads.len(), Vec::new());
    let mut places = Vec::with_capacity(rows.len());
    for row in rows {
        let (tag, place) = column.at(*row as usize);
        if let Some(rows) = payload_rows.get_mut(tag) {
            places.push(rows.len() as u32);
            rows.push(place as u32);
        }
    }
    let payloads = column
        .payloads
        .iter()
        .zip(&payload_rows)
        .map(|(payload, rows)| payload.gather(rows))
        .collect::<Result<Vec<_>>>()?;
    Column::variants(tags, Some(places.into()), payloads)
}
