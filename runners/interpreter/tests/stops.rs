//! Work ends soon after it is told to: whatever a program does, it looks often enough.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail by a panic")]

use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use runner_core::{Cancel, Code, RunSync};
use runner_interpreter::Interpreter;
use runner_lang::{Project, compile};

/// Programs that take long, each in another operation, by their body; `n` is the input.
const LONG: [(&str, &str); 28] = [
    ("Int64", "sequence(0, n * n) | filter(x -> x < 0) | count"),
    ("Int64", "sequence(0, n * n) | map(x -> x % 7) | sum"),
    ("Int64?", "sequence(0, n * n) | map(x -> x % 7) | min"),
    ("Bool", "sequence(0, n * n) | map(x -> x >= 0) | all"),
    ("Int64", "sequence(0, n) | fold(0, func (a, x) -> a * 3 % 1_000_003 + x)"),
    ("Int64", "sequence(0, n) | fold({0, \"a\"}, func (a, x) -> {a.0 + x, a.1}) | (r -> r.0)"),
    ("Int64", "sequence(0, n) | scan({0, \"a\"}, func (a, x) -> {a.0 + x, a.1}) | count"),
    ("Int64", "loop_until_empty([1], xs -> xs | map(x -> x + 1)) | count"),
    ("Int64", "sequence(0, n) | sort(x -> x * 7_919 % 1_000_003) | map(x -> x) | count"),
    ("Int64?", "sequence(0, n) | sort(x -> 0.5 - to_float64(x)) | index(5)"),
    ("Text?", "sequence(0, n) | map(x -> f\"same beginning {x}\") | sort(x -> x) | index(5)"),
    ("Int64", "sequence(0, n) | map(x -> f\"same beginning {x}\") | distinct | count"),
    ("Int64", "sequence(0, n) | group_map(x -> x % 1_000_003, func (k, v) -> count(v)) | count"),
    ("Int64", "sequence(0, n) | map(x -> x % 1_000) | rank | map(x -> x) | sum | (s -> 1)"),
    ("Int64", "sequence(0, n) | map(x -> x) | rolling_mean(100, 100) | filter(x -> x > 5.0) | count"),
    ("Int64", "sequence(0, n) | map(x -> x) | reverse | filter(x -> x > 5) | count"),
    ("Int64", "sequence(0, n) | flat_map(x -> sequence(0, x)) | filter(x -> x > 5) | count"),
    ("Int64", "(let xs = sequence(0, n) | map(x -> x); append(xs, xs) | filter(x -> x > 5) | count)"),
    ("Int64", "(let xs = sequence(0, n) | map(x -> x); zip(xs, xs) | filter(x -> x.0 == x.1) | count)"),
    ("Bool", "(let xs = sequence(0, n) | map(x -> [x]); (xs | reverse | reverse) == xs)"),
    ("[Text]", "sequence(0, n) | map(x -> f\"{x} and {x}\")"),
    ("[{Int64, Int64?}]", "sequence(0, n) | map(x -> {x, .some(x)}) | sort(x -> -x.0)"),
    ("Uint32", "sequence(0, n) | map(x -> f\"{x}\") | text::join(\", \") | text::length"),
    ("Int64", "sequence(0, n) | map(x -> f\"{x}\") | text::join(\", \") | text::split(\", \") | count"),
    (
        "Uint32",
        "sequence(0, 26) | fold(\"ab\", func (t, i) -> f\"{t}{t}\") | text::replace(\"b\", \"čb\") | text::length",
    ),
    (
        "Text",
        "sequence(0, 26) | fold(\"aß\", func (t, i) -> f\"{t}{t}\") | text::upper | text::slice(-5, -1)",
    ),
    ("Bool", "sequence(0, 26) | fold(\"ab\", func (t, i) -> f\"{t}{t}\") | text::contains(\"ba b\")"),
    ("Int64", "sequence(0, n) | map(x -> sequence(0, 100) | filter(y -> y == x) | count) | sum"),
];

/// The folder in which the system says what this thread does; empty where there is none.
fn this_thread() -> PathBuf {
    std::fs::read_link("/proc/thread-self").map(|thread| Path::new("/proc").join(thread)).unwrap_or_default()
}

/// How long a thread has been running, without the time that others took from it.
fn worked(thread: &Path) -> Duration {
    let numbers = std::fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
    Duration::from_nanos(numbers.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default())
}

/// `RUNNER_SHOW_STOPS` prints how long each worked on. Bounds are wide: what is measured is that work stops at all, long before it would end by itself.
#[test]
#[allow(clippy::print_stdout, reason = "what is measured is shown when asked for")]
fn whatever_runs_stops_when_it_is_told_to() {
    let mut worst = (Duration::ZERO, "");
    for (output, body) in LONG {
        let source = format!("func main(n: Int64): {output} -> {body}");
        let program = compile(&Project::from_source("test.lt", source), "main")
            .unwrap_or_else(|errors| panic!("{body}: {:?}", errors.first().map(|error| &error.message)));
        let interpreter = Interpreter::new();
        let prepared = interpreter.prepare(&program.program).unwrap();
        let input = postcard::to_allocvec(&20_000_000i64).unwrap();
        for wait in [3, 40, 150] {
            let cancel = Cancel::new();
            let (started, has_started) = mpsc::channel();
            let late = std::thread::scope(|scope| {
                let run = scope.spawn(|| {
                    started.send(this_thread()).unwrap();
                    let result = interpreter.execute_with(&prepared, &input, &cancel);
                    (result, worked(&this_thread()))
                });
                let thread = has_started.recv().unwrap();
                std::thread::sleep(Duration::from_millis(wait));
                cancel.cancel();
                let told = worked(&thread);
                let (result, ended) = run.join().unwrap();
                match result {
                    Ok(_) => Duration::ZERO,
                    Err(error) => {
                        assert_eq!(error.code(), Code::Cancelled, "{error}: {body}");
                        ended.saturating_sub(told)
                    }
                }
            });
            if std::env::var_os("RUNNER_SHOW_STOPS").is_some() {
                println!("{late:?} after {wait} ms: {body}");
            }
            worst = worst.max((late, body));
        }
    }
    assert!(worst.0 < Duration::from_secs(2), "{worst:?}");
}
