//! The 22 queries of `examples/tpch` beside the SQL of the specification on the same engine: DuckDB and PostgreSQL, and the
//! interpreter over Parquet files beside DuckDB with one thread over the same files.
//!
//! `cargo bench --features duckdb --bench tpch -- --help` says what can be chosen. The data is made by
//! `examples/tpch/make.sh` when it is first needed. Answers are compared before they are measured.

mod child;
mod compare;
mod duckdb;
mod interpreter;
mod options;
mod postgres;
mod report;
#[path = "../../../tests/harness/tpch.rs"]
#[allow(dead_code)]
mod tpch;

use std::path::PathBuf;

use crate::{
    compare::{Compared, Engine},
    options::{Command, EngineName, Options},
};

fn main() {
    match Command::parse(std::env::args().skip(1)) {
        Ok(Command::Help) => println!("{}", options::HELP),
        Ok(Command::Child(child)) => child::serve(&child),
        Ok(Command::Measure(options)) => measure(&options),
        Err(message) => {
            eprintln!("{message}\n\n{}", options::HELP);
            std::process::exit(2);
        }
    }
}

fn measure(options: &Options) {
    let data = tpch::data(&options.scale).unwrap();
    for name in &options.engines {
        let mut engine = open(*name, data.clone(), options);
        if options.shows {
            options.queries.iter().for_each(|query| println!("{}", engine.show(query)));
            continue;
        }
        report::head(&engine.title(), options);
        let compared: Vec<(&String, Compared)> = options
            .queries
            .iter()
            .map(|query| {
                let compared = engine.compare(query, options);
                report::line(query, &compared);
                (query, compared)
            })
            .collect();
        report::summary(&compared);
    }
}

fn open(name: EngineName, data: PathBuf, options: &Options) -> Box<dyn Engine> {
    match name {
        EngineName::DuckDb => Box::new(duckdb::DuckDbEngine::open(&data, options)),
        EngineName::Postgres => Box::new(postgres::PostgresEngine::open(&data, options)),
        EngineName::Interpreter => Box::new(interpreter::Files::new(data)),
    }
}
