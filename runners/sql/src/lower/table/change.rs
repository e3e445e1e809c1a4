//! Changes to tables: a common table expression each, which is executed whether it is read or not.

use runner_core::{Code, Error, ExprId, Kind, Result, TypeId};

use crate::{
    catalog::{Column, Table},
    lower::{Frame, Lowering},
    relation::Relation,
    sql::Sql,
    value::Val,
};

impl Lowering<'_> {
    pub(super) fn insert(
        &mut self,
        id: ExprId,
        rows: ExprId,
        name: ExprId,
        frame: &mut Frame,
    ) -> Result<Val> {
        self.check_place(id)?;
        let table = self.table(name)?;
        let (rows, item) = self.rows(rows, frame)?;
        let rows = self.plain(rows);
        let mut rows = self.ready(rows)?;
        let mut tail = format!("{}{}{}", rows.tail(), rows.order_by(), rows.limit_text());
        if !frame.is_empty() {
            let inner = self.select_rows(&rows, frame);
            let alias = self.alias();
            rows.item = self.of_alias(item, &alias)?;
            tail = format!(" FROM ({inner}) AS {alias}");
        }
        let columns = self.column_values(name, &table, item, &rows.item)?;
        let is_left_out = |column: &&Column| columns.iter().all(|(written, _)| *written != column.name);
        if let Some(column) = table.columns.iter().filter(is_left_out).find(|column| !column.has_default) {
            let words = format!("the column `{}` has no default, and a row no field for it", column.name);
            return Err(self.mismatch(id, &table, &words));
        }
        let (columns, values): (Vec<_>, Vec<_>) = columns
            .into_iter()
            .map(|(column, value)| (self.dialect.quote(&column), value.to_string()))
            .unzip();
        let text = format!(
            "(INSERT INTO {} ({}) SELECT {}{tail})",
            self.table_text(&table),
            columns.join(", "),
            values.join(", ")
        );
        self.add_change(text)
    }

    pub(super) fn delete(&mut self, id: ExprId, name: ExprId, f: ExprId, frame: &mut Frame) -> Result<Val> {
        self.check_place(id)?;
        let table = self.table(name)?;
        let item = self.parameter_type(f)?;
        let mut rows = self.table_rows(name, &table, item)?;
        let alias = format!("t{}", self.aliases);
        // What stands around the change is evaluated within it, too.
        let mut inner = frame.clone();
        let (value, _) = self.apply(f, &[rows.item.clone()], None, &mut inner)?;
        let Val::Leaf(condition) = value else { return Err(self.unsupported(f, "a condition")) };
        let text = if inner.is_empty() {
            format!("(DELETE FROM {} WHERE {condition})", rows.from)
        } else {
            rows.item = Val::Tuple(Vec::new());
            Self::add_frame(&mut rows, inner);
            rows.wheres.push(condition);
            let target = self.alias();
            let chosen = self.alias();
            format!(
                "(DELETE FROM {} AS {target} USING (SELECT {}{}) AS {chosen} WHERE {})",
                self.table_text(&table),
                self.row_id_columns(&alias),
                rows.tail(),
                self.same_row(&target, &chosen)
            )
        };
        self.add_change(text)
    }

    pub(super) fn update(&mut self, id: ExprId, name: ExprId, f: ExprId, frame: &mut Frame) -> Result<Val> {
        self.check_place(id)?;
        let table = self.table(name)?;
        let item = self.parameter_type(f)?;
        let mut rows: Relation = self.table_rows(name, &table, item)?;
        let alias = format!("t{}", self.aliases);
        let (some, value) = match self.chosen(&mut rows, f, frame)? {
            Some(value) => (Sql::constant("true"), value),
            None => {
                // What stands around the change is evaluated within it, too.
                let mut inner = frame.clone();
                let (value, ty) = self.apply(f, &[rows.item.clone()], None, &mut inner)?;
                let Val::Option { some, value } = self.collected(value, ty)? else {
                    return Err(self.unsupported(f, "an update that gives no option of a row"));
                };
                Self::add_frame(&mut rows, inner);
                (some, *value)
            }
        };
        let (target, chosen) = (self.alias(), self.alias());
        let selected = super::super::numbered(&value.leaves());
        let changed = self.of_alias(item, &chosen)?;
        let values = self.column_values(name, &table, item, &changed)?;
        let sets: Vec<_> = values
            .iter()
            .map(|(column, value)| format!("{} = {value}", self.dialect.quote(column)))
            .collect();
        let text = format!(
            "(UPDATE {} AS {target} SET {} FROM (SELECT {}, {some} AS s, {}{}) AS {chosen} \
             WHERE {} AND {chosen}.s)",
            self.table_text(&table),
            sets.join(", "),
            self.row_id_columns(&alias),
            selected.join(", "),
            rows.tail(),
            self.same_row(&target, &chosen)
        );
        self.add_change(text)
    }

    /// The new row of an update by `if condition then .some(row) else .none`, whose condition is added to `rows`, so that
    /// an index can serve it; `None` if it is no such update.
    fn chosen(&mut self, rows: &mut Relation, f: ExprId, frame: &Frame) -> Result<Option<Val>> {
        let (params, body) = self.lambda(f)?;
        let Kind::If { condition, then, otherwise } = self.expr(body)?.kind else { return Ok(None) };
        let (&Kind::Variant { index: 1, payload }, &Kind::Variant { index: 0, .. }) =
            (&self.expr(then)?.kind, &self.expr(otherwise)?.kind)
        else {
            return Ok(None);
        };
        for (local, _) in params {
            self.bind(local, rows.item.clone());
        }
        let (mut before, mut after) = (frame.clone(), Frame::default());
        self.depth += 1;
        let test = self.lower(condition, &mut before)?;
        let value = self.lower(payload, &mut after)?;
        self.depth -= 1;
        let value = self.collected(value, self.ty(payload)?)?;
        // What the row needs beside itself would be evaluated for other rows, too.
        let (Val::Leaf(test), true) = (test, after.is_empty()) else { return Ok(None) };
        Self::add_frame(rows, before);
        rows.wheres.extend(test.conjuncts());
        Ok(Some(value))
    }

    /// `t1.ctid AS k1, ...`
    fn row_id_columns(&self, alias: &str) -> String {
        let columns = self.dialect.row_id(alias).into_iter().zip(1..);
        let columns: Vec<_> = columns.map(|(column, n)| format!("{column} AS k{n}")).collect();
        columns.join(", ")
    }

    /// `t2.ctid = t3.k1 AND ...`
    fn same_row(&self, target: &str, chosen: &str) -> String {
        let columns = self.dialect.row_id(target).into_iter().zip(1..);
        let equal: Vec<_> = columns.map(|(column, n)| format!("{column} = {chosen}.k{n}")).collect();
        equal.join(" AND ")
    }

    /// A change must stand where it is executed exactly once, and be the only one.
    fn check_place(&self, id: ExprId) -> Result<()> {
        if self.depth > 0 {
            return Err(self.unsupported(id, "a change of a table within a function or a branch"));
        }
        if self.has_change {
            return Err(self.unsupported(id, "more than one change of tables in a program"));
        }
        Ok(())
    }

    fn add_change(&mut self, text: String) -> Result<Val> {
        self.has_change = true;
        let name = format!("w{}", self.with.len() + 1);
        self.with.push((name, text));
        Ok(Val::Tuple(Vec::new()))
    }

    fn parameter_type(&self, f: ExprId) -> Result<TypeId> {
        let (params, _) = self.lambda(f)?;
        params
            .first()
            .map(|(_, ty)| *ty)
            .ok_or_else(|| Error::new(Code::Internal, "a function without parameters"))
    }

    /// Names of columns and what a row, whose leaves are cheap, puts there.
    fn column_values(
        &mut self,
        id: ExprId,
        table: &Table,
        item: TypeId,
        row: &Val,
    ) -> Result<Vec<(String, Sql)>> {
        let types = self.program.types();
        let fields = types.as_tuple(types.unframed(item)).unwrap_or_default();
        let Val::Tuple(values) = row else { return Err(self.mismatch(id, table, "a row must be a tuple")) };
        let mut columns = Vec::new();
        for (field, value) in fields.iter().zip(values) {
            let column = self.column(id, table, field)?;
            match self.dialect.write_column(&self.shapes, field.ty, value, column, table) {
                Some(written) => columns.extend(written),
                None => return Err(self.mismatched_column(id, table, column, field.ty)),
            }
        }
        let names: Vec<_> = columns.iter().map(|(name, _)| name.clone()).collect();
        self.rely_on_types(table, &names);
        Ok(columns)
    }
}
