//! `std::sql`: tables as relations, and changes to them.

mod change;
mod from;
mod raw;

use runner_core::{ExprId, Kind, Literal, Result};

use super::{Frame, Lowering};
use crate::value::Val;

impl Lowering<'_> {
    pub(super) fn external(
        &mut self,
        id: ExprId,
        function: u32,
        args: &[ExprId],
        frame: &mut Frame,
    ) -> Result<Val> {
        let path = self.program.externals().get(function as usize).map(|external| external.path.as_str());
        match (path, args) {
            (Some("std::sql::from"), [name]) => {
                let item = self.item_type(self.ty(id)?)?;
                let table = self.table(*name)?;
                Ok(Val::Rows(Box::new(self.table_rows(*name, &table, item)?)))
            }
            (Some("std::sql::raw"), [query]) => self.raw(id, *query),
            (Some("std::sql::insert"), [rows, name]) => self.insert(id, *rows, *name, frame),
            (Some("std::sql::update"), [name, f]) => self.update(id, *name, *f, frame),
            (Some("std::sql::delete"), [name, f]) => self.delete(id, *name, *f, frame),
            (Some(path), _) => Err(self.unsupported(id, &format!("the external function `{path}`"))),
            (None, _) => Err(self.unsupported(id, "an external function that is not there")),
        }
    }

    /// A text that is known when the program is compiled.
    pub(super) fn constant_text(&self, id: ExprId) -> Result<String> {
        match &self.expr(id)?.kind {
            Kind::Literal(Literal::Text(text)) => Ok(text.to_string()),
            _ => Err(self.unsupported(id, "a table name that is no literal")),
        }
    }
}
