use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::connect::Secret;

/// Which runner is meant, and what it wants to see.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ConnectArgs {
    /// The runner: `interpreter`, `interpreter:ROOT` to give programs the files of a folder, a database at
    /// `postgres://...`, or a server at `tcp://HOST:PORT`, `tls://HOST:PORT`, `unix://PATH` [default: interpreter]
    #[arg(short = 'r', long = "runner", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The file that holds the token for the server
    #[arg(long, value_name = "FILE", help_heading = "Servers", conflicts_with = "token_env")]
    pub(crate) token_file: Option<PathBuf>,
    /// The environment variable that holds the token for the server [default: RUNNER_TOKEN, if it is set]
    #[arg(long, value_name = "NAME", help_heading = "Servers")]
    pub(crate) token_env: Option<String>,
    /// The authority that signed the server's certificate, as PEM [default: those that the system trusts]
    #[arg(long, value_name = "FILE", help_heading = "Servers")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// The certificate to show to the server, as PEM
    #[arg(long, value_name = "FILE", help_heading = "Servers", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The key of that certificate, as PEM
    #[arg(long, value_name = "FILE", help_heading = "Servers", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
}

impl ConnectArgs {
    /// The runner that is meant.
    pub(crate) fn url(&self) -> &str {
        self.url.as_deref().unwrap_or("interpreter")
    }

    /// Where the token is.
    pub(crate) fn secret(&self) -> Secret<'_> {
        Secret { file: self.token_file.as_deref(), variable: self.token_env.as_deref() }
    }
}
