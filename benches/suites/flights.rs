//! The questions of `examples/flights` over all 336,776 flights, which `examples/flights/fetch.sh` fetches.

use std::{env, path::PathBuf, time::Duration};

use runner_benches::{measure, report};
use runner_core::RunSync;
use runner_interpreter::{Interpreter, fs::Root};
use runner_lang::{Project, compile};

const QUESTIONS: [(&str, &str); 4] = [
    ("read all columns, count", "count(read_flights())"),
    ("worst_routes", "worst_routes(read_flights(), read_airlines())"),
    ("delays_by_month", "delays_by_month(read_flights())"),
    ("busiest_planes", "busiest_planes(read_flights(), read_planes())"),
];

fn main() {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache"))).unwrap();
    let folder = env::var_os("RUNNER_FLIGHTS").map_or(cache.join("runner-flights"), PathBuf::from);
    if !folder.join("flights.parquet").is_file() {
        println!("no flights in {}: run examples/flights/fetch.sh first", folder.display());
        return;
    }
    let source = include_str!("../../examples/flights/flights.lt");
    let project = Project::from_source("flights.lt", source);
    let runner = Interpreter::builder().root(Root::open(&folder).unwrap()).build();
    let mut measured = Vec::new();
    for (name, question) in QUESTIONS {
        let program = compile(&project, question).unwrap().program;
        let prepared = runner.prepare(&program).unwrap();
        measured.push(measure(name, Duration::from_secs(2), || runner.execute(&prepared, &[]).unwrap()));
    }
    report("336,776 flights, from Parquet files to an answer", &measured);
}
