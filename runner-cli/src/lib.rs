//! The `runner` executable: Lutra source, or a compiled program, and data in; an answer out.
//!
//! ```text
//! runner run FILE [--program NAME_OR_EXPRESSION] [--runner URL] [--input FILE] [--arg NAME=VALUE] [--output FILE]
//! runner check FILE
//! runner compile FILE [--program NAME_OR_EXPRESSION] -o OUT
//! runner interface [--runner URL]
//! runner fmt [--check] FILE...
//! ```
//!
//! FILE is a `.lt` file, the folder of a project, or what `runner compile` wrote. `runner help run` says the rest.
//!
//! # Data
//!
//! Formats are `lt`, `json` (see [`runner_json`]), `csv`, `parquet`, `postcard` (the bytes of [`runner_core::wire`])
//! and, for output, `table`. A flag decides, else the extension of the file, else it is `lt`. CSV and Parquet are
//! tables: their value is an array of tuples with names.
//!
//! Input goes to the whole input of the program. With `--arg`, values go to parameters by name: in `lt`, so text
//! stands in quotes, or `@FILE` for what is in a file of a known extension. All parameters must be given; `--input` may
//! give the only one that is left. Nothing is read from standard input unless `--input -` says so.
//!
//! A file is written under another name beside its place and renamed at the end, so it is never there by half.
//!
//! # Exit codes
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | fine |
//! | 1 | the program failed, or ran out of what it was allowed |
//! | 2 | the source, the input or a flag is wrong; the runner can't run this program |
//! | 3 | the runner could not be reached |
//! | 130 | interrupted from the keyboard |
//! | 143, 130 | `runner serve` was told to end twice, by SIGTERM or an interrupt: nothing was waited for |
//!
//! `runner serve` ends with 0 when it is told to once; with 1 if the runner then went on working for more than six seconds
//! after its grace, and the process ended without it.
//!
//! Messages go to standard error only, in colour and with a line of progress only on a terminal; `NO_COLOR` is
//! respected.
//!
//! What it is not: a place for behaviour. What programs mean is in the runners, what source means in `runner-lang`.
//! The only public item is [`main`]:
//!
//! ```no_run
//! let code: std::process::ExitCode = runner_cli::main();
//! ```

mod args;
mod command;
mod connect;
mod error;
mod format;
mod input;
mod limits;
mod output;
mod params;
mod progress;
mod serve;
mod source;
mod table;
mod tabular;
mod terminal;
mod wait;

use std::{
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
};

use clap::Parser;

use args::{Args, Command};
use error::Failure;

/// Does what the arguments of the process say, and gives its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help goes to standard output, and if that is closed, nobody wanted it.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(error::WRONG) } else { ExitCode::SUCCESS };
        }
    };
    // The stack of this thread will do: what goes deep, the compiler and runners, has stacks of its own.
    let done = panic::catch_unwind(AssertUnwindSafe(|| dispatch(args)))
        .unwrap_or_else(|_| Err(Failure::internal("a panic; this is a defect of the executable")));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn dispatch(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Run(args) => command::run(&args),
        Command::Check(args) => command::check(&args),
        Command::Compile(args) => command::compile(&args),
        #[cfg(feature = "sql")]
        Command::Explain(args) => command::explain(&args),
        Command::Interface(args) => command::interface(&args),
        Command::Docs(args) => command::docs(&args),
        Command::Fmt(args) => command::fmt(&args),
        Command::Serve(args) => command::serve(*args),
    }
}
