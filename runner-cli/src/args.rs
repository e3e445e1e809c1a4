//! The command line, and the texts that explain it.

mod connect;
mod database;

use std::{path::PathBuf, time::Duration};

use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::format::Format;

pub(crate) use crate::serve::ServeArgs;
pub(crate) use connect::ConnectArgs;
pub(crate) use database::DatabaseArgs;

const AFTER: &str = "\
Exit codes: 0 fine, 1 the program failed, 2 the source or the input is wrong, 3 the runner could not be reached,
130 interrupted. Messages go to standard error only.";

const AFTER_RUN: &str = "\
Examples:
  runner run hello.lt --input names.json
  runner run flights.lt --runner interpreter:data --output-format table
  runner run invoices --arg today=@2025-03-31 --arg invoices=@invoices.json
  runner run flights.lt --program 'worst_routes(read_flights(), read_airlines())' --runner interpreter:data
  runner run sums.lt --input numbers.parquet --output sums.csv --time-limit 10s

Formats: lt, json, csv, parquet, postcard, and table for output. The extension of a file decides if no flag does
(.lt .json .csv .parquet .postcard .bin), else it is lt. A csv or parquet file is an array of tuples whose fields are
the columns, by name; an empty or NA cell is none.

Exit codes: 0 fine, 1 the program failed, 2 the source or the input is wrong, 3 the runner could not be reached,
130 interrupted.";

const AFTER_SERVE: &str = "\
Examples:
  runner serve --stdio --runner interpreter:data
  RUNNER_TOKEN=swordfish runner serve --listen tcp://0.0.0.0:7155 --runner postgres://localhost/shop
  runner serve --listen unix:///run/runner.sock --listen tls://0.0.0.0:7156 --config runner.toml
  runner serve project --http 127.0.0.1:8080

A configuration file has the names of the flags with _ for -, and those of limits without `limit-` in a table [limits]:
  listen = [\"tcp://0.0.0.0:7155\"]
  token_file = \"/run/secrets/token\"
  [limits]
  connections = 100
  request_time = \"30s\"
  [database]
  read_only = true

With a project, its functions are served over HTTP and nothing else is run; --allow-programs runs compiled programs of
clients as well, and --allow-source also compiles their source, on the page at `/` too. Without a project, compiled
programs are run, on all addresses.

SIGTERM or SIGINT: nothing new is taken, what is in flight may finish within the grace, the rest is cancelled. A second one
ends the process at once.

Exit codes: 0 ended as asked, 1 a defect or the client on standard input broke the protocol, 2 the configuration is
wrong, 3 an address can't be had or the runner could not be reached, 128 + signal after a second signal.";

/// Runs typed data functions: programs written in Lutra.
#[derive(Debug, Parser)]
#[command(name = "runner", version, after_help = AFTER)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program on an input
    #[command(after_help = AFTER_RUN, next_line_help = true)]
    Run(RunArgs),
    /// Report all errors and warnings of a source
    Check(CheckArgs),
    /// Compile a program to bytes that `runner run` and every runner accept
    Compile(CompileArgs),
    /// Show what a program becomes on a database: its plan, the statement, and how the database executes it
    #[cfg(feature = "sql")]
    Explain(ExplainArgs),
    /// Print what a runner offers to programs, as Lutra source
    Interface(InterfaceArgs),
    /// Print what the standard library has, or what a project says of its functions
    Docs(DocsArgs),
    /// Format source files in place
    Fmt(FmtArgs),
    /// Serve a runner to others: on standard input and output, sockets, and HTTP
    #[command(after_help = AFTER_SERVE)]
    Serve(Box<ServeArgs>),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RunArgs {
    /// A source file, the folder of a project, or a compiled program
    pub(crate) file: PathBuf,
    /// A function or constant, such as `main` or `shop::total`, or an expression over the source [default: main]
    #[arg(short, long, value_name = "NAME_OR_EXPRESSION")]
    pub(crate) program: Option<String>,
    #[command(flatten)]
    pub(crate) runner: RunnerArgs,
    /// The file that holds the input; `-` for standard input
    #[arg(short, long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// The format of the input
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) input_format: Option<Format>,
    /// The file that the output goes to; it is only there if all went well [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The format of the output
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) output_format: Option<Format>,
    /// The value of one parameter as Lutra source (text in quotes), or `@FILE` for what a file holds.
    /// If all but one are given so, `--input` is for the one that is left
    #[arg(short, long = "arg", value_name = "NAME=VALUE")]
    pub(crate) args: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RunnerArgs {
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
    /// The longest time that the program may take, such as `500ms`, `10s`, `5m`
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) time_limit: Option<Duration>,
    /// The most memory that values may take, such as `500MB`, `2GB`
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) memory_limit: Option<u64>,
    /// The most steps that the program may take; one for each value that an operation makes
    #[arg(long, value_name = "COUNT", value_parser = parse_count)]
    pub(crate) steps_limit: Option<u64>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CheckArgs {
    /// A source file, the folder of a project, or a compiled program
    pub(crate) file: PathBuf,
    /// With `--runner`, every function that can be called from outside is prepared there: tables must be as the
    /// source has them, external functions must be there
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CompileArgs {
    /// A source file or the folder of a project
    pub(crate) file: PathBuf,
    /// A function or constant, such as `main` or `shop::total`, or an expression over the source
    #[arg(short, long, value_name = "NAME_OR_EXPRESSION", default_value = "main")]
    pub(crate) program: String,
    /// The file that the program goes to; `-` for standard output
    #[arg(short, long, value_name = "OUT")]
    #[cfg_attr(feature = "sql", arg(required_unless_present = "sql"))]
    #[cfg_attr(not(feature = "sql"), arg(required = true))]
    pub(crate) output: Option<PathBuf>,
    /// Print the statement that the program becomes on a database, for people. Tables are taken to be as the
    /// program has them
    #[cfg(feature = "sql")]
    #[arg(long, value_name = "DATABASE")]
    pub(crate) sql: Option<Database>,
}

#[cfg(feature = "sql")]
#[derive(Debug, ClapArgs)]
pub(crate) struct ExplainArgs {
    /// A source file, the folder of a project, or a compiled program
    pub(crate) file: PathBuf,
    /// A function or constant, such as `main` or `shop::total`, or an expression over the source [default: main]
    #[arg(short, long, value_name = "NAME_OR_EXPRESSION")]
    pub(crate) program: Option<String>,
    /// The database, if there is none to connect to: tables are taken to be as the program has them
    #[arg(long, value_name = "DATABASE", default_value = "postgres", conflicts_with = "url")]
    pub(crate) sql: Database,
    /// With `--runner`, the tables are those of this database, and it is asked how it executes the statement
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// A database whose SQL can be printed.
#[cfg(feature = "sql")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Database {
    Postgres,
    #[cfg(feature = "duckdb")]
    Duckdb,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct InterfaceArgs {
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DocsArgs {
    /// A module or a definition, such as `std::array`, `text::split` or `median`; all modules if absent
    pub(crate) path: Option<String>,
    /// A source file or the folder of a project, in place of the standard library
    #[arg(long, value_name = "FILE")]
    pub(crate) of: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct FmtArgs {
    /// Source files, or folders whose `.lt` files are meant; `-` formats standard input to standard output
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Change nothing; name the files that are not formatted, and exit with 2 if there are any
    #[arg(long)]
    pub(crate) check: bool,
}

/// `500ms`, `10s`, `5m`, `1h`; a number alone is seconds.
pub(crate) fn parse_time(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let scale = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err("expected a time such as `500ms`, `10s`, `5m` or `1h`".into()),
    };
    let seconds: f64 =
        number.parse().map_err(|_| "expected a number and a unit, such as `10s`".to_owned())?;
    Duration::try_from_secs_f64(seconds * scale).map_err(|error| error.to_string())
}

/// `500MB`, `2GB`, `64KiB`; a number alone is bytes.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let scale: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err("expected a size such as `500MB`, `2GB` or `64KiB`".into()),
    };
    let bytes: f64 =
        number.parse().map_err(|_| "expected a number and a unit, such as `500MB`".to_owned())?;
    Ok((bytes * scale as f64) as u64)
}

fn parse_count(text: &str) -> Result<u64, String> {
    text.replace('_', "").parse().map_err(|_| "expected a number such as `1_000_000`".to_owned())
}

/// A number and the letters behind it.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|char: char| char.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end).unwrap_or((text, ""));
    (number.trim(), unit.trim())
}
