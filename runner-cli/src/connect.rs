//! From the URL of a runner to the runner: the one place that knows them all. Each family has a file of its own.

#[cfg(feature = "duckdb")]
mod duckdb;
#[cfg(unix)]
mod exec;
#[cfg(feature = "http")]
mod http;
mod interpreter;
#[cfg(feature = "postgres")]
mod postgres;
mod remote;
mod secret;

use std::time::Duration;

use runner_core::{Code, DynRun, Error, Run};
use tokio::runtime::{Builder, Runtime};
#[cfg(feature = "sql")]
use {runner_core::Program, runner_sql::Explanation};

use crate::{
    args::{ConnectArgs, RunnerArgs},
    error::Failure,
    limits::GOODBYE_TIME,
    wait::{Deadline, wait},
};

pub(crate) use secret::Secret;

/// The forms of URL that are known, for messages.
const KNOWN: &str = "`interpreter`, `interpreter:ROOT`, `duckdb`, `duckdb:FILE`, `postgres://...`, `tcp://HOST:PORT`, `tls://HOST:PORT`, \
                     `unix://PATH`, `http://HOST:PORT`, `https://HOST:PORT`, `exec:COMMAND`";

/// What a runner is asked not to exceed. Time is kept by whoever waits for it.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) steps: Option<u64>,
    /// Programs that run at a time; 0 is 1.
    pub(crate) workers: usize,
    /// Bytes of an output; databases keep it while they make one.
    #[cfg_attr(
        not(any(feature = "duckdb", feature = "postgres")),
        expect(dead_code, reason = "of databases alone")
    )]
    pub(crate) output_bytes: Option<u64>,
}

impl From<&RunnerArgs> for Bounds {
    fn from(args: &RunnerArgs) -> Self {
        Self { memory_bytes: args.memory_limit, steps: args.steps_limit, workers: 1, output_bytes: None }
    }
}

/// A runner, and the runtime that it lives on if it needs one. Dropping it says goodbye.
#[derive(Debug)]
pub(crate) struct Connected {
    runner: DynRun,
    runtime: Option<Runtime>,
}

impl Connected {
    /// The runner.
    pub(crate) fn runner(&self) -> &DynRun {
        &self.runner
    }

    /// [`wait`] for what the runner does.
    ///
    /// # Errors
    /// As [`wait`].
    pub(crate) fn wait<T>(
        &self,
        future: impl Future<Output = Result<T, Error>>,
        deadline: Deadline,
    ) -> Result<T, Failure> {
        let _entered = self.runtime.as_ref().map(Runtime::enter);
        wait(future, deadline)
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            let goodbye = async { tokio::time::timeout(GOODBYE_TIME, self.runner.shutdown()).await };
            // A runner that does not answer is left alone.
            let _ = runtime.block_on(goodbye);
            runtime.shutdown_timeout(Duration::ZERO);
        }
    }
}

/// The runner behind a URL, for a thread that waits for it.
///
/// # Errors
/// If there is no such runner, or it can't be reached.
pub(crate) fn connect(args: &ConnectArgs, bounds: Bounds) -> Result<Connected, Failure> {
    let runtime = match needs_runtime(args.url()) {
        true => Some(runtime(1)?),
        false => None,
    };
    let entered = runtime.as_ref().map(Runtime::enter);
    let runner = wait(open(args, bounds), Deadline::after(None))?;
    drop(entered);
    Ok(Connected { runner, runtime })
}

/// The runner behind a URL. All but the interpreter and DuckDB live on the runtime that this is called on.
///
/// # Errors
/// If there is no such runner, or it can't be reached.
pub(crate) async fn open(args: &ConnectArgs, bounds: Bounds) -> Result<DynRun, Failure> {
    let (scheme, rest) = parts(args.url());
    args.database.check(scheme)?;
    let keeps_memory = matches!(scheme, "interpreter" | "duckdb");
    if bounds.memory_bytes.is_some() && !keeps_memory || bounds.steps.is_some() && scheme != "interpreter" {
        let what = if keeps_memory { "steps" } else { "memory or steps" };
        let words = format!("`{}` keeps no limit on {what} of this command", args.url());
        return Err(Failure::wrong(words).hint("set it where the program runs"));
    }
    match (scheme, rest) {
        ("interpreter", root) => interpreter::connect(root, bounds),
        #[cfg(feature = "duckdb")]
        ("duckdb", file) => duckdb::connect(file, bounds, &args.database),
        #[cfg(not(feature = "duckdb"))]
        ("duckdb", _) => {
            let words = "this executable was built without DuckDB";
            Err(Failure::wrong(words).hint("build it with `cargo build --release --features duckdb`"))
        }
        #[cfg(feature = "postgres")]
        ("postgres" | "postgresql", _) => postgres::connect(args.url(), bounds, &args.database).await,
        #[cfg(unix)]
        ("exec", Some(command)) => exec::connect(command, args).await,
        #[cfg(feature = "http")]
        ("http" | "https", _) => http::connect(args),
        ("tcp" | "tls" | "unix", Some(rest)) => remote::connect(scheme, rest, args).await,
        _ => Err(Failure::wrong(format!("no runner is called `{}`; known are {KNOWN}", args.url()))),
    }
}

/// Explains a program for the database behind a URL.
///
/// # Errors
/// If that is no database, or it can't be reached.
#[cfg(feature = "sql")]
pub(crate) fn explain(args: &ConnectArgs, program: &Program) -> Result<Explanation, Failure> {
    let (scheme, rest) = parts(args.url());
    args.database.check(scheme)?;
    match (scheme, rest) {
        #[cfg(feature = "duckdb")]
        ("duckdb", file) => Ok(duckdb::open(file, Bounds::default(), &args.database)?.explain(program)?),
        #[cfg(feature = "postgres")]
        ("postgres" | "postgresql", _) => {
            let runtime = runtime(1)?;
            let _entered = runtime.enter();
            let runner =
                wait(postgres::open(args.url(), Bounds::default(), &args.database), Deadline::after(None))?;
            wait(runner.explain(program), Deadline::after(None))
        }
        _ => {
            let words = format!("`{}` is no database whose plans can be shown", args.url());
            Err(Failure::wrong(words).hint("take `postgres://...`, `duckdb` or `duckdb:FILE`"))
        }
    }
}

/// A runtime with this many threads.
///
/// # Errors
/// If the system gives no threads.
pub(crate) fn runtime(threads: usize) -> Result<Runtime, Failure> {
    let built = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    built.map_err(|error| Error::new(Code::ResourceExhausted, format!("no runtime: {error}")).into())
}

fn needs_runtime(url: &str) -> bool {
    !matches!(parts(url).0, "interpreter" | "duckdb")
}

/// The scheme and what follows its colon.
fn parts(url: &str) -> (&str, Option<&str>) {
    match url.split_once(':') {
        Some((scheme, rest)) => (scheme, Some(rest)),
        None => (url, None),
    }
}
