//! What a statement relies on in its tables, and how it finds out that this holds no more.
//!
//! A table may be altered after a program was prepared for it. A database that plans a statement again when a table has
//! changed tells by an error if a name is gone, but a lost NOT NULL or key would change the answer without a word, and so
//! may another type. A statement therefore says what it relies on, in terms that cost nothing while they hold.

use std::rc::Rc;

use super::{Block, Emitter, source::named};
use crate::{
    catalog::Table,
    engine::Reliance,
    output::Output,
    plan::{self, Scalar},
    shape::{Leaf, Shape},
    tree::{Body, Expr, From, Ident, Query, Select, expr},
};

/// A use of a table in the statement.
pub(super) struct Use {
    table: Rc<Table>,
    /// Its name in the statement; `None` if it is written.
    alias: Option<Ident>,
    /// Places of the columns whose types matter.
    columns: Vec<usize>,
    /// Those that may not hold a NULL, and in which nothing else would find one.
    strict: Vec<usize>,
    /// The unique column by which rows are joined.
    pub(super) key: Option<String>,
}

impl Emitter<'_> {
    /// Notes what is read of a table.
    pub(super) fn rely(&mut self, table: &plan::Table, alias: &Ident, fields: &[&plan::ScanField]) {
        if !self.engine.capabilities.checks_tables {
            return;
        }
        let leaves = match self.plan.output {
            Output::Row(ty) | Output::Rows(ty) => self.shapes.leaves(ty),
            Output::Unit => Vec::new(),
        };
        let is_strict = |field: &&&plan::ScanField| {
            let Some(column) = table.table.columns.get(field.column) else { return false };
            let is_option = matches!(self.shapes.get(field.ty), Shape::Null(_) | Shape::Option(_));
            // Decoding finds a NULL in what is nothing but a column of the result that has none.
            let is_decoded = field.columns.iter().all(|column| {
                let in_root = |(scalar, leaf): &(&Scalar, &Leaf)| {
                    scalar.as_column() == Some(*column) && !matches!(leaf, Leaf::Null(_))
                };
                let outputs = self.plan.root.columns.iter().zip(&leaves).filter(in_root).count();
                self.uses.get(column).copied().unwrap_or_default().count <= outputs
            });
            column.is_not_null && column.fields.is_empty() && !is_option && !is_decoded
        };
        let strict = fields.iter().filter(is_strict).map(|field| field.column).collect();
        let columns = fields.iter().map(|field| field.column).collect();
        let (table, alias) = (Rc::clone(&table.table), Some(alias.clone()));
        self.relied.push(Use { table, alias, columns, strict, key: None });
    }

    /// Notes what is written of a table.
    pub(super) fn rely_on_types(&mut self, table: &Rc<Table>, columns: Vec<usize>) {
        if self.engine.capabilities.checks_tables {
            let table = Rc::clone(table);
            self.relied.push(Use { table, alias: None, columns, strict: Vec::new(), key: None });
        }
    }

    /// Notes that no two rows of the table of this alias agree in a column.
    pub(super) fn rely_on_key(&mut self, alias: &Ident, key: &str) {
        if let Some(found) = self.relied.iter_mut().find(|found| found.alias.as_ref() == Some(alias)) {
            found.key = Some(key.into());
        }
    }

    /// The query with what has to be said beside it.
    pub(super) fn checked(&mut self, mut block: Block, columns: Vec<Expr>) -> Query {
        let mut conditions: Vec<Expr> = Vec::new();
        let mut nulls = Vec::new();
        for Use { table, alias, columns, strict, key } in &self.relied {
            let used: Vec<_> = columns.iter().filter_map(|index| table.columns.get(*index)).collect();
            let reliance = Reliance { table, columns: &used, key: key.as_deref() };
            for check in self.engine.spelling.checks(&reliance) {
                if !conditions.contains(&check) {
                    conditions.push(check);
                }
            }
            if let (Some(alias), false) = (alias, strict.is_empty()) {
                let names: Vec<_> = strict
                    .iter()
                    .filter_map(|index| table.columns.get(*index))
                    .map(|column| column.name.as_str())
                    .collect();
                nulls.push((Rc::clone(table), alias.clone(), self.engine.spelling.null_check(alias, &names)));
            }
        }
        let from_table =
            |table: &Rc<Table>, alias: &Ident| From::Table { table: named(table), alias: alias.clone() };
        let is_plain = block.order.is_empty() && !block.is_done;
        if let ([(table, alias, check)], true) = (nulls.as_slice(), is_plain)
            && block.from.as_ref() == Some(&from_table(table, alias))
        {
            // An arm without rows is gone from the plan, which a condition is not.
            let mut failing = Block::of(from_table(table, alias));
            failing.conditions.push(check.clone());
            block.conditions.extend(conditions);
            return Query::of(Body::UnionAll(vec![failing.query(columns.clone()), block.query(columns)]));
        }
        for (table, alias, check) in nulls {
            let from = Some(from_table(&table, &alias));
            let select = Select { from, conditions: vec![check], ..Select::default() };
            conditions.push(expr::not(&expr::exists(Query::select(select))));
        }
        block.conditions.splice(0..0, conditions);
        block.query(columns)
    }
}
