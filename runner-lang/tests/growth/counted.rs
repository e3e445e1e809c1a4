#![allow(unsafe_code, reason = "the only way to count allocations is to be the allocator")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use runner_lang::{Budget, Project, compile_with};

/// Diagnostics that say that a limit was reached.
const LIMITS: [&str; 7] = [
    "compile_limit",
    "long_name",
    "program_limit",
    "too_deep",
    "too_many_errors",
    "too_many_names",
    "type_too_large",
];

/// What compiling a source took.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) source: usize,
    pub(crate) steps: u64,
    /// The most that was allocated at a time.
    pub(crate) bytes: usize,
    /// The limit that ended it.
    pub(crate) limit: Option<&'static str>,
}

/// Keeps other tests of this process waiting, whose allocations would be counted.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Compiles `main`, alone in this process, and counts.
pub(crate) fn take(source: &str) -> Taken {
    let _alone = alone();
    let project = Project::from_source("a.lt", source);
    // The library is checked once a process.
    let _ = compile_with(&Project::from_source("b.lt", "const main = 1"), "main", &Budget::new());
    let budget = Budget::new();
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = compile_with(&project, "main", &budget);
    let bytes = PEAK.load(Relaxed).saturating_sub(before);
    let found = result.err().unwrap_or_default();
    let limit = found.iter().find_map(|found| LIMITS.into_iter().find(|limit| *limit == found.code));
    Taken { source: source.len(), steps: budget.steps(), bytes, limit }
}

/// Compiles at three sizes, each about twice the one before, and checks that steps and memory grow no faster than the
/// source, but for a logarithm, or end at a limit.
pub(crate) fn check_growth(name: &str, source: impl Fn(usize) -> String, sizes: [usize; 3]) {
    let taken = sizes.map(|size| take(&source(size)));
    for (small, large) in taken.iter().zip(&taken[1..]) {
        if large.limit.is_some() {
            return;
        }
        let grown = large.source as f64 / small.source as f64;
        let steps = large.steps as f64 / small.steps as f64;
        assert!(
            steps <= 1.3 * grown,
            "{name}: steps grow {steps:.2} times, the source {grown:.2}: {taken:?}"
        );
    }
    let [first, .., last] = &taken;
    let grown = last.source as f64 / first.source as f64;
    let bytes = last.bytes as f64 / first.bytes as f64;
    // Vectors may have grown just before or just after.
    assert!(bytes <= 2.2 * grown, "{name}: memory grows {bytes:.2} times, the source {grown:.2}: {taken:?}");
    // However much a construct takes, it is not much more than its source.
    let limit = 1_000 * last.source as u64;
    assert!(last.steps < limit, "{name}: {} steps for {} bytes", last.steps, last.source);
}

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;
