//! Real children: this executable is also the one that the tests start, see [`child`].

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod child;
mod death;
mod lifecycle;
mod limits;
mod orphans;
mod output;
mod restart;
mod serving;
mod support;
mod verbs;

use std::{env, process::ExitCode};

use libtest_mimic::{Arguments, Conclusion, Trial};

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    if args.next().as_deref() == Some(support::CHILD) {
        return child::main(&args.collect::<Vec<_>>());
    }
    let suites = [
        verbs::tests(),
        lifecycle::tests(),
        death::tests(),
        restart::tests(),
        orphans::tests(),
        output::tests(),
        limits::tests(),
        serving::tests(),
    ];
    let trials = suites.into_iter().flatten();
    let trials = trials.map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    let conclusion: Conclusion = libtest_mimic::run(&Arguments::from_args(), trials.collect());
    conclusion.exit_code()
}
