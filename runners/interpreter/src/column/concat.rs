use alloc::vec::Vec;

use runner_core::Result;

use super::{Array, Column, Enum, Text, TextBuilder, Tuple, Vector, row_count};
use crate::budget::Budget;

/// Parts of a column, which may be as many as there are steps of a loop.
type Parts<'a> = Vector<&'a Column>;

impl Column {
    /// All rows of all these columns of one type.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if there are more than a column can hold, or there is no memory left.
    pub(crate) fn concat(parts: &[Self], budget: &Budget) -> Result<Self> {
        match parts {
            [] => Ok(Self::Empty),
            [one] => Ok(one.clone()),
            _ => concat(parts.iter(), parts.len(), budget),
        }
    }
}

/// Joins those columns that have rows.
fn concat<'a>(columns: impl Iterator<Item = &'a Column>, most: usize, budget: &Budget) -> Result<Column> {
    let mut parts: Parts<'_> = Vector::with_capacity(most, budget)?;
    let mut rows = 0usize;
    for column in columns {
        let len = column.len();
        if len > 0 {
            rows += len;
            parts.push(column)?;
        }
        budget.work(1)?;
    }
    let first = match &*parts {
        [] => return Ok(Column::Empty),
        [one] => return Ok((*one).clone()),
        [first, ..] => *first,
    };
    let rows = row_count(rows)? as usize;
    macro_rules! prims {
        ($($variant:ident)*) => {
            match first {
                Column::Empty => Ok(Column::Empty),
                $(Column::$variant(_) => {
                    let mut all = Vector::with_capacity(rows, budget)?;
                    for part in parts.iter() {
                        if let Column::$variant(part) = part {
                            all.append_slice(part)?;
                        }
                    }
                    Ok(Column::$variant(all.finish()))
                })*
                Column::Text(_) => texts(&parts, rows, budget),
                Column::Tuple(_) => tuples(&parts, rows, budget),
                Column::Array(_) => arrays(&parts, rows, budget),
                Column::Enum(_) => enums(&parts, rows, budget),
            }
        };
    }
    prims!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64)
}

fn texts(parts: &Parts<'_>, rows: usize, budget: &Budget) -> Result<Column> {
    let texts = || {
        parts.iter().filter_map(|part| match part {
            Column::Text(text) => Some(text),
            _ => None,
        })
    };
    if let Some(text) = dictionaries(texts, rows, budget)? {
        return Ok(Column::Text(text));
    }
    let bytes = row_count(texts().map(Text::byte_len).sum())? as usize;
    let mut builder = TextBuilder::with_capacity(rows, bytes, budget)?;
    for text in texts() {
        builder.extend(text)?;
    }
    Ok(Column::Text(builder.finish()))
}

/// The texts as rows of one dictionary of all values, if all have dictionaries that are small in sum.
fn dictionaries<'a, I: Iterator<Item = &'a Text>>(
    texts: impl Fn() -> I,
    rows: usize,
    budget: &Budget,
) -> Result<Option<Text>> {
    let mut dictionaries: Vector<(Text, u32)> = Vector::new(budget)?;
    let mut total = 0usize;
    for text in texts() {
        let Some((values, _)) = text.dictionary() else { return Ok(None) };
        if dictionaries.last().is_none_or(|(last, _)| !last.has_values_of(&values)) {
            let start = row_count(total)?;
            total += values.len();
            if total > rows / 2 {
                return Ok(None);
            }
            dictionaries.push((values, start))?;
        }
    }
    let mut codes = Vector::with_capacity(rows, budget)?;
    let mut known = dictionaries.iter().peekable();
    for text in texts() {
        let Some((values, more)) = text.dictionary() else { return Ok(None) };
        while known.next_if(|(known, _)| !known.has_values_of(&values)).is_some() {}
        let start = known.peek().map_or(0, |(_, start)| *start);
        codes.append_run(more.iter().map(|code| code + start))?;
    }
    let values = match &*dictionaries {
        [(one, _)] => one.clone(),
        all => {
            let bytes = row_count(all.iter().map(|(values, _)| values.byte_len()).sum())? as usize;
            let mut builder = TextBuilder::with_capacity(total, bytes, budget)?;
            all.iter().try_for_each(|(values, _)| builder.extend(values))?;
            builder.finish()
        }
    };
    values.coded(codes.finish(), budget).map(Some)
}

fn tuples(parts: &Parts<'_>, rows: usize, budget: &Budget) -> Result<Column> {
    let tuples = || {
        parts.iter().filter_map(|part| match part {
            Column::Tuple(tuple) => Some(tuple),
            _ => None,
        })
    };
    let width = tuples().next().map_or(0, |tuple: &Tuple| tuple.fields.len());
    let fields: Vec<Column> = (0..width)
        .map(|index| concat(tuples().filter_map(|tuple| tuple.fields.get(index)), parts.len(), budget))
        .collect::<Result<_>>()?;
    Ok(Column::tuple(rows, fields))
}

fn arrays(parts: &Parts<'_>, rows: usize, budget: &Budget) -> Result<Column> {
    let mut offsets = Vector::with_capacity(rows + 1, budget)?;
    offsets.push(0u32)?;
    let mut items = Vector::with_capacity(parts.len(), budget)?;
    let mut total = 0usize;
    for part in parts.iter() {
        let Column::Array(array) = part else { continue };
        let (first, last) = array.bounds();
        row_count(total + last - first)?;
        let ends = array.offsets.get(1..).unwrap_or_default().iter();
        offsets.append_run(ends.map(|end| end - first as u32 + total as u32))?;
        total += last - first;
        items.push(array.items.slice(first, last))?;
    }
    Column::array(offsets.finish(), Column::concat(&items, budget)?)
}

fn enums(parts: &Parts<'_>, rows: usize, budget: &Budget) -> Result<Column> {
    let enums = || {
        parts.iter().filter_map(|part| match part {
            Column::Enum(column) => Some(column),
            _ => None,
        })
    };
    let width = enums().next().map_or(0, |column| column.payloads.len());
    let mut tags = Vector::with_capacity(rows, budget)?;
    for column in enums() {
        tags.append_slice(&column.tags)?;
    }
    let whole = |column: &Enum| {
        column.places.is_none() && column.payloads.iter().all(|p| p.len() == column.tags.len())
    };
    if enums().all(whole) {
        let payloads = (0..width)
            .map(|index| concat(enums().filter_map(|column| column.payloads.get(index)), parts.len(), budget))
            .collect::<Result<_>>()?;
        return Column::variants(tags.finish(), None, payloads);
    }
    // Only what a row points at is kept, or repeated slices would hold on to all that they were cut from.
    let mut dense = Vector::with_capacity(parts.len(), budget)?;
    for column in enums() {
        dense.push(column.dense(budget)?)?;
    }
    let mut places = Vector::with_capacity(rows, budget)?;
    let mut starts: Vec<u32> = alloc::vec![0; width];
    for column in dense.iter() {
        for (tag, place) in column.tags.iter().zip(column.places.iter().flat_map(|places| places.iter())) {
            places.push(place + starts.get(usize::from(*tag)).copied().unwrap_or_default())?;
            budget.work(1)?;
        }
        for (start, payload) in starts.iter_mut().zip(column.payloads.iter()) {
            *start = row_count(*start as usize + payload.len())?;
        }
    }
    let payloads = (0..width)
        .map(|index| {
            concat(dense.iter().filter_map(|column: &Enum| column.payloads.get(index)), dense.len(), budget)
        })
        .collect::<Result<_>>()?;
    Column::variants(tags.finish(), Some(places.finish()), payloads)
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
    pub(crate) fn dense(&self, budget: &Budget) -> Result<Self> {
        let (places, payloads) = self.spread(0..self.tags.len(), budget)?;
        Ok(Self {
            tags: self.tags.clone(),
            places: Some(places),
            payloads: payloads.into(),
            depth: self.depth,
        })
    }
}
