//! `fold`, `scan` and `loop_until_empty`: recursive common table expressions, a row for each step.

use runner_core::{ExprId, Result, TypeId};

use super::{Frame, Lowering, numbered};
use crate::{relation::Relation, sql::Sql, value::Val};

/// The steps of a fold: a FROM item with a counter `i` from 0 and the accumulator in `c1`, `c2`, ...
struct Steps {
    with: String,
    name: String,
    accumulator: TypeId,
    /// The last value of the counter.
    count: Sql,
    can_fail: bool,
    /// Whether there may be no step where the result is not needed.
    is_guarded: bool,
}

impl Lowering<'_> {
    pub(super) fn fold(&mut self, xs: ExprId, initial: ExprId, f: ExprId, frame: &mut Frame) -> Result<Val> {
        let steps = self.steps(xs, initial, f, frame)?;
        let width = self.shapes.leaves(steps.accumulator).len();
        if width == 0 {
            return self.of_alias(steps.accumulator, "t0");
        }
        let alias = self.alias();
        let names: Vec<_> = (1..=width).map(|n| format!("c{n}")).collect();
        let text = format!(
            "CROSS JOIN LATERAL ({} SELECT {} FROM {}{}) AS {alias}",
            steps.with,
            names.join(", "),
            steps.name,
            if steps.is_guarded {
                " ORDER BY i DESC LIMIT 1".into()
            } else {
                format!(" WHERE i = {}", steps.count)
            }
        );
        frame.join(text, steps.can_fail);
        let value = self.of_alias(steps.accumulator, &alias)?;
        if steps.can_fail {
            frame.wheres.push(self.dialect.force(&value.leaves()));
        }
        Ok(value)
    }

    pub(super) fn scan(
        &mut self,
        xs: ExprId,
        initial: ExprId,
        f: ExprId,
        frame: &mut Frame,
    ) -> Result<Relation> {
        let steps = self.steps(xs, initial, f, frame)?;
        let alias = self.alias();
        let from = format!("({} SELECT * FROM {} WHERE i > 0) AS {alias}", steps.with, steps.name);
        let value = self.of_alias(steps.accumulator, &alias)?;
        let mut rows = Relation::counted(from, value, Sql::column(&alias, "i"));
        rows.rows_can_fail = steps.can_fail;
        Ok(rows)
    }

    fn steps(&mut self, xs: ExprId, initial: ExprId, f: ExprId, frame: &mut Frame) -> Result<Steps> {
        let item = self.item_type(self.ty(xs)?)?;
        let array = self.atom(xs, frame)?;
        let accumulator = self.ty(initial)?;
        let first = self.lower(initial, frame)?;
        let first = self.collected(first, accumulator)?;
        let (name, state) = (self.alias(), self.alias());
        let mut body = Frame::default();
        let counter = Sql::column(&state, "i");
        let next_item = self.dialect.item_at(&self.shapes, &array, &counter, item);
        let state_value = self.of_alias(accumulator, &state)?;
        let length = self.dialect.length(&self.shapes, &array, item);
        let guard = self.step_guard(&state, format!("({counter} < {length})"), f)?;
        let (next, ty) = self.apply(f, &[state_value, next_item], guard, &mut body)?;
        let next = self.collected(next, ty)?;
        let can_fail = first.can_fail() || next.can_fail() || body.can_fail;
        let names: String = (1..=first.leaves().len()).map(|n| format!(", c{n}")).collect();
        let mut wheres = format!("WHERE {counter} < {length}");
        let guards = self.recursion_guards(&array, &first, can_fail);
        guards.iter().for_each(|guard| wheres.push_str(&format!(" AND {guard}")));
        body.wheres.iter().for_each(|condition| wheres.push_str(&format!(" AND {condition}")));
        let with = format!(
            "WITH RECURSIVE {name}(i{names}) AS (SELECT 0::int8{} UNION ALL \
             SELECT {counter} + 1{} FROM {name} AS {state}{} {wheres})",
            self.typed(&first, accumulator),
            self.typed(&next, accumulator),
            body.join_text()
        );
        Ok(Steps { with, name, accumulator, count: length, can_fail, is_guarded: !guards.is_empty() })
    }

    pub(super) fn loop_until_empty(&mut self, xs: ExprId, f: ExprId, frame: &mut Frame) -> Result<Relation> {
        let ty = self.ty(xs)?;
        let item = self.item_type(ty)?;
        let first = self.leaf(xs, frame)?;
        let (name, state, alias, items) = (self.alias(), self.alias(), self.alias(), self.alias());
        let array = Sql::column(&state, "c1");
        let mut body = Frame::default();
        let length = self.dialect.length(&self.shapes, &array, item);
        let guard = self.step_guard(&state, format!("({length} > 0)"), f)?;
        let (next, next_ty) = self.apply(f, &[Val::Leaf(array.clone())], guard, &mut body)?;
        let next = self.collected(next, next_ty)?;
        let can_fail = first.can_fail() || next.can_fail() || body.can_fail;
        let mut wheres = format!("WHERE {length} > 0");
        let guards = self.recursion_guards(&first, &Val::Tuple(Vec::new()), can_fail);
        guards.iter().for_each(|guard| wheres.push_str(&format!(" AND {guard}")));
        body.wheres.iter().for_each(|condition| wheres.push_str(&format!(" AND {condition}")));
        let (from, value, position) =
            self.dialect.items(&self.shapes, &Sql::column(&name, "c1"), item, &items);
        let mut columns = numbered(&value.leaves());
        columns.push(format!("{name}.i AS i, {position} AS o"));
        let from = format!(
            "(WITH RECURSIVE {name}(i, c1) AS (SELECT 0::int8{} UNION ALL SELECT {state}.i + 1{} \
             FROM {name} AS {state}{} {wheres}) SELECT {} FROM {name} CROSS JOIN LATERAL {from}) AS {alias}",
            self.typed(&Val::Leaf(first), ty),
            self.typed(&next, ty),
            body.join_text(),
            columns.join(", ")
        );
        let mut rows = Relation::new(from, self.of_alias(item, &alias)?);
        rows.order = ["i", "o"]
            .map(|name| crate::relation::Key { sql: Sql::column(&alias, name), descending: false })
            .to_vec();
        rows.is_total = true;
        rows.rows_can_fail = can_fail;
        Ok(rows)
    }

    /// Conditions under which a recursion has steps.
    fn recursion_guards(&self, array: &Sql, first: &Val, can_fail: bool) -> Vec<String> {
        if !can_fail && !self.dialect.guards_branches() {
            return Vec::new();
        }
        let mut text = array.to_string();
        first.for_each_leaf(&mut |leaf| text.push_str(&format!(" {leaf}")));
        self.conditions(&text)
    }

    /// `, a::int8, ...`: both sides of a recursion must have the same types and collations.
    fn typed(&self, value: &Val, ty: TypeId) -> String {
        let leaves = self.shapes.leaves(ty);
        value
            .leaves()
            .iter()
            .zip(leaves)
            .map(|(sql, leaf)| format!(", {}", self.dialect.typed(leaf, sql)))
            .collect()
    }
}
