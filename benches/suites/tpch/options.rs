//! The command line.

use std::{path::PathBuf, time::Duration};

use crate::tpch;

pub const HELP: &str = "\
Options, after `--`:
  --scale N          scale factor of the tables (default 1)
  --engine A,B       duckdb, postgres, interpreter (default: all)
  --query 1,7        numbers of queries (default: all)
  --repetitions N    times that both sides are measured, in turns, after a run that does not count (default 5)
  --timeout SECONDS  when a program is given up; repetitions of a query end after this time, too (default 60)
  --memory SIZE      what DuckDB may take on either side (default 8GB)
  --show             print the SQL that is sent and the engine's plan with its times, for both sides, and measure nothing";

/// What the executable is to do.
pub enum Command {
    Measure(Options),
    /// One side of a comparison, for its parent process.
    Child(Child),
    Help,
}

pub struct Options {
    pub scale: String,
    pub engines: Vec<EngineName>,
    pub queries: Vec<String>,
    pub repetitions: usize,
    pub timeout: Duration,
    pub memory: String,
    pub shows: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineName {
    DuckDb,
    Postgres,
    Interpreter,
}

/// A process that runs one query over Parquet files.
pub struct Child {
    pub side: Side,
    pub query: String,
    pub data: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The SQL of the specification on DuckDB with one thread.
    Official,
    /// The program on the interpreter.
    Ours,
}

impl Command {
    /// Reads arguments; `--bench`, which Cargo adds, means nothing.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Options {
            scale: "1".into(),
            engines: vec![EngineName::DuckDb, EngineName::Postgres, EngineName::Interpreter],
            queries: tpch::queries().collect(),
            repetitions: 5,
            timeout: Duration::from_secs(60),
            memory: "8GB".into(),
            shows: false,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--bench" => {}
                "--help" | "-h" => return Ok(Self::Help),
                "--show" => options.shows = true,
                "--scale" => options.scale = value()?,
                "--memory" => options.memory = value()?,
                "--repetitions" => options.repetitions = number(&value()?)?.max(1),
                "--timeout" => options.timeout = Duration::from_secs(number(&value()?)? as u64),
                "--engine" => options.engines = value()?.split(',').map(engine).collect::<Result<_, _>>()?,
                "--query" => options.queries = value()?.split(',').map(query).collect::<Result<_, _>>()?,
                "--child" => {
                    let side = if value()? == "official" { Side::Official } else { Side::Ours };
                    return Ok(Self::Child(Child { side, query: value()?, data: value()?.into() }));
                }
                other => return Err(format!("what is {other}?")),
            }
        }
        Ok(Self::Measure(options))
    }
}

impl Side {
    /// Its name after `--child`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::Ours => "ours",
        }
    }
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn engine(name: &str) -> Result<EngineName, String> {
    match name {
        "duckdb" => Ok(EngineName::DuckDb),
        "postgres" => Ok(EngineName::Postgres),
        "interpreter" => Ok(EngineName::Interpreter),
        other => Err(format!("there is no engine {other}")),
    }
}

fn query(text: &str) -> Result<String, String> {
    match number(text.trim_start_matches('q'))? {
        number @ 1..=22 => Ok(format!("q{number:02}")),
        _ => Err(format!("there is no query {text}")),
    }
}
