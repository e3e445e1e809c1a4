//! A database that DuckDB gives up is there again for the next call.
//!
//! DuckDB gives one up when it can't write a checkpoint, so the tests run in processes of their own that may write no
//! files beyond a length.

use std::{
    env,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use runner_core::{Code, RunSync};
use runner_duckdb::Config;

use crate::support::{Database, encode, print, program};

const ROWS: &str = "type Row: {id: Int64}\n";

/// Runs the rest of a test in a process whose files end after `blocks` of 512 bytes. Whether this is that process.
fn is_limited(test: &str, blocks: u32) -> bool {
    if env::var_os("LIMITED").is_some() {
        return true;
    }
    // A write beyond the limit is an error rather than a signal.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" --exact \"$1\" --nocapture");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(env::current_exe().unwrap())
        .arg(format!("revival::{test}"))
        .env("LIMITED", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    false
}

/// 100,000 rows that can't be made smaller.
fn rows(seed: u64) -> String {
    let mixed = (0..100_000u64).map(|row| (seed << 32 | row).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1);
    let rows: Vec<_> = mixed.map(|id| format!("{{{id}}}")).collect();
    format!("[{}]", rows.join(","))
}

#[test]
fn a_full_disk_loses_nothing_that_was_written() {
    if !is_limited("a_full_disk_loses_nothing_that_was_written", 6000) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let setup = "SET wal_autocheckpoint = '1MB'; CREATE TABLE IF NOT EXISTS t (id BIGINT NOT NULL)";
    let database = Database::open(Config::file(folder.path().join("full.db")).threads(2).setup(setup));
    let insert = program(&format!("{ROWS}func main(rows: [Row]) -> sql::insert(rows, \"t\")"));
    let count = program(&format!("{ROWS}func main() -> count((sql::from(\"t\"): [Row]))"));
    let (inserting, counting) = (database.0.prepare(&insert).unwrap(), database.0.prepare(&count).unwrap());
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| prepare_until(&database, &is_done));
        let _done = Done(&is_done);
        let (mut written, mut codes) = (0, Vec::new());
        for seed in 0..10 {
            match database.0.execute(&inserting, &encode(&insert, &rows(seed))) {
                Ok(_) => written += 100_000,
                Err(error) => codes.push(error.code()),
            }
            let counted = database.0.execute(&counting, &[]).unwrap();
            let counted = print(&count, &counted);
            // A change whose end is not known may have been done.
            if counted.trim() != written.to_string() {
                assert_eq!(codes.last(), Some(&Code::Unavailable));
                written = counted.trim().parse().unwrap();
            }
        }
        assert!(written > 0 && codes.contains(&Code::ResourceExhausted), "{written} {codes:?}");
    });
}

/// Ends what runs beside a test, also where the test fails.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Prepares programs while others break the database.
fn prepare_until(database: &Database, is_done: &AtomicBool) {
    let mut number = 0;
    while !is_done.load(Ordering::Relaxed) {
        number += 1;
        // Each has a type of its own, so that functions are made for it.
        let source = format!("type T: enum {{a, b{number}: [T]}}\nfunc main(xs: [{{T}}]) -> count(xs)");
        database.0.prepare(&program(&source)).unwrap();
    }
}
