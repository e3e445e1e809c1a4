use crate::{
    args::CheckArgs,
    error::Failure,
    source::{Source, load, tell},
};

/// Reports everything that is wrong with a source. A compiled program is validated when it is read.
pub(crate) fn check(args: &CheckArgs) -> Result<(), Failure> {
    let Source::Project(project) = load(&args.file)? else { return Ok(()) };
    let checked = runner_lang::check(&project);
    tell(&project, checked.diagnostics());
    match checked.diagnostics().iter().any(|found| found.severity == runner_lang::Severity::Error) {
        true => Err(Failure::told()),
        false => Ok(()),
    }
}
