//! Values of many rows that are not gathered before somebody looks at them.

use alloc::{rc::Rc, vec::Vec};
use core::cell::{OnceCell, RefCell};

use runner_core::Result;

use crate::{
    budget::Budget,
    column::{Buffer, Column, Vector},
    kernel::mismatch,
};

/// The values of an expression, one a row. How many rows there are is known from where it stands.
#[derive(Clone)]
pub(crate) enum Val {
    /// The same value in every row: a column of one row.
    Const(Column),
    /// A value a row.
    Col(Column),
    /// Rows of a column, not gathered yet.
    View(Rc<View>),
    /// Fields.
    Tuple(Rc<[Val]>),
    /// Arrays.
    Seq(Rc<Seq>),
    /// Arrays of consecutive integers, none of which is there.
    Range(Rc<Range>),
}

/// For each row the numbers from one integer to before another one.
pub(crate) struct Range {
    pub(crate) start: Val,
    pub(crate) end: Val,
}

/// Rows of a column in some order.
pub(crate) struct View {
    base: Column,
    rows: Buffer<u32>,
    gathered: OnceCell<Column>,
    fields: RefCell<Vec<(usize, Val)>>,
}

/// Arrays whose items may not be gathered yet: those of row `i` are `items[offsets[i]..offsets[i + 1]]`. The first
/// offset is 0, and there are as many items as the last one says.
#[derive(Clone)]
pub(crate) struct Seq {
    pub(crate) offsets: Buffer<u32>,
    pub(crate) items: Val,
}

impl Val {
    /// Rows of a column.
    pub(crate) fn view(base: Column, rows: Buffer<u32>) -> Self {
        Self::View(Rc::new(View { base, rows, gathered: OnceCell::new(), fields: RefCell::default() }))
    }

    /// Bools that are all the same.
    pub(crate) fn bool(value: bool, budget: &Budget) -> Result<Self> {
        Ok(Self::Const(Column::Bool(budget.one(value)?)))
    }

    /// No rows.
    pub(crate) fn empty() -> Self {
        Self::Col(Column::Empty)
    }

    /// The value of every row, if that is known to be one.
    pub(crate) fn constant(&self, rows: usize, budget: &Budget) -> Result<Option<Column>> {
        Ok(match self {
            Self::Const(column) => Some(column.clone()),
            Self::Tuple(fields) if rows == 1 || fields.iter().all(Self::is_const) => {
                let fields: Vec<Column> =
                    fields.iter().map(|field| field.column(1, budget)).collect::<Result<_>>()?;
                Some(Column::tuple(1, fields))
            }
            other if rows == 1 || other.is_const() => Some(other.column(1, budget)?),
            _ => None,
        })
    }

    /// Whether every row has the same value for a reason that takes no look at the rows.
    pub(crate) fn is_const(&self) -> bool {
        match self {
            Self::Const(_) => true,
            Self::Tuple(fields) => fields.iter().all(Self::is_const),
            Self::Range(range) => range.start.is_const() && range.end.is_const(),
            _ => false,
        }
    }

    /// All rows, gathered.
    pub(crate) fn column(&self, rows: usize, budget: &Budget) -> Result<Column> {
        match self {
            Self::Const(column) => column.repeat(rows, budget),
            Self::Col(column) => Ok(column.clone()),
            Self::View(view) => view.column(budget),
            Self::Tuple(fields) => {
                let fields: Vec<Column> =
                    fields.iter().map(|field| field.column(rows, budget)).collect::<Result<_>>()?;
                Ok(Column::tuple(rows, fields))
            }
            Self::Seq(seq) => seq.column(budget),
            Self::Range(range) if rows > 1 && self.is_const() => {
                range.seq(1, budget)?.column(budget)?.repeat(rows, budget)
            }
            Self::Range(range) => range.seq(rows, budget)?.column(budget),
        }
    }

    /// About how many bytes [`Val::column`] would have to allocate.
    pub(crate) fn bytes(&self, rows: usize) -> usize {
        match self {
            Self::Const(column) if rows > 1 => column.bytes().saturating_mul(rows),
            Self::Const(_) => 0,
            Self::Col(_) => 0,
            Self::View(view) => match view.gathered.get() {
                Some(_) => 0,
                None => view.base.bytes().div_ceil(view.base.len().max(1)).saturating_mul(view.rows.len()),
            },
            Self::Tuple(fields) => {
                fields.iter().map(|field| field.bytes(rows)).fold(0, usize::saturating_add)
            }
            Self::Seq(seq) => seq.items.bytes(seq.total()),
            Self::Range(_) => 0,
        }
    }

    /// A field of tuples.
    pub(crate) fn field(&self, index: usize) -> Self {
        match self {
            Self::Const(column) => Self::Const(column.field(index)),
            Self::Col(column) => Self::Col(column.field(index)),
            Self::Tuple(fields) => fields.get(index).cloned().unwrap_or_else(Self::empty),
            Self::View(view) => view.field(index),
            Self::Seq(_) | Self::Range(_) => Self::empty(),
        }
    }

    /// These rows, which may repeat.
    pub(crate) fn select(&self, rows: &Buffer<u32>, budget: &Budget) -> Result<Self> {
        if rows.is_empty() {
            return Ok(Self::empty());
        }
        Ok(match self {
            Self::Const(_) => self.clone(),
            Self::Col(column) => Self::view(column.clone(), rows.clone()),
            Self::View(view) => match view.gathered.get() {
                Some(column) => Self::view(column.clone(), rows.clone()),
                None => {
                    let rows =
                        budget.map(rows, |row| view.rows.get(*row as usize).copied().unwrap_or_default())?;
                    Self::view(view.base.clone(), rows)
                }
            },
            Self::Tuple(fields) => {
                Self::Tuple(fields.iter().map(|field| field.select(rows, budget)).collect::<Result<_>>()?)
            }
            Self::Seq(seq) => Self::view(seq.column(budget)?, rows.clone()),
            Self::Range(range) => {
                let (start, end) = (range.start.select(rows, budget)?, range.end.select(rows, budget)?);
                Self::Range(Rc::new(Range { start, end }))
            }
        })
    }

    /// A column of which the rows of this are rows, and which, if it is at most half as long.
    pub(crate) fn distinct(&self, rows: usize, budget: &Budget) -> Result<Option<(Column, Buffer<u32>)>> {
        let is_short = |column: &Column| column.len() * 2 <= rows;
        Ok(match self {
            Self::Col(Column::Text(text)) => text
                .dictionary()
                .map(|(values, codes)| (Column::Text(values), codes.clone()))
                .filter(|(values, _)| is_short(values)),
            Self::View(view) if is_short(&view.base) => Some((view.base.clone(), view.rows.clone())),
            Self::View(view) => match &view.base {
                Column::Text(text) => {
                    match text.dictionary().filter(|(values, _)| values.len() * 2 <= rows) {
                        Some((values, codes)) => {
                            let code = |row: &u32| codes.get(*row as usize).copied().unwrap_or_default();
                            Some((Column::Text(values), budget.map(&view.rows, code)?))
                        }
                        None => None,
                    }
                }
                _ => None,
            },
            _ => None,
        })
    }

    /// Rows `start..end`.
    pub(crate) fn slice(&self, start: usize, end: usize, budget: &Budget) -> Result<Self> {
        if start >= end {
            return Ok(Self::empty());
        }
        Ok(match self {
            Self::Const(_) => self.clone(),
            Self::Col(column) => Self::Col(column.slice(start, end)),
            Self::View(view) => match view.gathered.get() {
                Some(column) => Self::Col(column.slice(start, end)),
                None => Self::view(view.base.clone(), view.rows.slice(start, end)),
            },
            Self::Tuple(fields) => Self::Tuple(
                fields.iter().map(|field| field.slice(start, end, budget)).collect::<Result<_>>()?,
            ),
            Self::Seq(seq) => {
                let range = |row: usize| seq.offsets.get(row).map_or(0, |offset| *offset as usize);
                let (first, last) = (range(start), range(end));
                let offsets =
                    budget.map(&seq.offsets.slice(start, end + 1), |offset| offset - first as u32)?;
                Self::Seq(Rc::new(Seq { offsets, items: seq.items.slice(first, last, budget)? }))
            }
            Self::Range(range) => {
                let bound =
                    |val: &Self| -> Result<Self> { Ok(val.slice(start, end, budget)?.settle(end - start)) };
                Self::Range(Rc::new(Range { start: bound(&range.start)?, end: bound(&range.end)? }))
            }
        })
    }

    /// The arrays of `rows` rows; items that are the same for all rows are repeated.
    pub(crate) fn seq(&self, rows: usize, budget: &Budget) -> Result<Rc<Seq>> {
        match self {
            Self::Seq(seq) => Ok(Rc::clone(seq)),
            Self::Range(range) if rows == 1 || !self.is_const() => Ok(Rc::new(range.seq(rows, budget)?)),
            other => Ok(Rc::new(Seq::of(&other.column(rows, budget)?, rows, budget)?)),
        }
    }

    /// As it is, but columns of one row are known to be constant.
    pub(crate) fn settle(self, rows: usize) -> Self {
        match self {
            Self::Col(column) if rows == 1 => Self::Const(column),
            Self::Range(range) if rows == 1 => {
                let bound = |val: &Self| val.clone().settle(1);
                Self::Range(Rc::new(Range { start: bound(&range.start), end: bound(&range.end) }))
            }
            other => other,
        }
    }
}

impl View {
    fn column(&self, budget: &Budget) -> Result<Column> {
        if let Some(column) = self.gathered.get() {
            return Ok(column.clone());
        }
        let column = self.base.gather(&self.rows, budget)?;
        // It was empty a moment ago, and nobody else is here.
        let _ = self.gathered.set(column.clone());
        Ok(column)
    }

    fn field(&self, index: usize) -> Val {
        let mut fields = self.fields.borrow_mut();
        if let Some((_, val)) = fields.iter().find(|(known, _)| *known == index) {
            return val.clone();
        }
        let val = match self.gathered.get() {
            Some(column) => Val::Col(column.field(index)),
            None => Val::view(self.base.field(index), self.rows.clone()),
        };
        fields.push((index, val.clone()));
        val
    }

    /// The column and the rows of it.
    pub(crate) fn parts(&self) -> (&Column, &Buffer<u32>) {
        (&self.base, &self.rows)
    }
}

impl Seq {
    /// The arrays of a column.
    pub(crate) fn of(column: &Column, rows: usize, budget: &Budget) -> Result<Self> {
        Ok(match column {
            Column::Array(array) => {
                let (first, last) = array.bounds();
                let offsets = if first == 0 {
                    array.offsets.clone()
                } else {
                    budget.map(&array.offsets, |offset| offset - first as u32)?
                };
                Self { offsets, items: Val::Col(array.items.slice(first, last)) }
            }
            _ => Self { offsets: budget.filled(0, rows + 1)?, items: Val::empty() },
        })
    }

    /// The arrays, gathered.
    pub(crate) fn column(&self, budget: &Budget) -> Result<Column> {
        Column::array(self.offsets.clone(), self.items.column(self.total(), budget)?)
    }

    /// Number of all items.
    pub(crate) fn total(&self) -> usize {
        self.offsets.last().map_or(0, |offset| *offset as usize)
    }

    /// Number of arrays.
    pub(crate) fn rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Where the items of each array begin and end.
    pub(crate) fn ranges(&self) -> impl ExactSizeIterator<Item = (usize, usize)> {
        ranges(&self.offsets)
    }
}

impl Range {
    /// How many numbers the array of each row has, `None` beyond what can be counted; one for all rows if both ends are
    /// constant.
    pub(crate) fn lengths(&self, rows: usize, budget: &Budget) -> Result<Buffer<Option<i64>>> {
        let rows = if self.start.is_const() && self.end.is_const() { 1 } else { rows };
        let (start, end) = (self.start.column(rows, budget)?, self.end.column(rows, budget)?);
        macro_rules! integers {
            ($($variant:ident)*) => {
                match (&start, &end) {
                    $((Column::$variant(starts), Column::$variant(ends)) => budget.zip(starts, ends, |start, end| {
                        i64::try_from((i128::from(*end) - i128::from(*start)).max(0)).ok()
                    }),)*
                    _ => Err(mismatch()),
                }
            };
        }
        integers!(I8 I16 I32 I64 U8 U16 U32 U64)
    }

    /// The numbers that are so many after the start of their row; `None` where there is no such item.
    pub(crate) fn items(&self, places: &[Option<i64>], budget: &Budget) -> Result<Column> {
        let start = self.start.column(places.len(), budget)?;
        macro_rules! integers {
            ($($variant:ident $int:ident)*) => {
                match &start {
                    $(Column::$variant(starts) => {
                        let mut items = Vector::with_capacity(places.len(), budget)?;
                        for (start, place) in starts.iter().zip(places) {
                            // Both are within the range, so their sum is as well.
                            if let Some(place) = place {
                                items.push(start.wrapping_add(*place as $int))?;
                            }
                            budget.work(1)?;
                        }
                        Ok(Column::$variant(items.finish()))
                    })*
                    _ => Err(mismatch()),
                }
            };
        }
        integers!(I8 i8 I16 i16 I32 i32 I64 i64 U8 u8 U16 u16 U32 u32 U64 u64)
    }

    /// The arrays with all their numbers.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if they are too many.
    pub(crate) fn seq(&self, rows: usize, budget: &Budget) -> Result<Seq> {
        let (start, end) = (self.start.column(rows, budget)?, self.end.column(rows, budget)?);
        macro_rules! integers {
            ($($variant:ident)*) => {
                match (&start, &end) {
                    $((Column::$variant(starts), Column::$variant(ends)) => {
                        let pairs = || starts.iter().zip(ends.iter());
                        let length = |(start, end): (&_, &_)| {
                            usize::try_from((i128::from(*end) - i128::from(*start)).max(0)).unwrap_or(usize::MAX)
                        };
                        let offsets = crate::column::offsets(pairs().map(length), budget)?;
                        let total = offsets.last().map_or(0, |total| *total as usize);
                        budget.step(total)?;
                        let mut values = Vector::with_capacity(total, budget)?;
                        for (start, end) in pairs() {
                            values.append_range(*start..*end)?;
                        }
                        Ok(Seq { offsets, items: Val::Col(Column::$variant(values.finish())) })
                    })*
                    _ => Err(mismatch()),
                }
            };
        }
        integers!(I8 I16 I32 I64 U8 U16 U32 U64)
    }
}

/// Where each segment begins and ends.
pub(crate) fn ranges(offsets: &[u32]) -> impl ExactSizeIterator<Item = (usize, usize)> {
    offsets.iter().zip(offsets.iter().skip(1)).map(|(start, end)| (*start as usize, *end as usize))
}
