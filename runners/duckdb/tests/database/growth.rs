//! Values that grow: each ends where a limit says so, and the process stays small.
//!
//! What a process takes at most is known to itself, so that each test runs in one of its own.

use std::{env, fs, process::Command, time::Duration};

use runner_core::{Code, Detail, RunSync};
use runner_duckdb::Config;

use crate::support::{Database, program};

/// What DuckDB is given.
const MEMORY: &str = "256MB";

/// What the process may take: the memory, room for batches on their way, and the process itself.
const PEAK_KIB: u64 = 400 << 10;

/// 2^20 letters, of which each is `a`.
const LONG: &str = "func long(): Text -> sequence(0, 1048576) | map(i -> \"a\") | text::join(\"\")\n";

/// Programs whose values outgrow what there may be.
const GROWING: &[&str] = &[
    "sequence(0, 40) | fold(\"a\", func (x, i) -> f\"{x}{x}\") | text::length",
    "sequence(0, 40) | fold(\"a\", func (x, i) -> text::concat(text::lower(x), text::upper(x))) | text::length",
    "(let x = long(); text::replace(x, \"a\", x) | text::length)",
    "(let x = long(); sequence(0, 2048) | map(i -> text::replace(x, \"a\", f\"{i}\") | text::length) | sum)",
    "(let x = long(); sequence(0, 2000) | map(i -> f\"{x}{i}\") | map(text::length) | sum)",
    "(let x = long(); sequence(0, 2000) | map(i -> text::lower(f\"{x}{i}\")) | map(text::length) | sum)",
    "(let x = long(); sequence(0, 2000) | map(i -> text::slice(f\"{i}{x}\", 1, 1000000)) | map(text::length) | sum)",
    // What is long is the fourth argument, and one of more than two.
    "(let x = long(); sequence(0, 2000) | map(i -> text::concat(f\"{i}-{i}-\", x) | text::length) | sum)",
    "(let x = long(); sequence(0, 2000) | map(i -> text::length(f\"{i}{i}{i}{i}{i}{i}{i}{i}{i}{x}\")) | sum)",
    "(let x = long(); sequence(0, 2000) | map(i -> text::split(x, f\"{i}\") | count) | sum)",
    "(let x = text::replace(long(), \"a\", \"a,\"); sequence(0, 2000) | map(i -> text::split(x, \",\") | text::join(f\"{i}\") | text::length) | sum)",
    "(let x = text::replace(long(), \"a\", \"abcdefghijklmnop\"); text::split(x, \"\") | count)",
    "(let x = text::replace(long(), \"a\", \",,,,,,,,,,,,,,,,\"); text::split(x, \",\") | count)",
    "(let x = long(); sequence(0, 4096) | map(i -> x) | text::join(\",\") | text::length)",
    "sequence(0, 40) | fold([1], func (xs, i) -> append(xs, xs)) | count",
    "sequence(0, 100000000) | map(i -> f\"a rather long text for each of them {i}\") | distinct | count",
    "sequence(0, 30000000) | map(i -> f\"a text of some length {i}\")",
];

#[test]
fn what_grows_is_an_exhausted_resource() {
    if !is_alone("what_grows_is_an_exhausted_resource") {
        return;
    }
    for expression in GROWING {
        let database = Database::open(Config::in_memory().threads(2).memory(MEMORY).connections(1));
        let source = format!("{LONG}func main() -> {expression}");
        let error = database.run(&source, "").expect_err(expression);
        assert_eq!(error.code(), Code::ResourceExhausted, "{expression}: {error:?}");
        let peak = peak_kib();
        assert!(peak < PEAK_KIB, "{expression}: {peak} KiB");
        // The one connection serves again.
        assert_eq!(database.answer("func main(x: Int64) -> sequence(0, x) | sum", "1000"), "499500");
    }
}

#[test]
fn a_failure_gives_its_memory_back() {
    let database = Database::open(Config::in_memory().threads(2).memory("128MB").connections(1));
    let sorted =
        "func main(n: Int64) -> sequence(0, n) | map(x -> (x * 7919) % 1000003) | sort(x -> x) | sum";
    let answer = database.answer(sorted, "1000000");
    for _ in 0..5 {
        let endless = "func main() -> sequence(0, 100000000) | map(i -> f\"a text of some length {i}\")";
        database.fails(endless, "", Code::ResourceExhausted, &[]);
        assert_eq!(database.answer(sorted, "1000000"), answer);
    }
}

#[test]
fn statements_that_are_kept_make_room_for_others() {
    let database = Database::open(Config::in_memory().threads(2).memory("192MB").connections(2));
    let bases = include_str!("../../../../tests/cases/programs/number_bases.lt");
    let bases = bases.replace("func main(", "func bases(");
    for n in 0..20 {
        let source = format!(
            "{bases}\nfunc main(ns: [Int64]): Int64 -> (bases(ns) | filter(x -> x.same) | count) + {n}"
        );
        assert_eq!(database.answer(&source, "[255, 10]"), format!("{}", 2 + n));
    }
}

#[test]
fn few_bytes_do_not_become_many_columns() {
    if !is_alone("few_bytes_do_not_become_many_columns") {
        return;
    }
    let fields: Vec<_> = (0..200).map(|n| format!("f{n}: Int64")).collect();
    let wide = format!("{{{}}}", fields.join(", "));
    let database = Database::open(Config::in_memory().threads(2).memory(MEMORY));
    let nones = [vec![0x80, 0x80, 0x40], vec![0; 1 << 20]].concat();
    let cases = [
        (
            format!(
                "func main(xs: [{{a: {wide}?}}]) -> xs | map(x -> option::map_or(x.a, 0, a -> a.f0 + a.f199)) | sum"
            ),
            nones.clone(),
        ),
        (format!("func main(xs: [enum {{a, b: {wide}}}]) -> xs | filter(x -> x == .a) | count"), nones),
    ];
    for (source, input) in cases {
        let prepared = database.0.prepare(&program(&source)).unwrap();
        let error = database.0.execute(&prepared, &input).unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted, "{source}: {error:?}");
        let peak = peak_kib();
        assert!(peak < PEAK_KIB, "{source}: {peak} KiB");
    }
    // 2^24 items in 4 bytes are what an input may hold.
    let prepared = database.0.prepare(&program("func main(xs: [{}]) -> count(xs)")).unwrap();
    let counted = database.0.execute(&prepared, &[0x80, 0x80, 0x80, 0x08]);
    assert!(matches!(&counted, Ok(bytes) if *bytes == [0x80, 0x80, 0x80, 0x10]), "{counted:?}");
    let peak = peak_kib();
    assert!(peak < PEAK_KIB, "{peak} KiB");
}

#[test]
fn what_only_seems_to_grow_is_answered() {
    let database = Database::open(Config::in_memory().threads(2).memory("64MB"));
    let cases = [
        ("func main(x: Text) -> text::replace(\"\", \"\", x)", "\"\""),
        ("func main(x: Text) -> text::replace(x, \"\", x)", "\"ab\""),
        ("func main(x: Text) -> text::replace(x, \"a\", \"\")", "\"b\""),
        ("func main(x: Text) -> f\"{x}-{x}\"", "\"ab-ab\""),
        ("func main(x: Text) -> f\"{text::upper(x)}{text::trim(x)}{1 + 1}\"", "\"ABab2\""),
        (
            "func main(x: Text) -> [x, x, x] | map(y -> f\"{y}{y}{y}{y}{y}{y}{y}{y}{y}\") | map(text::length)",
            "[18, 18, 18]",
        ),
        (
            "func main(x: Text) -> text::concat(text::trim(text::lower(x)), text::slice(f\"{x}{x}\", 1, 3))",
            "\"abba\"",
        ),
        ("func main(x: Text) -> text::split(f\"{x},{x}\", \",\") | text::join(\"--\")", "\"ab--ab\""),
        (
            "func main(x: Text) -> sequence(0, 2000) | map(i -> text::replace(f\"{x}{i}\", \"b\", \"bb\")) | map(text::length) | max",
            "some(7)",
        ),
        (
            "func main(x: Text) -> sequence(0, 5000) | map(i -> f\"{x}{i}\") | map(text::length) | sum",
            "28890",
        ),
    ];
    for (source, expected) in cases {
        assert_eq!(database.answer(source, "\"ab\""), expected, "{source}");
    }
}

#[test]
fn an_output_ends_at_its_limit() {
    let database = Database::open(Config::in_memory().threads(2).output_bytes(1 << 20).connections(1));
    for source in [
        "func main() -> sequence(0, 100000000)",
        "func main() -> sequence(0, 100000) | map(i -> f\"a text of some length {i}\")",
        "func main() -> {1, sequence(0, 1000000)}",
    ] {
        let error = database.run(source, "").unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted, "{source}: {error:?}");
        let limit = Detail::Limit { name: "output_bytes".into(), value: 1 << 20 };
        assert_eq!(error.details(), [limit], "{source}");
        assert_eq!(database.answer("func main(x: Int64) -> sequence(0, x) | sum", "1000"), "499500");
    }
}

#[test]
fn a_description_has_the_limits_that_hold() {
    let limits = |config: Config| -> std::collections::HashMap<String, u64> {
        Database::open(config).0.describe().unwrap().limits.into_iter().collect()
    };
    let all = limits(
        Config::in_memory()
            .memory("256MiB")
            .output_bytes(1 << 20)
            .connections(3)
            .statement_timeout(Duration::from_secs(3)),
    );
    let expected = [
        ("connections", 3),
        ("time_ms", 3000),
        ("memory_bytes", 256 << 20),
        ("batch_bytes", 64 << 20),
        ("output_bytes", 1 << 20),
    ];
    for (name, value) in expected {
        assert_eq!(all.get(name), Some(&value), "{name}: {all:?}");
    }
    let few = limits(Config::in_memory());
    assert!(
        ["memory_bytes", "time_ms", "output_bytes"].iter().all(|name| !few.contains_key(*name)),
        "{few:?}"
    );
}

#[test]
fn who_only_reads_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    let table = "CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1)";
    drop(Database::open(Config::file(&file).setup(table)));
    let memory = Config::in_memory().setup(table).read_only();
    for config in [memory, Config::file(&file).read_only()] {
        let database = Database::open(config);
        let insert = "func main() -> sql::insert([{a = 2}], \"t\")";
        database.fails(insert, "", Code::PrepareError, &["only reads"]);
        let count = "func main() -> (sql::from(\"t\"): [{a: Int64?}]) | count";
        assert_eq!(database.answer(count, ""), "1");
    }
}

/// Runs a test in a process of its own. Whether this is that process.
fn is_alone(test: &str) -> bool {
    if env::var_os("ALONE").is_some() {
        return true;
    }
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", &format!("growth::{test}"), "--nocapture"]).env("ALONE", "1");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    false
}

/// What this process has taken at most.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
