//! Values that grow: each ends where a limit says so, and the server's process stays small.

use std::fs;

use runner_core::{Code, Detail, Run, Value, wire};
use runner_test_server::Options;

use crate::database::{Database, OURS};

/// 2^20 letters, of which each is `a`.
const LONG: &str = "func long(): Text -> sequence(0, 1048576) | map(i -> \"a\") | text::join(\"\")\n";

/// Programs whose values outgrow what there may be, and the limit that they meet, if it is one of ours.
const GROWING: &[(&str, Option<&str>)] = &[
    ("sequence(0, 40) | fold(\"a\", func (x, i) -> f\"{x}{x}\")", Some("text_bytes")),
    (
        "sequence(0, 40) | fold(\"a\", func (x, i) -> text::concat(text::lower(x), text::lower(x)))",
        Some("text_bytes"),
    ),
    ("let x = long(); text::replace(x, \"a\", x)", Some("text_bytes")),
    ("let x = long(); text::replace(text::trim(x), \"a\", text::trim(x))", Some("text_bytes")),
    (
        "let x = long(); text::replace(x, \"a\", \",,,,,,,,,,,,\") | text::split(\",\") | count",
        Some("text_parts"),
    ),
    (
        "let x = text::replace(long(), \"a\", \"abcdefghijkl\"); text::split(x, \"\") | count",
        Some("text_parts"),
    ),
    (
        "let x = text::replace(long(), \"a\", \"abcdefghijkä\"); text::lower(x) | text::length",
        Some("text_parts"),
    ),
    (
        "let x = text::replace(long(), \"a\", \"abcdefghijkä\"); text::upper(x) | text::length",
        Some("text_parts"),
    ),
    (
        "let x = text::replace(long(), \"a\", \"abcdefghijklmnop\"); sequence(0, 128) | map(i -> x) | text::join(\"\") | text::length",
        None,
    ),
    ("sequence(0, 40) | fold([1], func (xs, i) -> append(xs, xs)) | count", None),
    ("let x = long(); [[x], sequence(0, 300) | map(i -> x)] | map(xs -> xs | count)", None),
];

/// The files of these servers are in memory.
const FILES: Options<'_> = Options { settings: &[("temp_file_limit", "512MB")], files: &[], tcp: false };

/// What a process of the server may take: shared memory, a text of 256 MiB, what it is made of and its `jsonb`.
const PEAK_KIB: u64 = 2 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn what_grows_is_an_exhausted_resource() {
    let database = Database::with(&FILES, "", |config| config).await;
    for (expression, limit) in GROWING {
        let source = format!("{LONG}func main() -> ({expression})");
        let (program, prepared) = database.prepare(&source).await;
        let input = wire::encode(program.types(), program.input(), &Value::unit()).unwrap();
        match database.runner.execute(&prepared, input.into()).await {
            // Not every server has to hold what is only counted.
            Ok(_) if limit.is_none() => {}
            Ok(_) => panic!("{expression} does not end"),
            Err(error) => {
                assert_eq!(error.code(), Code::ResourceExhausted, "{expression}: {error:?}");
                let names: Vec<_> = error.details().iter().filter_map(name).collect();
                assert_eq!(names.first(), limit.as_ref(), "{expression}: {error:?}");
            }
        }
        let peak = peak(&database).await;
        assert!(peak < PEAK_KIB, "{expression}: {peak} KiB");
        assert_eq!(database.run("func main() -> 1", "{}").await, "1");
    }
    database.wait_until_idle().await;
    assert_eq!(database.connections().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_seems_to_grow_is_answered() {
    let database = Database::start(
        "CREATE TABLE t (a text NOT NULL, b text NOT NULL); \
        INSERT INTO t VALUES ('x', repeat('y', 1000000))",
    )
    .await;
    let cases = [
        ("func main() -> text::replace(\"\", \"\", \"x\")", "\"\""),
        ("func main(x: Text) -> text::replace(x, \"\", x)", "\"ab\""),
        ("func main(x: Text) -> text::replace(x, \"a\", \"\")", "\"b\""),
        ("func main(x: Text) -> f\"{x}-{x}\"", "\"ab-ab\""),
        ("func main(x: Text) -> f\"{text::upper(x)}{text::trim(x)}{1 + 1}\"", "\"ABab2\""),
        ("func main(x: Text) -> text::split(x, \"a\")", "[\"\",\"b\",]"),
    ];
    for (source, expected) in cases {
        let output = database.run(source, if source.contains("x: Text") { "\"ab\"" } else { "{}" }).await;
        assert_eq!(output.replace(char::is_whitespace, ""), expected, "{source}");
    }
    let source = "func main() -> (sql::from(\"t\"): [{a: Text, b: Text}]) | map(t -> text::length(text::replace(t.a, t.a, f\"{t.b}{t.b}\")))";
    assert_eq!(database.run(source, "{}").await.replace(char::is_whitespace, ""), "[2000000,]");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_ends_at_its_limit() {
    let with = |config: runner_postgres::Config| config.output_bytes(1 << 20).pool_size(1);
    let database = Database::with(&FILES, "", with).await;
    let cases = [
        "func main() -> sequence(0, 1000000)",
        "func main() -> sequence(0, 100000) | map(i -> f\"a text of some length {i}\")",
        "func main() -> {1, sequence(0, 1000000)}",
    ];
    for source in cases {
        let (_, prepared) = database.prepare(source).await;
        let error = database.runner.execute(&prepared, Vec::new().into()).await.unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted, "{source}: {error:?}");
        let limit = Detail::Limit { name: "output_bytes".into(), value: 1 << 20 };
        assert_eq!(error.details(), [limit], "{source}");
        database.wait_until_idle().await;
        assert_eq!(database.run("func main() -> 1", "{}").await, "1");
    }
    assert_eq!(
        database.run("func main() -> sequence(0, 100000) | map(i -> i % 2) | count", "{}").await,
        "100000"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn few_bytes_do_not_become_many_parameters() {
    let fields: Vec<_> = (0..200).map(|n| format!("f{n}: Int64")).collect();
    let wide = format!("{{{}}}", fields.join(", "));
    let database = Database::with(&FILES, "", |config| config).await;
    // 4 bytes for 2^24 items, and a million options of 200 columns each that are none.
    let cases = [
        (
            "func main(xs: [{}]) -> count(xs)".to_owned(),
            vec![0x80, 0x80, 0x80, 0x08],
            Ok(vec![0x80, 0x80, 0x80, 0x10]),
        ),
        (
            format!("func main(xs: [{{a: {wide}?}}]) -> xs"),
            [vec![0x80, 0x80, 0x40], vec![0; 1 << 20]].concat(),
            Err(Code::ResourceExhausted),
        ),
    ];
    for (source, input, expected) in cases {
        let (_, prepared) = database.prepare(&source).await;
        let output = database.runner.execute(&prepared, input.into()).await;
        match (output, expected) {
            (Ok(output), Ok(expected)) => assert_eq!(output, expected, "{source}"),
            (output, expected) => {
                assert_eq!(
                    output.as_ref().map_err(|e| e.code()).err(),
                    expected.err(),
                    "{source}: {output:?}"
                );
            }
        }
        let peak = peak(&database).await;
        assert!(peak < PEAK_KIB, "{source}: {peak} KiB");
    }
}

fn name(detail: &Detail) -> Option<&str> {
    match detail {
        Detail::Limit { name, .. } => Some(name),
        _ => None,
    }
}

/// What the process of the runner's connection has taken at most, in KiB.
async fn peak(database: &Database) -> u64 {
    let pids = format!("SELECT pid FROM {OURS}");
    let mut peak = 0;
    for row in database.client.query(&pids, &[]).await.unwrap() {
        let pid: i32 = row.get(0);
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = peak.max(kib.unwrap_or_default());
    }
    peak
}
