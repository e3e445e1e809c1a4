use super::compile::{entry, sql};
use crate::{args::ExplainArgs, connect, error::Failure, output};

/// Shows what a program becomes on a database.
pub(crate) fn explain(args: &ExplainArgs) -> Result<(), Failure> {
    let program = entry(&args.file, args.program.as_deref())?.program;
    let explanation = match args.connect.url {
        Some(_) => connect::explain(&args.connect, &program)?,
        None => sql::explain(&program, args.sql)?,
    };
    output::write(None, |out| Ok(write!(out, "{explanation}")?))
}
