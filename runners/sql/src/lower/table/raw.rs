use std::collections::HashSet;

use runner_core::{ExprId, Field, Result, TypeId};

use crate::{
    catalog::Table,
    lower::Lowering,
    relation::Relation,
    shape::{Shape, Shapes},
    sql::Sql,
    value::Val,
};

impl Lowering<'_> {
    /// A query as a relation in the order that the query gives. It stands as a subquery, so it can't be a change.
    pub(super) fn raw(&mut self, id: ExprId, query: ExprId) -> Result<Val> {
        let text = self.constant_text(query)?;
        let Shape::Array(item) = self.shapes.get(self.ty(id)?) else {
            return Err(self.unsupported(id, "`raw` that gives no array"));
        };
        let Some(table) = self.tables.iter().find(|table| table.is_query && table.name.name == text).cloned()
        else {
            return Err(self.unsupported(id, "`raw`"));
        };
        let alias = self.alias();
        let names = names(&table);
        let at = |index: usize| {
            let mut column = table.columns.get(index).cloned()?;
            column.name = names.get(index)?.clone();
            Some(column)
        };
        let types = self.program.types();
        let mut values = Vec::new();
        for Named { name, ty } in fields(&self.shapes, item) {
            let found = match &name {
                Some(name) => table.columns.iter().position(|column| column.name == *name),
                None if table.columns.len() == 1 => Some(0),
                None => return Err(self.mismatch(id, &table, "every field of a row must have a name")),
            };
            let Some(column) = found.and_then(at) else {
                let words = format!("there is no column `{}`", name.unwrap_or_default());
                return Err(self.mismatch(id, &table, &words));
            };
            let Some(value) = self.dialect.read_column(&self.shapes, ty, &alias, &column, &table) else {
                let column = found.and_then(|index| table.columns.get(index)).unwrap_or(&column);
                return Err(self.mismatched_column(id, &table, column, ty));
            };
            values.push(value);
        }
        let is_row = types.as_tuple(types.unframed(item)).is_some();
        let inner = self.alias();
        let query = text.trim_end().trim_end_matches(';');
        let from = format!(
            "(SELECT {inner}.*, row_number() OVER () AS o FROM (\n{query}\n) AS {inner}) AS {alias}({}, o)",
            names.iter().map(|name| self.dialect.quote(name)).collect::<Vec<_>>().join(", ")
        );
        let value = match (is_row, values.len()) {
            (false, 1) => values.remove(0),
            _ => Val::Tuple(values),
        };
        Ok(Val::Rows(Box::new(Relation::counted(from, value, Sql::column(&alias, "o")))))
    }
}

/// What the columns of a query are called outside of it: as within, unless it gives a name twice, or the one that
/// counts its rows. Databases may ignore case.
fn names(table: &Table) -> Vec<String> {
    let mut seen = HashSet::from(["o".to_owned()]);
    if table.columns.iter().all(|column| !column.name.is_empty() && seen.insert(column.name.to_lowercase())) {
        return table.columns.iter().map(|column| column.name.clone()).collect();
    }
    (1..=table.columns.len()).map(|n| format!("c{n}")).collect()
}

struct Named {
    name: Option<String>,
    ty: TypeId,
}

/// The fields of a row, or the one column that a row of a scalar has.
fn fields(shapes: &Shapes, item: TypeId) -> Vec<Named> {
    match shapes.types().as_tuple(shapes.types().unframed(item)) {
        Some(fields) => fields
            .iter()
            .map(|Field { name, ty }| Named {
                name: Some(name.as_deref().unwrap_or_default().into()),
                ty: *ty,
            })
            .collect(),
        None => vec![Named { name: None, ty: item }],
    }
}
