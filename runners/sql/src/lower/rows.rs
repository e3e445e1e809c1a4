//! Arrays as relations, and relations as packed arrays.

use runner_core::{Code, Error, ExprId, Result, TypeId};

use super::{
    Frame, Lowering, numbered,
    references::{definitions, references},
};
use crate::{
    relation::{Key, Relation},
    shape::Shape,
    sql::Sql,
    value::{Source, Val},
};

impl Lowering<'_> {
    /// Lowers an expression of an array type to a relation, and the type of its items.
    pub(super) fn rows(&mut self, id: ExprId, frame: &mut Frame) -> Result<(Relation, TypeId)> {
        let item = self.item_type(self.ty(id)?)?;
        let value = self.lower(id, frame)?;
        Ok((self.rows_of(value, item)?, item))
    }

    pub(super) fn item_type(&self, ty: TypeId) -> Result<TypeId> {
        match self.shapes.get(ty) {
            Shape::Array(item) => Ok(item),
            _ => Err(Error::new(Code::Internal, "an array is expected")),
        }
    }

    pub(super) fn rows_of(&mut self, value: Val, item: TypeId) -> Result<Relation> {
        let alias = self.alias();
        Ok(match value {
            Val::Rows(rows) => *rows,
            Val::Group(rows) => {
                let packed = self.group_packed(&rows);
                return self.rows_of(Val::Leaf(packed), item);
            }
            Val::Source(Source::Lists { lists, item }) => self.unnested(lists, item, alias)?,
            Val::Source(Source::Table { name, item }) => {
                let from = format!("{name} AS {alias}");
                Relation::counted(from, self.of_alias(item, &alias)?, Sql::column(&alias, "o"))
            }
            Val::Source(Source::Unordered { name, item, fails, is_partial }) => {
                let mut fails = fails.into_iter();
                let item = self.of_alias(item, &alias)?.map_leaves(&mut |column| {
                    fails.next().flatten().map_or(column.clone(), |fail| Sql::checked(column.clone(), fail))
                });
                Relation { leaves_out: is_partial, ..Relation::new(format!("{name} AS {alias}"), item) }
            }
            Val::Leaf(packed) => {
                let (from, value, position) = self.dialect.items(&self.shapes, &packed, item, &alias);
                let mut rows = Relation::counted(from, value, position);
                rows.rows_can_fail = packed.can_fail();
                rows
            }
            Val::Tuple(_) | Val::Option { .. } => {
                return Err(Error::new(Code::Internal, "an array is expected"));
            }
        })
    }

    /// Packs every relation within a value.
    pub(super) fn collected(&mut self, value: Val, ty: TypeId) -> Result<Val> {
        Ok(match value {
            Val::Group(rows) => Val::Leaf(self.group_packed(&rows)),
            Val::Rows(_) | Val::Source(_) => {
                let item = self.item_type(ty)?;
                let rows = self.rows_of(value, item)?;
                Val::Leaf(self.collect(rows, item)?)
            }
            Val::Tuple(fields) => {
                let types = self.shapes.fields(ty);
                let fields: Result<Vec<_>> =
                    fields.into_iter().zip(types).map(|(field, ty)| self.collected(field, ty)).collect();
                Val::Tuple(fields?)
            }
            Val::Option { some, value } => {
                let Shape::Option(payload) = self.shapes.get(ty) else {
                    return Err(Error::new(Code::Internal, "an option is expected"));
                };
                Val::Option { some, value: Box::new(self.collected(*value, payload)?) }
            }
            Val::Leaf(_) => value,
        })
    }

    /// A relation as a packed array.
    pub(super) fn collect(&mut self, rows: Relation, item: TypeId) -> Result<Sql> {
        let rows = self.aggregated(rows)?;
        let rows = self.plain(rows);
        let order = rows.order_by();
        let array = self.dialect.collect(&self.shapes, &rows.item, item, &order);
        let can_fail = rows.can_fail();
        Ok(Sql::query(format!("(SELECT {array}{})", rows.tail()), can_fail))
    }

    /// A relation to aggregate. SQL takes an aggregate over nothing but columns of a query around for one of that query,
    /// so such items become columns first.
    pub(super) fn aggregated(&mut self, rows: Relation) -> Result<Relation> {
        let own = definitions(&rows.from);
        let used: Vec<_> = rows.item.leaves().iter().flat_map(|leaf| references(leaf.text())).collect();
        let is_foreign = !used.is_empty() && used.iter().all(|alias| !own.contains(alias));
        // DuckDB does not find the row that a guard speaks of in a subquery of an aggregate's argument.
        let is_guarded = self.dialect.guards_branches()
            && !self.guards.is_empty()
            && rows.item.leaves().iter().any(|leaf| leaf.text().contains("(SELECT "));
        if rows.limit.is_some() || is_foreign || is_guarded {
            let fenced = (is_foreign || is_guarded) && rows.item.can_fail();
            return self.wrap(rows, fenced);
        }
        Ok(rows)
    }

    /// A relation whose columns are cheap, that nothing is left to evaluate for, and to which joins and conditions can
    /// be added.
    pub(super) fn ready(&mut self, rows: Relation) -> Result<Relation> {
        if rows.item.can_fail() {
            return self.wrap(rows, true);
        }
        if rows.limit.is_some() || !rows.item.is_atomic() {
            return self.wrap(rows, false);
        }
        Ok(rows)
    }

    /// A relation of which rows may be left unread: nothing in it can fail.
    pub(super) fn settled(&mut self, rows: Relation, item: TypeId) -> Result<Relation> {
        if !rows.can_fail() {
            let rows = self.ready(rows)?;
            return Ok(self.plain(rows));
        }
        let packed = self.collect(rows, item)?;
        let mut rows = self.rows_of(Val::Leaf(packed), item)?;
        rows.rows_can_fail = false;
        Ok(rows)
    }

    /// Makes a relation a subquery. A fenced one is evaluated in full, whatever is used of it.
    pub(super) fn wrap(&mut self, rows: Relation, fenced: bool) -> Result<Relation> {
        let rows = self.plain(rows);
        let alias = self.alias();
        let is_limited = rows.limit.is_some();
        let own = definitions(&rows.from);
        let mut columns = Vec::new();
        let mut checked = Vec::new();
        let mut column = |sql: &Sql| {
            columns.push(sql.clone());
            let column = Sql::column(&alias, &format!("c{}", columns.len()));
            if sql.can_fail() {
                checked.push(column.clone());
            }
            // A subquery that is not fenced is merged with the query around it, and so is what its rows don't decide.
            let is_merged = !fenced && !is_limited && (sql.is_foldable() || !is_of_rows(sql, &own));
            if is_merged { column.foldable() } else { column }
        };
        let item = rows.item.map_leaves(&mut column);
        let key = |key: &Key, column: &mut dyn FnMut(&Sql) -> Sql| Key {
            sql: column(&key.sql),
            descending: key.descending,
        };
        let order: Vec<_> = rows.order.iter().map(|k| key(k, &mut column)).collect();
        let position = rows.position.as_ref().map(&mut column);
        let mut names = numbered(&columns);
        if names.is_empty() {
            names.push("true AS c1".into());
        }
        let limit = match rows.limit {
            Some(_) => rows.order_by() + &rows.limit_text(),
            None if fenced => self.dialect.fence().into(),
            None => String::new(),
        };
        let from = format!("(SELECT {}{}{limit}) AS {alias}", names.join(", "), rows.tail());
        let wheres = if checked.is_empty() { Vec::new() } else { vec![self.dialect.force(&checked)] };
        let rows_can_fail = rows.rows_can_fail || !wheres.is_empty();
        let position = position.filter(|_| rows.limit.is_none());
        Ok(Relation {
            from,
            wheres,
            item,
            order,
            is_total: rows.is_total,
            position,
            limit: None,
            rows_can_fail,
            leaves_out: !fenced && !is_limited && rows.is_partial(),
            keys: None,
        })
    }

    /// A relation with a position, in an order without ties.
    pub(super) fn with_position(&mut self, rows: Relation) -> Result<(Relation, Sql)> {
        if let (Some(position), None) = (&rows.position, rows.limit) {
            let position = position.clone();
            return Ok((rows, position));
        }
        let rows =
            if rows.limit.is_some() || has_complex_key(&rows) { self.wrap(rows, false)? } else { rows };
        let fenced = rows.item.can_fail();
        let order = rows.order_by();
        let position = Sql::of(format!("row_number() OVER ({})", order.trim_start()), &[]);
        let rows = Relation { position: Some(position), order: Vec::new(), ..rows };
        let mut rows = self.wrap(rows, fenced)?;
        let position = rows.position.clone().unwrap_or_else(|| Sql::constant("1"));
        rows.order = vec![Key { sql: position.clone(), descending: false }];
        rows.is_total = true;
        Ok((rows, position))
    }

    /// `SELECT c1, ..., o`: the columns of the items, and their positions.
    pub(super) fn numbered_query(&mut self, rows: Relation) -> String {
        let rows = match rows.limit.is_some() || has_complex_key(&rows) {
            true => self.wrap(rows.clone(), false).unwrap_or(rows),
            false => rows,
        };
        let rows = self.plain(rows);
        let mut columns = numbered(&rows.item.leaves());
        columns.push(match &rows.position {
            Some(position) => format!("{position} AS o"),
            None => format!("row_number() OVER ({}) AS o", rows.order_by().trim_start()),
        });
        format!("SELECT {}{}", columns.join(", "), rows.tail())
    }

    /// Adds what an expression over the columns of a relation needs.
    pub(super) fn add_frame(rows: &mut Relation, frame: Frame) {
        if !frame.is_empty() {
            rows.keys = None;
        }
        rows.from.push_str(&frame.join_text());
        rows.rows_can_fail |= frame.can_fail;
        rows.wheres.extend(frame.wheres);
    }
}

/// Whether there is something in the order that can't be in the order of a window: another window, or a subquery, which
/// DuckDB takes for volatile if there is one more within it.
fn has_complex_key(rows: &Relation) -> bool {
    rows.order.iter().any(|key| [" OVER (", "(SELECT "].iter().any(|part| key.sql.text().contains(part)))
}

/// Whether a column may have another value for another row of these aliases.
fn is_of_rows(column: &Sql, rows: &[usize]) -> bool {
    let text = column.text();
    let before_queries = text.split("(SELECT ").next().unwrap_or(text);
    before_queries.contains(" OVER (") || references(text).iter().any(|alias| rows.contains(alias))
}
