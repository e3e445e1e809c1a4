use runner_core::{ExprId, Result, TypeId};

use crate::{
    catalog::{Column, Table, TableName},
    lower::Lowering,
    relation::{Keys, Relation},
    shape::{Leaf, Shape},
    sql::Sql,
    value::Val,
};

impl Lowering<'_> {
    /// The rows of a table, in no order.
    pub(in crate::lower) fn table_rows(
        &mut self,
        name: ExprId,
        table: &Table,
        item: TypeId,
    ) -> Result<Relation> {
        let alias = self.alias();
        let fields = self.program.types().as_tuple(self.program.types().unframed(item)).unwrap_or_default();
        let mut values = Vec::new();
        for field in fields {
            let Some(field_name) = &field.name else {
                return Err(self.mismatch(name, table, "every field of a row must have a name"));
            };
            let Some(column) = table.columns.iter().find(|column| column.name == *field_name) else {
                return Err(self.mismatch(name, table, &format!("there is no column `{field_name}`")));
            };
            let sql = Sql::column(&alias, &self.dialect.quote(&column.name));
            let types = self.program.types();
            let wrong = format!(
                "the column `{field_name}` is {}, the field is {}",
                column.database_type,
                types.display(field.ty)
            );
            let leaf = match self.shapes.get(field.ty) {
                Shape::Prim(prim) => Leaf::Prim(prim),
                Shape::Null(prim) => Leaf::Null(prim),
                _ => return Err(self.mismatch(name, table, &wrong)),
            };
            let Some(value) = self.dialect.read_column(leaf, &sql, &column.database_type) else {
                return Err(self.mismatch(name, table, &wrong));
            };
            values.push(Val::Leaf(self.checked_column(value, column, leaf)));
        }
        let from = format!("{} AS {alias}", self.table_text(table));
        let columns = |names: &[String]| {
            names.iter().map(|name| Sql::column(&alias, &self.dialect.quote(name))).collect::<Vec<_>>()
        };
        let keys = Keys { unique: columns(&table.unique), indexed: columns(&table.indexed) };
        Ok(Relation { keys: Some(keys), ..Relation::new(from, Val::Tuple(values)) })
    }

    /// The name of a table, with its schema.
    pub(super) fn table_text(&self, table: &Table) -> String {
        format!("{}.{}", self.dialect.quote(&table.schema), self.dialect.quote(&table.name.name))
    }

    fn checked_column(&self, value: Sql, column: &Column, leaf: Leaf) -> Sql {
        match leaf {
            Leaf::Prim(_) if !column.is_not_null => self.dialect.not_null(&value, &column.name, leaf),
            _ => value,
        }
    }

    pub(in crate::lower) fn table(&self, name: ExprId) -> Result<Table> {
        let wanted = TableName::parse(&self.constant_text(name)?);
        match self.tables.iter().find(|table| table.name == wanted) {
            Some(table) => Ok(table.clone()),
            None => {
                let words = match &wanted.schema {
                    Some(schema) => format!("there is no table `{}` in schema `{schema}`", wanted.name),
                    None => format!("there is no table `{}`", wanted.name),
                };
                Err(self.placed(name, runner_core::Error::prepare(words)))
            }
        }
    }

    pub(in crate::lower) fn mismatch(&self, id: ExprId, table: &Table, words: &str) -> runner_core::Error {
        let columns: Vec<_> =
            table.columns.iter().map(|column| format!("{} {}", column.name, column.database_type)).collect();
        let words = format!(
            "the table `{}` does not fit: {words}; its columns are ({})",
            table.name.name,
            columns.join(", ")
        );
        self.placed(id, runner_core::Error::prepare(words))
    }
}
