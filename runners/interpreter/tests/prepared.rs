//! What a prepared program holds.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by a panic")]
#![allow(unsafe_code, reason = "an allocator that counts")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use runner_core::{Program, RunSync};
use runner_interpreter::Interpreter;
use runner_lang::{Project, compile};

static HELD: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; a number is kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The one test here: the allocator counts what any thread does.
#[test]
fn the_bytes_of_a_prepared_program_are_what_it_holds() {
    let wide = |part: &str, times: usize| vec![part; times].join(", ");
    let text = format!("func main(x: Int64): Text -> \"{}\"", "long ".repeat(100_000));
    let numbers = format!("func main(x: Int64): Int64 -> [{}] | sum", wide("x * 2 + 1", 5_000));
    let folds = format!(
        "func main(x: [Int64]): Int64 -> [{}] | sum",
        wide("x | fold(0, func (a, y) -> if a > y then a * 2 - y else a + 1)", 500)
    );
    let maps =
        format!("func main(x: [Int64]): Int64 -> [{}] | sum", wide("x | filter(y -> y == 3) | count", 1_000));
    let switches = format!(
        "func main(x: Int64?): Int64 -> [{}] | sum",
        wide("match x { .some(y) => y, .none => 0 }", 2_000)
    );
    let interpreter = Interpreter::new();
    for source in [text, numbers, folds, maps, switches] {
        let program = compile(&Project::from_source("test.lt", source.as_str()), "main").unwrap().program;
        let bytes = program.bytes().to_vec();
        drop(program);
        let before = HELD.load(Relaxed);
        let prepared = interpreter.prepare(&Program::decode(&bytes).unwrap()).unwrap();
        let held = HELD.load(Relaxed) - before;
        let told = prepared.bytes();
        assert!(held <= told && told <= 3 * held, "{held} bytes are held, {told} told: {:.60}", source);
    }
}
