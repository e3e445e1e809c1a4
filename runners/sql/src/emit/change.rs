//! Changes of tables, each a common table expression, which is executed whether it is read or not.

use std::rc::Rc;

use super::{Emitter, rel::with_free, source::named};
use crate::{
    catalog::Table,
    engine::Cell,
    plan::{Change, ColId, ColIds, Rel, Scalar, Written},
    tree::{Body, Expr, From, Ident, Query, expr},
};

impl Emitter<'_> {
    pub(super) fn change(&mut self, change: &Change) -> Query {
        match change {
            Change::Insert { table, rel, order, columns } => {
                let scalars = columns.iter().flat_map(|written| written.value.all());
                let scalars = scalars.chain(order.iter().map(|key| &key.scalar));
                let needed = with_free(&ColIds::default(), scalars);
                let mut block = self.open(rel, &needed);
                let mut order = self.order(order);
                if block.limit.is_some() && order == block.order {
                    order.clear();
                } else if block.limit.is_some() {
                    block = self.closed(block, rel, &needed);
                }
                block.order.extend(order);
                let (columns, values) = self.written(table, columns).into_iter().unzip();
                let query = Box::new(block.query(values));
                Query::of(Body::Insert { table: named(table), columns, query })
            }
            Change::Delete { table, rel, row_id } => {
                let (from, same) = self.chosen(rel, row_id, &[]);
                let alias = from.1;
                Query::of(Body::Delete { table: named(table), alias, using: Some(from.0), condition: same })
            }
            Change::Update { table, rel, row_id, columns } => {
                let scalars: Vec<_> =
                    columns.iter().flat_map(|written| written.value.all()).cloned().collect();
                let (from, condition) = self.chosen(rel, row_id, &scalars);
                let (from, alias) = from;
                // The values are columns of what was chosen.
                let chosen = match &from {
                    From::Query { alias, .. } => alias.clone(),
                    _ => alias.clone(),
                };
                let mut n = self.engine.capabilities.row_id.len();
                let columns: Vec<_> = columns
                    .iter()
                    .map(|written| {
                        let value = written.value.clone().map(&mut |_| {
                            n += 1;
                            let column = self.new_column();
                            self.columns.insert(column, expr::column(&chosen, Ident::Numbered("c", n)));
                            Scalar::Column(column)
                        });
                        Written { value, ..written.clone() }
                    })
                    .collect();
                let set = self.written(table, &columns);
                Query::of(Body::Update { table: named(table), alias, set, from, condition })
            }
        }
    }

    /// Rows of a table that are to be changed, by what tells them apart: a FROM item of that and these values, the name of
    /// the table beside it, and the condition by which they meet.
    fn chosen(&mut self, rel: &Rel, row_id: &[ColId], values: &[Scalar]) -> ((From, Ident), Expr) {
        let mut needed = with_free(&ColIds::default(), values);
        needed.extend(row_id);
        let block = self.open_plain(rel, &needed);
        let (target, chosen) = (self.alias(), self.alias());
        let ids = self.engine.capabilities.row_id;
        let mut columns: Vec<_> = row_id.iter().map(|column| self.column(*column)).collect();
        columns.extend(values.iter().map(|value| self.scalar(value)));
        let query = Box::new(block.query(columns));
        let same = (1..).zip(ids).map(|(n, id)| {
            let own = expr::column(&target, Ident::Fixed(id));
            expr::equal(&own, &expr::column(&chosen, Ident::Numbered("c", n)))
        });
        let condition = expr::and(same.collect::<Vec<_>>());
        ((From::Query { query, alias: chosen, columns: Vec::new(), is_lateral: false }, target), condition)
    }

    fn written(&mut self, table: &Rc<Table>, columns: &[Written]) -> Vec<(Ident, Expr)> {
        self.rely_on_types(table, columns.iter().map(|written| written.column).collect());
        let alias = Ident::Fixed("t");
        let mut all = Vec::new();
        for Written { column, ty, value } in columns {
            let Some(column) = table.columns.get(*column) else { continue };
            let value = value.clone().map(&mut |scalar| self.scalar(&scalar));
            let cell = Cell { alias: &alias, table, column };
            all.extend(self.engine.storage.write(*ty, &value, cell).unwrap_or_default());
        }
        all
    }
}
