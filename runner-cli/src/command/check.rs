use runner_core::{Code, Run};
use runner_lang::Checked;

use crate::{
    args::CheckArgs,
    connect::{Bounds, Connected, connect},
    error::Failure,
    source::{Source, load, tell},
    terminal,
    wait::Deadline,
};

/// Reports everything that is wrong with a source, and with what it expects of a runner. A compiled program is
/// validated when it is read.
pub(crate) fn check(args: &CheckArgs) -> Result<(), Failure> {
    let connected =
        || args.connect.url.as_ref().map(|_| connect(&args.connect, Bounds::default())).transpose();
    let project = match load(&args.file)? {
        Source::Project(project) => project,
        Source::Program(program) => {
            return connected()?.map_or(Ok(()), |runner| prepare(&runner, &program));
        }
    };
    let checked = runner_lang::check(&project);
    tell(&project, checked.diagnostics());
    if checked.has_errors() {
        return Err(Failure::told());
    }
    connected()?.map_or(Ok(()), |runner| entries(&checked, &runner))
}

/// Prepares every function that can be called from outside, and tells about all that the runner refuses.
fn entries(checked: &Checked, runner: &Connected) -> Result<(), Failure> {
    let mut is_refused = false;
    for function in checked.functions().iter().filter(|function| function.is_entry && !function.is_external) {
        let Ok(compiled) = checked.compile(&function.path) else { continue };
        if let Err(failure) = prepare(runner, &compiled.program) {
            if !matches!(
                failure.code(),
                Some(Code::PrepareError | Code::Unsupported | Code::ResourceExhausted)
            ) {
                return Err(failure);
            }
            is_refused = true;
            terminal::error(&format!("{}: {}", function.path, failure.message()));
        }
    }
    if is_refused { Err(Failure::told()) } else { Ok(()) }
}

fn prepare(runner: &Connected, program: &runner_core::Program) -> Result<(), Failure> {
    runner.wait(runner.runner().prepare(program), Deadline::after(None)).map(drop)
}
