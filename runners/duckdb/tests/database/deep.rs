//! Programs nearly as deep as there may be, on a thread with a small stack.

use std::thread;

use crate::support::Database;

/// What a thread has that did not ask for more.
const SMALL_STACK: usize = 2 << 20;

#[track_caller]
fn answers(source: &str, input: &'static str, expected: &str) {
    let source = source.to_owned();
    let work = move || Database::with("").answer(&source, input);
    let thread = thread::Builder::new().stack_size(SMALL_STACK).spawn(work).unwrap();
    assert_eq!(thread.join().unwrap(), expected);
}

/// `before` so many times, the middle, and `after` as often.
fn nested(before: &str, middle: &str, after: &str, levels: usize) -> String {
    format!("{}{middle}{}", before.repeat(levels), after.repeat(levels))
}

/// A function `a` of this body, called four times within itself.
fn four(body: &str) -> String {
    format!("func a(x: Int64): Int64 -> {body} func main(x: Int64) -> a(a(a(a(x))))")
}

#[test]
fn scalars() {
    answers(&four(&format!("x{}", " + 1".repeat(95))), "2", "382");
    answers(&four(&format!("x{}", " | to_int8 | to_int64".repeat(45))), "128", "-128");
    answers(&four(&nested("if x == 1 then 1 else (", "x", ")", 60)), "7", "7");
    let branches = "if x == 1 then 1 else if x / x == 2 then 2 else ".repeat(45);
    answers(&format!("func main(x: Int64) -> {branches}x"), "7", "7");
}

#[test]
fn pipes() {
    let pipe = |steps: &str, times| format!("func main(xs: [Int64]) -> xs{}", steps.repeat(times));
    answers(&pipe(" | map(x -> x + 1) | filter(x -> x > 0)", 120), "[1]", "[121]");
    answers(&pipe(" | slice(0, 5) | sort(x -> -x)", 100), "[1]", "[1]");
    answers(&pipe(" | group(x -> x) | map(g -> g.values | sum)", 60), "[1]", "[1]");
    answers(&pipe(" | append([x])", 0), "[1]", "[1]");
}

#[test]
fn lambdas() {
    let body = nested("flat_map(xs, x -> ", "[1]", ")", 50);
    answers(&format!("func main(xs: [Int64]) -> {body}"), "[1]", "[1]");
}

#[test]
fn values() {
    let body = nested(".some(", "x", ")", 60);
    let source = format!("func main(x: Int64): Int64{} -> {body}", "?".repeat(60));
    answers(&source, "1", &nested("some(", "1", ")", 60));
    let ty = nested("{a: [", "Int64", "]}", 60);
    answers(&format!("func main(x: {ty}) -> x"), "{a = []}", "{a = []}");
}

#[test]
fn texts() {
    let source = format!("func main(x: Text) -> f\"{}\" | text::length", "{x}, ".repeat(2000));
    answers(&source, "\"a\"", "6000");
    let source = format!("func main(x: Text) -> [{}] | text::join(\"\") | text::length", "x, ".repeat(2000));
    answers(&source, "\"a\"", "2000");
}
