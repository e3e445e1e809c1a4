//! The most memory that an execute holds at a time, beside the size of the data that it works on.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use runner_core::RunSync;
use runner_interpreter::Interpreter;
use runner_lang::{Project, compile};

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

impl Counting {
    fn grown(bytes: usize) {
        PEAK.fetch_max(HELD.fetch_add(bytes, Relaxed) + bytes, Relaxed);
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
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // While it moves, both blocks may be there.
        Self::grown(new_size);
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROWS: i64 = 1_000_000;

/// Bytes of a row as typed columns: three of 64 bits, one of 32, one of 8.
const ROW_BYTES: usize = 3 * 8 + 4 + 1;

const PROGRAMS: [(&str, &str); 4] = [
    ("identity", "rows -> rows"),
    (
        "filter, map to one column, sum",
        "rows -> rows | filter(r -> r.ok) | map(r -> r.a / 2 + r.b % 1000) | sum",
    ),
    (
        "filter, map to all columns",
        "rows -> rows | filter(r -> r.ok) | map(r -> {r.a, b = r.b / 2, r.c, r.ok, r.d})",
    ),
    ("sort by a column", "rows -> rows | sort(r -> r.c)"),
];

fn main() {
    let rows: Vec<(i64, i64, f64, bool, i32)> = (0..ROWS)
        .map(|id| {
            (
                id << 12,
                id.wrapping_mul(0x9e37_79b9_7f4a) >> 8,
                -id as f64 / 3.0,
                id % 2 == 0,
                (id % 100) as i32,
            )
        })
        .collect();
    let input = postcard::to_allocvec(&rows).unwrap();
    drop(rows);
    let data = ROWS as usize * ROW_BYTES;
    println!(
        "\n1,000,000 rows of 5 columns: {} MB as columns, {} MB on the wire",
        data >> 20,
        input.len() >> 20
    );
    for (name, program) in PROGRAMS {
        let (head, body) = program.split_once(" -> ").unwrap();
        let source =
            format!("func main({head}: [{{a: Int64, b: Int64, c: Float64, ok: Bool, d: Int32}}]) -> {body}");
        let program = compile(&Project::from_source("memory.lt", source), "main").unwrap().program;
        let runner = Interpreter::new();
        let prepared = runner.prepare(&program).unwrap();
        let before = HELD.load(Relaxed);
        PEAK.store(before, Relaxed);
        let output = runner.execute(&prepared, &input).unwrap();
        let peak = PEAK.load(Relaxed) - before;
        println!(
            "  {name:<34} {:>4} MB at most, output included {:>6.2} x the data",
            peak >> 20,
            peak as f64 / data as f64
        );
        drop(output);
    }
}
