//! Locals, and how the rows of a lambda relate to those of what stands around it.

use alloc::{rc::Rc, vec::Vec};
use core::cell::{OnceCell, RefCell};

use runner_core::{LocalId, Result};

use super::val::{Val, ranges};
use crate::column::Buffer;

/// The rows that are worked on, and the locals that are known for them.
pub(crate) struct Env<'a> {
    pub(crate) rows: usize,
    outer: Option<(&'a Env<'a>, Map)>,
    /// Locals that are bound here, and those of outer ones that somebody has asked for.
    locals: RefCell<Vec<(LocalId, Val)>>,
}

/// To which outer row each row belongs.
#[derive(Clone)]
pub(crate) enum Map {
    /// All to this one.
    Row(usize),
    /// Row `i` to this one plus `i`.
    From(usize),
    /// To these.
    Rows(Buffer<u32>),
    /// The rows of segment `i` to `first + i`.
    Segments(Rc<Segments>),
}

pub(crate) struct Segments {
    offsets: Buffer<u32>,
    first: usize,
    rows: OnceCell<Buffer<u32>>,
}

impl Map {
    /// Segment `i` belongs to row `first + i`.
    pub(crate) fn segments(offsets: &Buffer<u32>, first: usize) -> Self {
        if offsets.len() == 2 {
            return Self::Row(first);
        }
        Self::Segments(Rc::new(Segments { offsets: offsets.clone(), first, rows: OnceCell::new() }))
    }

    fn apply(&self, val: &Val, rows: usize) -> Result<Val> {
        match self {
            _ if matches!(val, Val::Const(_)) => Ok(val.clone()),
            Self::Row(row) => Ok(Val::Const(val.slice(*row, *row + 1)?.column(1)?)),
            Self::From(start) => val.slice(*start, *start + rows),
            Self::Rows(rows) => val.select(rows),
            Self::Segments(segments) => val.select(segments.rows()),
        }
    }
}

impl Segments {
    fn rows(&self) -> &Buffer<u32> {
        self.rows.get_or_init(|| segment_rows(&self.offsets, self.first))
    }
}

/// For each item the row that it belongs to.
pub(crate) fn segment_rows(offsets: &[u32], first: usize) -> Buffer<u32> {
    let total = offsets.last().map_or(0, |end| *end as usize);
    let mut rows = Vec::with_capacity(total);
    for (row, (_, end)) in (first as u32..).zip(ranges(offsets)) {
        rows.resize(end, row);
    }
    rows.into()
}

impl<'a> Env<'a> {
    /// Where a program begins: one row.
    pub(crate) fn root() -> Self {
        Self { rows: 1, outer: None, locals: RefCell::default() }
    }

    /// Rows that belong to those of `outer` by `map`.
    pub(crate) fn inner(outer: &'a Env<'a>, rows: usize, map: Map) -> Self {
        Self { rows, outer: Some((outer, map)), locals: RefCell::default() }
    }

    /// Gives a local its values.
    pub(crate) fn bind(&self, local: LocalId, val: Val) {
        self.locals.borrow_mut().push((local, val.settle(self.rows)));
    }

    /// The values of a local.
    pub(crate) fn get(&self, local: LocalId) -> Result<Val> {
        if let Some((_, val)) = self.locals.borrow().iter().rev().find(|(known, _)| *known == local) {
            return Ok(val.clone());
        }
        let Some((outer, map)) = &self.outer else { return Ok(Val::empty()) };
        let val = map.apply(&outer.get(local)?, self.rows)?;
        self.bind(local, val.clone());
        Ok(val)
    }

    /// Whether a local has the same value in all rows, for a reason that takes no look at the rows.
    pub(crate) fn is_const(&self, local: LocalId) -> bool {
        if self.rows == 1 {
            return true;
        }
        if let Some((_, val)) = self.locals.borrow().iter().rev().find(|(known, _)| *known == local) {
            return val.is_const();
        }
        match &self.outer {
            Some((_, Map::Row(_))) => true,
            Some((outer, _)) => outer.is_const(local),
            None => true,
        }
    }
}
