//! Groups and distinct items.

use runner_core::{ExprId, Result};

use super::{Frame, Lowering};
use crate::{
    relation::{Key, Relation},
    sql::Sql,
    value::Val,
};

impl Lowering<'_> {
    pub(super) fn group(&mut self, xs: ExprId, f: ExprId, frame: &mut Frame) -> Result<Relation> {
        let (rows, item) = self.rows(xs, frame)?;
        let rows = self.ready(rows)?;
        let (mut rows, order) = self.single_key(rows)?;
        let mut inner = Frame::default();
        let (key, key_ty) = self.apply(f, &[rows.item.clone()], &mut inner)?;
        let key = self.collected(key, key_ty)?;
        Self::add_frame(&mut rows, inner);
        let order = order.map(|key| if key.descending { negated(&key) } else { key.sql });
        // One subquery with the item, the key and the order as columns.
        let has_order = order.is_some();
        let order = Val::Tuple(order.into_iter().map(Val::Leaf).collect());
        let fenced = key.can_fail();
        let mut rows =
            self.wrap(Relation { item: Val::Tuple(vec![rows.item.clone(), key, order]), ..rows }, fenced)?;
        let Val::Tuple(parts) = std::mem::replace(&mut rows.item, Val::Tuple(Vec::new())) else {
            return Err(self.unsupported(xs, "a group"));
        };
        let [value, key, order] = parts.as_slice() else { return Err(self.unsupported(xs, "a group")) };
        let order = order.leaves().into_iter().next();
        let by_order = order.as_ref().map(|order| format!(" ORDER BY {order}")).unwrap_or_default();
        let keys = self.group_keys(key, key_ty);
        let values = self.dialect.collect(&self.shapes, value, item, &by_order);
        let first = |leaf: &Sql| Sql::of(format!("(array_agg({leaf}{by_order}))[1]"), &[]);
        let mut columns = Vec::new();
        for (leaf, group_key) in key.leaves().iter().zip(&keys) {
            let is_exact = leaf.text() == group_key.text() && !self.is_float_leaf(key, key_ty, leaf);
            columns.push(if is_exact { leaf.clone() } else { first(leaf) });
        }
        columns.push(values);
        let mut names = super::numbered(&columns);
        names.extend(order.as_ref().map(|order| format!("min({order}) AS o")));
        let texts: Vec<_> = keys.iter().map(Sql::text).collect();
        let by = if texts.is_empty() {
            " HAVING count(*) > 0".into()
        } else {
            format!(" GROUP BY {}", texts.join(", "))
        };
        let alias = self.alias();
        let from = format!("(SELECT {}{}{by}) AS {alias}", names.join(", "), rows.tail());
        let width = key.leaves().len();
        let leaves: Vec<_> = (1..=width).map(|n| Sql::column(&alias, &format!("c{n}"))).collect();
        let key = self.value_of(key_ty, &mut leaves.into_iter())?;
        let values = Val::Leaf(Sql::column(&alias, &format!("c{}", width + 1)));
        let item = Val::Tuple(vec![key, values]);
        let mut grouped = if has_order {
            Relation::ordered(from, item, Sql::column(&alias, "o"))
        } else {
            Relation::new(from, item)
        };
        grouped.rows_can_fail = rows.can_fail();
        Ok(grouped)
    }

    pub(super) fn distinct(&mut self, xs: ExprId, frame: &mut Frame) -> Result<Relation> {
        let (rows, item) = self.rows(xs, frame)?;
        let rows = self.ready(rows)?;
        let (rows, order) = self.single_key(rows)?;
        let keys = self.group_keys(&rows.item, item);
        if keys.is_empty() {
            let mut rows = self.settled(rows, item)?;
            rows.limit = Some((0, 1));
            return Ok(rows);
        }
        let texts: Vec<_> = keys.iter().map(Sql::text).collect();
        let texts = texts.join(", ");
        let alias = self.alias();
        let mut columns = super::numbered(&rows.item.leaves());
        let mut order_by = texts.clone();
        if let Some(order) = &order {
            columns.push(format!("{} AS o", order.sql));
            order_by.push_str(&format!(", {}{}", order.sql, if order.descending { " DESC" } else { "" }));
        }
        let from = format!(
            "(SELECT DISTINCT ON ({texts}) {}{} ORDER BY {order_by}) AS {alias}",
            columns.join(", "),
            rows.tail()
        );
        let mut distinct = Relation::new(from, self.of_alias(item, &alias)?);
        distinct.rows_can_fail = rows.can_fail();
        if let Some(order) = order {
            distinct.order = vec![Key { sql: Sql::column(&alias, "o"), descending: order.descending }];
            distinct.is_total = true;
        }
        Ok(distinct)
    }

    /// Whether a leaf of a value is a float, of which equal ones may differ: zeros have signs.
    fn is_float_leaf(&self, value: &Val, ty: runner_core::TypeId, leaf: &Sql) -> bool {
        let leaves = value.leaves();
        let kinds = self.item_leaves(ty);
        leaves.iter().zip(kinds).any(|(found, kind)| {
            found.text() == leaf.text()
                && matches!(kind, crate::Leaf::Prim(prim) | crate::Leaf::Null(prim) if prim.is_float())
        })
    }
}

/// A descending position as an ascending one.
fn negated(key: &Key) -> Sql {
    Sql::of(format!("(- {})", key.sql), &[&key.sql])
}
