//! The SQL of programs as files, so that the diff of a change to the lowering shows what it does to SQL.
//!
//! One file holds a program and its statement on each database. It is compared as it is; `INSTA_UPDATE=always` in the
//! environment writes the files anew: `INSTA_UPDATE=always cargo test -p runner-sql --test snapshots`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod programs;
mod tables;

use std::{
    collections::BTreeSet,
    fmt::Write,
    path::{Path, PathBuf},
};

use insta::{Settings, assert_snapshot};
use libtest_mimic::{Arguments, Failed, Trial};
use runner_core::Program;
use runner_sql::{Dialect, DuckDb, Postgres, lower, pretty};

use programs::Listed;

fn main() {
    let listed = programs::all();
    let names: BTreeSet<_> = listed.iter().map(|program| program.name.clone()).collect();
    assert_eq!(names.len(), listed.len(), "two programs have the same name");
    let trials = listed.into_iter().map(|program| {
        Trial::test(program.name.clone(), move || {
            on_big_stack(move || {
                is_as_before(&program);
                Ok(())
            })
        })
    });
    let every_file = Trial::test("every_file_has_a_program", move || every_file_has_a_program(&names));
    libtest_mimic::run(&Arguments::from_args(), trials.chain([every_file]).collect()).exit();
}

fn is_as_before(listed: &Listed) {
    let program = runner_lang::compile(&listed.project, &listed.program);
    let program = program.unwrap_or_else(|errors| panic!("{}: {errors:#?}", listed.name)).program;
    let mut text = listed.source.trim_end().to_owned();
    text.push('\n');
    write_sql(&mut text, listed, &program, (&Postgres::default().with_table_checks()).into());
    write_sql(&mut text, listed, &program, (&DuckDb::new(&program)).into());
    let (folder, name) = listed.name.rsplit_once('/').unwrap_or(("", &listed.name));
    let mut settings = Settings::new();
    settings.set_snapshot_path(root().join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| assert_snapshot!(name, text));
}

fn write_sql(text: &mut String, listed: &Listed, program: &Program, dialect: Dialect<'_>) {
    writeln!(text, "\n-- {}", dialect.name()).unwrap();
    let statement = tables::described(program, dialect, &listed.declared)
        .and_then(|tables| Ok((lower(program, dialect, &tables)?, pretty(program, dialect, &tables)?)));
    match statement {
        Ok((statement, lines)) => {
            for (index, param) in statement.params.iter().enumerate() {
                writeln!(text, "-- parameter {}: {param:?}", index + 1).unwrap();
            }
            writeln!(text, "{lines};").unwrap();
        }
        Err(error) => writeln!(text, "-- {}: {}", error.code(), error.message()).unwrap(),
    }
}

/// A file that no program writes shows SQL that nobody makes.
fn every_file_has_a_program(names: &BTreeSet<String>) -> Result<(), Failed> {
    let root = root();
    let files = walkdir::WalkDir::new(&root).into_iter().map(Result::unwrap);
    let snapshots =
        files.map(|file| file.into_path()).filter(|file| file.extension().is_some_and(|e| e == "snap"));
    let name = |file: PathBuf| file.strip_prefix(&root).unwrap().with_extension("").display().to_string();
    let unknown: Vec<_> = snapshots.map(name).filter(|name| !names.contains(name)).collect();
    if unknown.is_empty() { Ok(()) } else { Err(format!("no program has these names: {unknown:?}").into()) }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/sql")
}

/// Recursion over the deepest programs that are allowed needs more than a test thread has.
fn on_big_stack(action: impl FnOnce() -> Result<(), Failed> + Send) -> Result<(), Failed> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(32 << 20).spawn_scoped(scope, action);
        thread.map_err(|error| error.to_string())?.join().unwrap_or_else(|_| Err("it differs".into()))
    })
}
