//! The `runner` executable; all of it is in the library, see there.

use std::process::ExitCode;

fn main() -> ExitCode {
    runner_cli::main()
}
