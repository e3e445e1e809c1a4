use std::io::{self, IsTerminal};

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
    let file = Some(args.output.as_path()).filter(|file| file.as_os_str() != "-");
    if file.is_none() && io::stdout().is_terminal() {
        return Err(output::no_terminal());
    }
    let program = compiled(&project, &args.program)?;
    output::write(file, |out| Ok(out.write_all(program.bytes())?))
}

/// The program of this name or expression, after all diagnostics were told.
pub(super) fn compiled(project: &Project, program: &str) -> Result<Program, Failure> {
    match runner_lang::check(project).compile(program) {
        Ok(compiled) => {
            tell(project, &compiled.warnings);
            Ok(compiled.program)
        }
        Err(diagnostics) => {
            tell(project, &diagnostics);
            Err(Failure::told())
        }
    }
}
