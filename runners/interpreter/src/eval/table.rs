//! Tables that rows look values up in: arrays that an external function makes batch by batch, which are never held as a
//! whole.

use alloc::{boxed::Box, rc::Rc};

use runner_core::Result;

use super::{
    Eval,
    branch::{Mask, chosen},
    env::{Env, Map},
    join::Join,
    stream::bind,
    val::Val,
};
use crate::{
    column::{Buffer, Column, Vector},
    kernel::table::{Index, Members},
    native::{Bounds, Items},
    plan::{Node, field},
    used::Used,
};

/// The items of a table that may be looked for.
pub(super) struct Table {
    /// Of each item what is looked at when it was found.
    pub(super) items: Val,
    /// The rows of the items by their keys.
    pub(super) index: Index,
    /// Whether the rest of the join's condition is still to be asked.
    pub(super) asked: bool,
}

/// Times that a table is read for those rows alone that look values up in it; after that all of it is kept.
const SCANS: u32 = 4;

impl Eval<'_> {
    /// The table of a join whose array is `source`, for the rows of `env`; `None` if it is no such array.
    pub(super) fn table(&self, source: &Node, join: &Join, env: &Env<'_>) -> Result<Option<Rc<Table>>> {
        let Some(id) = join.keys.first().map(|key| key.id) else { return Ok(None) };
        if let Some(table) = self.tables.borrow().get(&id) {
            return Ok(Some(Rc::clone(table)));
        }
        if source.free.as_deref() != Some(&[]) {
            return Ok(None);
        }
        let Some(items) = self.items(source, env)? else { return Ok(None) };
        let scans = self.scans.borrow().get(&id).copied().unwrap_or_default();
        if env.rows <= items.total() / 2 && scans < SCANS {
            self.scans.borrow_mut().insert(id, scans + 1);
            let probes = self.keys(join.keys.iter().map(|key| &key.probe), env)?;
            let members = Members::new(&probes, self.seed(), &self.budget)?;
            return self
                .read_table(items, source, join, Some(&members), env)
                .map(|table| Some(Rc::new(table)));
        }
        let table = Rc::new(self.read_table(items, source, join, None, env)?);
        self.tables.borrow_mut().insert(id, Rc::clone(&table));
        Ok(Some(table))
    }

    /// Whether the table of a join is kept already.
    pub(super) fn has_table(&self, join: &Join) -> bool {
        join.keys.first().is_some_and(|key| self.tables.borrow().contains_key(&key.id))
    }

    /// Reads the items whose keys are among `members`, or all.
    fn read_table(
        &self,
        mut batches: Box<dyn Items>,
        source: &Node,
        join: &Join,
        members: Option<&Members>,
        env: &Env<'_>,
    ) -> Result<Table> {
        let rest = join.own_rest(members.is_none());
        batches.within(&join.bounds);
        if let ([key], Some((least, most))) = (join.keys.as_slice(), members.and_then(Members::span))
            && let Some(field) = field(&key.build, join.param)
        {
            batches.within(&[Bounds { field, least, most }]);
        }
        let (mut parts, mut keys) = (Vector::new(&self.budget)?, Vector::new(&self.budget)?);
        while let Some(items) = batches.next(&self.budget).map_err(|error| self.placed(error, source))? {
            let total = items.len();
            self.budget.step(total)?;
            let one = Env::inner(env, total, Map::Row(0));
            bind(&one, Some(&join.param), Val::Col(items.clone()));
            let mut found = self.keys(join.keys.iter().map(|key| &key.build), &one)?;
            let mut rows = match members {
                Some(members) => Some(members.rows(&found, self.seed(), &self.budget)?.finish()),
                None => None,
            };
            if let Some(rest) = rest
                && rows.as_ref().is_none_or(|rows| !rows.is_empty())
            {
                rows = self.asked(rest, join, &items, rows, env)?;
            }
            let mut items = kept(&items, &join.kept);
            if let Some(rows) = rows {
                if rows.is_empty() {
                    continue;
                }
                items = items.gather(&rows, &self.budget)?;
                found = found.gather(&rows, &self.budget)?;
            }
            parts.push(items)?;
            keys.push(found)?;
        }
        let items = Val::Col(Column::concat(&parts, &self.budget)?);
        drop(parts);
        let index = Index::new(&Column::concat(&keys, &self.budget)?, self.seed(), &self.budget)?;
        Ok(Table { items, index, asked: rest.is_none() })
    }

    /// Those of `rows`, or of all, for which a condition is true.
    fn asked(
        &self,
        condition: &Node,
        join: &Join,
        items: &Column,
        rows: Option<Buffer<u32>>,
        env: &Env<'_>,
    ) -> Result<Option<Buffer<u32>>> {
        let all = Val::Col(items.clone());
        let (count, val) = match &rows {
            Some(rows) => (rows.len(), all.select(rows, &self.budget)?),
            None => (items.len(), all),
        };
        let inner = Env::inner(env, count, Map::Row(0));
        bind(&inner, Some(&join.param), val);
        Ok(match self.mask(condition, &inner)? {
            Mask::All => rows,
            Mask::None => Some(self.budget.filled(0, 0)?),
            Mask::Mixed(mask) => {
                let chosen = chosen(&mask, true, &self.budget)?;
                let row = |place: &u32, rows: &[u32]| rows.get(*place as usize).copied().unwrap_or_default();
                Some(match rows {
                    Some(rows) => self.budget.map(&chosen, |place| row(place, &rows))?,
                    None => chosen,
                })
            }
        })
    }
}

/// Tuples with those fields alone that are looked at.
fn kept(items: &Column, used: &Used) -> Column {
    match items {
        Column::Tuple(tuple) => {
            let fields = tuple.fields.iter().enumerate();
            let fields =
                fields.map(|(index, field)| if used.has(index) { field.clone() } else { Column::Empty });
            Column::tuple(tuple.len, fields.collect())
        }
        other => other.clone(),
    }
}
