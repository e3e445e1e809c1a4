use runner_core::Run;

use crate::{
    args::InterfaceArgs,
    connect::{Bounds, connect},
    error::Failure,
    output,
    wait::Deadline,
};

/// Prints what a runner offers.
pub(crate) fn interface(args: &InterfaceArgs) -> Result<(), Failure> {
    let runner = connect(&args.connect, Bounds::default())?;
    let source = runner.wait(runner.runner().get_interface(), Deadline::after(None))?;
    output::write(None, |out| {
        out.write_all(source.as_bytes())?;
        if !source.is_empty() && !source.ends_with('\n') {
            out.write_all(b"\n")?;
        }
        Ok(())
    })
}
