//! Values of many rows that are not gathered before somebody looks at them.

use alloc::{rc::Rc, vec::Vec};
use core::cell::{OnceCell, RefCell};

use runner_core::Result;

use crate::column::{Buffer, Column};

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
    pub(crate) fn bool(value: bool) -> Self {
        Self::Const(Column::Bool(Vec::from([value]).into()))
    }

    /// No rows.
    pub(crate) fn empty() -> Self {
        Self::Col(Column::Empty)
    }

    /// The value of every row, if that is known to be one.
    pub(crate) fn constant(&self, rows: usize) -> Result<Option<Column>> {
        Ok(match self {
            Self::Const(column) => Some(column.clone()),
            Self::Tuple(fields) if rows == 1 || fields.iter().all(Self::is_const) => {
                let fields: Vec<Column> =
                    fields.iter().map(|field| field.column(1)).collect::<Result<_>>()?;
                Some(Column::tuple(1, fields))
            }
            other if rows == 1 => Some(other.column(1)?),
            _ => None,
        })
    }

    /// Whether every row has the same value for a reason that takes no look at the rows.
    pub(crate) fn is_const(&self) -> bool {
        match self {
            Self::Const(_) => true,
            Self::Tuple(fields) => fields.iter().all(Self::is_const),
            _ => false,
        }
    }

    /// All rows, gathered.
    pub(crate) fn column(&self, rows: usize) -> Result<Column> {
        match self {
            Self::Const(column) => column.repeat(rows),
            Self::Col(column) => Ok(column.clone()),
            Self::View(view) => view.column(),
            Self::Tuple(fields) => {
                let fields: Vec<Column> =
                    fields.iter().map(|field| field.column(rows)).collect::<Result<_>>()?;
                Ok(Column::tuple(rows, fields))
            }
            Self::Seq(seq) => Column::array(seq.offsets.clone(), seq.items.column(seq.total())?),
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
        }
    }

    /// A field of tuples.
    pub(crate) fn field(&self, index: usize) -> Self {
        match self {
            Self::Const(column) => Self::Const(column.field(index)),
            Self::Col(column) => Self::Col(column.field(index)),
            Self::Tuple(fields) => fields.get(index).cloned().unwrap_or_else(Self::empty),
            Self::View(view) => view.field(index),
            Self::Seq(_) => Self::empty(),
        }
    }

    /// These rows, which may repeat.
    pub(crate) fn select(&self, rows: &Buffer<u32>) -> Result<Self> {
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
                        rows.iter().map(|row| view.rows.get(*row as usize).copied().unwrap_or_default());
                    Self::view(view.base.clone(), rows.collect())
                }
            },
            Self::Tuple(fields) => {
                Self::Tuple(fields.iter().map(|field| field.select(rows)).collect::<Result<_>>()?)
            }
            Self::Seq(seq) => {
                Self::view(Column::array(seq.offsets.clone(), seq.items.column(seq.total())?)?, rows.clone())
            }
        })
    }

    /// Rows `start..end`.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Result<Self> {
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
            Self::Tuple(fields) => {
                Self::Tuple(fields.iter().map(|field| field.slice(start, end)).collect::<Result<_>>()?)
            }
            Self::Seq(seq) => {
                let range = |row: usize| seq.offsets.get(row).map_or(0, |offset| *offset as usize);
                let (first, last) = (range(start), range(end));
                let offsets =
                    seq.offsets.slice(start, end + 1).iter().map(|offset| offset - first as u32).collect();
                Self::Seq(Rc::new(Seq { offsets, items: seq.items.slice(first, last)? }))
            }
        })
    }

    /// The arrays of `rows` rows; items that are the same for all rows are repeated.
    pub(crate) fn seq(&self, rows: usize) -> Result<Rc<Seq>> {
        match self {
            Self::Seq(seq) => Ok(Rc::clone(seq)),
            other => Ok(Rc::new(Seq::of(&other.column(rows)?, rows))),
        }
    }

    /// As it is, but columns of one row are known to be constant.
    pub(crate) fn settle(self, rows: usize) -> Self {
        match self {
            Self::Col(column) if rows == 1 => Self::Const(column),
            other => other,
        }
    }
}

impl View {
    fn column(&self) -> Result<Column> {
        if let Some(column) = self.gathered.get() {
            return Ok(column.clone());
        }
        let column = self.base.gather(&self.rows)?;
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
    pub(crate) fn of(column: &Column, rows: usize) -> Self {
        match column {
            Column::Array(array) => {
                let (first, last) = array.bounds();
                let offsets = if first == 0 {
                    array.offsets.clone()
                } else {
                    array.offsets.iter().map(|offset| offset - first as u32).collect()
                };
                Self { offsets, items: Val::Col(array.items.slice(first, last)) }
            }
            _ => Self { offsets: alloc::vec![0; rows + 1].into(), items: Val::empty() },
        }
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

/// Where each segment begins and ends.
pub(crate) fn ranges(offsets: &[u32]) -> impl ExactSizeIterator<Item = (usize, usize)> {
    offsets.iter().zip(offsets.iter().skip(1)).map(|(start, end)| (*start as usize, *end as usize))
}
