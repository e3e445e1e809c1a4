//! Operations on arrays: those that keep them relations.

use runner_core::{ExprId, Kind, Literal, Op, Result, TypeId};

use super::{
    Frame, Guard, Lowering,
    guard::{group_in, row_columns},
    numbered,
    references::definitions,
};
use crate::{
    relation::{Key, Relation},
    shape::{Leaf, Shape},
    sql::Sql,
    value::Val,
};

impl Lowering<'_> {
    /// `None` if the operation is not about arrays.
    pub(super) fn array_call(
        &mut self,
        id: ExprId,
        op: Op,
        args: &[ExprId],
        frame: &mut Frame,
    ) -> Result<Option<Val>> {
        if let (Op::Map | Op::Filter, [xs, f]) = (op, args) {
            let item = self.item_type(self.ty(*xs)?)?;
            let value = self.lower(*xs, frame)?;
            if let Val::Group(rows) = &value
                && let Some(rows) = self.group_step(op, rows, *f)?
            {
                return Ok(Some(Val::Group(Box::new(rows))));
            }
            let rows = self.rows_of(value, item)?;
            let rows = if op == Op::Map { self.map(rows, *f)? } else { self.filter(rows, *f)? };
            return Ok(Some(Val::Rows(Box::new(rows))));
        }
        let rows = match (op, args) {
            (Op::FlatMap, [xs, f]) => self.flat_map(*xs, *f, frame)?,
            (Op::Sort | Op::SortDesc, [xs, f]) => self.sort(op, *xs, *f, frame)?,
            (Op::Reverse, [xs]) => {
                let (mut rows, _) = self.rows(*xs, frame)?;
                if rows.limit.is_some() {
                    rows = self.wrap(rows, false)?;
                }
                rows.reverse();
                rows
            }
            (Op::Append, [a, b]) => self.append(*a, *b, frame)?,
            (Op::Sequence, [start, end]) => {
                let prim = self.prim(*start)?;
                let start = self.atom(*start, frame)?;
                let end = self.atom(*end, frame)?;
                let alias = self.alias();
                let from = self.dialect.sequence(prim, &start, &end, &alias);
                let value = Sql::column(&alias, "v");
                Relation::ordered(from, Val::Leaf(value.clone()), value)
            }
            (Op::Split, [text, separator]) => {
                let text = self.atom(*text, frame)?;
                let separator = self.atom(*separator, frame)?;
                let alias = self.alias();
                let from = self.dialect.split(&text, &separator, &alias);
                Relation::counted(from, Val::Leaf(Sql::column(&alias, "v")), Sql::column(&alias, "o"))
            }
            (Op::Slice, [xs, start, end]) => self.slice(*xs, *start, *end, frame)?,
            (Op::Zip, args) => self.zip(self.item_type(self.ty(id)?)?, args, frame)?,
            (Op::Lag | Op::Lead, [xs, n, fill]) => self.shift(op, *xs, *n, *fill, frame)?,
            (Op::RollingMean, [xs, before, after]) => self.rolling_mean(*xs, *before, *after, frame)?,
            (Op::Rank | Op::RankDense | Op::RankPercentile | Op::CumeDist, [xs]) => {
                self.rank(op, *xs, frame)?
            }
            (Op::Group, [xs, f]) => self.group(*xs, *f, frame)?,
            (Op::Distinct, [xs]) => self.distinct(*xs, frame)?,
            (Op::Scan, [xs, initial, f]) => self.scan(*xs, *initial, *f, frame)?,
            (Op::LoopUntilEmpty, [xs, f]) => self.loop_until_empty(*xs, *f, frame)?,
            (Op::Fold, [xs, initial, f]) => return self.fold(*xs, *initial, *f, frame).map(Some),
            (Op::Index, [xs, position]) => return self.index(id, *xs, *position, frame).map(Some),
            (Op::Contains, [xs, x]) => return self.contains(*xs, *x, frame).map(Some),
            (Op::Join, [xs, separator]) => return self.join(*xs, *separator, frame).map(Some),
            (Op::Count, [xs]) => return self.count(*xs, frame).map(Some),
            (Op::Sum | Op::Mean | Op::Min | Op::Max | Op::All | Op::Any, [xs]) => {
                return self.aggregate(op, *xs, frame).map(Some);
            }
            _ => return Ok(None),
        };
        Ok(Some(Val::Rows(Box::new(rows))))
    }

    /// The parameters and the body of a lambda.
    pub(super) fn lambda(&self, id: ExprId) -> Result<(Vec<(runner_core::LocalId, TypeId)>, ExprId)> {
        match &self.expr(id)?.kind {
            Kind::Lambda { params, body } => Ok((params.clone(), *body)),
            _ => Err(self.unsupported(id, "what is no lambda")),
        }
    }

    /// Lowers a lambda with its parameters bound, within a query of its own. Relations in the result are packed.
    pub(super) fn apply(
        &mut self,
        lambda: ExprId,
        args: &[Val],
        guard: Option<Guard>,
        frame: &mut Frame,
    ) -> Result<(Val, TypeId)> {
        let (params, body) = self.lambda(lambda)?;
        for ((local, _), arg) in params.iter().zip(args) {
            self.bind(*local, arg.clone());
        }
        let ty = self.ty(body)?;
        let guards = self.guards.len();
        self.guards.extend(guard);
        self.depth += 1;
        let value = self.lower(body, frame);
        self.depth -= 1;
        self.guards.truncate(guards);
        Ok((value?, ty))
    }

    fn map(&mut self, rows: Relation, f: ExprId) -> Result<Relation> {
        let rows = self.ready(rows)?;
        let (mut rows, guard) = self.witnessed(rows, f)?;
        let mut inner = Frame::default();
        let (value, ty) = self.apply(f, &[rows.item.clone()], guard, &mut inner)?;
        let value = self.looked_up(value, ty, &mut inner)?;
        let value = self.collected(value, ty)?;
        rows.item = value.map_leaves(&mut |leaf| leaf.where_all(&rows.wheres));
        Self::add_frame(&mut rows, inner);
        Ok(rows)
    }

    fn filter(&mut self, rows: Relation, f: ExprId) -> Result<Relation> {
        let mut rows = self.ready(rows)?;
        let group = group_in(&rows.item);
        if group.is_none() && rows.is_partial() && self.may_fail(f)? {
            rows = self.wrap(rows, true)?;
        }
        let (mut rows, guard) = self.witnessed(rows, f)?;
        let mut inner = Frame::default();
        let (value, ty) = self.apply(f, &[rows.item.clone()], guard, &mut inner)?;
        let (columns, own) = (row_columns(&rows), definitions(&rows.from));
        Self::add_frame(&mut rows, inner);
        if let Val::Leaf(condition) = self.collected(value, ty)? {
            rows.rows_can_fail |= condition.can_fail();
            let known = rows.wheres.clone();
            for condition in condition.conjuncts() {
                rows.wheres.push(match group {
                    Some(group) => self.for_groups(group, &known, condition),
                    None => self.for_rows(condition, &columns, &own),
                });
            }
        }
        rows.position = None;
        Ok(rows)
    }

    /// Whether a lambda holds an operation that may fail, at a glance.
    pub(super) fn may_fail(&self, id: ExprId) -> Result<bool> {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let expr = self.expr(id)?;
            match &expr.kind {
                Kind::Fail(_) | Kind::External { .. } => return Ok(true),
                Kind::Call { op, args } => {
                    let is_float = matches!(self.shapes.get(expr.ty), Shape::Prim(prim) if prim.is_float());
                    let is_quotient = matches!(op, Op::Div | Op::Rem)
                        && args
                            .get(1)
                            .and_then(|divisor| self.int(*divisor))
                            .is_some_and(|divisor| divisor > 0);
                    let is_safe = matches!(
                        op,
                        Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte | Op::And | Op::Or | Op::Not
                    ) || matches!(op, Op::StartsWith | Op::EndsWith | Op::TextContains)
                        || matches!(op, Op::Wrap | Op::Unwrap | Op::Cast | Op::TextLength);
                    if !is_safe && !is_float && !is_quotient {
                        return Ok(true);
                    }
                }
                _ => {}
            }
            expr.kind.for_each_child(|child| open.push(child));
        }
        Ok(false)
    }

    /// Whether an expression may become a subquery, at a glance.
    pub(super) fn may_need_query(&self, id: ExprId) -> Result<bool> {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let kind = &self.expr(id)?.kind;
            let is_compound = |id: &ExprId| Ok(!matches!(self.shapes.get(self.ty(*id)?), Shape::Prim(_)));
            match kind {
                Kind::Let { .. } | Kind::Lambda { .. } | Kind::External { .. } | Kind::Switch { .. } => {
                    return Ok(true);
                }
                // The condition is written once for every column.
                Kind::If { .. } if self.shapes.leaves(self.ty(id)?).len() > 1 => return Ok(true),
                // The other fields are evaluated, too.
                Kind::Field { tuple, .. } if matches!(self.expr(*tuple)?.kind, Kind::Tuple(_)) => {
                    return Ok(true);
                }
                Kind::Call { op: Op::Cmp | Op::Split | Op::Sequence | Op::DateToYearMonthDay, .. } => {
                    return Ok(true);
                }
                Kind::Call { args, .. } => {
                    let compound: Result<Vec<bool>> = args.iter().map(is_compound).collect();
                    if compound?.contains(&true) {
                        return Ok(true);
                    }
                }
                _ => {}
            }
            kind.for_each_child(|child| open.push(child));
        }
        Ok(false)
    }

    fn flat_map(&mut self, xs: ExprId, f: ExprId, frame: &mut Frame) -> Result<Relation> {
        let (rows, _) = self.rows(xs, frame)?;
        let mut rows = self.ready(rows)?;
        if !rows.is_total {
            rows = self.with_position(rows)?.0;
        }
        let (mut rows, guard) = self.witnessed(rows, f)?;
        let mut inner = Frame::default();
        let (value, ty) = self.apply(f, &[rows.item.clone()], guard.clone(), &mut inner)?;
        let item = self.item_type(ty)?;
        let mut parts = self.rows_of(value, item)?;
        let can_fail = parts.can_fail();
        if let (Some(guard), true) = (guard, can_fail) {
            guard.restrict(&mut parts);
        }
        let is_fragile = self.depth > 0 && self.dialect.has_fragile_joins();
        let parts = self.wrap(parts, can_fail || is_fragile)?;
        Self::add_frame(&mut rows, inner);
        rows.from.push_str(&format!(" CROSS JOIN LATERAL {}", parts.from));
        rows.wheres.extend(parts.wheres);
        rows.rows_can_fail |= can_fail;
        rows.leaves_out = true;
        rows.item = parts.item;
        rows.order.extend(parts.order);
        rows.is_total = parts.is_total;
        rows.position = None;
        Ok(rows)
    }

    fn sort(&mut self, op: Op, xs: ExprId, f: ExprId, frame: &mut Frame) -> Result<Relation> {
        let (rows, _) = self.rows(xs, frame)?;
        let rows = self.ready(rows)?;
        let (mut rows, guard) = self.witnessed(rows, f)?;
        let mut inner = Frame::default();
        let (value, ty) = self.apply(f, &[rows.item.clone()], guard, &mut inner)?;
        Self::add_frame(&mut rows, inner);
        let Val::Leaf(key) = self.collected(value, ty)? else {
            return Err(self.unsupported(f, "a sort key of several columns"));
        };
        let can_fail = key.can_fail();
        if key.is_constant() && !can_fail {
            // Databases refuse some of these as mistakes.
            return Ok(rows);
        }
        let key = match self.shapes.get(ty) {
            Shape::Prim(prim) => self.dialect.sort_key(prim, &key),
            _ => key,
        };
        rows.order.insert(0, Key { sql: key, descending: op == Op::SortDesc });
        rows.position = None;
        if can_fail { self.wrap(rows, true) } else { Ok(rows) }
    }

    /// An array of these items.
    pub(super) fn array(&mut self, ty: TypeId, items: &[ExprId], frame: &mut Frame) -> Result<Val> {
        let item = self.item_type(ty)?;
        if items.is_empty() {
            return Ok(Val::Leaf(self.dialect.empty(&self.shapes, item)));
        }
        let mut values = Vec::new();
        for id in items {
            let item_ty = self.ty(*id)?;
            let value = self.lower(*id, frame)?;
            values.push(self.collected(value, item_ty)?);
        }
        if let Some(list) = self.dialect.list(&self.shapes, &values, item) {
            return Ok(Val::Leaf(list));
        }
        let mut lines = Vec::new();
        let mut can_fail = false;
        for (index, value) in values.iter().enumerate() {
            can_fail |= value.can_fail();
            let leaves = value.leaves();
            let leaves: String = leaves.iter().map(|leaf| format!(", {leaf}")).collect();
            lines.push(format!("({}{leaves})", index + 1));
        }
        let names: String = (1..=self.shapes.leaves(item).len()).map(|n| format!(", c{n}")).collect();
        let (inner, alias) = (self.alias(), self.alias());
        let fence = self.dialect.fence();
        let from =
            format!("(SELECT * FROM (VALUES {}) AS {inner}(o{names}){fence}) AS {alias}", lines.join(", "));
        let mut rows = Relation::counted(from, self.of_alias(item, &alias)?, Sql::column(&alias, "o"));
        rows.rows_can_fail = can_fail;
        if can_fail {
            let columns = rows.item.leaves();
            rows.wheres.push(self.dialect.force(&columns));
        }
        Ok(Val::Rows(Box::new(rows)))
    }

    fn append(&mut self, a: ExprId, b: ExprId, frame: &mut Frame) -> Result<Relation> {
        let (a, item) = self.rows(a, frame)?;
        let (b, _) = self.rows(b, frame)?;
        let (rows_can_fail, checked) = (a.can_fail() || b.can_fail(), a.item.can_fail() || b.item.can_fail());
        let leaves_out = a.is_partial() || b.is_partial();
        let a = self.numbered_query(a);
        let b = self.numbered_query(b);
        let (inner_a, inner_b, alias) = (self.alias(), self.alias(), self.alias());
        let fence = if checked { self.dialect.fence() } else { "" };
        let from = format!(
            "(SELECT 0 AS s, {inner_a}.* FROM ({a}) AS {inner_a} UNION ALL \
             SELECT 1, {inner_b}.* FROM ({b}) AS {inner_b}{fence}) AS {alias}"
        );
        let mut rows = Relation::new(from, self.of_alias(item, &alias)?);
        let side = Sql::column(&alias, "s").foldable();
        rows.order = [side, Sql::column(&alias, "o")].map(|sql| Key { sql, descending: false }).to_vec();
        rows.is_total = true;
        rows.rows_can_fail = rows_can_fail;
        rows.leaves_out = leaves_out;
        if checked {
            let columns = rows.item.leaves();
            rows.wheres.push(self.dialect.force(&columns));
        }
        Ok(rows)
    }

    fn contains(&mut self, xs: ExprId, x: ExprId, frame: &mut Frame) -> Result<Val> {
        let (rows, item) = self.rows(xs, frame)?;
        let value = self.lower(x, frame)?;
        let value = self.collected(value, item)?;
        let value = self.atomic(value, frame);
        let can_fail = rows.can_fail();
        let mut rows = self.settled(rows, item)?;
        let equal = self.equal(&rows.item, &value, item);
        rows.wheres.push(equal);
        Ok(Val::Leaf(Sql::query(format!("EXISTS (SELECT 1{})", rows.tail()), can_fail)))
    }

    fn index(&mut self, id: ExprId, xs: ExprId, position: ExprId, frame: &mut Frame) -> Result<Val> {
        let (rows, item) = self.rows(xs, frame)?;
        self.item_at(id, rows, item, position, frame)
    }

    /// The item at a position, as the option that the expression `id` is.
    pub(super) fn item_at(
        &mut self,
        id: ExprId,
        rows: Relation,
        item: TypeId,
        position: ExprId,
        frame: &mut Frame,
    ) -> Result<Val> {
        let position = self.atom(position, frame)?;
        let rows = self.plain(rows);
        if position.text() == self.dialect.literal(runner_core::Prim::Int64, &Literal::Int(0)).text()
            && let Some((some, value)) = self.found(&rows, item, frame)?
        {
            return self.option_where(self.ty(id)?, some, value);
        }
        let mut rows = self.settled(rows, item)?;
        let is_first =
            position.text() == self.dialect.literal(runner_core::Prim::Int64, &Literal::Int(0)).text();
        let is_literal = position.is_constant() && !position.text().contains('$');
        if rows.position.is_none() && !is_first && !is_literal && !self.dialect.has_correlated_offset() {
            rows = self.with_position(rows)?.0;
        }
        let limit = if let Some(counted) = &rows.position {
            rows.wheres.push(Sql::of(format!("({counted} - 1 = {position})"), &[]));
            String::new()
        } else {
            if position.text() == self.dialect.literal(runner_core::Prim::Int64, &Literal::Int(0)).text() {
                format!("{} LIMIT 1", rows.order_by())
            } else {
                rows.wheres.push(Sql::of(format!("({position} >= 0)"), &[]));
                format!("{} LIMIT 1 OFFSET greatest({position}, 0)", rows.order_by())
            }
        };
        let alias = self.alias();
        let mut columns = numbered(&rows.item.leaves());
        columns.push("true AS s".into());
        let join = format!(
            "LEFT JOIN LATERAL (SELECT {}{}{limit}) AS {alias} ON true",
            columns.join(", "),
            rows.tail()
        );
        frame.join(join, false);
        let some = Sql::atom(format!("({alias}.s IS NOT NULL)"));
        let value = self.of_alias(item, &alias)?;
        self.option_where(self.ty(id)?, some, value)
    }

    /// What a column of items of this type holds.
    pub(super) fn item_leaves(&self, item: TypeId) -> Vec<Leaf> {
        self.shapes.leaves(item)
    }
}
