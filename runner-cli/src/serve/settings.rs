//! What a server is to do, from flags and from a file.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args as ClapArgs, ValueEnum};
use runner_binary::Spool;
use serde::Deserialize;

use super::{Address, limits::Limits, quantity::Time, socket_mode::Mode};
use crate::{
    args::{ConnectArgs, DatabaseArgs},
    connect::{Bounds, Secret},
    error::Failure,
    limits::{CONFIG_BYTES, SERVER_GRACE},
};

#[derive(Debug, ClapArgs)]
pub(crate) struct ServeArgs {
    /// A TOML file with settings; flags win over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

/// What was said.
#[derive(Debug, Clone, Default, PartialEq, Eq, ClapArgs, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// A source file or the folder of a project, whose functions become endpoints of HTTP; programs of clients are then
    /// refused, unless `--allow-programs` or `--allow-source` is given. Without a project, this is a runner for them
    #[arg(value_name = "PROJECT")]
    pub(crate) project: Option<PathBuf>,
    /// The runner that is served, as for `runner run` [default: interpreter]
    #[arg(short, long, value_name = "URL")]
    runner: Option<String>,
    /// Programs that the interpreter runs at a time [default: one for each processor]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// Serve who started this process, until standard input ends; standard output carries nothing else
    #[arg(long)]
    pub(crate) stdio: bool,
    /// Serve at `tcp://HOST:PORT`, `tls://HOST:PORT`, `unix://PATH`, `http://HOST:PORT` or `https://HOST:PORT`; may be
    /// given more than once, and a port 0 is any that is free
    #[arg(short, long, value_name = "URL")]
    listen: Vec<String>,
    /// Serve HTTP at HOST:PORT, as `--listen http://HOST:PORT` does
    #[arg(long, value_name = "ADDR")]
    http: Option<String>,
    /// Write the addresses that are listened on to this file, one URL a line, once they all are; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) address_file: Option<PathBuf>,
    /// The file that holds the token that clients have to show
    #[arg(long, value_name = "FILE", help_heading = "Access", conflicts_with = "token_env")]
    token_file: Option<PathBuf>,
    /// The environment variable that holds the token that clients have to show [default: RUNNER_TOKEN, if it is set]
    #[arg(long, value_name = "NAME", help_heading = "Access")]
    token_env: Option<String>,
    /// Serve addresses that other machines reach although no token is needed
    #[arg(long, help_heading = "Access")]
    pub(crate) allow_no_token: bool,
    /// Run compiled programs that clients send, although a project is served; without one they are run anyway
    #[arg(long, help_heading = "Access")]
    allow_programs: bool,
    /// Compile and run source that clients send over HTTP, and run compiled programs, too
    #[arg(long, help_heading = "Access")]
    pub(crate) allow_source: bool,
    /// Run programs that use `std::sql::raw` for clients on the network, and on Unix sockets that others may use; for
    /// others they are run anyway
    #[arg(long, help_heading = "Access", conflicts_with = "deny_raw")]
    allow_raw: bool,
    /// Refuse programs that use `std::sql::raw` from everybody: on Unix sockets and standard input, too
    #[arg(long, help_heading = "Access")]
    pub(crate) deny_raw: bool,
    /// The certificate of this server and those that lead to its authority, as PEM
    #[arg(long, value_name = "FILE", help_heading = "Access")]
    tls_cert: Option<PathBuf>,
    /// The key of that certificate, as PEM
    #[arg(long, value_name = "FILE", help_heading = "Access")]
    tls_key: Option<PathBuf>,
    /// The authority of the certificates that clients have to show at `tls://`, as PEM
    #[arg(long, value_name = "FILE", help_heading = "Access")]
    tls_client_ca: Option<PathBuf>,
    /// Who may use a Unix socket, in octal; one that others may use counts as network [default: 600, this user]
    #[arg(long, value_name = "MODE", help_heading = "Access")]
    unix_mode: Option<Mode>,
    /// The file that holds the token for the runner, if that is a server
    #[arg(long, value_name = "FILE", help_heading = "Runner", conflicts_with = "runner_token_env")]
    runner_token_file: Option<PathBuf>,
    /// The environment variable that holds the token for the runner
    #[arg(long, value_name = "NAME", help_heading = "Runner")]
    runner_token_env: Option<String>,
    /// The authority that signed the runner's certificate, as PEM
    #[arg(long, value_name = "FILE", help_heading = "Runner")]
    runner_tls_ca: Option<PathBuf>,
    /// A variable of the environment that a runner `exec:COMMAND` may see
    #[arg(long, value_name = "NAME", help_heading = "Runner")]
    exec_env: Vec<String>,
    /// The folder for outputs that their clients do not take; it should not be in memory [default: TMPDIR, else /var/tmp]
    #[arg(long, value_name = "DIR")]
    spool_dir: Option<PathBuf>,
    /// Keep outputs that their clients do not take in memory
    #[arg(long, conflicts_with = "spool_dir")]
    no_spool: bool,
    /// Time that requests in flight get to finish when the server is to end [default: 30s]
    #[arg(long, value_name = "TIME")]
    grace: Option<Time>,
    /// What is logged on standard error [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<Level>,
    /// How it is logged: as text, or as one JSON object a line [default: text]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) limits: Limits,
}

/// What is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Off,
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

/// How it is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

/// A certificate, its key, and the authority of clients.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) chain: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) clients: Option<Vec<u8>>,
}

impl ServeArgs {
    /// What flags and the file say together.
    ///
    /// # Errors
    /// If the file can't be read, or holds what is not known.
    pub(crate) fn settings(self) -> Result<Settings, Failure> {
        match &self.config {
            None => Ok(self.settings),
            Some(file) => Ok(self.settings.or(read(file)?)),
        }
    }
}

impl Settings {
    /// All addresses that are to be listened on.
    ///
    /// # Errors
    /// If one is of no known form, or there is nothing to be served at all.
    pub(crate) fn addresses(&self) -> Result<Vec<Address>, Failure> {
        let http = self.http.iter().map(|place| format!("http://{place}"));
        let addresses: Vec<Address> =
            self.listen.iter().cloned().chain(http).map(|url| url.parse()).collect::<Result<_, _>>()?;
        let has_http = addresses.iter().any(Address::is_http);
        if addresses.is_empty() && !self.stdio {
            let words = "nothing is to be served";
            return Err(Failure::wrong(words).hint("say `--stdio`, `--listen URL` or `--http ADDR`"));
        }
        if self.project.is_some() && !has_http {
            let words = "the functions of a project are served over HTTP only";
            return Err(Failure::wrong(words).hint("say `--http ADDR`"));
        }
        if self.allow_source && !has_http {
            return Err(Failure::wrong("source is taken over HTTP only").hint("say `--http ADDR`"));
        }
        if self.stdio && self.address_file.as_deref() == Some(Path::new("-")) {
            return Err(Failure::wrong("with `--stdio` standard output is not for addresses"));
        }
        Ok(addresses)
    }

    /// The runner that is served.
    pub(crate) fn runner(&self) -> ConnectArgs {
        ConnectArgs {
            url: self.runner.clone(),
            token_file: self.runner_token_file.clone(),
            token_env: self.runner_token_env.clone(),
            tls_ca: self.runner_tls_ca.clone(),
            exec_env: self.exec_env.clone(),
            database: self.database.clone(),
            // What clients have to show is nobody else's.
            no_default_token: true,
            ..ConnectArgs::default()
        }
    }

    pub(crate) fn bounds(&self) -> Bounds {
        let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Bounds {
            memory_bytes: self.limits.memory_bytes.map(|size| size.0),
            steps: self.limits.steps,
            workers: self.workers.unwrap_or_else(processors),
            output_bytes: Some(self.limits.binary().output_bytes),
        }
    }

    /// The token that clients have to show.
    ///
    /// # Errors
    /// If it is not where it was said to be.
    pub(crate) fn token(&self) -> Result<Option<String>, Failure> {
        let (file, variable) = (self.token_file.as_deref(), self.token_env.as_deref());
        Secret { file, variable, must_be_said: false }.text()
    }

    /// What is shown to clients over TLS.
    ///
    /// # Errors
    /// If something is not said, or can't be read.
    pub(crate) fn identity(&self) -> Result<Identity, Failure> {
        let read = |path: &Path| fs::read(path).map_err(|error| Failure::file(path.display(), &error));
        let (Some(chain), Some(key)) = (&self.tls_cert, &self.tls_key) else {
            return Err(Failure::wrong("TLS needs a certificate and its key")
                .hint("say `--tls-cert FILE` and `--tls-key FILE`"));
        };
        let clients = self.tls_client_ca.as_deref().map(read).transpose()?;
        Ok(Identity { chain: read(chain)?, key: read(key)?, clients })
    }

    /// Whether clients at `tls://` have to show certificates.
    pub(crate) fn knows_clients(&self) -> bool {
        self.tls_client_ca.is_some()
    }

    /// Whether clients may send programs, compiled or as source.
    pub(crate) fn takes_programs(&self) -> bool {
        self.project.is_none() || self.allow_programs || self.allow_source
    }

    /// Whether clients on the network may run SQL as it is.
    pub(crate) fn raw_on_network(&self) -> bool {
        self.allow_raw && !self.deny_raw
    }

    #[cfg(unix)]
    pub(crate) fn unix_mode(&self) -> Mode {
        self.unix_mode.unwrap_or_default()
    }

    /// Where outputs wait that nobody takes.
    ///
    /// # Errors
    /// If no file can be made in the folder that was said.
    pub(crate) fn spool(&self) -> Result<Spool, Failure> {
        match &self.spool_dir {
            _ if self.no_spool => Ok(Spool::off()),
            Some(folder) => {
                let spool = Spool::new(folder);
                spool.check().map_err(|error| Failure::wrong(error.message()))?;
                Ok(spool)
            }
            None => {
                let spool = Spool::default();
                if let Err(error) = spool.check() {
                    tracing::warn!(%error, "outputs that their clients do not take stay in memory");
                }
                Ok(spool)
            }
        }
    }

    pub(crate) fn grace(&self) -> Duration {
        self.grace.map_or(SERVER_GRACE, |time| time.0)
    }

    pub(crate) fn log(&self) -> (Level, LogFormat) {
        (self.log_level.unwrap_or_default(), self.log_format.unwrap_or_default())
    }

    /// These, and others where nothing is said. A token that is said in one way is not looked for in another.
    fn or(self, others: Self) -> Self {
        let (says_token, says_runner_token) = (
            self.token_file.is_some() || self.token_env.is_some(),
            self.runner_token_file.is_some() || self.runner_token_env.is_some(),
        );
        let list = |these: Vec<String>, others| if these.is_empty() { others } else { these };
        Self {
            project: self.project.or(others.project),
            runner: self.runner.or(others.runner),
            workers: self.workers.or(others.workers),
            stdio: self.stdio || others.stdio,
            listen: list(self.listen, others.listen),
            http: self.http.or(others.http),
            address_file: self.address_file.or(others.address_file),
            token_file: if says_token { self.token_file } else { others.token_file },
            token_env: if says_token { self.token_env } else { others.token_env },
            allow_no_token: self.allow_no_token || others.allow_no_token,
            allow_programs: self.allow_programs || others.allow_programs,
            allow_source: self.allow_source || others.allow_source,
            // Of opposites, that of the flags wins.
            allow_raw: self.allow_raw || others.allow_raw && !self.deny_raw,
            deny_raw: self.deny_raw || others.deny_raw && !self.allow_raw,
            tls_cert: self.tls_cert.or(others.tls_cert),
            tls_key: self.tls_key.or(others.tls_key),
            tls_client_ca: self.tls_client_ca.or(others.tls_client_ca),
            unix_mode: self.unix_mode.or(others.unix_mode),
            runner_token_file: if says_runner_token {
                self.runner_token_file
            } else {
                others.runner_token_file
            },
            runner_token_env: if says_runner_token { self.runner_token_env } else { others.runner_token_env },
            runner_tls_ca: self.runner_tls_ca.or(others.runner_tls_ca),
            exec_env: list(self.exec_env, others.exec_env),
            spool_dir: if self.no_spool { None } else { self.spool_dir.clone().or(others.spool_dir) },
            no_spool: self.no_spool || others.no_spool && self.spool_dir.is_none(),
            grace: self.grace.or(others.grace),
            log_level: self.log_level.or(others.log_level),
            log_format: self.log_format.or(others.log_format),
            database: self.database.or(others.database),
            limits: self.limits.or(others.limits),
        }
    }
}

fn read(file: &Path) -> Result<Settings, Failure> {
    let failure = |error| Failure::file(file.display(), &error);
    let size = fs::metadata(file).map_err(failure)?.len();
    if size > CONFIG_BYTES {
        let words = format!("{}: a configuration has at most {CONFIG_BYTES} bytes", file.display());
        return Err(Failure::wrong(words));
    }
    let text = fs::read_to_string(file).map_err(failure)?;
    toml::from_str(&text).map_err(|error| Failure::wrong(format!("{}: {error}", file.display())))
}
