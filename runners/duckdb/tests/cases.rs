//! The conformance cases on DuckDB: all of them.
//!
//! `CASES=text cargo test -p runner-duckdb --test cases` runs those whose name contains a text, and prints their SQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use runner_core::{Cancel, Program, RunSync, Value, value, wire};
use runner_duckdb::{Config, DuckDb};
use runner_lang::{Project, compile};
use walkdir::WalkDir;

/// Turns a hang into a failure.
const PATIENCE: Duration = Duration::from_secs(120);

struct Case {
    name: String,
    project: Project,
    program: String,
    input: Option<String>,
    output: Option<String>,
    error: Option<String>,
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let only = std::env::var("CASES").unwrap_or_default();
    let cases: Vec<_> = cases().into_iter().filter(|case| case.name.contains(&only)).collect();
    let runner = DuckDb::open(Config::in_memory().threads(1)).expect("a database");
    let next = AtomicUsize::new(0);
    let counts: Mutex<BTreeMap<String, (usize, usize)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let work = || {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = catch_unwind(AssertUnwindSafe(|| check(&runner, case, !only.is_empty())));
                    let result = result.unwrap_or_else(|_| Err("it panicked".into()));
                    let area = case.name.split('/').next().unwrap_or_default().to_owned();
                    let mut counts = counts.lock().expect("the counts");
                    let count = counts.entry(area).or_default();
                    count.1 += 1;
                    match result {
                        Ok(()) => count.0 += 1,
                        Err(words) => println!("{}: {words}\n", case.name),
                    }
                }
            };
            std::thread::Builder::new().stack_size(256 << 20).spawn_scoped(scope, work).expect("a thread");
        }
    });
    let counts = counts.into_inner().expect("the counts");
    for (area, (passed, all)) in &counts {
        println!("{area}: {passed} of {all}");
    }
    let (passed, all) = counts.values().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    println!("{passed} of {all} cases");
    if passed == all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn check(runner: &DuckDb, case: &Case, is_verbose: bool) -> Result<(), String> {
    let compiled = compile(&case.project, &case.program)
        .map_err(|errors| format!("COMPILER: {}", errors.first().map_or("", |error| &error.message)))?;
    let program = Program::decode(compiled.program.bytes()).map_err(|error| error.to_string())?;
    let types = program.types();
    let input = match &case.input {
        Some(text) => value::read(types, program.input(), text).map_err(|error| error.to_string())?,
        None => Value::unit(),
    };
    let input = wire::encode(types, program.input(), &input).map_err(|error| error.to_string())?;
    let mut sql = String::new();
    let cancel = Cancel::new();
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let late = cancel.clone();
    let watch = std::thread::spawn(move || {
        if receiver.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            late.expire();
        }
    });
    let found = runner.prepare(&program).and_then(|prepared| {
        if is_verbose {
            println!("{}\n", prepared.sql());
        }
        sql = prepared.sql().to_owned();
        runner.execute_with(&prepared, &input, &cancel)
    });
    drop(sender);
    watch.join().map_err(|_| "the watch panicked")?;
    match (&case.output, &case.error, found) {
        (Some(expected), _, Ok(bytes)) => {
            let output = wire::decode(types, program.output(), &bytes);
            let output = output.map_err(|error| format!("{error}\n{sql}"))?;
            let found = value::print(types, program.output(), &output).map_err(|error| error.to_string())?;
            if found == *expected {
                Ok(())
            } else {
                Err(format!("expected\n{expected}\nfound\n{found}\n{sql}"))
            }
        }
        (Some(_), _, Err(error)) => Err(format!("{error:?}\n{sql}")),
        (None, Some(expected), Err(error)) if expected.starts_with(error.code().as_str()) => Ok(()),
        (None, expected, found) => Err(format!("expected {expected:?}, found {found:?}\n{sql}")),
    }
}

/// All cases that a compiler accepts.
fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let mut cases = Vec::new();
    let mut walk = WalkDir::new(&root).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let path = entry.expect("the cases can be listed").into_path();
        let module = path.join("module.lt");
        if path.is_dir() && module.is_file() {
            cases.extend(load(&root, &path, &module));
            walk.skip_current_dir();
        } else if path.extension().is_some_and(|extension| extension == "lt") {
            cases.extend(load(&root, &path, &path));
        }
    }
    cases
}

fn load(root: &Path, path: &Path, head: &Path) -> Option<Case> {
    let name = path.strip_prefix(root).unwrap_or(path).with_extension("").to_string_lossy().into_owned();
    let text = fs::read_to_string(head).ok()?;
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        if let Some(directive) = line.strip_prefix("#> ") {
            let (name, value) = directive.split_once(':').unwrap_or((directive, ""));
            found.insert(name.trim().into(), value.trim().into());
            open = Some(name.trim().into());
        } else if let (Some(name), Some(more)) = (&open, line.strip_prefix("#  ")) {
            let value = found.entry(name.clone()).or_default();
            if !value.is_empty() {
                value.push('\n');
            }
            value.push_str(more);
        } else {
            open = None;
        }
    }
    if found.contains_key("diagnostic") {
        return None;
    }
    Some(Case {
        name,
        project: if path.is_dir() { folder(path) } else { Project::from_source("case.lt", text) },
        program: found.remove("program").unwrap_or_else(|| "main".into()),
        input: found.remove("input"),
        output: found.remove("output"),
        error: found.remove("error"),
    })
}

fn folder(folder: &Path) -> Project {
    let files = WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(|entry| {
        let path: PathBuf = entry.ok()?.into_path();
        let is_source = path.extension().is_some_and(|extension| extension == "lt");
        let relative = path.strip_prefix(folder).ok()?.to_string_lossy().into_owned();
        is_source.then(|| (relative, fs::read(&path).expect("a source can be read")))
    });
    Project::from_files(files)
}
