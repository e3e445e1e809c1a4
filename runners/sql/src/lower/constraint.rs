//! What a statement relies on in its tables, and how it finds out that this holds no more.
//!
//! A table may be altered after a program was prepared for it. A database that plans a statement again when a table has
//! changed tells by an error if a name is gone, but a lost NOT NULL or key would change the answer without a word, and so
//! may another type. A statement therefore says what it relies on, in terms that cost nothing while they hold.

use runner_core::{Field, TypeId};

use super::{Frame, Lowering, columns, input::places};
use crate::{
    catalog::{Column, Table},
    relation::Relation,
    shape::Shape,
    sql::Sql,
};

/// A use of a table.
pub(super) struct Reliance {
    table: Table,
    /// Its name in the statement; `None` if it is written.
    alias: Option<String>,
    /// Names of the columns whose values are no options.
    strict: Vec<String>,
    /// The unique column by which rows are joined.
    key: Option<String>,
}

/// What the statement says beside the program.
#[derive(Default)]
pub(super) struct Checks {
    /// Tables by name and alias, and what holds for none of their rows, and fails for one that holds a NULL.
    nulls: Vec<(String, String, String)>,
    /// What holds as long as tables are what they were.
    others: Vec<String>,
}

impl Checks {
    pub(super) fn is_empty(&self) -> bool {
        self.nulls.is_empty() && self.others.is_empty()
    }
}

impl Lowering<'_> {
    /// Notes that a table is read.
    pub(super) fn rely(&mut self, table: &Table, alias: &str, fields: &[Field]) {
        if !self.dialect.checks_tables() {
            return;
        }
        let is_strict =
            |field: &&Field| !matches!(self.shapes.get(field.ty), Shape::Null(_) | Shape::Option(_));
        let strict = fields.iter().filter(is_strict).filter_map(|field| field.name.as_deref());
        let strict = strict.map(Into::into).collect();
        self.reliances.push(Reliance { table: table.clone(), alias: Some(alias.into()), strict, key: None });
    }

    /// Notes that a table is written.
    pub(super) fn rely_on_types(&mut self, table: &Table, columns: &[String]) {
        if self.dialect.checks_tables() {
            let mut table = table.clone();
            table.columns.retain(|column| columns.contains(&column.name));
            self.reliances.push(Reliance { table, alias: None, strict: Vec::new(), key: None });
        }
    }

    /// Notes that no two rows of the table of this alias agree in a column.
    pub(super) fn rely_on_key(&mut self, alias: &str, key: &Sql) {
        let dialect = self.dialect;
        let reliance = self.reliances.iter_mut().find(|reliance| reliance.alias.as_deref() == Some(alias));
        if let Some(Reliance { table, key: found, .. }) = reliance {
            let is_key = |name: &&String| *key.text() == format!("{alias}.{}", dialect.quote(name));
            *found = table.unique.iter().find(is_key).cloned();
        }
    }

    /// What a statement has to say beside the program. `decoded` are columns of its result that may not be NULL, so that
    /// a NULL is found there.
    pub(super) fn checks(&self, sql: &str, decoded: &[Sql]) -> Checks {
        let mut checks = Checks::default();
        for Reliance { table, alias, strict, key } in &self.reliances {
            let name = |column: &Column| {
                let alias = alias.as_ref()?;
                Some(format!("{alias}.{}", self.dialect.quote(&column.name)))
            };
            let is_used =
                |column: &&Column| name(column).is_none_or(|name| places(sql, &name).next().is_some());
            let used: Vec<_> = table.columns.iter().filter(is_used).collect();
            let text = self.table_text(table);
            for check in self.dialect.table_checks(table, &text, &used, key.as_deref()) {
                if !checks.others.contains(&check) {
                    checks.others.push(check);
                }
            }
            let Some(alias) = alias else { continue };
            let stands_elsewhere = |column: &Column| {
                let name = name(column).unwrap_or_default();
                places(sql, &name).count() > decoded.iter().filter(|sql| sql.text() == name).count()
            };
            let relies = |column: &&&Column| {
                column.is_not_null
                    && column.fields.is_empty()
                    && strict.contains(&column.name)
                    && stands_elsewhere(column)
            };
            let columns: Vec<_> = used.iter().filter(relies).map(|column| column.name.as_str()).collect();
            if !columns.is_empty() {
                checks.nulls.push((text, alias.clone(), self.dialect.null_check(alias, &columns)));
            }
        }
        checks
    }

    /// Adds the checks to what the statement is made of: its rows, or its frame. Gives what has to stand before its
    /// SELECT.
    pub(super) fn check(&self, checks: Checks, mut rows: Option<&mut Relation>, frame: &mut Frame) -> String {
        let mut conditions = checks.others;
        let mut prefix = String::new();
        match (&rows, checks.nulls.as_slice()) {
            // An arm without rows is gone from the plan, which a condition is not.
            (Some(rows), [(table, alias, check)])
                if frame.is_empty()
                    && rows.order.is_empty()
                    && rows.from == format!("{table} AS {alias}") =>
            {
                prefix =
                    format!("SELECT {} FROM {} WHERE {check} UNION ALL ", columns(&rows.item), rows.from);
            }
            (_, nulls) => {
                let condition = |(table, alias, check): &(String, String, String)| {
                    format!("NOT EXISTS (SELECT FROM {table} AS {alias} WHERE {check})")
                };
                conditions.extend(nulls.iter().map(condition));
            }
        }
        let conditions = conditions.into_iter().map(|text| Sql::query(text, true));
        match &mut rows {
            Some(rows) if frame.is_empty() => rows.wheres.extend(conditions),
            _ => frame.wheres.extend(conditions),
        }
        prefix
    }

    /// Columns of rows in which decoding finds a NULL.
    pub(super) fn decoded(&self, rows: &Relation, item: TypeId) -> Vec<Sql> {
        let mut is_strict = Vec::new();
        self.strict_leaves(item, true, &mut is_strict);
        let leaves = rows.item.leaves().into_iter().zip(is_strict);
        leaves.filter(|(_, is_strict)| *is_strict).map(|(leaf, _)| leaf).collect()
    }

    fn strict_leaves(&self, ty: TypeId, is_strict: bool, leaves: &mut Vec<bool>) {
        match self.shapes.get(ty) {
            Shape::Tuple => {
                self.shapes.fields(ty).into_iter().for_each(|ty| self.strict_leaves(ty, is_strict, leaves));
            }
            Shape::Option(payload) => {
                leaves.push(is_strict);
                self.strict_leaves(payload, false, leaves);
            }
            Shape::Null(_) => leaves.push(false),
            Shape::Prim(_) | Shape::Tag | Shape::Enum | Shape::Array(_) => leaves.push(is_strict),
        }
    }
}
