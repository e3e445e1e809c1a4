//! Locals, and how the rows of a lambda relate to those of what stands around it.

use alloc::{collections::BTreeMap, rc::Rc, vec::Vec};
use core::cell::{OnceCell, RefCell};

use runner_core::{ExprId, LocalId, Result};

use super::val::{Val, ranges};
use crate::{
    budget::Budget,
    column::{Buffer, Column, Vector},
    kernel::mismatch,
};

/// The rows that are worked on, and the locals that are known for them.
pub(crate) struct Env<'a> {
    pub(crate) rows: usize,
    budget: &'a Budget,
    outer: Option<(&'a Env<'a>, Map)>,
    /// Locals that are bound here.
    own: RefCell<Vec<(LocalId, Val)>>,
    /// Locals from outside that somebody has asked for, as they are for these rows.
    seen: RefCell<Vec<(LocalId, Val)>>,
    /// Values of expressions that are the same in all rows, or were for this one row.
    memo: RefCell<BTreeMap<ExprId, (Option<usize>, Column)>>,
}

/// Where an expression, the same in all rows of some surroundings, can be evaluated for all that lies within.
pub(crate) struct Home<'a> {
    pub(crate) env: &'a Env<'a>,
    /// The one row that it is for, if it differs between the rows of `env`.
    pub(crate) row: Option<usize>,
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

    fn apply(&self, val: &Val, rows: usize, budget: &Budget) -> Result<Val> {
        match self {
            _ if matches!(val, Val::Const(_)) => Ok(val.clone()),
            Self::Row(row) => Ok(match val.slice(*row, *row + 1, budget)? {
                range @ Val::Range(_) => range,
                other => Val::Const(other.column(1, budget)?),
            }),
            Self::From(start) => val.slice(*start, *start + rows, budget),
            Self::Rows(rows) => val.select(rows, budget),
            Self::Segments(segments) => val.select(segments.rows(budget)?, budget),
        }
    }
}

impl Segments {
    fn rows(&self, budget: &Budget) -> Result<&Buffer<u32>> {
        if self.rows.get().is_none() {
            // It was empty a moment ago, and nobody else is here.
            let _ = self.rows.set(segment_rows(&self.offsets, self.first, budget)?);
        }
        self.rows.get().ok_or_else(mismatch)
    }
}

/// For each item the row that it belongs to.
pub(crate) fn segment_rows(offsets: &[u32], first: usize, budget: &Budget) -> Result<Buffer<u32>> {
    let total = offsets.last().map_or(0, |end| *end as usize);
    let mut rows = Vector::with_capacity(total, budget)?;
    for (row, (_, end)) in (first as u32..).zip(ranges(offsets)) {
        rows.resize(end, row)?;
        budget.work(1)?;
    }
    Ok(rows.finish())
}

impl<'a> Env<'a> {
    /// Where a program begins: one row.
    pub(crate) fn root(budget: &'a Budget) -> Self {
        Self::new(1, budget, None)
    }

    /// Rows that belong to those of `outer` by `map`.
    pub(crate) fn inner(outer: &'a Env<'a>, rows: usize, map: Map) -> Self {
        Self::new(rows, outer.budget, Some((outer, map)))
    }

    fn new(rows: usize, budget: &'a Budget, outer: Option<(&'a Env<'a>, Map)>) -> Self {
        Self {
            rows,
            budget,
            outer,
            own: RefCell::default(),
            seen: RefCell::default(),
            memo: RefCell::default(),
        }
    }

    /// Whether this is where a program begins, so that what is evaluated here is evaluated once.
    pub(crate) fn is_root(&self) -> bool {
        self.outer.is_none()
    }

    /// Gives a local its values.
    pub(crate) fn bind(&self, local: LocalId, val: Val) {
        self.own.borrow_mut().push((local, val.settle(self.rows)));
    }

    /// What is known of a local without a look outside.
    fn known(&self, local: LocalId) -> Option<Val> {
        let find = |locals: &[(LocalId, Val)]| {
            locals.iter().rev().find(|(known, _)| *known == local).map(|(_, val)| val.clone())
        };
        find(&self.own.borrow()).or_else(|| find(&self.seen.borrow()))
    }

    /// The values of a local.
    pub(crate) fn get(&self, local: LocalId) -> Result<Val> {
        if let Some(val) = self.known(local) {
            return Ok(val);
        }
        let Some((outer, map)) = &self.outer else { return Ok(Val::empty()) };
        let val = map.apply(&outer.shared(local)?, self.rows, self.budget)?;
        let val = val.settle(self.rows);
        self.seen.borrow_mut().push((local, val.clone()));
        Ok(val)
    }

    /// The values of a local for what lies within. Where there is one row, its value is gathered once for all of that.
    fn shared(&self, local: LocalId) -> Result<Val> {
        let val = self.get(local)?;
        if self.rows != 1 || matches!(val, Val::Const(_) | Val::Range(_)) {
            return Ok(val);
        }
        let val = Val::Const(val.column(1, self.budget)?);
        for locals in [&self.own, &self.seen] {
            let mut locals = locals.borrow_mut();
            if let Some((_, known)) = locals.iter_mut().rev().find(|(known, _)| *known == local) {
                *known = val.clone();
                break;
            }
        }
        Ok(val)
    }

    /// Whether a local has the same value in all rows, for a reason that takes no look at the rows.
    pub(crate) fn is_const(&self, local: LocalId) -> bool {
        if self.rows == 1 {
            return true;
        }
        if let Some(val) = self.known(local) {
            return val.is_const();
        }
        match &self.outer {
            Some((_, Map::Row(_))) => true,
            Some((outer, _)) => outer.is_const(local),
            None => true,
        }
    }

    /// The outermost surroundings in which an expression of these locals, which are the same in all rows here, is
    /// still the same for all that lies within.
    pub(crate) fn home(&self, free: &[LocalId]) -> Home<'_> {
        let mut home = Home { env: self, row: None };
        while home.row.is_none()
            && let Some((outer, map)) = &home.env.outer
            && !home.env.own.borrow().iter().any(|(local, _)| free.contains(local))
        {
            let same = outer.rows == 1 || free.iter().all(|local| outer.is_const(*local));
            let row = match map {
                Map::Row(row) if !same => Some(*row),
                _ if !same => break,
                _ => None,
            };
            home = Home { env: outer, row };
        }
        home
    }

    /// What [`Env::remember`] was told.
    pub(crate) fn remembered(&self, id: ExprId, row: Option<usize>) -> Option<Column> {
        self.memo.borrow().get(&id).filter(|(known, _)| *known == row).map(|(_, column)| column.clone())
    }

    /// Keeps the value of an expression, in place of that for another row.
    pub(crate) fn remember(&self, id: ExprId, row: Option<usize>, column: Column) {
        self.memo.borrow_mut().insert(id, (row, column));
    }
}
