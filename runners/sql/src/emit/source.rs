//! Nodes that rows come from.

use runner_core::Prim;

use super::{Block, Emitter, rel::with_free, shared_name};
use crate::{
    engine::Cell,
    plan::{ColId, ColIds, Rel, Scalar, ScanField, Table},
    shape::Leaf,
    tree::{self, Aggregate, Body, Expr, From, Ident, Output, Over, Query, Select, With, WithKind, expr},
};

impl Emitter<'_> {
    pub(super) fn source(&mut self, rel: &Rel, needed: &ColIds) -> Block {
        let alias = self.alias();
        match rel {
            Rel::Scan(table) => {
                self.read(table, &alias, needed);
                Block::of(From::Table { table: named(&table.table), alias })
            }
            Rel::Raw { table, position } => self.raw(table, *position, alias, needed),
            Rel::Lists { lists, position } => self.lists(lists, *position, alias, needed),
            Rel::Items { array, item, columns, position } => {
                let array = self.scalar(array);
                let (from, value) = self.engine.storage.items(&array, *item, &alias);
                for (column, value) in columns.iter().zip(value.into_all()) {
                    self.columns.insert(*column, value);
                }
                self.columns.insert(*position, expr::column(&alias, Ident::Fixed("o")));
                Block::of(from)
            }
            Rel::Parts { parts, part, position } => {
                let parts = self.scalar(parts);
                let call = expr::call("unnest", [parts]);
                self.columns.insert(*part, expr::column(&alias, Ident::Fixed("v")));
                self.columns.insert(*position, expr::column(&alias, Ident::Fixed("o")));
                let columns = vec![Ident::Fixed("v"), Ident::Fixed("o")];
                Block::of(From::Function { call, alias, columns, is_counted: true })
            }
            Rel::Sequence { prim, start, end, value } => {
                let (start, end) = (self.scalar(start), self.scalar(end));
                self.columns.insert(*value, expr::column(&alias, Ident::Fixed("v")));
                let mut from = self.engine.spelling.sequence(*prim, &start, &end, &alias);
                if let From::Query { is_lateral, .. } = &mut from {
                    *is_lateral = !rel.free().is_empty();
                }
                Block::of(from)
            }
            Rel::Values { rows, columns, position } => self.values(rel, rows, columns, *position, alias),
            Rel::Shared { index, columns } => {
                let all =
                    self.plan.shared.get(*index).map(|shared| shared.columns.as_slice()).unwrap_or_default();
                for (column, other) in columns {
                    let place = all.iter().position(|known| known == other).unwrap_or_default();
                    let value = expr::column(&alias, Ident::Numbered("c", place + 1));
                    let value = match self.shared_own.get(other) {
                        Some(of) => self.engine.spelling.value_of(of, &value),
                        None => value,
                    };
                    self.columns.insert(*column, value);
                }
                let table = tree::Table { schema: None, name: shared_name(*index) };
                Block::of(From::Table { table, alias })
            }
            Rel::Recursion { .. } => self.recursion(rel, alias),
            // All others are no sources.
            _ => Block::default(),
        }
    }

    /// What columns of a table hold.
    fn read(&mut self, table: &Table, alias: &Ident, needed: &ColIds) {
        let is_read = |field: &&ScanField| field.columns.iter().any(|column| needed.contains(column));
        let fields: Vec<_> = table.fields.iter().filter(is_read).collect();
        if !table.table.is_query {
            self.rely(table, alias, &fields);
        }
        for (column, name) in table.row_id.iter().zip(self.engine.capabilities.row_id) {
            self.columns.insert(*column, expr::column(alias, Ident::Fixed(name)));
        }
        for ScanField { ty, column, columns } in fields {
            let Some(column) = table.table.columns.get(*column) else { continue };
            if let Some(value) = self.engine.storage.read(*ty, Cell { alias, table: &table.table, column }) {
                for (column, value) in columns.iter().zip(value.into_all()) {
                    self.columns.insert(*column, value);
                }
            }
        }
    }

    fn raw(&mut self, table: &Table, position: ColId, alias: Ident, needed: &ColIds) -> Block {
        self.read(table, &alias, needed);
        self.columns.insert(position, expr::column(&alias, Ident::Fixed("o")));
        let inner = self.alias();
        let text = table.table.name.name.trim_end().trim_end_matches(';');
        let number = Aggregate::new("row_number", []).over(Some(&Over::default())).expr();
        let columns = vec![Output::All(inner.clone()), Output::Column(number, Ident::Fixed("o"))];
        let verbatim = Box::new(Query::of(Body::Verbatim(text.into())));
        let from = From::Query { query: verbatim, alias: inner, columns: Vec::new(), is_lateral: false };
        let query = Query::select(Select { columns, from: Some(from), ..Select::default() });
        let mut names: Vec<_> =
            table.table.columns.iter().map(|column| Ident::quoted(&column.name)).collect();
        names.push(Ident::Fixed("o"));
        Block::of(From::Query { query: Box::new(query), alias, columns: names, is_lateral: false })
    }

    fn lists(&mut self, lists: &[(ColId, usize)], position: ColId, alias: Ident, needed: &ColIds) -> Block {
        let mut wanted: Vec<_> =
            (0..).zip(lists).filter(|(_, (column, _))| needed.contains(column)).collect();
        if wanted.is_empty() {
            // There is still a row for each entry.
            wanted.extend((0..).zip(lists).take(1));
        }
        let mut exprs = Vec::new();
        for (index, (column, number)) in wanted {
            let leaf = match self.plan.params.get(number - 1) {
                Some(crate::Param::Many(leaf) | crate::Param::One(leaf)) => *leaf,
                _ => Leaf::Some,
            };
            exprs.push((index, self.param(*number, leaf, true)));
            self.columns.insert(*column, expr::column(&alias, Ident::Numbered("c", index + 1)));
        }
        self.columns.insert(position, expr::column(&alias, Ident::Fixed("o")));
        Block::of(self.engine.storage.unnest(&exprs, needed.contains(&position), &alias))
    }

    pub(super) fn param(&mut self, number: usize, leaf: Leaf, is_list: bool) -> Expr {
        if let Some(is_used) = self.params.get_mut(number - 1) {
            *is_used = true;
        }
        self.engine.storage.param(number, leaf, is_list)
    }

    fn values(
        &mut self,
        rel: &Rel,
        rows: &[Vec<Scalar>],
        columns: &[ColId],
        position: ColId,
        alias: Ident,
    ) -> Block {
        let mut lines = Vec::new();
        for (index, row) in (1i64..).zip(rows) {
            let mut line = vec![expr::number(index)];
            line.extend(row.iter().map(|scalar| self.scalar(scalar)));
            lines.push(line);
        }
        let mut names = vec![Ident::Fixed("o")];
        self.columns.insert(position, expr::column(&alias, Ident::Fixed("o")));
        for (n, column) in (1..).zip(columns) {
            names.push(Ident::Numbered("c", n));
            self.columns.insert(*column, expr::column(&alias, Ident::Numbered("c", n)));
        }
        // One row would be taken for constants, and what is made of constants is evaluated without being asked for.
        let is_constant = lines.len() == 1 && self.engine.capabilities.folds_errors;
        let query = Query::of(Body::Values(lines));
        let query = Box::new(if is_constant { query.fenced() } else { query });
        Block::of(From::Query { query, alias, columns: names, is_lateral: !rel.free().is_empty() })
    }

    fn recursion(&mut self, rel: &Rel, alias: Ident) -> Block {
        let Rel::Recursion { initial, leaves, state, counter, condition, step, next, columns, position } =
            rel
        else {
            return Block::default();
        };
        let (name, row) = (self.alias(), self.alias());
        let (i, long) = (Ident::Fixed("i"), self.engine.spelling.prim_type(Prim::Int64));
        let mut first = vec![expr::cast(&expr::number(0), long)];
        first.extend(initial.iter().zip(leaves).map(|(scalar, leaf)| self.typed(scalar, *leaf)));
        let counter_value = expr::column(&row, i.clone());
        self.columns.insert(*counter, counter_value.clone());
        let mut names = vec![i.clone()];
        for (n, column) in (1..).zip(state) {
            names.push(Ident::Numbered("c", n));
            self.columns.insert(*column, expr::column(&row, Ident::Numbered("c", n)));
        }
        let needed = with_free(&condition.free(), next);
        let table = tree::Table { schema: None, name: name.clone() };
        let mut block = Block::of(From::Table { table: table.clone(), alias: row });
        let condition = self.scalar(condition);
        block.conditions.push(condition);
        let step = self.open_plain(step, &needed);
        let block = block.join(step);
        let mut after = vec![expr::binary("+", &counter_value, &expr::number(1))];
        after.extend(next.iter().zip(leaves).map(|(scalar, leaf)| self.typed(scalar, *leaf)));
        let both = Body::UnionAll(vec![Block::default().query(first), block.query(after)]);
        let with = With {
            name: name.clone(),
            columns: names.clone(),
            kind: WithKind::Recursive,
            query: Query::of(both),
        };
        let select = Select {
            columns: vec![Output::All(name.clone())],
            from: Some(From::Table { table, alias: name }),
            ..Select::default()
        };
        let query = Query { with: vec![with], ..Query::select(select) };
        self.columns.insert(*position, expr::column(&alias, i));
        for (column, name) in columns.iter().zip(names.into_iter().skip(1)) {
            self.columns.insert(*column, expr::column(&alias, name));
        }
        Block::of(From::Query {
            query: Box::new(query),
            alias,
            columns: Vec::new(),
            is_lateral: !rel.free().is_empty(),
        })
    }

    /// A value of exactly the type, and for text the collation, of a column: both sides of a recursion must agree.
    fn typed(&mut self, scalar: &Scalar, leaf: Leaf) -> Expr {
        let value = self.scalar(scalar);
        let value = expr::cast(&value, self.engine.storage.column_type(leaf));
        match leaf {
            Leaf::Prim(Prim::Text) | Leaf::Null(Prim::Text) if self.engine.capabilities.has_collations => {
                expr::template("{} COLLATE \"C\"", [&value])
            }
            _ => value,
        }
    }
}

/// A table by its name.
pub(super) fn named(table: &crate::catalog::Table) -> tree::Table {
    tree::Table { schema: Some(Ident::quoted(&table.schema)), name: Ident::quoted(&table.name.name) }
}
