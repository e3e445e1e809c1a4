//! Filters on equality against an array that is the same for many rows: a hash table, made once.

use alloc::{rc::Rc, vec::Vec};

use runner_core::{ExprId, Result};

pub(super) use crate::plan::Join;

use super::{
    Eval,
    env::{Env, Map},
    stream::{Piece, Sink, bind},
    val::{Seq, Val},
};
use crate::{
    column::{Column, Vector, row_count},
    kernel::{self, Operand, table::Index},
    limits::BATCH,
    plan::Prims,
};

/// What is known of a join from an earlier evaluation.
pub(super) struct Known {
    /// The array that it was asked for.
    array: Column,
    /// Its hash table, if it has been asked for more than once.
    index: Option<Rc<Index>>,
}

/// Arrays up to this length are scanned.
const SHORT: usize = 8;

impl Eval<'_> {
    /// The hash table of a join with this array, a column of one row; `None` if it does not pay.
    ///
    /// A single row does not pay, unless it comes again, as the steps of a loop do.
    pub(super) fn index(
        &self,
        source: ExprId,
        join: &Join,
        array: &Column,
        env: &Env<'_>,
    ) -> Result<Option<Rc<Index>>> {
        let items = Seq::of(array, 1, &self.budget)?;
        let total = items.total();
        if total <= SHORT {
            return Ok(None);
        }
        let id = join.keys.first().map_or(source, |key| key.id);
        self.known_index(id, array, env.rows, || {
            let inner = Env::inner(env, total, Map::Row(0));
            bind(&inner, Some(&join.param), items.items);
            self.keys(join.keys.iter().map(|key| &key.build), &inner)
        })
    }

    /// The hash table over `keys` of an array, which is kept for the next batch of rows.
    pub(super) fn known_index(
        &self,
        id: ExprId,
        array: &Column,
        rows: usize,
        keys: impl FnOnce() -> Result<Column>,
    ) -> Result<Option<Rc<Index>>> {
        let mut again = false;
        if let Some(known) = self.joins.borrow().get(&id)
            && known.array.is_same(array)
        {
            if let Some(index) = &known.index {
                return Ok(Some(Rc::clone(index)));
            }
            again = true;
        }
        let index = if rows > 1 || again {
            Some(Rc::new(Index::new(&keys()?, self.seed(), &self.budget)?))
        } else {
            None
        };
        self.joins.borrow_mut().insert(id, Known { array: array.clone(), index: index.clone() });
        Ok(index)
    }

    /// The items that the rows of `env` are looking for. What else must be true is `asked` of them.
    #[inline(never)]
    pub(super) fn look_up(
        &self,
        join: &Join,
        index: &Index,
        items: &Val,
        asked: bool,
        env: &Env<'_>,
        sink: Sink<'_>,
    ) -> Result<()> {
        let probes = self.keys(join.keys.iter().map(|key| &key.probe), env)?;
        let mut first = 0;
        let mut rows = Vector::new(&self.budget)?;
        let mut offsets = Vector::of(0, &self.budget)?;
        let mut flush = |first: usize, rows: &mut Vector<u32>, offsets: &mut Vector<u32>| -> Result<()> {
            self.budget.step(rows.len())?;
            let offsets = core::mem::replace(offsets, Vector::of(0, &self.budget)?).finish();
            let mut seq = Seq { offsets, items: items.select(&rows.take()?.finish(), &self.budget)? };
            if asked {
                seq = self.filter_rest(join, seq, first, env)?;
            }
            sink(Piece { first, seq })
        };
        index.look_up(&probes, self.seed(), &self.budget, |row, found| {
            rows.append_slice(found)?;
            offsets.push(row_count(rows.len())?)?;
            if rows.len() >= BATCH {
                flush(first, &mut rows, &mut offsets)?;
                first = row + 1;
            }
            Ok(())
        })?;
        if offsets.len() > 1 { flush(first, &mut rows, &mut offsets) } else { Ok(()) }
    }

    /// Whether values of any type are equal, row by row.
    pub(super) fn equal(&self, left: &Val, right: &Val, rows: usize) -> Result<Val> {
        let operand = |val: &Val| -> Result<Operand> {
            Ok(match val.constant(rows, &self.budget)? {
                Some(column) => Operand { column, constant: true },
                None => Operand { column: val.column(rows, &self.budget)?, constant: false },
            })
        };
        let operands = [operand(left)?, operand(right)?];
        let constant = operands.iter().all(|operand| operand.constant);
        let count = if constant { 1 } else { rows };
        let column = kernel::apply(runner_core::Op::Eq, Prims::default(), &operands, count, &self.budget)?;
        Ok(if constant { Val::Const(column) } else { Val::Col(column) })
    }

    /// One key of several.
    pub(super) fn keys<'n>(
        &self,
        nodes: impl ExactSizeIterator<Item = &'n crate::plan::Node>,
        env: &Env<'_>,
    ) -> Result<Column> {
        let mut columns = nodes
            .map(|node| self.eval(node, env)?.column(env.rows, &self.budget))
            .collect::<Result<Vec<_>>>()?;
        match (columns.len(), columns.pop()) {
            (1, Some(one)) => Ok(one),
            (_, Some(last)) => {
                columns.push(last);
                Ok(Column::tuple(env.rows, columns))
            }
            _ => Ok(Column::Empty),
        }
    }
}
