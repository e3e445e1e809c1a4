use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::DatabaseArgs;
use crate::{connect::Secret, error::Failure};

/// Which runner is meant, and what it wants to see.
#[derive(Debug, Clone, Default, ClapArgs)]
pub(crate) struct ConnectArgs {
    /// The runner: `interpreter`, `interpreter:ROOT` to give programs the files of a folder, DuckDB in memory or on a
    /// file, `duckdb` and `duckdb:FILE`, a database at `postgres://...`, a server at `tcp://HOST:PORT`,
    /// `tls://HOST:PORT`, `unix://PATH`, `http://HOST:PORT`, `https://HOST:PORT`, or a command that serves on its
    /// standard input and output, `exec:COMMAND`
    /// [default: interpreter]
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
    /// A variable of the environment that the command of `exec:` may see, beside PATH, HOME and the like
    #[arg(long, value_name = "NAME", help_heading = "Servers")]
    pub(crate) exec_env: Vec<String>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Whether no flag means no token, instead of `RUNNER_TOKEN`.
    #[arg(skip)]
    pub(crate) no_default_token: bool,
}

impl ConnectArgs {
    /// The runner that is meant.
    pub(crate) fn url(&self) -> &str {
        self.url.as_deref().unwrap_or("interpreter")
    }

    /// The authority of servers' certificates, if one is named.
    ///
    /// # Errors
    /// If it can't be read.
    pub(crate) fn authority(&self) -> Result<Option<Vec<u8>>, Failure> {
        self.tls_ca.as_deref().map(read).transpose()
    }

    /// The certificate and key to show, if they are named.
    ///
    /// # Errors
    /// If they can't be read.
    pub(crate) fn identity(&self) -> Result<Option<Identity>, Failure> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(chain), Some(key)) => Ok(Some((read(chain)?, read(key)?))),
            _ => Ok(None),
        }
    }

    /// Where the token is.
    pub(crate) fn secret(&self) -> Secret<'_> {
        Secret {
            file: self.token_file.as_deref(),
            variable: self.token_env.as_deref(),
            must_be_said: self.no_default_token,
        }
    }
}

/// A chain of certificates, and the key of the first.
type Identity = (Vec<u8>, Vec<u8>);

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::file(path.display(), &error))
}
