//! `exec:COMMAND`: a command that serves on its standard input and output, such as `runner serve --stdio`.

use runner_core::DynRun;
use runner_posix::{Process, Restart};

use super::remote;
use crate::{args::ConnectArgs, error::Failure};

/// Variables of the environment that every command may see.
const INHERITED: &[&str] = &[
    "HOME",
    "LANG",
    "LC_ALL",
    "NO_COLOR",
    "PATH",
    "RUST_BACKTRACE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
];

pub(super) async fn connect(command: &str, args: &ConnectArgs) -> Result<DynRun, Failure> {
    let words = shlex::split(command)
        .ok_or_else(|| Failure::wrong(format!("`{}`: a quote has no end", args.url())))?;
    let Some((program, rest)) = words.split_first() else {
        return Err(Failure::wrong(format!("`{}` is not of the form `exec:COMMAND`", args.url())));
    };
    let mut builder =
        Process::builder(program).args(rest).client(remote::options(args)?).restart(Restart::default());
    for name in INHERITED.iter().copied().chain(args.exec_env.iter().map(String::as_str)) {
        builder = builder.inherit(name);
    }
    let process = builder.start().await.map_err(|error| Failure::from(error).context(args.url()))?;
    Ok(DynRun::new(process))
}
