use alloc::vec::Vec;

use runner_core::Result;

use super::{Array, Buffer, Column, Enum, Text, TextBuilder, Tuple, row_count};

impl Column {
    /// All rows of all these columns of one type.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if there are more than a column can hold.
    pub(crate) fn concat(parts: &[Self]) -> Result<Self> {
        let parts: Vec<&Self> = parts.iter().filter(|part| part.len() > 0).collect();
        concat(&parts)
    }
}

/// Joins columns that have rows.
fn concat(parts: &[&Column]) -> Result<Column> {
    let first = match parts {
        [] => return Ok(Column::Empty),
        [one] => return Ok((*one).clone()),
        [first, ..] => *first,
    };
    let rows = row_count(parts.iter().map(|part| part.len()).sum())? as usize;
    macro_rules! prims {
        ($($variant:ident)*) => {
            match first {
                Column::Empty => Ok(Column::Empty),
                $(Column::$variant(_) => {
                    let mut all = Vec::with_capacity(rows);
                    for part in parts {
                        if let Column::$variant(part) = part {
                            all.extend_from_slice(part);
                        }
                    }
                    Ok(Column::$variant(all.into()))
                })*
                Column::Text(_) => texts(parts, rows),
                Column::Tuple(_) => tuples(parts, rows),
                Column::Array(_) => arrays(parts, rows),
                Column::Enum(_) => enums(parts, rows),
            }
        };
    }
    prims!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64)
}

fn texts(parts: &[&Column], rows: usize) -> Result<Column> {
    let texts: Vec<&Text> = parts
        .iter()
        .filter_map(|part| match part {
            Column::Text(text) => Some(text),
            _ => None,
        })
        .collect();
    let mut builder = TextBuilder::with_capacity(rows, texts.iter().map(|text| text.byte_len()).sum());
    for text in texts {
        builder.extend(text)?;
    }
    Ok(Column::Text(builder.finish()))
}

fn tuples(parts: &[&Column], rows: usize) -> Result<Column> {
    let tuples: Vec<&Tuple> = parts
        .iter()
        .filter_map(|part| match part {
            Column::Tuple(tuple) => Some(tuple),
            _ => None,
        })
        .collect();
    let width = tuples.first().map_or(0, |tuple| tuple.fields.len());
    let fields: Vec<Column> = (0..width)
        .map(|index| concat(&tuples.iter().filter_map(|tuple| tuple.fields.get(index)).collect::<Vec<_>>()))
        .collect::<Result<_>>()?;
    Ok(Column::tuple(rows, fields))
}

fn arrays(parts: &[&Column], rows: usize) -> Result<Column> {
    let arrays = parts.iter().filter_map(|part| match part {
        Column::Array(array) => Some(array),
        _ => None,
    });
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0u32);
    let mut items = Vec::new();
    let mut total = 0usize;
    for array in arrays {
        let (first, last) = array.bounds();
        for end in array.offsets.iter().skip(1) {
            offsets.push(row_count(total + (*end as usize - first))?);
        }
        total += last - first;
        items.push(array.items.slice(first, last));
    }
    Column::array(offsets, Column::concat(&items)?)
}

fn enums(parts: &[&Column], rows: usize) -> Result<Column> {
    let enums: Vec<&Enum> = parts
        .iter()
        .filter_map(|part| match part {
            Column::Enum(column) => Some(column),
            _ => None,
        })
        .collect();
    let width = enums.first().map_or(0, |column| column.payloads.len());
    let tags: Vec<u16> = enums.iter().flat_map(|column| column.tags.iter().copied()).collect();
    let payload = |index: usize| -> Result<Column> {
        let payloads: Vec<Column> =
            enums.iter().filter_map(|column| column.payloads.get(index).cloned()).collect();
        Column::concat(&payloads)
    };
    let whole = |column: &&Enum| {
        column.places.is_none() && column.payloads.iter().all(|p| p.len() == column.tags.len())
    };
    if enums.iter().all(whole) {
        let payloads = (0..width).map(payload).collect::<Result<_>>()?;
        return Column::variants(tags, None, payloads);
    }
    // Only what a row points at is kept, or repeated slices would hold on to all that they were cut from.
    let dense: Vec<Enum> = enums.iter().map(|column| column.dense()).collect::<Result<_>>()?;
    let mut places = Vec::with_capacity(rows);
    let mut starts = alloc::vec![0u32; width];
    for column in &dense {
        for (tag, place) in column.tags.iter().zip(column.places.iter().flat_map(|places| places.iter())) {
            places.push(place + starts.get(usize::from(*tag)).copied().unwrap_or_default());
        }
        for (start, payload) in starts.iter_mut().zip(column.payloads.iter()) {
            *start = row_count(*start as usize + payload.len())?;
        }
    }
    let payloads = (0..width)
        .map(|index| {
            let parts: Vec<&Column> = dense
                .iter()
                .filter_map(|column| column.payloads.get(index))
                .filter(|part| part.len() > 0)
                .collect();
            concat(&parts)
        })
        .collect::<Result<_>>()?;
    Column::variants(tags, Some(places.into()), payloads)
}

impl Array {
    /// Where the items of all rows begin and end.
    pub(crate) fn bounds(&self) -> (usize, usize) {
        match (self.offsets.first(), self.offsets.last()) {
            (Some(first), Some(last)) => (*first as usize, *last as usize),
            _ => (0, 0),
        }
    }
}

impl Enum {
    /// The same values, each payload column holding exactly the payloads of its rows, in order.
    pub(crate) fn dense(&self) -> Result<Self> {
        let mut rows: Vec<Vec<u32>> = Vec::new();
        rows.resize(self.payloads.len(), Vec::new());
        let mut places = Vec::with_capacity(self.tags.len());
        for row in 0..self.tags.len() {
            let (tag, place) = self.at(row);
            if let Some(rows) = rows.get_mut(tag) {
                places.push(rows.len() as u32);
                rows.push(place as u32);
            }
        }
        let payloads: Vec<Column> = self
            .payloads
            .iter()
            .zip(&rows)
            .map(|(payload, rows)| payload.gather(rows))
            .collect::<Result<_>>()?;
        Ok(Self {
            tags: self.tags.clone(),
            places: Some(Buffer::from(places)),
            payloads: payloads.into(),
            depth: self.depth,
        })
    }
}
