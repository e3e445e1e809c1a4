use crate::{
    emit::Emitter,
    plan::{ColId, ColIds, Rel, Scalar},
    tree::{Expr, From, Ident, JoinKind, Node, Order, Output, Own, Query, Select, expr},
};

/// A SELECT in the making, whose columns are those of the emitter.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) from: Option<From>,
    pub(super) conditions: Vec<Expr>,
    pub(super) group_by: Vec<Expr>,
    pub(super) having: Vec<Expr>,
    pub(super) distinct_on: Vec<Expr>,
    pub(super) order: Vec<Order>,
    pub(super) limit: Option<Expr>,
    pub(super) offset: Option<Expr>,
    /// Whether its columns are aggregates or windows, or some rows in an order, so that nothing can be added.
    pub(super) is_done: bool,
    /// Whether conditions are asked of groups.
    pub(super) is_grouped: bool,
}

impl Block {
    pub(super) fn of(from: From) -> Self {
        Self { from: Some(from), ..Self::default() }
    }

    /// The query of these columns.
    pub(super) fn query(self, columns: Vec<Expr>) -> Query {
        let mut columns: Vec<_> =
            (1..).zip(columns).map(|(n, column)| Output::Column(column, Ident::Numbered("c", n))).collect();
        if columns.is_empty() {
            columns.push(Output::Column(expr::bool(true), Ident::Numbered("c", 1)));
        }
        let select = Select {
            distinct_on: self.distinct_on,
            columns,
            from: self.from,
            conditions: self.conditions,
            group_by: self.group_by,
            having: self.having,
        };
        Query { order: self.order, limit: self.limit, offset: self.offset, ..Query::select(select) }
    }

    /// Adds what stands to the right of it, whose conditions become its own.
    pub(super) fn join(mut self, right: Self) -> Self {
        self.from = match (self.from, right.from) {
            (Some(left), Some(right)) => Some(appended(left, right)),
            (left, right) => left.or(right),
        };
        self.conditions.extend(right.conditions);
        self
    }
}

/// Joins an item of FROM and those of another, from left to right.
fn appended(left: From, right: From) -> From {
    match right {
        From::Join { kind, left: first, right, condition } => {
            From::Join { kind, left: Box::new(appended(left, *first)), right, condition }
        }
        right => From::joined(Some(left), JoinKind::Inner, right, None),
    }
}

impl Emitter<'_> {
    /// The block as a subquery of the columns that are needed.
    pub(super) fn closed(&mut self, block: Block, rel: &Rel, needed: &ColIds) -> Block {
        self.closed_with(block, rel, needed, false)
    }

    /// The same; a fenced one is evaluated by itself.
    pub(super) fn closed_with(&mut self, block: Block, rel: &Rel, needed: &ColIds, is_fenced: bool) -> Block {
        let mut visible = ColIds::default();
        rel.visible(&mut visible);
        let mut columns: Vec<ColId> = visible.intersection(needed).copied().collect();
        columns.sort_unstable();
        let is_lateral = !rel.free().is_empty();
        let (exprs, own) = self.exported(&columns);
        let query = block.query(exprs);
        let query = if is_fenced { query.fenced() } else { query };
        let block = self.subquery(query, &columns, is_lateral);
        for (column, of) in own {
            let value = self.engine.spelling.value_of(&of, &self.column(column));
            self.columns.insert(column, value);
        }
        block
    }

    /// The block, in which these columns can be keys.
    pub(super) fn with_keys(&mut self, block: Block, rel: &Rel, needed: &ColIds, keys: &ColIds) -> Block {
        match keys.iter().all(|key| self.is_key(&self.column(*key))) {
            true => block,
            false => self.closed(block, rel, needed),
        }
    }

    /// The block, and these scalars, which can be keys, over it.
    pub(super) fn with_key_columns(
        &mut self,
        block: Block,
        rel: &Rel,
        needed: &ColIds,
        keys: &[&Scalar],
    ) -> (Block, Vec<Expr>) {
        let exprs: Vec<_> = keys.iter().map(|key| self.scalar(key)).collect();
        if exprs.iter().all(|expr| self.is_key(expr)) {
            return (block, exprs);
        }
        let (mut needed, mut columns, mut added) = (needed.clone(), Vec::new(), Vec::new());
        for expr in exprs {
            let column = self.new_column();
            self.columns.insert(column, expr);
            needed.insert(column);
            columns.push(column);
            added.push((column, Scalar::bool(true)));
        }
        let block = self.closed(block, &rel.clone().extend(added), &needed);
        (block, columns.into_iter().map(|column| self.column(column)).collect())
    }

    /// Whether an engine takes this for a key: none takes a subquery, and some nothing that may fail.
    fn is_key(&self, expr: &Expr) -> bool {
        // NOT of one is simplified, and is no expression of it then.
        let is_simplified = matches!(expr.node(), Node::Not(_) | Node::IsNull(_) | Node::IsNotNull(_));
        let takes_all = self.engine.capabilities.merges_subqueries;
        expr.is_plain() || takes_all && !expr.has_query() && !is_simplified
    }

    /// A block over which these can be evaluated: within a subquery, aggregates and windows can't be used as such.
    pub(super) fn open_for<'s>(
        &mut self,
        rel: &Rel,
        needed: &ColIds,
        scalars: impl IntoIterator<Item = &'s Scalar>,
    ) -> Block {
        let block = self.open(rel, needed);
        let has_query = |scalar: &Scalar| {
            scalar.has_query() || scalar.free().iter().any(|column| self.column(*column).has_query())
        };
        if !block.is_done || !scalars.into_iter().any(has_query) {
            return block;
        }
        self.closed(block, rel, needed)
    }

    /// Columns as a subquery selects them, and which of them it selects in the type of a table's column.
    pub(super) fn exported(&self, columns: &[ColId]) -> (Vec<Expr>, Vec<(ColId, Own)>) {
        let mut own = Vec::new();
        let exprs = columns.iter().map(|column| {
            let expr = self.column(*column);
            if let Some((_, of)) = expr.own() {
                own.push((*column, of.clone()));
            }
            expr.own_or_value().clone()
        });
        (exprs.collect(), own)
    }

    /// A query whose columns are these.
    pub(super) fn subquery(&mut self, query: Query, columns: &[ColId], is_lateral: bool) -> Block {
        let alias = self.alias();
        for (n, column) in (1..).zip(columns) {
            self.columns.insert(*column, expr::column(&alias, Ident::Numbered("c", n)));
        }
        Block::of(From::Query { query: Box::new(query), alias, columns: Vec::new(), is_lateral })
    }

    /// A block to which joins and conditions can be added.
    pub(super) fn open_plain(&mut self, rel: &Rel, needed: &ColIds) -> Block {
        let block = self.open(rel, needed);
        if block.is_done { self.closed(block, rel, needed) } else { block }
    }
}
