//! Nodes that give rows.

use runner_core::TypeId;

use super::{Block, Emitter};
use crate::{
    plan::{Aggregate, ColId, ColIds, Function, JoinKind, Key, Part, Rel, Scalar, WindowFunction},
    shape::Leaf,
    tree::{self, Aggregate as Call, Expr, From, Ident, Node, Order, Over, Query, expr},
};

impl Emitter<'_> {
    /// The rows of a node, and what stands for its columns, of which some are needed.
    pub(super) fn open(&mut self, rel: &Rel, needed: &ColIds) -> Block {
        match rel {
            Rel::Unit => Block::default(),
            Rel::Extend { input, columns } => self.extend(input, columns, needed),
            Rel::Filter { input, conditions } => {
                let below = with_free(needed, conditions);
                let mut block = self.open_for(input, &below, conditions);
                if block.is_done && !block.is_grouped {
                    block = self.closed(block, input, &below);
                }
                let conditions: Vec<_> = conditions.iter().map(|condition| self.scalar(condition)).collect();
                if block.is_grouped { &mut block.having } else { &mut block.conditions }.extend(conditions);
                block
            }
            Rel::Join { kind, left, right, on } => self.join(*kind, left, right, on, needed),
            Rel::Aggregate { input, keys, aggregates, is_whole } => {
                self.aggregate(input, keys, aggregates, *is_whole, needed)
            }
            Rel::Window { input, columns } => self.window(input, columns, needed),
            Rel::First { input, keys, order, .. } => self.first(rel, input, keys, order, needed),
            Rel::Limit { input, order, skip, take } => {
                let mut below = with_free(needed, order.iter().map(|key| &key.scalar));
                below.extend(skip.free());
                let mut block = self.open_plain(input, &below);
                block.order = self.order(order);
                block.limit = Some(expr::number(*take));
                block.offset = match &**skip {
                    Scalar::Literal(_, runner_core::Literal::Int(0)) => None,
                    Scalar::Literal(_, runner_core::Literal::Int(skip)) => Some(expr::number((*skip).max(0))),
                    skip => {
                        let skip = self.scalar(skip);
                        Some(expr::call("greatest", [skip, expr::number(0)]))
                    }
                };
                block.is_done = true;
                block
            }
            Rel::Union { arms, columns } => {
                let kept: Vec<_> = (0..).zip(columns).filter(|(_, column)| needed.contains(column)).collect();
                let queries = arms.iter().map(|(arm, scalars)| self.arm(arm, scalars, &kept)).collect();
                let columns: Vec<_> = kept.iter().map(|(_, column)| **column).collect();
                let is_lateral = !rel.free().is_empty();
                self.subquery(Query::of(tree::Body::UnionAll(queries)), &columns, is_lateral)
            }
            Rel::Fence(input) => {
                let block = self.open(input, needed);
                self.closed_with(block, input, needed, true)
            }
            _ => self.source(rel, needed),
        }
    }

    fn extend(&mut self, input: &Rel, columns: &[(ColId, Scalar)], needed: &ColIds) -> Block {
        let used: Vec<_> =
            columns.iter().filter(|(column, scalar)| needed.contains(column) || scalar.may_fail()).collect();
        let below = with_free(needed, used.iter().map(|(_, scalar)| scalar));
        let mut block = self.open_for(input, &below, used.iter().map(|(_, scalar)| scalar));
        let is_written_once = |column: &ColId, scalar: &Scalar, this: &Self| {
            let uses = this.uses.get(column).copied().unwrap_or_default();
            scalar.is_cheap() || uses.is_once() || uses.count <= 1 && !scalar.has_query()
        };
        let (mut names, mut exprs) = (Vec::new(), Vec::new());
        for (column, scalar) in used {
            let value = self.scalar(scalar);
            if !is_written_once(column, scalar, self) {
                names.push(*column);
                exprs.push(value.clone());
            }
            self.columns.insert(*column, value);
        }
        if names.is_empty() {
            return block;
        }
        if block.is_done || !self.engine.capabilities.merges_subqueries && block.from.is_some() {
            let mut rel = input.clone();
            let added = columns.iter().map(|(column, _)| (*column, Scalar::bool(true)));
            rel = rel.extend(added.collect());
            return self.closed(block, &rel, needed);
        }
        // Evaluated once, beside the row.
        let query = Block::default().query(exprs).fenced();
        let is_lateral = columns.iter().any(|(_, scalar)| !scalar.free().is_empty());
        let right = self.subquery(query, &names, is_lateral);
        block = block.join(right);
        block
    }

    fn join(&mut self, kind: JoinKind, left: &Rel, right: &Rel, on: &[Scalar], needed: &ColIds) -> Block {
        let below = with_free(needed, on);
        let mut of_left = below.clone();
        of_left.extend(right.free());
        let mut left_block = self.open_plain(left, &of_left);
        let is_query = |column: &ColId| self.columns.get(column).is_some_and(Expr::has_query);
        if !self.engine.capabilities.merges_subqueries && with_free(&right.free(), on).iter().any(is_query) {
            // An equality of which one side is a subquery would be no key of a join.
            left_block = self.closed(left_block, left, &of_left);
        }
        let JoinKind::Left { found, .. } = kind else {
            let right_block = self.open_plain(right, &below);
            let mut block = left_block.join(right_block);
            for condition in on {
                let condition = self.scalar(condition);
                block.conditions.push(condition);
            }
            return block;
        };
        let right_block = self.open(right, &below);
        let right_block = if self.is_bare(right, &right_block, &below, found) {
            right_block
        } else {
            self.columns.insert(found, expr::bool(true));
            let mut below = below;
            below.insert(found);
            let marked = right.clone().extend(vec![(found, Scalar::bool(true))]);
            self.closed(right_block, &marked, &below)
        };
        self.rely_on_keys(right, right_block.from.as_ref(), on);
        let mut conditions = right_block.conditions;
        conditions.extend(on.iter().map(|condition| self.scalar(condition)));
        let condition = (!conditions.is_empty()).then(|| expr::and(conditions));
        let left_from = left_block.from.unwrap_or_else(|| self.one_row());
        let from = right_block.from.unwrap_or_else(|| self.one_row());
        let from = From::joined(Some(left_from), tree::JoinKind::Left, from, condition);
        Block { from: Some(from), conditions: left_block.conditions, ..Block::default() }
    }

    /// Whether this is a table by itself whose columns can be used as they are, as the right side of a left join. Finds
    /// out what says that there is a row.
    fn is_bare(&mut self, rel: &Rel, block: &Block, needed: &ColIds, found: ColId) -> bool {
        let scan = match rel {
            Rel::Scan(table) => table,
            Rel::Filter { input, .. } => match &**input {
                Rel::Scan(table) => table,
                _ => return false,
            },
            _ => return false,
        };
        let Some(From::Table { alias, .. }) = &block.from else { return false };
        let Some(key) = scan.table.columns.iter().find(|column| column.is_not_null) else { return false };
        let fields =
            scan.fields.iter().flat_map(|field| &field.columns).filter(|column| needed.contains(column));
        let is_column = |column: &ColId| matches!(self.column(*column).node(), tree::Node::Column { .. });
        let is_bare = fields.copied().all(|column| is_column(&column));
        if is_bare {
            self.columns.insert(found, expr::column(alias, Ident::quoted(&key.name)));
        }
        is_bare
    }

    /// Notes that at most one row of a table is found by a unique column.
    fn rely_on_keys(&mut self, rel: &Rel, from: Option<&From>, on: &[Scalar]) {
        let (Rel::Scan(scan), Some(From::Table { alias, .. })) = (rel, from) else { return };
        for condition in on {
            let Scalar::Compare { op: runner_core::Op::Eq, left, right, .. } = condition else { continue };
            let sides = [left, right].into_iter().filter_map(|side| side.as_column());
            let field = |column| scan.fields.iter().find(|field| field.columns == [column]);
            let columns = sides.filter_map(field).filter_map(|field| scan.table.columns.get(field.column));
            let key = columns.map(|column| &column.name).find(|name| scan.table.unique.contains(name));
            if let Some(key) = key {
                self.rely_on_key(alias, key);
            }
        }
    }

    /// A FROM item of one row.
    fn one_row(&mut self) -> From {
        let alias = self.alias();
        let query = Box::new(Block::default().query(Vec::new()));
        From::Query { query, alias, columns: Vec::new(), is_lateral: false }
    }

    fn aggregate(
        &mut self,
        input: &Rel,
        keys: &[(ColId, Scalar)],
        aggregates: &[(ColId, Aggregate)],
        is_whole: bool,
        needed: &ColIds,
    ) -> Block {
        let mut used: Vec<_> =
            aggregates.iter().filter(|(column, _)| needed.contains(column)).cloned().collect();
        if is_whole && used.is_empty() {
            // One row, of which no column is needed. A SELECT without aggregates would give all rows.
            return Block::default();
        }
        let mut below = with_free(&ColIds::default(), keys.iter().map(|(_, key)| key));
        for (_, aggregate) in &used {
            aggregate.for_each_part(&mut |part| {
                if let Part::Scalar(scalar) = part {
                    below.extend(scalar.free());
                }
            });
        }
        let mut block = self.open_plain(input, &below);
        let own = block.from.as_ref().map(From::aliases).unwrap_or_default();
        let mut needs_columns = false;
        for (_, aggregate) in &used {
            aggregate.for_each_part(&mut |part| {
                if let Part::Scalar(scalar) = part {
                    let value = self.scalar(scalar);
                    let is_query = value.has_query() && !self.engine.capabilities.merges_subqueries;
                    needs_columns |= is_query || is_foreign(&value, &own);
                }
            });
        }
        let marked;
        let mut input = input;
        if needs_columns {
            let added;
            (block, added) = self.with_columns_of(&mut used, block, input, &below);
            below.extend(added.iter().map(|(column, _)| *column));
            marked = input.clone().extend(added);
            input = &marked;
        }
        let scalars: Vec<_> = keys.iter().map(|(_, key)| key).collect();
        let (mut block, values) = self.with_key_columns(block, input, &below, &scalars);
        // Databases refuse some constants as mistakes.
        let is_key = |value: &&Expr| !value.is_constant();
        block.group_by = values.iter().filter(is_key).map(|value| value.own_or_value().clone()).collect();
        for (column, aggregate) in &used {
            let value = self.function(aggregate);
            self.columns.insert(*column, value);
        }
        for ((column, _), key) in keys.iter().zip(&values) {
            self.columns.insert(*column, key.clone());
        }
        if block.group_by.is_empty() && !is_whole {
            block.having.push(expr::binary(">", &expr::word("count(*)"), &expr::number(0)));
        }
        (block.is_done, block.is_grouped) = (true, true);
        block
    }

    /// The block as a subquery of which what is aggregated are columns, and these: that is a subquery itself, or columns of
    /// a query around.
    fn with_columns_of(
        &mut self,
        aggregates: &mut [(ColId, Aggregate)],
        block: Block,
        input: &Rel,
        below: &ColIds,
    ) -> (Block, Vec<(ColId, Scalar)>) {
        let (mut needed, mut added) = (below.clone(), Vec::new());
        for (_, aggregate) in aggregates {
            aggregate.for_each_item_mut(&mut |scalar| {
                let new = self.new_column();
                let value = self.scalar(scalar);
                self.columns.insert(new, value);
                needed.insert(new);
                added.push((new, Scalar::bool(true)));
                *scalar = Scalar::Column(new);
            });
        }
        let marked = input.clone().extend(added.clone());
        (self.closed(block, &marked, &needed), added)
    }

    fn window(&mut self, input: &Rel, columns: &[(ColId, WindowFunction)], needed: &ColIds) -> Block {
        let mut below = needed.clone();
        let used: Vec<_> = columns.iter().filter(|(column, _)| needed.contains(column)).collect();
        if used.is_empty() {
            return self.open(input, needed);
        }
        let node = Rel::Window { input: Box::new(Rel::Unit), columns: columns.to_vec() };
        let own = node.free();
        below.extend(own.iter().copied());
        let block = self.open_plain(input, &below);
        let mut block = self.with_keys(block, input, &below, &own);
        for (column, function) in used {
            let value = self.window_function(function);
            self.columns.insert(*column, value);
        }
        block.is_done = true;
        block
    }

    fn window_function(&mut self, function: &WindowFunction) -> Expr {
        let by = |key: Expr| Over { order: vec![Order { key, is_descending: false }], ..Over::default() };
        match function {
            WindowFunction::Number(keys) => {
                let over = Over { order: self.order(keys), ..Over::default() };
                Call::new("row_number", []).over(Some(&over)).expr()
            }
            WindowFunction::CountAll => {
                Call::new("count", [expr::word("*")]).over(Some(&Over::default())).expr()
            }
            WindowFunction::Shift { op, item, by: distance, fill, position } => {
                let name = if *op == runner_core::Op::Lag { "lag" } else { "lead" };
                let distance = self.scalar(distance);
                let least = expr::template("greatest(least({}, 2147483647), -2147483647)", [&distance]);
                let args = [self.scalar(item), expr::cast(&least, "int4"), self.scalar(fill)];
                let over = by(self.scalar(position));
                Call::new(name, args).over(Some(&over)).expr()
            }
            WindowFunction::RollingMean { prim, item, before, after, position } => {
                let mut over = by(self.scalar(position));
                over.frame = Some((self.scalar(before), self.scalar(after)));
                let item = self.scalar(item);
                let items = crate::engine::Items { item: &item, order: &[], filter: None, over: Some(&over) };
                self.engine.spelling.aggregate(runner_core::Op::Mean, *prim, items)
            }
            WindowFunction::Rank { op, key } => {
                let (name, prim) = match op {
                    runner_core::Op::Rank => ("rank", runner_core::Prim::Int32),
                    runner_core::Op::RankDense => ("dense_rank", runner_core::Prim::Int32),
                    runner_core::Op::RankPercentile => ("percent_rank", runner_core::Prim::Float64),
                    _ => ("cume_dist", runner_core::Prim::Float64),
                };
                let over = Over { order: self.order(std::slice::from_ref(key)), ..Over::default() };
                let rank = Call::new(name, []).over(Some(&over)).expr();
                expr::cast(&rank, self.engine.spelling.prim_type(prim))
            }
        }
    }

    fn first(&mut self, rel: &Rel, input: &Rel, keys: &[Scalar], order: &[Key], needed: &ColIds) -> Block {
        let own = with_free(&ColIds::default(), keys.iter().chain(order.iter().map(|key| &key.scalar)));
        let below: ColIds = needed.union(&own).copied().collect();
        let block = self.open_plain(input, &below);
        let mut block = self.with_keys(block, input, &below, &own);
        let keys: Vec<_> = keys.iter().map(|key| self.scalar(key)).collect();
        // Databases refuse some constants as mistakes.
        let keys = keys.into_iter().filter(|key| !key.is_constant());
        let keys: Vec<_> = keys.map(|key| key.own_or_value().clone()).collect();
        let order = self.order(order);
        if keys.is_empty() {
            (block.order, block.limit, block.is_done) = (order, Some(expr::number(1)), true);
            return self.closed(block, rel, needed);
        }
        if self.engine.capabilities.loses_negative_zero && self.packs_floats(input) {
            let number = self.new_column();
            let over = Over { partition: keys, order, frame: None };
            self.columns.insert(number, Call::new("row_number", []).over(Some(&over)).expr());
            let marked = rel.clone().extend(vec![(number, Scalar::bool(true))]);
            let mut needed = needed.clone();
            needed.insert(number);
            let mut block = self.closed(block, &marked, &needed);
            block.conditions.push(expr::equal(&self.column(number), &expr::number(1)));
            return block;
        }
        let by_keys = keys.iter().map(|key| Order { key: key.clone(), is_descending: false });
        if !order.is_empty() {
            block.order = by_keys.chain(order).collect();
        }
        block.distinct_on = keys;
        block.is_done = true;
        // What stands around it may have an order of its own.
        self.closed(block, rel, needed)
    }

    /// Whether a column of these rows may hold floats that are packed.
    fn packs_floats(&self, rel: &Rel) -> bool {
        let packs = |ty: TypeId| {
            let leaves = self.shapes.leaves(ty);
            leaves.iter().any(|leaf| matches!(leaf, Leaf::Packed(ty) if self.shapes.has_float(*ty)))
        };
        match rel {
            Rel::Scan(table) => table.fields.iter().any(|field| packs(field.ty)),
            Rel::Items { item, .. } => packs(*item),
            Rel::Parts { .. } | Rel::Sequence { .. } | Rel::Unit => false,
            Rel::Filter { input, .. } | Rel::Limit { input, .. } | Rel::First { input, .. } => {
                self.packs_floats(input)
            }
            Rel::Window { input, .. } | Rel::Fence(input) => self.packs_floats(input),
            Rel::Extend { input, columns } => {
                let is_plain = |scalar: &Scalar| {
                    matches!(
                        scalar,
                        Scalar::Column(_)
                            | Scalar::Call { .. }
                            | Scalar::Compare { .. }
                            | Scalar::Literal(..)
                    )
                };
                self.packs_floats(input) || !columns.iter().all(|(_, scalar)| is_plain(scalar))
            }
            Rel::Join { left, right, .. } => self.packs_floats(left) || self.packs_floats(right),
            // Little is known of these.
            _ => true,
        }
    }

    /// Columns of an arm of a union by their places.
    fn arm(&mut self, arm: &Rel, scalars: &[Scalar], kept: &[(usize, &ColId)]) -> Query {
        let scalars: Vec<_> = kept.iter().filter_map(|(index, _)| scalars.get(*index)).collect();
        let needed = with_free(&ColIds::default(), scalars.iter().copied());
        let block = self.open_for(arm, &needed, scalars.iter().copied());
        let columns = scalars.into_iter().map(|scalar| self.scalar(scalar)).collect();
        block.query(columns)
    }

    pub(super) fn order(&mut self, keys: &[Key]) -> Vec<Order> {
        let mut order = Vec::new();
        for key in keys {
            let scalar = self.scalar(&key.scalar);
            // Databases refuse some constants as mistakes.
            if scalar.is_constant() {
                continue;
            }
            let scalar = match key.prim {
                _ if scalar.own().is_some() => scalar.own_or_value().clone(),
                Some(prim) => self.engine.spelling.sort_key(prim, &scalar),
                None => scalar,
            };
            order.push(Order { key: scalar, is_descending: key.is_descending });
        }
        order
    }

    /// An aggregate.
    pub(super) fn function(&mut self, aggregate: &Aggregate) -> Expr {
        let order = self.order(&aggregate.order);
        let filter = match aggregate.filter.as_slice() {
            [] => None,
            conditions => Some(self.all(conditions)),
        };
        let filter = filter.as_ref();
        let items = |item, order| crate::engine::Items { item, order, filter, over: None };
        match &aggregate.function {
            Function::Count => Call::new("count", [expr::word("*")]).filter(filter).expr(),
            Function::WideSum(item) => {
                let item = self.scalar(item);
                Call::new("sum", [item]).filter(filter).expr()
            }
            Function::CountDistinct(items) => {
                let items: Vec<_> =
                    items.iter().map(|item| self.scalar(item).own_or_value().clone()).collect();
                let counted = match <[Expr; 1]>::try_from(items) {
                    Ok([item]) => expr::template("DISTINCT {}", [&item]),
                    Err(items) => expr::template("DISTINCT {}", [&expr::call("row", items)]),
                };
                Call::new("count", [counted]).filter(filter).expr()
            }
            Function::Of { op, prim, item } => {
                let item = self.scalar(item);
                let spelling = self.engine.spelling;
                match (op, item.own()) {
                    (runner_core::Op::Min | runner_core::Op::Max, Some((own, of))) => {
                        spelling.value_of(of, &spelling.aggregate(*op, *prim, items(own, &order)))
                    }
                    _ => spelling.aggregate(*op, *prim, items(&item, &order)),
                }
            }
            Function::Join { item, separator } => {
                let (item, separator) = (self.scalar(item), self.scalar(separator));
                self.engine.spelling.join(&separator, items(&item, &order))
            }
            Function::Collect { item, ty } => {
                let item = item.clone().map(&mut |scalar| self.scalar(&scalar));
                self.engine.storage.collect(&item, *ty, &order, filter)
            }
            Function::First(item) => {
                let item = self.scalar(item);
                let all = Call::new("array_agg", [item]).order(&order).filter(filter).expr();
                expr::template("({})[1]", [&all])
            }
            Function::Least(item) => {
                let item = self.scalar(item);
                Call::new("min", [item]).filter(filter).expr()
            }
        }
    }
}

/// Whether an expression is made of columns of a query around and of none of these tables. SQL takes an aggregate over it
/// for one of that query.
fn is_foreign(expr: &Expr, own: &[Ident]) -> bool {
    let (mut has_own, mut has_foreign) = (false, false);
    expr.walk(&mut |part| {
        if let Node::Column { table: Some(table), .. } = part.node() {
            let is_own = own.contains(table);
            has_own |= is_own;
            has_foreign |= !is_own;
        }
    });
    has_foreign && !has_own
}

/// Columns, and those that these use.
pub(super) fn with_free<'a>(needed: &ColIds, scalars: impl IntoIterator<Item = &'a Scalar>) -> ColIds {
    let mut all = needed.clone();
    scalars.into_iter().for_each(|scalar| all.extend(scalar.free()));
    all
}
