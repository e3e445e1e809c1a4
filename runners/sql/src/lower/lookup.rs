//! Look-ups in another array by equality of keys, within a lambda: joins.
//!
//! `map(x -> ys | filter(y -> y.k == x.k) | ...)` evaluates the filter for each `x`. Where `ys` does not depend on `x`
//! and no index serves the key, what is made of the matching rows is grouped by the key once and joined.

use runner_core::{Result, TypeId};

use super::{
    Frame, Lowering, numbered,
    references::{definitions, references},
};
use crate::{relation::Relation, shape::Shape, sql::Sql, value::Val};

/// A relation without the conditions that tie it to the outside.
struct Loose {
    rows: Relation,
    /// Expressions over the relation, and what they must equal outside of it.
    keys: Vec<(Sql, Sql)>,
}

impl Lowering<'_> {
    /// Replaces look-ups within a value by columns of joins.
    pub(super) fn looked_up(&mut self, value: Val, ty: TypeId, frame: &mut Frame) -> Result<Val> {
        Ok(match value {
            Val::Rows(rows) if rows.limit.is_none() => {
                let rows = self.plain(*rows);
                let Shape::Array(item) = self.shapes.get(ty) else { return Ok(Val::Rows(Box::new(rows))) };
                let array = self.dialect.collect(&self.shapes, &rows.item, item, &rows.order_by());
                let empty = self.dialect.empty(&self.shapes, item);
                match self.grouped_join(&rows, &array, empty.text(), frame) {
                    Some(found) => Val::Leaf(found),
                    None => Val::Rows(Box::new(rows)),
                }
            }
            Val::Tuple(fields) => {
                let types = self.shapes.fields(ty);
                let fields = fields.into_iter().zip(types);
                let fields: Result<Vec<_>> =
                    fields.map(|(field, ty)| self.looked_up(field, ty, frame)).collect();
                Val::Tuple(fields?)
            }
            other => other,
        })
    }

    /// An aggregate over the rows that match, as a column of a join; `empty` where none do.
    pub(super) fn grouped_join(
        &mut self,
        rows: &Relation,
        aggregate: &Sql,
        empty: &str,
        frame: &mut Frame,
    ) -> Option<Sql> {
        let Loose { rows, keys } = self.loose(rows, aggregate.text())?;
        let alias = self.alias();
        let inner: Vec<_> = keys.iter().map(|(inner, _)| inner.text()).collect();
        let mut columns: Vec<_> = (1..).zip(&inner).map(|(n, key)| format!("{key} AS k{n}")).collect();
        columns.push(format!("{aggregate} AS c1"));
        let query = format!("SELECT {}{} GROUP BY {}", columns.join(", "), rows.tail(), inner.join(", "));
        let join = format!("LEFT JOIN ({query}) AS {alias} ON {}", matches(&keys, &alias));
        frame.join(join, aggregate.can_fail());
        let column = Sql::column(&alias, "c1");
        if empty == "NULL" {
            Some(column)
        } else {
            Some(Sql::of(format!("coalesce({column}, {empty})"), &[&column]))
        }
    }

    /// The first row that matches: whether there is one, and its columns.
    pub(super) fn found(
        &mut self,
        rows: &Relation,
        item: TypeId,
        frame: &mut Frame,
    ) -> Result<Option<(Sql, Val)>> {
        if let Some(found) = self.found_by_key(rows, frame) {
            return Ok(Some(found));
        }
        if matches!(rows.item, Val::Group(_)) {
            return Ok(None);
        }
        let Some(Loose { rows, keys }) = self.loose(rows, "") else { return Ok(None) };
        let alias = self.alias();
        let inner: Vec<_> = keys.iter().map(|(inner, _)| inner.text()).collect();
        let inner = inner.join(", ");
        let mut columns: Vec<_> = (1..).zip(&keys).map(|(n, (key, _))| format!("{key} AS k{n}")).collect();
        columns.extend(numbered(&rows.item.leaves()));
        // Without an order any row will do.
        let order = rows.order_by();
        let order = order.strip_prefix(" ORDER BY ");
        let query = self.firsts(&inner, &columns, order, &rows.tail(), item);
        frame.join(format!("LEFT JOIN ({query}) AS {alias} ON {}", matches(&keys, &alias)), false);
        let some = Sql::atom(format!("({alias}.k1 IS NOT NULL)"));
        Ok(Some((some, self.of_alias(item, &alias)?)))
    }

    /// A row by a unique column of a table: a plain join, whose way the database chooses.
    fn found_by_key(&mut self, rows: &Relation, frame: &mut Frame) -> Option<(Sql, Val)> {
        let keys = rows.keys.as_ref()?;
        let is_plain = |leaf: &Sql| leaf.is_atom() && !leaf.text().contains("pg_temp.");
        if rows.limit.is_some() || rows.can_fail() || !rows.item.leaves().iter().all(is_plain) {
            return None;
        }
        let key = rows.wheres.iter().filter_map(Sql::sides).find_map(|(a, b)| {
            let is_key = |sql: &Sql| keys.unique.iter().any(|key| key.text() == sql.text());
            is_key(a).then(|| a.clone()).or_else(|| is_key(b).then(|| b.clone()))
        })?;
        self.rely_on_key(&keys.alias, &key);
        let conditions: Vec<_> = rows.wheres.iter().map(Sql::text).collect();
        frame.join(format!("LEFT JOIN {} ON {}", rows.from, conditions.join(" AND ")), false);
        Some((Sql::atom(format!("({key} IS NOT NULL)")), rows.item.clone()))
    }

    /// Takes the conditions off that tie a relation to the query around it, if nothing else does.
    fn loose(&self, rows: &Relation, aggregate: &str) -> Option<Loose> {
        if rows.can_fail() || rows.limit.is_some() {
            return None;
        }
        let own = definitions(&rows.from);
        let is_own = |text: &str| references(text).iter().all(|alias| own.contains(alias));
        let is_outer = |sql: &Sql| {
            let found = references(sql.text());
            !found.is_empty() && found.iter().all(|alias| !own.contains(alias))
        };
        let mut free = rows.clone();
        free.wheres.clear();
        let mut keys = Vec::new();
        for condition in &rows.wheres {
            match condition.sides() {
                Some((a, b)) if !references(a.text()).is_empty() && is_own(a.text()) && is_outer(b) => {
                    keys.push((a.clone(), b.clone()));
                }
                Some((a, b)) if !references(b.text()).is_empty() && is_own(b.text()) && is_outer(a) => {
                    keys.push((b.clone(), a.clone()));
                }
                _ if is_own(condition.text()) => free.wheres.push(condition.clone()),
                _ => return None,
            }
        }
        let is_indexed = |key: &Sql| {
            rows.keys.as_ref().is_some_and(|keys| keys.indexed.iter().any(|found| found.text() == key.text()))
        };
        let is_loose = is_own(&rows.from)
            && is_own(aggregate)
            && rows.item.leaves().iter().all(|leaf| is_own(leaf.text()))
            && rows.order.iter().all(|key| is_own(key.sql.text()));
        if keys.is_empty() || !is_loose || keys.iter().any(|(key, _)| is_indexed(key)) {
            return None;
        }
        Some(Loose { rows: free, keys })
    }
}

fn matches(keys: &[(Sql, Sql)], alias: &str) -> String {
    let all: Vec<_> = (1..).zip(keys).map(|(n, (_, outer))| format!("{alias}.k{n} = {outer}")).collect();
    all.join(" AND ")
}
