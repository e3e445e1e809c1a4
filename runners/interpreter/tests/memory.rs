//! What an execution holds at a time stays within its limit, whatever the program does: counted by the allocator.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail by a panic")]
#![allow(unsafe_code, reason = "an allocator that counts")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use runner_core::{Cancel, Code, Detail, Error, Result, RunSync};
use runner_interpreter::{Interpreter, Limits};
use runner_lang::{Project, compile};

thread_local! {
    /// Bytes that this thread holds, and the most that it held since it was last asked.
    static HELD: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

struct Counting;

impl Counting {
    fn grown(bytes: usize) {
        let _ = HELD.try_with(|held| {
            let (now, most) = held.get();
            let now = now.wrapping_add(bytes);
            held.set((now, if now as isize > most as isize { now } else { most }));
        });
    }

    fn shrunk(bytes: usize) {
        let _ = HELD.try_with(|held| held.set((held.get().0.wrapping_sub(bytes), held.get().1)));
    }
}

// SAFETY: every call goes to the system's allocator unchanged; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::grown(layout.size());
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Self::shrunk(layout.size());
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // While it moves, both blocks may be there.
        Self::grown(new_size);
        Self::shrunk(layout.size());
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LIMIT: usize = 8 << 20;

/// What is not charged: the environment of each expression, lists as long as the program is wide, and errors.
const SLACK: usize = 1 << 20;

/// Operations that make more of `xs: [Int64]` than there was, or as much.
const ARRAYS: [&str; 14] = [
    "append(xs, xs)",
    "append(xs, [1])",
    "xs | flat_map(x -> [x, x])",
    "xs | map(x -> x + 1)",
    "append(xs, xs | lag(1))",
    "append(xs, xs | sort(x -> -x))",
    "append(xs, xs | reverse)",
    "append(xs, xs | distinct)",
    "append(xs, xs | filter(x -> x % 2 == 0))",
    "append(xs, zip(xs, xs) | map(p -> p.0 + p.1))",
    "append(xs, xs | group_map(x -> x % 7, func (k, v) -> count(v)))",
    "append(xs, sequence(0, count(xs)))",
    "append(xs, xs | scan(0, func (a, x) -> a + 1))",
    "[xs, xs] | flat_map(ys -> ys)",
];

/// Operations that make more of `t: Text`.
const TEXTS: [&str; 6] = [
    "f\"{t}{t}\"",
    "text::replace(t, \"a\", \"aa\")",
    "[t, t] | text::join(\", \")",
    "text::upper(f\"{t}{t}\") | text::lower",
    "text::replace(t, \"a\", t)",
    "text::split(t, \"\") | text::join(\"aa\")",
];

fn run(source: &str, limits: Limits) -> (Result<Vec<u8>>, usize) {
    let program = compile(&Project::from_source("test.lt", source), "main")
        .unwrap_or_else(|errors| panic!("{source}: {:?}", errors.first().map(|error| error.message.clone())));
    let interpreter = Interpreter::builder().limits(limits).build();
    let prepared = interpreter.prepare(&program.program).unwrap();
    let before = HELD.get().0;
    HELD.set((before, before));
    let result = interpreter.execute_with(&prepared, &[], &Cancel::new());
    let peak = HELD.get().1.wrapping_sub(before);
    let kept = result.as_ref().map_or(1 << 12, Vec::capacity);
    assert!(HELD.get().0.wrapping_sub(before) <= kept + (1 << 12), "something is kept: {source}");
    (result, peak)
}

fn limit(error: &Error) -> &str {
    match error.details().iter().find(|detail| matches!(detail, Detail::Limit { .. })) {
        Some(Detail::Limit { name, .. }) => name,
        _ => "",
    }
}

/// Runs a program that ends for want of memory, or by itself.
fn within(source: &str) -> Result<Vec<u8>> {
    let limits = Limits { memory_bytes: Some(LIMIT as u64), steps: Some(20_000_000), time: None };
    let (result, peak) = run(source, limits);
    assert!(peak <= LIMIT + SLACK, "{peak} bytes were held: {source}");
    if let Err(error) = &result {
        assert_eq!(error.code(), Code::ResourceExhausted, "{error}: {source}");
    }
    result
}

#[test]
fn growing_arrays_stay_within_the_limit() {
    for grow in ARRAYS {
        let whole = grow.replace("xs", "sequence(0, 400_000)");
        let _ = within(&format!("func main(): Int64 -> {whole} | count"));
        let fold = format!(
            "func main(): Int64 -> sequence(0, 40) | fold([1, 2, 3], func (xs, i) -> {grow}) | count"
        );
        let _ = within(&fold);
        let scan = format!(
            "func main(): Int64 -> sequence(0, 40) | scan([1, 2, 3], func (xs, i) -> {grow}) | count"
        );
        let _ = within(&scan);
        let map = format!(
            "func main(): Int64 -> sequence(0, 3_000) | map(i -> (let xs = sequence(0, i); {grow})) | sort(x -> count(x)) | count"
        );
        let _ = within(&map);
        let flat = format!(
            "func main(): [Int64] -> sequence(0, 3_000) | flat_map(i -> (let xs = sequence(0, i); {grow}))"
        );
        let _ = within(&flat);
        let endless = format!("func main(): Int64 -> loop_until_empty([1, 2, 3], xs -> {grow}) | count");
        assert!(within(&endless).is_err(), "{endless}");
    }
}

#[test]
fn growing_texts_stay_within_the_limit() {
    for grow in TEXTS {
        let fold = format!(
            "func main(): Uint32 -> sequence(0, 40) | fold(\"aXa\", func (t, i) -> {grow}) | text::length"
        );
        let _ = within(&fold);
        let scan =
            format!("func main(): Int64 -> sequence(0, 40) | scan(\"aXa\", func (t, i) -> {grow}) | count");
        let _ = within(&scan);
        let map = format!(
            "func main(): [Text] -> sequence(0, 100_000) | map(i -> (let t = f\"a{{i}}\"; {grow})) | sort(t -> t)"
        );
        let _ = within(&map);
    }
}

#[test]
fn what_doubles_ends_for_want_of_memory() {
    for source in [
        "func main(): Int64 -> sequence(0, 26) | fold([1, 2, 3], func (acc, x) -> append(acc, acc)) | count",
        "func main(): Uint32 -> sequence(0, 40) | fold(\"a\", func (t, x) -> f\"{t}{t}\") | text::length",
        "func main(): [[Int64]] -> (let a = sequence(0, 1000); sequence(0, 10_000) | map(x -> append(a, [x])))",
        "func main(): Int64 -> sequence(0, 4_000_000) | sort(x -> -x) | count",
        "func main(): [Text] -> sequence(0, 1_000_000) | map(x -> f\"{x}\") | distinct",
        "func main(): Int64 -> sequence(0, 3_000_000) | map(x -> x * 3) | distinct | count",
        "func main(): [Int64] -> sequence(0, 3_000_000) | group(x -> x) | map(g -> g.0)",
    ] {
        let error = within(source).unwrap_err();
        assert_eq!(limit(&error), "memory_bytes", "{source}");
    }
}

/// What passes through in batches needs no more memory than a batch, and what is only counted none.
#[test]
fn a_sequence_that_is_counted_costs_nothing() {
    let huge = "sequence(0, 1_000_000_000_000_000)";
    for (source, expected) in [
        (format!("func main(): Int64 -> {huge} | count"), 1_000_000_000_000_000i64),
        (
            format!("func main(): Int64 -> {huge} | map(x -> x * 1.0) | count").replace("x * 1.0", "{x, 1}"),
            1_000_000_000_000_000,
        ),
        (format!("func main(): Int64 -> (let s = {huge}; (s | count) + (s | count))"), 2_000_000_000_000_000),
        (format!("func main(): Int64 -> {huge} | slice(5, 10) | sum"), 35),
        (format!("func main(): Int64 -> {huge} | slice(5, -10) | slice(-3, -2) | count"), 1),
        (
            format!("func main(): Int64 -> sequence(0, 100) | map(i -> {huge} | count) | sum"),
            100_000_000_000_000_000,
        ),
        (
            format!(
                "func main(): Int64 -> (let s = {huge}; sequence(0, 100) | map(i -> s | slice(i, i + 2) | count) | sum)"
            ),
            200,
        ),
        (
            "func main(): Int64 ->
                sequence(0, 100) | map(i -> sequence(i, 1_000_000_000_000) | slice(0, 2) | sum) | sum"
                .into(),
            10_000,
        ),
        ("func main(): Int64 -> sequence(3, -3) | count".into(), 0),
    ] {
        let limits = Limits { memory_bytes: Some(8 << 20), steps: Some(1_000_000), time: None };
        let (result, _) = run(&source, limits);
        assert_eq!(result, Ok(postcard::to_allocvec(&expected).unwrap()), "{source}");
    }
    for (index, expected) in [
        (0i64, Some(0i64)),
        (999_999_999_999_999, Some(999_999_999_999_999)),
        (1_000_000_000_000_000, None),
        (-1, None),
    ] {
        let source = format!("func main(): Int64? -> {huge} | index({index})");
        let (result, _) = run(&source, Limits { steps: Some(1_000), ..Limits::default() });
        assert_eq!(result, Ok(postcard::to_allocvec(&expected).unwrap()), "{source}");
    }
    let all = "func main(): Int64 -> sequence(-9_223_372_036_854_775_807, 9_223_372_036_854_775_807) | count";
    assert_eq!(run(all, Limits::default()).0.unwrap_err().code(), Code::ExecutionError);
}
