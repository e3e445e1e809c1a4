//! Random programs on all runners: `differential [--programs N] [--seed N] [--shrink TRIES] [--threads N] [--print 1]`.
//!
//! Each program has a seed of its own, `--seed` and what follows, so that one can be looked at alone with
//! `--programs 1`. Prints counts, and each disagreement as a case file, shrunk. Fails if there is any.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing)] // A command for engineers, who read its output.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use runner_tests::{backend, differential};

fn main() -> ExitCode {
    let mut options = BTreeMap::from([
        ("--programs", 500),
        ("--seed", 0),
        ("--shrink", 2000),
        ("--threads", 2),
        ("--print", 0),
    ]);
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    for pair in arguments.chunks(2) {
        match (options.get_mut(pair[0].as_str()), pair.get(1).and_then(|value| value.parse().ok())) {
            (Some(option), Some(value)) => *option = value,
            _ => {
                println!("options, each with a number: {:?}", options.keys());
                return ExitCode::FAILURE;
            }
        }
    }
    let backends = backend::bounded();
    let counts = Mutex::new(BTreeMap::<String, u64>::new());
    let is_wrong = AtomicBool::new(false);
    let seeds = options["--seed"]..options["--seed"] + options["--programs"];
    let (threads, tries) = (options["--threads"] as usize, options["--shrink"] as usize);
    differential::judge_all(&backends, seeds, threads, tries, |seed, tree, verdict| {
        let mut counts = counts.lock().unwrap();
        *counts.entry(differential::summary(verdict)).or_default() += 1;
        if verdict.is_wrong() || options["--print"] > 0 {
            println!("# seed {seed}\n{}", differential::case(tree, verdict));
        }
        is_wrong.fetch_or(verdict.is_wrong(), Ordering::Relaxed);
    });
    for (kind, count) in counts.into_inner().unwrap() {
        println!("{count:>8}  {kind}");
    }
    if is_wrong.into_inner() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
