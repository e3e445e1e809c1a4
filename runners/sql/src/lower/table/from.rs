use runner_core::{ExprId, Field, Result, TypeId};

use crate::{
    catalog::{Column, Table, TableName},
    lower::Lowering,
    relation::{Keys, Relation},
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
            let column = self.column(name, table, field)?;
            let Some(value) = self.dialect.read_column(&self.shapes, field.ty, &alias, column, table) else {
                return Err(self.mismatched_column(name, table, column, field.ty));
            };
            values.push(value);
        }
        let from = format!("{} AS {alias}", self.table_text(table));
        let columns = |names: &[String]| {
            names.iter().map(|name| Sql::column(&alias, &self.dialect.quote(name))).collect::<Vec<_>>()
        };
        let keys =
            Keys { unique: columns(&table.unique), indexed: columns(&table.indexed), alias: alias.clone() };
        self.rely(table, &alias, fields);
        Ok(Relation { keys: Some(keys), ..Relation::new(from, Val::Tuple(values)) })
    }

    /// The column for a field of a row.
    pub(super) fn column<'a>(&self, id: ExprId, table: &'a Table, field: &Field) -> Result<&'a Column> {
        let Some(name) = &field.name else {
            return Err(self.mismatch(id, table, "every field of a row must have a name"));
        };
        let column = table.columns.iter().find(|column| column.name == **name);
        column.ok_or_else(|| self.mismatch(id, table, &format!("there is no column `{name}`")))
    }

    /// The name of a table, with its schema.
    pub(in crate::lower) fn table_text(&self, table: &Table) -> String {
        format!("{}.{}", self.dialect.quote(&table.schema), self.dialect.quote(&table.name.name))
    }

    pub(in crate::lower) fn table(&self, name: ExprId) -> Result<Table> {
        let wanted = TableName::parse(&self.constant_text(name)?);
        match self.tables.iter().find(|table| table.name == wanted && !table.is_query) {
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

    /// An error that shows what a column is and what the field for it is.
    pub(in crate::lower) fn mismatched_column(
        &self,
        id: ExprId,
        table: &Table,
        column: &Column,
        ty: TypeId,
    ) -> runner_core::Error {
        let field = self.program.types().display(ty);
        let words = format!("the column `{}` is {}, the field is {field}", column.name, column.database_type);
        self.mismatch(id, table, &words)
    }

    pub(in crate::lower) fn mismatch(&self, id: ExprId, table: &Table, words: &str) -> runner_core::Error {
        let columns: Vec<_> =
            table.columns.iter().map(|column| format!("{} {}", column.name, column.database_type)).collect();
        let what = if table.is_query { "query" } else { "table" };
        let words = format!(
            "the {what} `{}` does not fit: {words}; its columns are ({})",
            table.name.name,
            columns.join(", ")
        );
        self.placed(id, runner_core::Error::prepare(words))
    }
}
