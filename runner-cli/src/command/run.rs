use std::time::Instant;

use runner_core::{Bytes, Code, Run};

use super::compile::{Entry, entry};
use crate::{
    args::RunArgs,
    connect::{Bounds, connect},
    error::Failure,
    input,
    output::Output,
    params,
    progress::Progress,
    wait::Deadline,
};

/// Runs a program on its input.
pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    let output = Output::new(args.output.as_deref(), args.output_format)?;
    let Entry { program, params } = entry(&args.file, args.program.as_deref())?;
    output.check(&program)?;

    let mut progress = Progress::start("preparing");
    let runner = connect(&args.runner.connect, Bounds::from(&args.runner))?;
    let mut deadline = Deadline::after(args.runner.time_limit);
    let prepared = runner.wait(runner.runner().prepare(&program), deadline)?;

    progress.phase("reading the input");
    let start = Instant::now();
    let bytes = Bytes::from(params::input(&program, params.as_deref(), args)?);

    deadline.extend(start.elapsed());

    progress.phase("executing");
    let answer = runner.wait(runner.runner().execute(&prepared, bytes), deadline);
    let answer = answer.map_err(|failure| match &args.input {
        Some(file) if failure.code() == Some(Code::DecodeError) => failure.context(input::name(file)),
        _ => failure,
    })?;
    progress.phase("writing the output");
    if args.output.is_none() {
        progress.finish();
    }
    output.write(&program, &answer)
}
