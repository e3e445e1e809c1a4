//! The questions of `examples/flights` over all 336,776 flights, which `examples/flights/fetch.sh` fetches.

use std::time::Duration;

use runner_benches::{flights, measure, report};
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
    let Some(folder) = flights() else { return };
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
