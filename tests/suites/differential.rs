//! Random programs on all runners, which have to agree.
//!
//! The seeds are always the same; `RUNNER_DIFFERENTIAL_PROGRAMS` and `RUNNER_DIFFERENTIAL_SEED` in the environment say how
//! many programs there are, and the first one's seed. With `--nocapture` the verdicts are counted, and a disagreement is
//! printed when it is found: shrunk, as a case file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
    sync::Mutex,
};

use runner_tests::{backend, differential};

/// How many programs, if nothing is said.
const PROGRAMS: u64 = 500;

/// Programs that are tried at most to make one smaller.
const TRIES: usize = 1000;

#[test]
fn programs_agree_and_most_are_of_use() {
    let number = |name: &str, default| env::var(name).map_or(default, |value| value.parse().unwrap());
    let count = number("RUNNER_DIFFERENTIAL_PROGRAMS", PROGRAMS);
    let first = number("RUNNER_DIFFERENTIAL_SEED", 0);
    let backends = backend::bounded();
    let counts = Mutex::new(BTreeMap::<String, u64>::new());
    let wrong = Mutex::new(Vec::new());
    differential::judge_all(&backends, first..first + count, 2, TRIES, |seed, tree, verdict| {
        *counts.lock().unwrap().entry(differential::summary(verdict)).or_default() += 1;
        if verdict.is_wrong() {
            let case = format!("# seed {seed}\n{}", differential::case(tree, verdict));
            println!("{case}");
            wrong.lock().unwrap().push(case);
        }
    });
    let (counts, wrong) = (counts.into_inner().unwrap(), wrong.into_inner().unwrap());
    println!("{counts:#?}");
    assert!(wrong.is_empty(), "{} of {count} programs:\n{}", wrong.len(), wrong.join("\n"));
    let values = counts.get("agreed: value").copied().unwrap_or_default();
    assert!(values > count / 2, "most programs should come to a value: {counts:?}");
}

#[test]
fn programs_use_the_whole_standard_library() {
    let sources: String = (0..6000).map(|seed| differential::program(seed).source()).collect();
    let words: BTreeSet<_> = sources.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').collect();
    let operators =
        ["add", "sub", "mul", "div", "mod", "neg", "eq", "ne", "lt", "lte", "gt", "gte", "and", "or", "not"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runner-lang/src/std");
    let mut missing = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        // Files and tables are of some runners only.
        if ["fs", "sql"].contains(&module.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let names = text.lines().filter_map(|line| {
            let line = line.strip_prefix("external ").unwrap_or(line).strip_prefix("func ")?;
            line.split('(').next()
        });
        for name in names {
            let is_operator = module == "ops" && operators.contains(&name);
            let path = format!("{module}::{name}");
            if !is_operator && !words.contains(name) && !words.contains(path.as_str()) {
                missing.push(path);
            }
        }
    }
    assert!(missing.is_empty(), "no program uses {missing:?}");
}
