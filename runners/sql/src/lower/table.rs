//! `std::sql`: tables as relations, and changes to them.

use runner_core::{ExprId, Kind, Literal, Result};

use super::{Frame, Lowering};
use crate::value::Val;

impl Lowering<'_> {
    pub(super) fn external(
        &mut self,
        id: ExprId,
        function: u32,
        args: &[ExprId],
        _frame: &mut Frame,
    ) -> Result<Val> {
        let path = self.program.externals().get(function as usize).map(|external| external.path.as_str());
        match (path, args) {
            (Some("std::sql::from"), [table]) => self.table_rows(id, *table),
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

mod from;
