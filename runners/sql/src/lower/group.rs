//! Groups and distinct items.

use runner_core::{ExprId, Op, Result, TypeId};

use super::{Frame, Lowering, references::references};
use crate::{
    relation::{Key, Relation},
    sql::Sql,
    value::{GroupRows, Val},
};

/// A GROUP BY, whose aggregates are known when all is lowered that uses its groups.
pub(super) struct Grouping {
    alias: String,
    /// The number of the alias: later ones are not in scope of the aggregates.
    number: usize,
    /// Lambdas and branches around the grouping.
    depth: usize,
    aggregates: Vec<String>,
}

impl Lowering<'_> {
    pub(super) fn group(&mut self, xs: ExprId, f: ExprId, frame: &mut Frame) -> Result<Relation> {
        let (rows, item) = self.rows(xs, frame)?;
        let rows = self.ready(rows)?;
        let (rows, _) = self.single_key(rows)?;
        let (rows, guard) = self.witnessed(rows, f)?;
        let (mut rows, order) = self.single_key(rows)?;
        let mut inner = Frame::default();
        let (key, key_ty) = self.apply(f, &[rows.item.clone()], guard, &mut inner)?;
        let key = self.collected(key, key_ty)?;
        // Groups are fewer than rows: their keys are looked at for NULLs instead.
        let fails: Vec<_> = key.leaves().iter().map(Sql::fail_of_null).collect();
        let key = key.map_leaves(&mut Sql::unchecked);
        Self::add_frame(&mut rows, inner);
        let order = order.map(|key| key.sql);
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
        let first = |leaf: &Sql| Sql::of(format!("(array_agg({leaf}{by_order}))[1]"), &[]);
        let mut columns = Vec::new();
        for (leaf, group_key) in key.leaves().iter().zip(&keys) {
            let is_exact = leaf.text() == group_key.text() && !self.is_float_leaf(key, key_ty, leaf);
            columns.push(if is_exact { leaf.clone() } else { first(leaf) });
        }
        let mut names = super::numbered(&columns);
        names.extend(order.as_ref().map(|order| format!("min({order}) AS o")));
        let texts: Vec<_> = keys.iter().map(Sql::text).collect();
        let mut by = if texts.is_empty() {
            " HAVING count(*) > 0".into()
        } else {
            format!(" GROUP BY {}", texts.join(", "))
        };
        let checks = keys.iter().zip(fails).filter_map(|(key, fail)| Some(Sql::checked(key.clone(), fail?)));
        let mut checks: Vec<_> = checks.collect();
        if !checks.is_empty() {
            // A condition that needs an aggregate stays behind the grouping.
            checks.push(Sql::of("count(*)", &[]));
            by.push_str(&format!(" HAVING {}", self.dialect.force(&checks)));
        }
        let alias = self.alias();
        let group = self.groups.len();
        names.push(format!("\0{group}\0"));
        self.groups.push(Grouping {
            alias: alias.clone(),
            number: self.aliases,
            depth: self.depth,
            aggregates: Vec::new(),
        });
        let from = format!("(SELECT {}{}{by}) AS {alias}", names.join(", "), rows.tail());
        let width = key.leaves().len();
        let leaves: Vec<_> = (1..=width).map(|n| Sql::column(&alias, &format!("c{n}"))).collect();
        let key = self.value_of(key_ty, &mut leaves.into_iter())?;
        let values = Val::Group(Box::new(GroupRows {
            group,
            item: value.clone(),
            item_type: item,
            wheres: Vec::new(),
            order: by_order,
        }));
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
        let rows = self.plain(rows);
        let (rows, order) = self.single_key(rows)?;
        let mut keys = self.group_keys(&rows.item, item);
        keys.retain(|key| !key.is_constant() || key.can_fail());
        if keys.is_empty() {
            let mut rows = self.settled(rows, item)?;
            rows.limit = Some((0, 1));
            return Ok(rows);
        }
        let texts: Vec<_> = keys.iter().map(Sql::text).collect();
        let texts = texts.join(", ");
        let alias = self.alias();
        let mut columns = super::numbered(&rows.item.leaves());
        columns.extend(order.iter().map(|order| format!("{} AS o", order.sql)));
        let order_by = order.as_ref().map(|order| {
            let descending = if order.descending { " DESC" } else { "" };
            format!("{}{descending}", order.sql)
        });
        let firsts = self.firsts(&texts, &columns, order_by.as_deref(), &rows.tail(), item);
        let from = format!("({firsts}) AS {alias}");
        let mut distinct = Relation::new(from, self.of_alias(item, &alias)?);
        distinct.rows_can_fail = rows.can_fail();
        distinct.leaves_out = rows.is_partial();
        if let Some(order) = order {
            distinct.order = vec![Key { sql: Sql::column(&alias, "o"), descending: order.descending }];
            distinct.is_total = true;
        }
        Ok(distinct)
    }

    /// A query of the first row for each value of `keys`.
    pub(super) fn firsts(
        &mut self,
        keys: &str,
        columns: &[String],
        order: Option<&str>,
        tail: &str,
        item: TypeId,
    ) -> String {
        let columns = columns.join(", ");
        if self.dialect.keeps_firsts(&self.shapes, &self.shapes.leaves(item)) {
            let order = order.map(|order| format!(" ORDER BY {keys}, {order}")).unwrap_or_default();
            return format!("SELECT DISTINCT ON ({keys}) {columns}{tail}{order}");
        }
        let alias = self.alias();
        let order = order.map(|order| format!(" ORDER BY {order}")).unwrap_or_default();
        format!(
            "SELECT {alias}.* FROM (SELECT {columns}, row_number() OVER (PARTITION BY {keys}{order}) AS n{tail}) \
             AS {alias} WHERE {alias}.n = 1"
        )
    }

    /// `map` or `filter` of a group's rows, where it can be part of an aggregate.
    pub(super) fn group_step(&mut self, op: Op, rows: &GroupRows, f: ExprId) -> Result<Option<GroupRows>> {
        let mut frame = Frame::default();
        let before = self.aliases;
        let (value, ty) = self.apply(f, std::slice::from_ref(&rows.item), None, &mut frame)?;
        if !frame.is_empty() || matches!(value, Val::Rows(_) | Val::Source(_) | Val::Group(_)) {
            return Ok(None);
        }
        let value = self.collected(value, ty)?;
        if value.leaves().iter().any(|leaf| !self.is_in_scope(rows.group, leaf, before)) {
            return Ok(None);
        }
        let mut rows = rows.clone();
        match (op, &value) {
            (Op::Map, _) => {
                rows.item = value.map_leaves(&mut |leaf| leaf.where_all(&rows.wheres));
                rows.item_type = ty;
            }
            (_, Val::Leaf(condition)) if !rows.item.can_fail() => rows.wheres.push(condition.clone()),
            _ => return Ok(None),
        }
        Ok(Some(rows))
    }

    /// An aggregate over the rows of a group, as a column of the grouping; `None` if it must not be evaluated here.
    pub(super) fn group_aggregate(&mut self, rows: &GroupRows, aggregate: &Sql) -> Option<Sql> {
        let is_taken = self.groups.get(rows.group).is_some_and(|group| self.depth <= group.depth + 1);
        let can_fail = aggregate.can_fail() || rows.wheres.iter().any(Sql::can_fail);
        if can_fail && !is_taken {
            return None;
        }
        let column = self.add_aggregate(rows.group, aggregate.text());
        Some(if can_fail { column.failing() } else { column })
    }

    /// ` FILTER (WHERE ...)` for an aggregate over the rows of a group, or nothing.
    pub(super) fn group_filter(rows: &GroupRows) -> String {
        let Some((last, first)) = rows.wheres.split_last() else { return String::new() };
        // Conditions are evaluated in order: a later one may fail where an earlier one does not hold.
        let all = first.iter().rev().fold(last.to_string(), |rest, condition| {
            format!("CASE WHEN {condition} THEN {rest} ELSE false END")
        });
        format!(" FILTER (WHERE {all})")
    }

    /// The rows of a group as one packed array.
    pub(super) fn group_packed(&mut self, rows: &GroupRows) -> Sql {
        let array = self.dialect.collect_where(
            &self.shapes,
            &rows.item,
            rows.item_type,
            &rows.order,
            &Self::group_filter(rows),
        );
        let can_fail = array.can_fail() || rows.wheres.iter().any(Sql::can_fail);
        let column = self.add_aggregate(rows.group, array.text());
        if can_fail { column.failing() } else { column }
    }

    /// A condition on groups that may fail, evaluated for groups that there are: one on keys alone may else be evaluated
    /// for rows that belong to none.
    pub(super) fn for_groups(&mut self, group: usize, wheres: &[Sql], condition: Sql) -> Sql {
        if !condition.can_fail() {
            return condition;
        }
        let count = self.add_aggregate(group, "count(*)");
        let wheres: String = wheres.iter().map(|known| format!(" AND {known}")).collect();
        Sql::query(format!("CASE WHEN {count} > 0{wheres} THEN {condition} ELSE false END"), true)
    }

    fn add_aggregate(&mut self, group: usize, text: &str) -> Sql {
        let Some(group) = self.groups.get_mut(group) else { return Sql::constant("NULL") };
        let known = group.aggregates.iter().position(|known| known == text);
        let index = known.unwrap_or_else(|| {
            group.aggregates.push(text.to_owned());
            group.aggregates.len() - 1
        });
        Sql::column(&group.alias, &format!("a{}", index + 1))
    }

    /// Whether an expression refers to nothing that a grouping itself, or what was made of it, has brought.
    fn is_in_scope(&self, group: usize, sql: &Sql, before: usize) -> bool {
        let Some(group) = self.groups.get(group) else { return false };
        references(sql.text()).iter().all(|alias| *alias < group.number || *alias > before)
    }

    /// A relation whose items are columns alone.
    pub(super) fn plain(&mut self, mut rows: Relation) -> Relation {
        rows.item = self.plain_value(rows.item);
        rows
    }

    fn plain_value(&mut self, value: Val) -> Val {
        match value {
            Val::Group(rows) => Val::Leaf(self.group_packed(&rows)),
            Val::Tuple(fields) => {
                Val::Tuple(fields.into_iter().map(|field| self.plain_value(field)).collect())
            }
            Val::Option { some, value } => Val::Option { some, value: Box::new(self.plain_value(*value)) },
            other => other,
        }
    }

    /// Puts the aggregates of all groupings where they belong.
    pub(super) fn with_aggregates(&self, mut sql: String) -> String {
        // An aggregate may itself hold groupings, which are older or younger; each round fills in one level.
        for _ in 0..=self.groups.len() {
            if !sql.contains('\0') {
                break;
            }
            for (index, group) in self.groups.iter().enumerate() {
                let columns: Vec<_> = group
                    .aggregates
                    .iter()
                    .enumerate()
                    .map(|(index, text)| format!("{text} AS a{}", index + 1))
                    .collect();
                let columns = if columns.is_empty() { "count(*) AS n".into() } else { columns.join(", ") };
                sql = sql.replace(&format!("\0{index}\0"), &columns);
            }
        }
        sql
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
