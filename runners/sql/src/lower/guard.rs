//! Conditions under which what may fail is needed.
//!
//! A database evaluates what it joins whenever it likes: a subquery of a branch that is not taken, or one within a
//! lambda that depends on no row though there is no row. What may fail in it is then NULL where the guards do not hold.

use runner_core::{ExprId, Result};

use super::{
    Lowering,
    references::{base, definitions, has_joins, references},
};
use crate::{relation::Relation, sql::Sql, value::Val};

/// A condition that holds wherever the current expression is needed.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    condition: Sql,
    /// The aliases of a row that a lambda is given: what refers to them is evaluated for such a row only. None for the
    /// condition of a branch.
    row: Vec<usize>,
}

impl Guard {
    /// A branch is taken.
    pub(super) fn branch(condition: Sql) -> Self {
        Self { condition, row: Vec::new() }
    }

    /// Leaves only the rows that there are for this row, if they are evaluated without it.
    pub(super) fn restrict(&self, rows: &mut Relation) {
        if !self.is_implied(&references(&rows.tail())) {
            rows.wheres.insert(0, self.condition.clone());
        }
    }

    fn is_implied(&self, used: &[usize]) -> bool {
        self.row.iter().any(|alias| used.contains(alias))
    }
}

impl Lowering<'_> {
    /// What may fail, as NULL where it is not needed, if the database may evaluate subqueries in branches that are not
    /// taken.
    pub(super) fn guarded(&self, sql: Sql) -> Sql {
        if self.dialect.guards_branches() { self.guarded_here(sql) } else { sql }
    }

    /// What may fail, as NULL where it is not needed.
    pub(super) fn guarded_here(&self, sql: Sql) -> Sql {
        if !sql.can_fail() {
            return sql;
        }
        match self.conditions(sql.text()).as_slice() {
            [] => sql,
            texts => {
                let guards = texts.join(" AND ");
                Sql::query(format!("CASE WHEN {guards} THEN {sql} END"), true)
            }
        }
    }

    /// The guards that do not hold by themselves where this text is evaluated.
    pub(super) fn conditions(&self, text: &str) -> Vec<String> {
        if self.guards.is_empty() {
            return Vec::new();
        }
        let used = references(text);
        let guards = self.guards.iter().filter(|guard| !guard.is_implied(&used));
        guards.map(|guard| guard.condition.to_string()).collect()
    }

    /// Notes that an alias is made of these texts, so that it is there only where they are.
    pub(super) fn derive<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>, aliases: &[usize]) {
        if self.guards.is_empty() {
            return;
        }
        let used: Vec<_> = texts.into_iter().flat_map(references).collect();
        for guard in self.guards.iter_mut().filter(|guard| guard.is_implied(&used)) {
            guard.row.extend(aliases);
        }
    }

    /// The same for what is joined, which every database may evaluate before the rows that it is joined to.
    pub(super) fn guarded_join(&self, sql: Sql) -> Sql {
        if self.dialect.guards_branches() { sql } else { self.guarded_here(sql) }
    }

    /// A condition on rows that may fail, evaluated for rows alone even if it does not speak of them.
    pub(super) fn for_rows(&self, condition: Sql, columns: &[Sql], own: &[usize]) -> Sql {
        let speaks_of_row = || references(condition.text()).iter().any(|alias| own.contains(alias));
        if columns.is_empty() || !condition.can_fail() || speaks_of_row() {
            return condition;
        }
        let guard = self.dialect.force(columns);
        Sql::query(format!("CASE WHEN {guard} THEN {condition} ELSE false END"), true)
    }

    /// Makes rows ready for a lambda: if its body holds what may fail and depends on no row, with the guard for it.
    pub(super) fn witnessed(
        &mut self,
        mut rows: Relation,
        lambda: ExprId,
    ) -> Result<(Relation, Option<Guard>)> {
        let (_, body) = self.lambda(lambda)?;
        let is_joined = rows.leaves_out || (rows.is_partial() && has_joins(&rows.from));
        if is_joined && group_in(&rows.item).is_none() && self.may_fail(body)? && self.may_need_query(body)? {
            // What is joined for a row may be evaluated before it is known whether the row is left out.
            rows = self.wrap(rows, true)?;
        }
        if rows.item.leaves().iter().any(Sql::is_foldable) && self.has_failing_invariant(lambda, false)? {
            // What is the same for all rows is there without any, unless it stands behind a fence.
            rows = self.wrap(rows, true)?;
        }
        let columns = if self.has_failing_invariant(lambda, true)? { row_columns(&rows) } else { Vec::new() };
        if columns.is_empty() {
            self.derive([rows.from.as_str()], &definitions(&rows.from));
            return Ok((rows, None));
        }
        let mut condition = self.dialect.force(&columns);
        if self.dialect.guards_branches() && group_in(&rows.item).is_none() {
            // It has one value for all rows, so that what depends on nothing else is evaluated once.
            (rows, condition) = self.with_column(rows, condition)?;
        }
        let row = definitions(&rows.from);
        self.derive([rows.from.as_str()], &row);
        Ok((rows, Some(Guard { condition, row })))
    }

    /// The guard of a recursion's step, if its body holds what may fail where there is no step.
    pub(super) fn step_guard(&self, state: &str, condition: String, lambda: ExprId) -> Result<Option<Guard>> {
        let (_, body) = self.lambda(lambda)?;
        if self.needs_guard(body)? {
            // What is joined to a state is evaluated before it is known whether there is another step.
            return Ok(Some(Guard::branch(Sql::of(condition, &[]))));
        }
        if self.dialect.guards_branches() || !self.has_failing_invariant(lambda, true)? {
            return Ok(None);
        }
        Ok(Some(Guard { condition: Sql::of(condition, &[]), row: definitions(&format!(" AS {state}")) }))
    }
}

/// Columns of a relation that have values for each row, and together for no less than a row: what its rows are made of by
/// a join may have some of them by itself.
pub(super) fn row_columns(rows: &Relation) -> Vec<Sql> {
    let own = definitions(&rows.from);
    let keys: Vec<_> = rows.order.iter().map(|key| key.sql.clone()).collect();
    let all = rows.position.iter().cloned().chain(keys.iter().cloned()).chain(rows.item.leaves());
    // A constant of a subquery is known without a row of it.
    let is_row = |sql: &Sql| sql.is_atom() && !sql.is_foldable();
    let is_own = |sql: &Sql| is_row(sql) && references(sql.text()).iter().any(|alias| own.contains(alias));
    let found: Vec<_> = all.filter(is_own).collect();
    // What was joined to the rows may be there without them.
    let base = base(&rows.from);
    let is_base = |sql: &&Sql| references(sql.text()).iter().any(|alias| Some(*alias) == base);
    let Some(first) = found.iter().find(is_base).or(found.first()) else { return Vec::new() };
    let is_key = |sql: &Sql| keys.iter().any(|key| key.text() == sql.text());
    if !is_key(first) {
        return vec![first.clone()];
    }
    keys.into_iter().filter(|key| is_own(key) && (is_base(&key) || !is_base(&first))).collect()
}

/// The grouping that an item has rows of.
pub(super) fn group_in(value: &Val) -> Option<usize> {
    match value {
        Val::Group(rows) => Some(rows.group),
        Val::Tuple(fields) => fields.iter().find_map(group_in),
        Val::Option { value, .. } => group_in(value),
        _ => None,
    }
}
