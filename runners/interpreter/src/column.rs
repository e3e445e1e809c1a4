//! Values of one type, many at a time: typed buffers with offsets for nesting.
//!
//! A [`Column`] of `n` rows holds `n` values. Cloning and slicing share the buffers. Rows that don't exist take no
//! form: any column of no rows may be [`Column::Empty`], which is also what lets a recursive type end.
//!
//! Buffers are made of [`Vector`]s, whose bytes are charged to the [`Budget`] of the execution before they are allocated,
//! and given back when the last column that shares them is dropped.

mod buffer;
mod concat;
mod decode;
mod encode;
mod gather;
mod text;
mod vector;

use alloc::{rc::Rc, vec::Vec};

use runner_core::{Code, Detail, Error, Result};

pub(crate) use buffer::Buffer;
pub(crate) use encode::Output;
pub(crate) use text::{Text, TextBuilder};
pub(crate) use vector::Vector;

use crate::{
    budget::Budget,
    limits::{COLUMN_DEPTH, COLUMN_ROWS},
};

/// Values of one type. Framed types are held as what they frame.
#[derive(Debug, Clone)]
pub(crate) enum Column {
    /// No rows, of any type.
    Empty,
    Bool(Buffer<bool>),
    I8(Buffer<i8>),
    I16(Buffer<i16>),
    I32(Buffer<i32>),
    I64(Buffer<i64>),
    U8(Buffer<u8>),
    U16(Buffer<u16>),
    U32(Buffer<u32>),
    U64(Buffer<u64>),
    F32(Buffer<f32>),
    F64(Buffer<f64>),
    Text(Text),
    Tuple(Tuple),
    Array(Array),
    Enum(Enum),
}

/// Tuples: one column a field, each of `len` rows.
#[derive(Debug, Clone)]
pub(crate) struct Tuple {
    pub(crate) len: usize,
    pub(crate) fields: Rc<[Column]>,
    depth: u32,
}

/// Arrays: those of row `i` are `items[offsets[i]..offsets[i + 1]]`. The first offset need not be 0.
#[derive(Debug, Clone)]
pub(crate) struct Array {
    pub(crate) offsets: Buffer<u32>,
    pub(crate) items: Rc<Column>,
    depth: u32,
}

/// Enums: the payload of row `i` is row `places[i]` of `payloads[tags[i]]`; row `i` itself where there are no places.
#[derive(Debug, Clone)]
pub(crate) struct Enum {
    pub(crate) tags: Buffer<u16>,
    pub(crate) places: Option<Buffer<u32>>,
    pub(crate) payloads: Rc<[Column]>,
    depth: u32,
}

/// Does something with the buffer inside a primitive column, whatever its type.
macro_rules! with_prims {
    ($column:expr, $buffer:ident => $body:expr, $($rest:tt)*) => {
        match $column {
            Column::Bool($buffer) => $body,
            Column::I8($buffer) => $body,
            Column::I16($buffer) => $body,
            Column::I32($buffer) => $body,
            Column::I64($buffer) => $body,
            Column::U8($buffer) => $body,
            Column::U16($buffer) => $body,
            Column::U32($buffer) => $body,
            Column::U64($buffer) => $body,
            Column::F32($buffer) => $body,
            Column::F64($buffer) => $body,
            $($rest)*
        }
    };
}

impl Column {
    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        with_prims!(self, buffer => buffer.len(),
            Self::Empty => 0,
            Self::Text(text) => text.len(),
            Self::Tuple(tuple) => tuple.len,
            Self::Array(array) => array.len(),
            Self::Enum(column) => column.tags.len(),
        )
    }

    /// How many integers there are from the first row of this up to that of another one.
    pub(crate) fn distance(&self, end: &Self) -> usize {
        macro_rules! integers {
            ($($variant:ident)*) => {
                match (self, end) {
                    $((Self::$variant(start), Self::$variant(end)) => match (start.first(), end.first()) {
                        (Some(start), Some(end)) => i128::from(*end) - i128::from(*start),
                        _ => 0,
                    },)*
                    _ => 0,
                }
            };
        }
        let distance = integers!(I8 I16 I32 I64 U8 U16 U32 U64);
        usize::try_from(distance.max(0)).unwrap_or(usize::MAX)
    }

    /// Tuples of these fields, which all have `len` rows.
    pub(crate) fn tuple(len: usize, fields: Vec<Self>) -> Self {
        if len == 0 {
            return Self::Empty;
        }
        let depth = deepest(&fields);
        Self::Tuple(Tuple { len, fields: fields.into(), depth })
    }

    /// The unit value, `len` times.
    pub(crate) fn unit(len: usize) -> Self {
        Self::tuple(len, Vec::new())
    }

    /// Arrays over these items, by one more offset than there are rows.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if the values nest too deep, which a loop could bring about.
    pub(crate) fn array(offsets: Buffer<u32>, items: Self) -> Result<Self> {
        if offsets.len() < 2 {
            return Ok(Self::Empty);
        }
        let depth = nested(items.depth())?;
        Ok(Self::Array(Array { offsets, items: Rc::new(items), depth }))
    }

    /// One array of all these items.
    ///
    /// # Errors
    /// As [`Column::array`], and if there are too many.
    pub(crate) fn one_array(items: Self, budget: &Budget) -> Result<Self> {
        Self::array(offsets([items.len()], budget)?, items)
    }

    /// Enums by the index of their variants, where their payloads stand, and one column of payloads a variant.
    ///
    /// # Errors
    /// As [`Column::array`].
    pub(crate) fn variants(
        tags: Buffer<u16>,
        places: Option<Buffer<u32>>,
        payloads: Vec<Self>,
    ) -> Result<Self> {
        if tags.is_empty() {
            return Ok(Self::Empty);
        }
        let depth = nested(deepest(&payloads))?;
        Ok(Self::Enum(Enum { tags, places, payloads: payloads.into(), depth }))
    }

    /// Options: `.some` of the rows of `payload` where `some` is true. Both have the same length.
    ///
    /// # Errors
    /// As [`Column::array`].
    #[cfg_attr(not(feature = "fs"), allow(dead_code, reason = "for files"))]
    pub(crate) fn option(some: &[bool], payload: Self, budget: &Budget) -> Result<Self> {
        let tags = budget.map(some, |some| u16::from(*some))?;
        let unit = Self::unit(tags.len());
        Self::variants(tags, None, Vec::from([unit, payload]))
    }

    /// One text.
    pub(crate) fn text(text: &str, budget: &Budget) -> Result<Self> {
        let mut builder = TextBuilder::with_capacity(1, text.len(), budget)?;
        builder.push(text)?;
        Ok(Self::Text(builder.finish()))
    }

    /// Rows `start..end`, which share the buffers. Bounds beyond the column are cut.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Self {
        let end = end.min(self.len());
        if start >= end {
            return Self::Empty;
        }
        if start == 0 && end == self.len() {
            return self.clone();
        }
        match self {
            Self::Empty => Self::Empty,
            Self::Bool(buffer) => Self::Bool(buffer.slice(start, end)),
            Self::I8(buffer) => Self::I8(buffer.slice(start, end)),
            Self::I16(buffer) => Self::I16(buffer.slice(start, end)),
            Self::I32(buffer) => Self::I32(buffer.slice(start, end)),
            Self::I64(buffer) => Self::I64(buffer.slice(start, end)),
            Self::U8(buffer) => Self::U8(buffer.slice(start, end)),
            Self::U16(buffer) => Self::U16(buffer.slice(start, end)),
            Self::U32(buffer) => Self::U32(buffer.slice(start, end)),
            Self::U64(buffer) => Self::U64(buffer.slice(start, end)),
            Self::F32(buffer) => Self::F32(buffer.slice(start, end)),
            Self::F64(buffer) => Self::F64(buffer.slice(start, end)),
            Self::Text(text) => Self::Text(text.slice(start, end)),
            Self::Tuple(tuple) => {
                let fields = tuple.fields.iter().map(|field| field.slice(start, end)).collect();
                Self::Tuple(Tuple { len: end - start, fields, depth: tuple.depth })
            }
            Self::Array(array) => {
                Self::Array(Array { offsets: array.offsets.slice(start, end + 1), ..array.clone() })
            }
            Self::Enum(column) => {
                let tags = column.tags.slice(start, end);
                let places = column.places.as_ref().map(|places| places.slice(start, end));
                let payloads = match places {
                    Some(_) => Rc::clone(&column.payloads),
                    None => column.payloads.iter().map(|payload| payload.slice(start, end)).collect(),
                };
                Self::Enum(Enum { tags, places, payloads, depth: column.depth })
            }
        }
    }

    /// Levels that the values nest, at most.
    fn depth(&self) -> u32 {
        match self {
            Self::Tuple(tuple) => tuple.depth,
            Self::Array(array) => array.depth,
            Self::Enum(column) => column.depth,
            _ => 0,
        }
    }

    /// The column of a field; of no rows if this is no tuple that has it.
    pub(crate) fn field(&self, index: usize) -> Self {
        match self {
            Self::Tuple(tuple) => tuple.fields.get(index).cloned().unwrap_or(Self::Empty),
            _ => Self::Empty,
        }
    }

    /// Bytes that the values take, about; what they share with other columns included.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Bool(_) | Self::I8(_) | Self::U8(_) => self.len(),
            Self::I16(_) | Self::U16(_) => self.len() * 2,
            Self::I32(_) | Self::U32(_) | Self::F32(_) => self.len() * 4,
            Self::I64(_) | Self::U64(_) | Self::F64(_) => self.len() * 8,
            Self::Text(text) => text.held_bytes(),
            Self::Tuple(tuple) => tuple.fields.iter().map(Self::bytes).sum(),
            Self::Array(array) => {
                let (first, last) = array.bounds();
                array.len() * 4 + array.items.slice(first, last).bytes()
            }
            Self::Enum(column) => {
                let payloads: usize = column.payloads.iter().map(Self::bytes).sum();
                column.tags.len() * 6 + payloads
            }
        }
    }

    /// Whether both are the same rows of the same buffers. Never true of columns without buffers.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        macro_rules! prims {
            ($($variant:ident)*) => {
                match (self, other) {
                    $((Self::$variant(a), Self::$variant(b)) => a.is_same(b),)*
                    (Self::Text(a), Self::Text(b)) => a.is_same(b),
                    (Self::Tuple(a), Self::Tuple(b)) => {
                        // Fields that were not asked for have no rows.
                        let is_left_out = |field: &Self| matches!(field, Self::Empty);
                        a.len == b.len
                            && a.fields.len() == b.fields.len()
                            && !a.fields.iter().all(is_left_out)
                            && a.fields
                                .iter()
                                .zip(b.fields.iter())
                                .all(|(a, b)| a.is_same(b) || (is_left_out(a) && is_left_out(b)))
                    }
                    (Self::Array(a), Self::Array(b)) => {
                        a.offsets.is_same(&b.offsets) && a.items.is_same(&b.items)
                    }
                    (Self::Enum(a), Self::Enum(b)) => {
                        a.tags.is_same(&b.tags)
                            && match (&a.places, &b.places) {
                                (Some(a), Some(b)) => a.is_same(b),
                                _ => false,
                            }
                    }
                    _ => false,
                }
            };
        }
        prims!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64)
    }
}

impl Array {
    /// Number of arrays.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Where the items of a row begin and end.
    #[inline]
    pub(crate) fn range(&self, row: usize) -> (usize, usize) {
        match (self.offsets.get(row), self.offsets.get(row + 1)) {
            (Some(start), Some(end)) => (*start as usize, *end as usize),
            _ => (0, 0),
        }
    }
}

impl Enum {
    /// Variant of a row, and where its payload stands.
    #[inline]
    pub(crate) fn at(&self, row: usize) -> (usize, usize) {
        let tag = self.tags.get(row).copied().unwrap_or_default();
        let place = match &self.places {
            Some(places) => places.get(row).map_or(0, |place| *place as usize),
            None => row,
        };
        (usize::from(tag), place)
    }
}

/// Offsets from numbers of items.
///
/// # Errors
/// As [`row_count`], and if there is no memory left.
#[inline]
pub(crate) fn offsets(counts: impl IntoIterator<Item = usize>, budget: &Budget) -> Result<Buffer<u32>> {
    let counts = counts.into_iter();
    let mut offsets = Vector::with_capacity(counts.size_hint().0 + 1, budget)?;
    let mut total = 0usize;
    offsets.push(0)?;
    for count in counts {
        total = total.saturating_add(count);
        offsets.push(row_count(total)?)?;
        budget.work(1)?;
    }
    Ok(offsets.finish())
}

/// A number of rows as an offset.
///
/// # Errors
/// `RESOURCE_EXHAUSTED` beyond [`COLUMN_ROWS`].
pub(crate) fn row_count(rows: usize) -> Result<u32> {
    match u32::try_from(rows) {
        Ok(count) if rows <= COLUMN_ROWS => Ok(count),
        _ => Err(too_many()),
    }
}

#[cold]
fn too_many() -> Error {
    let name = "column_rows".into();
    Error::new(Code::ResourceExhausted, alloc::format!("an array of more than {COLUMN_ROWS} items or bytes"))
        .with_detail(Detail::Limit { name, value: COLUMN_ROWS as u64 })
}

fn deepest(columns: &[Column]) -> u32 {
    columns.iter().map(Column::depth).max().unwrap_or(0) + 1
}

fn nested(depth: u32) -> Result<u32> {
    if depth < COLUMN_DEPTH {
        return Ok(depth + 1);
    }
    let name = "column_depth".into();
    Err(Error::new(
        Code::ResourceExhausted,
        alloc::format!("a value nests deeper than {COLUMN_DEPTH} levels"),
    )
    .with_detail(Detail::Limit { name, value: COLUMN_DEPTH.into() }))
}
