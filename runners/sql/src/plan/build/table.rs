//! `std::sql`: tables as rows.

use std::{collections::HashSet, rc::Rc};

use runner_core::{Error, ExprId, Field, Kind, Literal, Result, TypeId};

use super::Builder;
use crate::{
    catalog::{self, Column, TableName},
    engine::Cell,
    plan::{Rel, Rows, Scalar, ScanField, Table, Val},
    shape::Shape,
    tree::Ident,
};

impl Builder<'_> {
    pub(super) fn external(&mut self, id: ExprId, function: u32, args: &[ExprId]) -> Result<Val> {
        let path = self.program.externals().get(function as usize).map(|external| external.path.as_str());
        match (path, args) {
            (Some("std::sql::from"), [name]) => {
                let item = self.item_type(self.ty(id)?)?;
                let table = self.table(*name)?;
                Ok(Val::Rows(Box::new(self.table_rows(*name, &table, item)?)))
            }
            (Some("std::sql::raw"), [query]) => self.raw(id, *query),
            (Some("std::sql::insert"), [rows, name]) => self.insert(id, *rows, *name),
            (Some("std::sql::update"), [name, f]) => self.update(id, *name, *f),
            (Some("std::sql::delete"), [name, f]) => self.delete(id, *name, *f),
            (Some(path), _) => Err(self.unsupported(id, &format!("the external function `{path}`"))),
            (None, _) => Err(self.unsupported(id, "an external function that is not there")),
        }
    }

    /// The rows of a table, in no order.
    pub(super) fn table_rows(
        &mut self,
        name: ExprId,
        table: &Rc<catalog::Table>,
        item: TypeId,
    ) -> Result<Rows> {
        let types = self.program.types();
        let (mut fields, mut values) = (Vec::new(), Vec::new());
        for field in types.as_tuple(types.unframed(item)).unwrap_or_default() {
            let column = self.table_column(name, table, field)?;
            let (field, value) = self.read(name, table, column, field.ty)?;
            fields.push(field);
            values.push(value);
        }
        let rel = Rel::Scan(Box::new(Table { table: Rc::clone(table), fields, row_id: Vec::new() }));
        Ok(Rows::unordered(rel, Val::Tuple(values)))
    }

    /// The result of a query, in its order.
    fn raw(&mut self, id: ExprId, query: ExprId) -> Result<Val> {
        let text = self.constant_text(query)?;
        let item = self.item_type(self.ty(id)?)?;
        let Some(table) = self.tables.iter().find(|table| table.is_query && table.name.name == text) else {
            return Err(self.unsupported(id, "`raw`"));
        };
        // What its columns are called outside of it.
        let mut named = table.clone();
        for (column, name) in named.columns.iter_mut().zip(names(table)) {
            column.name = name;
        }
        let named = Rc::new(named);
        let types = self.program.types();
        let row = types.as_tuple(types.unframed(item));
        let wanted: Vec<(Option<&str>, TypeId)> = match row {
            Some(fields) => fields
                .iter()
                .map(|field| (Some(field.name.as_deref().unwrap_or_default()), field.ty))
                .collect(),
            None => vec![(None, item)],
        };
        let (mut fields, mut values) = (Vec::new(), Vec::new());
        for (name, ty) in wanted {
            let column = match name {
                Some(name) => table.columns.iter().position(|column| column.name == name),
                None if table.columns.len() == 1 => Some(0),
                None => return Err(self.mismatch(id, table, "every field of a row must have a name")),
            };
            let Some(column) = column else {
                let words = format!("there is no column `{}`", name.unwrap_or_default());
                return Err(self.mismatch(id, table, &words));
            };
            let (field, value) = self.read(id, &named, column, ty)?;
            fields.push(field);
            values.push(value);
        }
        let position = self.column();
        let value = match row {
            None => values.remove(0),
            Some(_) => Val::Tuple(values),
        };
        let rel = Rel::Raw { table: Box::new(Table { table: named, fields, row_id: Vec::new() }), position };
        Ok(Val::Rows(Box::new(Rows::counted(rel, value, position))))
    }

    /// The value of a column. One that may be NULL though its type is no option is checked where it is used.
    fn read(
        &mut self,
        id: ExprId,
        table: &catalog::Table,
        index: usize,
        ty: TypeId,
    ) -> Result<(ScanField, Val)> {
        let Some(column) = table.columns.get(index) else {
            return Err(self.mismatch(id, table, "a column is gone"));
        };
        let alias = Ident::Fixed("t");
        if self.engine.storage.read(ty, Cell { alias: &alias, table, column }).is_none() {
            return Err(self.mismatched_column(id, table, column, ty));
        }
        let (columns, value) = self.new_value(ty);
        let value = match (self.shapes.get(ty), value) {
            (Shape::Prim(prim), Val::One(value)) if !column.is_not_null => {
                let name = crate::print::quoted(&column.name);
                let message = format!("the column {name} holds a NULL, but its type is not an option");
                Val::One(Scalar::NotNull { value: Box::new(value), message, leaf: crate::Leaf::Prim(prim) })
            }
            (_, value) => value,
        };
        Ok((ScanField { ty, column: index, columns }, value))
    }

    /// Place of the column for a field of a row.
    pub(super) fn table_column(&self, id: ExprId, table: &catalog::Table, field: &Field) -> Result<usize> {
        let Some(name) = &field.name else {
            return Err(self.mismatch(id, table, "every field of a row must have a name"));
        };
        let column = table.columns.iter().position(|column| column.name == **name);
        column.ok_or_else(|| self.mismatch(id, table, &format!("there is no column `{name}`")))
    }

    /// A text that is known when the program is compiled.
    fn constant_text(&self, id: ExprId) -> Result<String> {
        match &self.expr(id)?.kind {
            Kind::Literal(Literal::Text(text)) => Ok(text.to_string()),
            _ => Err(self.unsupported(id, "a table name that is no literal")),
        }
    }

    pub(super) fn table(&self, name: ExprId) -> Result<Rc<catalog::Table>> {
        let wanted = TableName::parse(&self.constant_text(name)?);
        match self.tables.iter().find(|table| table.name == wanted && !table.is_query) {
            Some(table) => Ok(Rc::new(table.clone())),
            None => {
                let words = match &wanted.schema {
                    Some(schema) => format!("there is no table `{}` in schema `{schema}`", wanted.name),
                    None => format!("there is no table `{}`", wanted.name),
                };
                Err(self.placed(name, Error::prepare(words)))
            }
        }
    }

    /// An error that shows what a column is and what the field for it is.
    pub(super) fn mismatched_column(
        &self,
        id: ExprId,
        table: &catalog::Table,
        column: &Column,
        ty: TypeId,
    ) -> Error {
        let field = self.program.types().display(ty);
        let words = format!("the column `{}` is {}, the field is {field}", column.name, column.database_type);
        self.mismatch(id, table, &words)
    }

    pub(super) fn mismatch(&self, id: ExprId, table: &catalog::Table, words: &str) -> Error {
        let columns: Vec<_> =
            table.columns.iter().map(|column| format!("{} {}", column.name, column.database_type)).collect();
        let what = if table.is_query { "query" } else { "table" };
        let words = format!(
            "the {what} `{}` does not fit: {words}; its columns are ({})",
            table.name.name,
            columns.join(", ")
        );
        self.placed(id, Error::prepare(words))
    }
}

/// What the columns of a query are called outside of it: as within, unless it gives a name twice, or the one that
/// counts its rows. Databases may ignore case.
fn names(table: &catalog::Table) -> Vec<String> {
    let mut seen = HashSet::from(["o".to_owned()]);
    if table.columns.iter().all(|column| !column.name.is_empty() && seen.insert(column.name.to_lowercase())) {
        return table.columns.iter().map(|column| column.name.clone()).collect();
    }
    (1..=table.columns.len()).map(|n| format!("c{n}")).collect()
}
