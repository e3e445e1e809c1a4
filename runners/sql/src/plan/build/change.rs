//! Changes to tables. A program has one at most, outside of functions and branches.

use std::rc::Rc;

use runner_core::{Code, Error, ExprId, Kind, Result, TypeId};

use super::Builder;
use crate::{
    catalog,
    columns::Columns,
    engine::Cell,
    plan::{Change, ColId, JoinKind, Rel, Rows, Val, Written},
    tree::{Ident, expr},
};

impl Builder<'_> {
    pub(super) fn insert(&mut self, id: ExprId, rows: ExprId, name: ExprId) -> Result<Val> {
        self.check_place(id)?;
        let table = self.table(name)?;
        let (rows, item) = self.rows(rows)?;
        let rows = self.ready(rows, item)?;
        let columns = self.written(name, &table, item, rows.item)?;
        let is_written = |index: usize| {
            let name = table.columns.get(index).map(|column| column.name.as_str()).unwrap_or_default();
            let is_own = |written: &Written| {
                let own =
                    table.columns.get(written.column).map(|column| column.name.as_str()).unwrap_or_default();
                own == name || name.strip_prefix(own).is_some_and(|rest| rest.starts_with('.'))
            };
            columns.iter().any(is_own)
        };
        let left_out = table.columns.iter().enumerate().filter(|(index, _)| !is_written(*index));
        if let Some((_, column)) = left_out.into_iter().find(|(_, column)| !column.has_default) {
            let words = format!("the column `{}` has no default, and a row no field for it", column.name);
            return Err(self.mismatch(id, &table, &words));
        }
        let scope = self.scope.clone();
        let rel = scope.join(JoinKind::Inner, rows.rel, Vec::new());
        self.plan.change = Some(Change::Insert { table, rel, order: rows.order, columns });
        Ok(Val::unit())
    }

    pub(super) fn delete(&mut self, id: ExprId, name: ExprId, f: ExprId) -> Result<Val> {
        self.check_place(id)?;
        let table = self.table(name)?;
        let item = self.parameter_type(f)?;
        let (mut rows, row_id) = self.changed_rows(name, &table, item)?;
        let (Val::One(condition), _) = self.for_each(&mut rows, f)? else {
            return Err(self.unsupported(f, "a condition"));
        };
        self.plan.change = Some(Change::Delete { table, rel: rows.rel.filter(condition), row_id });
        Ok(Val::unit())
    }

    pub(super) fn update(&mut self, id: ExprId, name: ExprId, f: ExprId) -> Result<Val> {
        self.check_place(id)?;
        let table = self.table(name)?;
        let item = self.parameter_type(f)?;
        let (mut rows, row_id) = self.changed_rows(name, &table, item)?;
        let value = match self.chosen(&mut rows, f)? {
            Some(value) => value,
            None => {
                let (Val::Option { some, value }, _) = self.for_each(&mut rows, f)? else {
                    return Err(self.unsupported(f, "an update that gives no option of a row"));
                };
                rows.rel = rows.rel.filter(some);
                *value
            }
        };
        let columns = self.written(name, &table, item, value)?;
        self.plan.change = Some(Change::Update { table, rel: rows.rel, row_id, columns });
        Ok(Val::unit())
    }

    /// The rows of a table, with what stands around the change, which is evaluated within it, too; and what tells them
    /// apart.
    fn changed_rows(
        &mut self,
        name: ExprId,
        table: &Rc<catalog::Table>,
        item: TypeId,
    ) -> Result<(Rows, Vec<ColId>)> {
        let mut rows = self.table_rows(name, table, item)?;
        let row_id = self.new_columns(self.engine.capabilities.row_id.len());
        if let Rel::Scan(scan) = &mut rows.rel {
            scan.row_id.clone_from(&row_id);
        }
        rows.rel = rows.rel.join(JoinKind::Inner, self.scope.clone(), Vec::new());
        Ok((rows, row_id))
    }

    /// The new row of an update by `if condition then .some(row) else .none`, whose condition is asked of `rows`, so that
    /// an index can serve it; `None` if it is no such update.
    fn chosen(&mut self, rows: &mut Rows, f: ExprId) -> Result<Option<Val>> {
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
        let rel = std::mem::replace(&mut rows.rel, Rel::Unit);
        let (rel, value) = self.within(rel, |this| {
            let condition = this.scalar(condition)?;
            this.add(|scope| scope.filter(condition));
            let ty = this.ty(payload)?;
            let value = this.value(payload)?;
            this.collected(value, ty)
        })?;
        rows.rel = rel;
        Ok(Some(value))
    }

    /// A change must stand where it is executed exactly once, and be the only one.
    fn check_place(&self, id: ExprId) -> Result<()> {
        if self.depth > 0 {
            return Err(self.unsupported(id, "a change of a table within a function or a branch"));
        }
        if self.plan.change.is_some() {
            return Err(self.unsupported(id, "more than one change of tables in a program"));
        }
        Ok(())
    }

    fn parameter_type(&self, f: ExprId) -> Result<TypeId> {
        let (params, _) = self.lambda(f)?;
        let first = params.first().map(|(_, ty)| *ty);
        first.ok_or_else(|| Error::new(Code::Internal, "a function without parameters"))
    }

    /// What a row puts into columns.
    fn written(
        &mut self,
        id: ExprId,
        table: &Rc<catalog::Table>,
        item: TypeId,
        row: Val,
    ) -> Result<Vec<Written>> {
        let types = self.program.types();
        let fields = types.as_tuple(types.unframed(item)).unwrap_or_default();
        let Val::Tuple(values) = row else { return Err(self.mismatch(id, table, "a row must be a tuple")) };
        let mut columns = Vec::new();
        for (field, value) in fields.iter().zip(values) {
            let column = self.table_column(id, table, field)?;
            let alias = Ident::Fixed("t");
            let (to, any) =
                (table.columns.get(column), Columns::of(self.shapes, field.ty, &mut |_| expr::null()));
            if let Some(to) = to
                && self
                    .engine
                    .storage
                    .write(field.ty, &any, Cell { alias: &alias, table, column: to })
                    .is_none()
            {
                return Err(self.mismatched_column(id, table, to, field.ty));
            }
            columns.push(Written { column, ty: field.ty, value: value.columns() });
        }
        Ok(columns)
    }
}
