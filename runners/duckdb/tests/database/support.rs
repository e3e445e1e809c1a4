//! A database, and programs on it.

use runner_core::{Cancel, Code, Program, Result, RunSync, Value, value, wire};
use runner_duckdb::{Config, DuckDb};
use runner_lang::{Project, compile};

/// A runner on a database of its own.
pub(crate) struct Database(pub(crate) DuckDb);

impl Database {
    /// A database in memory, after this SQL.
    pub(crate) fn with(setup: &str) -> Self {
        Self::open(Config::in_memory().threads(2).setup(setup))
    }

    pub(crate) fn open(config: Config) -> Self {
        Self(DuckDb::open(config).unwrap())
    }

    /// Runs `main` of a source, and gives its printed output.
    pub(crate) fn run(&self, source: &str, input: &str) -> Result<String> {
        self.run_program(&program(source), input)
    }

    pub(crate) fn run_program(&self, program: &Program, input: &str) -> Result<String> {
        let input = encode(program, input);
        let prepared = self.0.prepare(program)?;
        let output = self.0.execute_with(&prepared, &input, &Cancel::new())?;
        Ok(print(program, &output))
    }

    /// The output on one line.
    #[track_caller]
    pub(crate) fn answer(&self, source: &str, input: &str) -> String {
        let output = self.run(source, input).unwrap_or_else(|error| panic!("{source}: {error:?}"));
        one_line(&output)
    }

    /// Fails with this code, and a message that holds these parts.
    #[track_caller]
    pub(crate) fn fails(&self, source: &str, input: &str, code: Code, parts: &[&str]) {
        let error = self.run(source, input).expect_err(source);
        assert_eq!(error.code(), code, "{source}: {error:?}");
        for part in parts {
            assert!(error.message().contains(part), "`{part}` is not in `{}`", error.message());
        }
    }

    /// The SQL of `main`.
    pub(crate) fn sql(&self, source: &str) -> String {
        self.0
            .prepare(&program(source))
            .unwrap_or_else(|error| panic!("{source}: {error:?}"))
            .sql()
            .to_owned()
    }
}

pub(crate) fn program(source: &str) -> Program {
    let compiled = compile(&Project::from_source("main.lt", source), "main");
    compiled.unwrap_or_else(|errors| panic!("{source}: {errors:#?}")).program
}

pub(crate) fn encode(program: &Program, input: &str) -> Vec<u8> {
    let input = if input.is_empty() {
        Value::unit()
    } else {
        value::read(program.types(), program.input(), input).unwrap()
    };
    wire::encode(program.types(), program.input(), &input).unwrap()
}

pub(crate) fn print(program: &Program, output: &[u8]) -> String {
    let output = wire::decode(program.types(), program.output(), output).unwrap();
    value::print(program.types(), program.output(), &output).unwrap()
}

/// Without the white space of a printed value.
fn one_line(printed: &str) -> String {
    let lines: Vec<_> = printed.lines().map(str::trim).collect();
    lines.join(" ").replace("[ ", "[").replace("{ ", "{").replace(", ]", "]").replace(", }", "}")
}
