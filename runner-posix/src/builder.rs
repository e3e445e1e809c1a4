use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    time::Duration,
};

use runner_binary::ClientOptions;
use runner_core::Result;

use crate::{
    limits::{GRACE, LOG_BYTES},
    process::Process,
    resource::ResourceLimits,
};

/// How a [`Process`] is to be.
///
/// ```no_run
/// use std::time::Duration;
/// use runner_posix::{Process, ResourceLimits, Restart};
///
/// # async fn example() -> runner_core::Result<()> {
/// let process = Process::builder("./my-runner")
///     .arg("--stdio")
///     .directory("/var/lib/my-runner")
///     .env("LANG", "C")
///     .inherit("PATH")
///     .limits(ResourceLimits { cpu_seconds: Some(60), ..ResourceLimits::default() })
///     .restart(Restart { limit: 3, ..Restart::default() })
///     .grace(Duration::from_secs(1))
///     .start()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Builder {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) directory: Option<PathBuf>,
    env: Vec<(OsString, OsString)>,
    inherited: Vec<OsString>,
    pub(crate) limits: ResourceLimits,
    pub(crate) restart: Option<Restart>,
    pub(crate) client: ClientOptions,
    pub(crate) grace: Duration,
    pub(crate) log_bytes: usize,
}

/// When and how often to start a child again that ended without being asked to.
///
/// ```
/// use std::time::Duration;
/// use runner_posix::Restart;
///
/// let restart = Restart { limit: 3, ..Restart::default() };
/// assert!(restart.first_pause < restart.longest_pause);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    /// Children that may be started one after the other before none of them was steady. 10 by default.
    pub limit: u32,
    /// Pause before the first of them. It doubles with each one. 100 ms by default.
    pub first_pause: Duration,
    /// The longest pause. 30 s by default.
    pub longest_pause: Duration,
    /// A child that has lived this long is steady: counting begins anew. A minute by default.
    pub steady_after: Duration,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            limit: 10,
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(30),
            steady_after: Duration::from_secs(60),
        }
    }
}

impl Builder {
    /// See [`Process::builder`].
    pub(crate) fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            directory: None,
            env: Vec::new(),
            inherited: Vec::new(),
            limits: ResourceLimits::default(),
            restart: None,
            client: ClientOptions::new(),
            grace: GRACE,
            log_bytes: LOG_BYTES,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// The directory that the child works in; this process's by default.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Sets a variable of the child's environment, which is empty otherwise.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Lets a variable of this process's environment through, as it is whenever a child is started.
    #[must_use]
    pub fn inherit(mut self, name: impl Into<OsString>) -> Self {
        self.inherited.push(name.into());
        self
    }

    /// Bounds what the child may use.
    #[must_use]
    pub fn limits(mut self, limits: ResourceLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Starts another child when one has crashed, that is, has ended without being asked to.
    ///
    /// What was in flight fails with `UNAVAILABLE`, what comes waits for the next child, and programs are prepared again
    /// there.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = Some(restart);
        self
    }

    /// How to speak to the child. Whether to reconnect is not asked: there is one connection to each child.
    #[must_use]
    pub fn client(mut self, options: ClientOptions) -> Self {
        self.client = options;
        self
    }

    /// Time that a child gets to end by itself when the [`Process`] is dropped or shut down, or when the connection to
    /// it is lost. 5 seconds by default.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Bytes of standard error that are kept. 64 KiB by default.
    #[must_use]
    pub fn stderr_bytes(mut self, bytes: usize) -> Self {
        self.log_bytes = bytes;
        self
    }

    /// Starts a child and shakes hands with it.
    ///
    /// Must be called on a tokio runtime, where the child is looked after. When the runtime ends, the child is killed.
    ///
    /// # Errors
    /// `UNAVAILABLE` if it can't be started, or ends, or says nothing in the time that the client's options allow;
    /// what it refuses the client with; `DECODE_ERROR` if it does not speak the protocol.
    pub async fn start(self) -> Result<Process> {
        Process::start_with(self).await
    }

    /// Where the executable is: relative paths are those of this process, not of the child's directory or environment.
    pub(crate) fn program(&self) -> PathBuf {
        let program = Path::new(&self.program);
        let has_folder = program.components().nth(1).is_some();
        let found = match has_folder {
            true => std::path::absolute(program).ok(),
            false => env::var_os("PATH").and_then(|path| find(&path, program)),
        };
        found.unwrap_or_else(|| program.to_owned())
    }

    /// All variables of the child.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (OsString, OsString)> {
        let inherited = self.inherited.iter().filter_map(|name| Some((name.clone(), env::var_os(name)?)));
        inherited.chain(self.env.iter().cloned())
    }
}

fn find(path: &OsStr, program: &Path) -> Option<PathBuf> {
    env::split_paths(path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
