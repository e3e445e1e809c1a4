//! What a budget ends.

use std::{fmt::Write, time::Instant};

use runner_core::{Cancel, Code};
use runner_lang::{Budget, Checked, Project, check_with, compile_with};

use crate::counted::alone;

/// A source that takes millions of steps.
fn large() -> Project {
    let mut text = String::new();
    for index in 0..60_000 {
        let _ = writeln!(text, "func f{index}(xs: [Int64]) -> xs | map(x -> x + {index}) | sum");
    }
    Project::from_source("a.lt", text + "func main(xs: [Int64]) -> f0(xs)")
}

fn stopped(checked: &Checked, budget: &Budget, code: &str) -> Code {
    let last = checked.diagnostics().last().unwrap();
    assert_eq!(last.code, code);
    assert!(checked.has_errors());
    budget.error().unwrap().code()
}

#[test]
fn the_same_source_takes_the_same_steps() {
    let _alone = alone();
    let project = Project::from_source("a.lt", "func main(x: Int64): Int64 -> x + 1");
    let steps = [(); 3].map(|()| {
        let budget = Budget::new();
        compile_with(&project, "main", &budget).unwrap();
        (budget.steps(), budget.bytes())
    });
    assert!(steps[0].0 > 10 && steps[0].1 > 100);
    assert_eq!(steps[0], steps[1]);
    assert_eq!(steps[0], steps[2]);
}

#[test]
fn each_limit_ends_a_compile() {
    let _alone = alone();
    let project = large();
    let budget = Budget::new().with_max_steps(100_000);
    let checked = check_with(&project, &budget);
    assert_eq!(stopped(&checked, &budget, "compile_limit"), Code::ResourceExhausted);
    assert!(budget.steps() < 1_000_000, "{}", budget.steps());

    let budget = Budget::new().with_max_bytes(1 << 20);
    let checked = check_with(&project, &budget);
    assert_eq!(stopped(&checked, &budget, "compile_limit"), Code::ResourceExhausted);

    let budget = Budget::new().with_deadline(Instant::now());
    let checked = check_with(&project, &budget);
    assert_eq!(stopped(&checked, &budget, "deadline"), Code::DeadlineExceeded);
    assert!(budget.steps() < 100_000, "{}", budget.steps());

    let cancel = Cancel::new();
    cancel.cancel();
    let budget = Budget::new().with_cancel(cancel);
    let checked = check_with(&project, &budget);
    assert_eq!(stopped(&checked, &budget, "cancelled"), Code::Cancelled);
}

/// Wherever a compile is stopped, it says so and nothing else that would not be true.
#[test]
fn every_step_may_be_the_last() {
    let _alone = alone();
    let text =
        "type E: enum {a, b: {x: Int64, y: Text}}\nmodule m { import std::math::* const k = 3 }\nimport m::k
        func twice(f: func (T): T, x: T): T where T -> f(f(x))
        func main(xs: [E], n: Int64): {Int64, [Text]} -> {
            twice(y -> y + k, n) + (xs | map(e -> match e { .a => 1, .b(p) => p.x }) | sum),
            xs | map(e -> match e { .a => f\"a{n}\", .b(p) => p.y })
        }";
    let project = Project::from_source("a.lt", text);
    let whole = Budget::new();
    compile_with(&project, "main", &whole).unwrap();
    for steps in 0..whole.steps() {
        let budget = Budget::new().with_max_steps(steps);
        let found = compile_with(&project, "main", &budget).unwrap_err();
        assert_eq!(found.len(), 1, "after {steps} steps: {found:?}");
        assert_eq!(found[0].code, "compile_limit");
    }
}

/// A flag that is raised while a compile goes on ends it soon: much sooner than it would have taken.
#[test]
fn a_compile_is_cancelled() {
    let _alone = alone();
    let project = large();
    let whole = Budget::new();
    let start = Instant::now();
    drop(check_with(&project, &whole));
    let takes = start.elapsed();

    let cancel = Cancel::new();
    let budget = Budget::new().with_cancel(cancel.clone());
    let timer = std::thread::spawn(move || {
        std::thread::sleep(takes / 10);
        cancel.cancel();
    });
    let checked = check_with(&project, &budget);
    timer.join().unwrap();
    assert_eq!(stopped(&checked, &budget, "cancelled"), Code::Cancelled);
    assert!(budget.steps() < whole.steps() * 9 / 10, "{} of {}", budget.steps(), whole.steps());
}
