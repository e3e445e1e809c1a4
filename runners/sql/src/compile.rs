//! From a program to a statement by way of a plan: [`build`], [`rewrite`], [`emit`], [`print`].
//!
//! # State
//!
//! This is to replace the lowering in one step, and nothing calls it yet. With the parts of the PostgreSQL dialect, 1,542 of
//! 1,544 cases agreed there, and so did its tests of plans.
//!
//! Done: building every operation; emitting every node, changes of tables and checks of altered ones; joins of look-ups by
//! equality, first rows by unique and other keys, aggregates of groups, guards and fences.
//!
//! Missing:
//!
//! - DuckDB was never run. The pass `branches` is for it alone. Its subqueries of one row lose the sign of a zero
//!   (`loses_negative_zero`: emitted for first rows only), joins within lambdas may need fences (`has_fragile_joins`), and
//!   what depends on no row within a subquery of a lambda is evaluated though there is no row.
//! - `find` of what may fail fails for later items too (a decision): a limit over rows that may fail has to read them all.
//! - Names of helpers have to be put in the order of their definitions.
//! - Passes: columns compared in their own type (a scan gives raw columns beside what is read of them); `Exists` of an
//!   equality as a semi-join; shared rows inlined or evaluated once by their uses; conditions moved below joins are left to
//!   the engines.
//! - PostgreSQL's plain statement (`Floats::Plain`) and the second run that it needs.
//! - `explain`, indented printing for `compile --sql` instead of formatting text.
//!
//! Decided: ids instead of names, so that no pass renames; no node for a projection, as what is needed above a block is all
//! that it selects; the order of an array is beside its rows, not a node; the tree is written bottom-up, so that a subquery
//! finds what the columns around it are called.

use runner_core::{Code, Error, Program, Result};

use crate::{
    catalog::Table,
    emit::emit,
    engine::Engine,
    limits::STATEMENT_BYTES,
    output::Statement,
    plan::build::build,
    print::{Style, print},
    rewrite::rewrite,
    shape::Shapes,
};

/// Makes the statement of a program.
pub(crate) fn compile(
    program: &Program,
    engine: &Engine<'_>,
    shapes: &Shapes,
    tables: &[Table],
) -> Result<Statement> {
    let mut plan = build(program, engine, shapes, tables)?;
    rewrite(&mut plan, engine);
    let emitted = emit(&plan, engine, shapes);
    let style = Style { param: engine.capabilities.param, is_indented: false };
    let sql = print(&emitted.query, style);
    if sql.len() > STATEMENT_BYTES {
        return Err(Error::new(Code::Unsupported, format!("a statement of {} bytes", sql.len())));
    }
    let helpers = emitted.query.helpers();
    Ok(Statement {
        sql,
        params: emitted.params,
        output: plan.output,
        has_change: plan.change.is_some(),
        helpers,
    })
}
