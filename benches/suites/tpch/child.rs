//! A process that runs one query: each line of its input asks for an execution, answered by nanoseconds and rows. At the
//! end of its input it says how much memory it held at most.

use std::{
    fs,
    io::{BufRead, stdin},
    time::Instant,
};

use duckdb::Connection;
use runner_core::{RunSync, Value, wire};
use runner_interpreter::{Interpreter, fs::Root};

use crate::{
    compare,
    options::{Child, Side},
    tpch::{self, Source},
};

pub fn serve(child: &Child) {
    match child.side {
        Side::Official => official(child),
        Side::Ours => ours(child),
    }
    println!("{}", peak());
}

fn official(child: &Child) {
    let settings = duckdb::Config::default().threads(1).unwrap();
    let connection = Connection::open_in_memory_with_flags(settings).unwrap();
    for table in tpch::TABLES {
        let file = child.data.join(format!("{table}.parquet")).display().to_string().replace('\'', "''");
        connection.execute_batch(&format!("CREATE VIEW {table} AS FROM read_parquet('{file}')")).unwrap();
    }
    let mut statement = connection.prepare(&tpch::sql(&format!("{}.sql", child.query))).unwrap();
    answer(|| Ok(statement.query_arrow([]).unwrap().map(|batch| batch.num_rows()).sum()));
}

fn ours(child: &Child) {
    let project = runner_lang::check(&tpch::project(Source::Files));
    let program = compare::compile(&project, &tpch::program(&child.query));
    let runner = Interpreter::builder().root(Root::open(&child.data).unwrap()).build();
    let prepared = runner.prepare(&program).unwrap();
    answer(|| {
        let output = runner.execute(&prepared, &[]).map_err(|error| error.to_string())?;
        match wire::decode(program.types(), program.output(), &output) {
            Ok(Value::Array(rows)) => Ok(rows.len()),
            other => Err(format!("{other:?}")),
        }
    });
}

fn answer(mut run: impl FnMut() -> Result<usize, String>) {
    for _ in stdin().lock().lines() {
        let start = Instant::now();
        match run() {
            Ok(rows) => println!("{} {rows}", start.elapsed().as_nanos()),
            Err(message) => println!("{message}"),
        }
    }
}

/// Most memory in bytes that this process held; 0 where the system does not say.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or_default() << 10
}
