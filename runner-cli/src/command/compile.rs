#[cfg(feature = "sql")]
pub(super) mod sql;

use std::{
    io::{self, IsTerminal},
    path::Path,
};

use runner_core::Program;
use runner_lang::Project;

use crate::{
    args::CompileArgs,
    error::Failure,
    output,
    source::{Source, load, tell},
};

/// Writes the bytes of a program.
pub(crate) fn compile(args: &CompileArgs) -> Result<(), Failure> {
    let Source::Project(project) = load(&args.file)? else {
        return Err(Failure::wrong(format!("{}: this is a compiled program already", args.file.display())));
    };
    #[cfg(feature = "sql")]
    if let Some(database) = args.sql {
        return sql::print(&compiled(&project, &args.program)?.program, database, args.output.as_deref());
    }
    let file = args.output.as_deref().filter(|file| file.as_os_str() != "-");
    if file.is_none() && io::stdout().is_terminal() {
        return Err(output::no_terminal());
    }
    let program = compiled(&project, &args.program)?.program;
    output::write(file, |out| Ok(out.write_all(program.bytes())?))
}

/// A program of a project.
pub(super) struct Entry {
    pub(super) program: Program,
    /// Names of its parameters, if it is a function and called by its path.
    pub(super) params: Option<Vec<String>>,
}

/// The program of a file, or of this name in it.
pub(super) fn entry(file: &Path, program: Option<&str>) -> Result<Entry, Failure> {
    match load(file)? {
        Source::Project(project) => compiled(&project, program.unwrap_or("main")),
        Source::Program(_) if program.is_some() => Err(Failure::wrong(format!(
            "{}: a compiled file holds one program; leave `--program` out",
            file.display()
        ))),
        Source::Program(program) => Ok(Entry { program, params: None }),
    }
}

/// The program of this name or expression, after all diagnostics were told.
pub(super) fn compiled(project: &Project, program: &str) -> Result<Entry, Failure> {
    let checked = runner_lang::check(project);
    match checked.compile(program) {
        Ok(compiled) => {
            tell(&project.with_program(program), &compiled.warnings);
            let function = checked.functions().into_iter().find(|function| function.path == program.trim());
            let params =
                function.map(|function| function.params.into_iter().map(|param| param.name).collect());
            Ok(Entry { program: compiled.program, params })
        }
        Err(diagnostics) => {
            tell(&project.with_program(program), &diagnostics);
            Err(Failure::told())
        }
    }
}
