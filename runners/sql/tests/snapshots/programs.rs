//! Which programs there are snapshots of.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use runner_lang::Project;
use walkdir::WalkDir;

use crate::tables::{self, Declared};

/// A program, and what its snapshot shows of it.
pub(crate) struct Listed {
    /// The folder and name of its snapshot.
    pub(crate) name: String,
    pub(crate) project: Project,
    /// A function or an expression.
    pub(crate) program: String,
    /// What the snapshot shows above the SQL.
    pub(crate) source: String,
    pub(crate) declared: Declared,
}

/// A project beside the tests, and functions of it: their names, or expressions that begin with a call of one.
type Elsewhere = (&'static str, &'static str, &'static [&'static str]);

/// The examples and the programs of the benchmarks.
const ELSEWHERE: &[Elsewhere] = &[
    ("examples/hello", "examples/hello.lt", &["main", "summary"]),
    ("examples/invoices", "examples/invoices", &["main"]),
    ("examples/http", "examples/http", &["days", "totals"]),
    ("examples/python", "examples/python/albums.lt", &["cheap"]),
    (
        "examples/flights",
        "examples/flights/flights.lt",
        &[
            "worst_routes(sql::from(\"flights\"), sql::from(\"airlines\"))",
            "delays_by_month(sql::from(\"flights\"))",
            "delays_by_hour(sql::from(\"flights\"))",
            "cancelled_by_origin(sql::from(\"flights\"))",
            "busiest_planes(sql::from(\"flights\"), sql::from(\"planes\"))",
            "top_destinations(sql::from(\"flights\"), sql::from(\"airports\"))",
            "punctual_airlines(sql::from(\"flights\"), sql::from(\"airlines\"))",
            "favourites(sql::from(\"flights\"), sql::from(\"airlines\"))",
            "single_airline_places(sql::from(\"flights\"))",
            "worst_weeks(sql::from(\"flights\"))",
        ],
    ),
    (
        "examples/tpch",
        "examples/tpch",
        &[
            "q01", "q02", "q03", "q04", "q05", "q06", "q07", "q08", "q09", "q10", "q11", "q12", "q13", "q14",
            "q15", "q16", "q17", "q18", "q19", "q20", "q21", "q22",
        ],
    ),
    (
        "benchmarks/interpreter",
        "benches/programs/interpreter.lt",
        &["pipeline", "ascending", "groups", "folded", "join"],
    ),
    ("benchmarks/albums", "benches/programs/albums.lt", &["albums", "find_one", "total"]),
];

/// All programs: those that `cases.txt` lists, those in `tables`, the examples and the benchmarks.
pub(crate) fn all() -> Vec<Listed> {
    let here = repository().join("runners/sql/tests/snapshots");
    let cases = include_str!("cases.txt").lines().filter(|line| !line.is_empty());
    let cases = cases.flat_map(|name| {
        let path = repository().join("tests/cases").join(name);
        let path = if path.is_dir() { path } else { path.with_extension("lt") };
        of_file(format!("cases/{name}"), &path)
    });
    let over_tables = lt_files(&here.join("tables")).into_iter().flat_map(|path| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        of_file(format!("tables/{name}"), &path)
    });
    let elsewhere = ELSEWHERE.iter().flat_map(|(group, path, programs)| {
        programs.iter().map(move |program| {
            let files = read(&repository().join(path));
            let name = called(program);
            let source = definition(&files, program);
            Listed {
                name: format!("{group}/{name}"),
                project: Project::from_files(files),
                program: (*program).into(),
                source: format!("# {program} of {path}\n{source}"),
                declared: Declared::default(),
            }
        })
    });
    cases.chain(over_tables).chain(elsewhere).collect()
}

/// A file or folder that says itself, in directives like those of conformance cases, which programs of it are meant.
fn of_file(name: String, path: &Path) -> Vec<Listed> {
    let files = read(path);
    let head = files.get("module.lt").or_else(|| files.values().next()).expect("a file");
    let head = String::from_utf8_lossy(head).into_owned();
    let programs: Vec<_> =
        head.lines().filter_map(|line| line.strip_prefix("#> program:")).map(str::trim).collect();
    let listed = |name: String, program: &str, source: String| Listed {
        name,
        project: Project::from_files(files.clone()),
        program: program.into(),
        source,
        declared: tables::declared(&head),
    };
    if programs.len() > 1 {
        let one = |program: &&str| listed(format!("{name}/{program}"), program, definition(&files, program));
        return programs.iter().map(one).collect();
    }
    let titled = |(name, text): (&String, &Vec<u8>)| {
        let text = without_expectations(&String::from_utf8_lossy(text));
        if files.len() > 1 { format!("# {name}\n{text}\n") } else { text }
    };
    let source: String = files.iter().map(titled).collect();
    vec![listed(name, programs.first().unwrap_or(&"main"), source)]
}

/// A source without what it says about input and output.
fn without_expectations(text: &str) -> String {
    let mut kept = String::new();
    let mut is_shown = true;
    for line in text.lines() {
        if line.starts_with("#> ") {
            is_shown = line.starts_with("#> program") || line.starts_with("#> table");
        } else if !line.starts_with("#  ") {
            is_shown = true;
        }
        if is_shown {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The definition of the function that a program is a call of: what is indented behind the line that begins it.
fn definition(files: &BTreeMap<String, Vec<u8>>, program: &str) -> String {
    let name = called(program);
    let begins = |line: &str| line.starts_with(&format!("func {name}("));
    let text = files.values().map(|text| String::from_utf8_lossy(text)).find(|text| text.lines().any(begins));
    let text = text.unwrap_or_else(|| panic!("no function is called {name}"));
    let mut lines = text.lines().skip_while(|line| !begins(line));
    let first = lines.next().unwrap_or_default();
    let rest = lines.take_while(|line| line.is_empty() || line.starts_with([' ', ')', '}']));
    let lines: Vec<_> = [first].into_iter().chain(rest).collect();
    lines.join("\n")
}

/// The function that a program is, or is a call of.
fn called(program: &str) -> &str {
    program.split('(').next().unwrap_or(program)
}

fn read(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let bytes = |path: &Path| fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if path.is_file() {
        return BTreeMap::from([("main.lt".into(), bytes(path))]);
    }
    let name = |file: &Path| file.strip_prefix(path).unwrap().to_string_lossy().into_owned();
    lt_files(path).iter().map(|file| (name(file), bytes(file))).collect()
}

fn lt_files(folder: &Path) -> Vec<PathBuf> {
    let files = WalkDir::new(folder).sort_by_file_name().into_iter();
    let files = files.map(|entry| entry.unwrap_or_else(|error| panic!("{error}")).into_path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "lt")).collect()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
