//! Random programs on all runners, which have to agree.
//!
//! The first seeds are always the same; more are drawn, and printed if something is wrong. For long runs there is
//! `cargo run -p runner-tests --bin differential`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeSet,
    fs,
    ops::Range,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use runner_tests::{
    backend,
    differential::{self, Verdict},
};

/// Programs of each kind of seed.
const PROGRAMS: u64 = 500;

#[test]
fn programs_of_known_seeds_agree() {
    agree(0..PROGRAMS);
}

#[test]
fn programs_of_drawn_seeds_agree() {
    let first = fastrand::u64(1 << 32..1 << 48);
    agree(first..first + PROGRAMS);
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

/// All programs of these seeds agree, and most of them are of use.
fn agree(seeds: Range<u64>) {
    let backends = backend::bounded();
    let wrong = Mutex::new(Vec::new());
    let values = AtomicUsize::new(0);
    differential::judge_all(&backends, seeds.clone(), 2, 500, |seed, tree, verdict| match verdict {
        Verdict::Agreed(differential::Answer::Value(_)) => {
            values.fetch_add(1, Ordering::Relaxed);
        }
        verdict if verdict.is_wrong() => {
            wrong.lock().unwrap().push(format!("# seed {seed}\n{}", differential::case(tree, verdict)));
        }
        _ => {}
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of the programs {seeds:?}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(values.into_inner() > PROGRAMS as usize / 2, "most programs should come to a value");
}
