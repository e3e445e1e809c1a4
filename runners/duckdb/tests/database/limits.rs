//! What ends work: the caller, the deadline, memory; and what programs can't reach.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use runner_core::{Cancel, Code, Detail, Run, RunSync, adapt::Pooled};
use runner_duckdb::{Config, DuckDb};

use crate::support::{Database, encode, program};

/// Runs for hours if it is let.
const ENDLESS: &str =
    "func main(n: Int64) -> sequence(0, n) | flat_map(x -> sequence(0, n)) | map(x -> x % 7) | sum";

/// Turns a hang into a failure.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_deadline_stops_the_work() {
    let database = Database::open(Config::in_memory().threads(2).connections(1));
    let program = program(ENDLESS);
    let prepared = database.0.prepare(&program).unwrap();
    let input = encode(&program, "10000000");
    let cancel = Cancel::new();
    let late = cancel.clone();
    let timer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        late.expire();
    });
    let begun = Instant::now();
    let error = database.0.execute_with(&prepared, &input, &cancel).unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
    assert!(begun.elapsed() < PATIENCE);
    timer.join().unwrap();
    // The one connection serves again, and later interrupts do not reach it.
    for _ in 0..50 {
        assert_eq!(database.answer("func main(x: Int64) -> sequence(0, x) | sum", "1000"), "499500");
    }
}

#[test]
fn a_statement_has_a_time() {
    let time = Duration::from_millis(100);
    let database = Database::open(Config::in_memory().threads(2).connections(1).statement_timeout(time));
    let program = program(ENDLESS);
    let prepared = database.0.prepare(&program).unwrap();
    for _ in 0..3 {
        let error = database.0.execute(&prepared, &encode(&program, "10000000")).unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
        assert_eq!(error.details(), [Detail::Limit { name: "time_ms".into(), value: 100 }]);
        assert_eq!(database.answer("func main(x: Int64) -> sequence(0, x) | sum", "1000"), "499500");
    }
    // Who gives up first is not late.
    let patient = Config::in_memory().threads(2).connections(1).statement_timeout(PATIENCE);
    let database = Database::open(patient);
    let prepared = database.0.prepare(&program).unwrap();
    let cancel = Cancel::new();
    let given_up = cancel.clone();
    let caller = thread::spawn(move || {
        thread::sleep(time);
        given_up.cancel();
    });
    let error = database.0.execute_with(&prepared, &encode(&program, "10000000"), &cancel).unwrap_err();
    assert_eq!(error.code(), Code::Cancelled, "{error:?}");
    caller.join().unwrap();
}

#[test]
fn a_dropped_future_stops_the_work() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let runner = DuckDb::open(Config::in_memory().threads(2).connections(1)).unwrap();
    let runner = Pooled::new(runner, 1).unwrap();
    let (endless, quick) = (program(ENDLESS), program("func main(x: Int64) -> x + 1"));
    runtime.block_on(async {
        let prepared = runner.prepare(&endless).await.unwrap();
        let execute = runner.execute(&prepared, encode(&endless, "10000000").into());
        assert!(tokio::time::timeout(Duration::from_millis(200), execute).await.is_err());
        // There is one worker and one connection: both are free again.
        let answer = async {
            let prepared = runner.prepare(&quick).await?;
            runner.execute(&prepared, encode(&quick, "1").into()).await
        };
        let answer = tokio::time::timeout(PATIENCE, answer).await.expect("the work goes on");
        assert_eq!(&answer.unwrap()[..], [4]);
    });
}

#[test]
fn who_waits_for_a_connection_can_give_up() {
    let database = Database::open(Config::in_memory().threads(2).connections(1));
    let program = program(ENDLESS);
    let prepared = database.0.prepare(&program).unwrap();
    let input = encode(&program, "10000000");
    let (cancel, give_up) = (Cancel::new(), Cancel::new());
    thread::scope(|scope| {
        let first = scope.spawn(|| database.0.execute_with(&prepared, &input, &cancel));
        thread::sleep(Duration::from_millis(100));
        let second = scope.spawn(|| database.0.execute_with(&prepared, &input, &give_up));
        give_up.cancel();
        assert_eq!(second.join().unwrap().unwrap_err().code(), Code::Cancelled);
        cancel.cancel();
        assert_eq!(first.join().unwrap().unwrap_err().code(), Code::Cancelled);
    });
}

#[test]
fn memory_is_bounded() {
    let config = Config::in_memory().threads(2).memory("50MB");
    let database = Database::open(config);
    let greedy = "func main(n: Int64) -> sequence(0, n) | map(x -> f\"a rather long text for each of them {x}\") | distinct | count";
    database.fails(greedy, "10000000", Code::ResourceExhausted, &[]);
    assert_eq!(database.answer("func main(x: Int64) -> sequence(0, x) | sum", "1000"), "499500");
}

#[test]
fn what_does_not_fit_into_memory_may_go_to_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::in_memory().threads(1).memory("60MB").temp_directory(folder.path());
    let sorted = "func main(n: Int64) -> sequence(0, n) | map(x -> f\"a rather long text {x}\") | sort_desc(x -> x) | slice(1000, 1001)";
    assert_eq!(Database::open(config).answer(sorted, "2000000"), "[\"a rather long text 999098\"]");
}

#[test]
fn files_and_the_network_are_closed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.csv");
    std::fs::write(&file, "a\n1\n").unwrap();
    let path = file.to_string_lossy().replace('\'', "''");
    let read = format!("func main(): [{{a: Int64?}}] -> sql::raw(\"SELECT a FROM read_csv('{path}')\")");
    Database::with("").fails(&read, "", Code::PrepareError, &["disabled"]);
    let queries = [
        format!("SELECT a FROM '{path}'"),
        "SELECT a FROM read_parquet('https://127.0.0.1:1/a.parquet')".into(),
        "SELECT content AS a FROM read_text('/etc/passwd')".into(),
        "SELECT file AS a FROM glob('/*')".into(),
        "SELECT getenv('HOME') AS a".into(),
    ];
    for query in queries {
        let source = format!("func main(): [{{a: Text?}}] -> sql::raw(\"{query}\")");
        let error = Database::with("").run(&source, "").expect_err(&query);
        assert_eq!(error.code(), Code::PrepareError, "{query}: {error:?}");
    }
    let open = Database::open(Config::in_memory().external_access());
    assert_eq!(open.answer(&read, ""), "[{a = some(1)}]");
}

#[test]
fn a_query_is_one_that_only_reads() {
    let database = Database::with("CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1)");
    let queries = [
        "SELECT a FROM t; DROP TABLE t",
        "DROP TABLE t",
        "INSERT INTO t VALUES (2) RETURNING a",
        "SELECT a FROM t) AS x; DROP TABLE t; --",
        "COPY t TO 'x.csv'",
        "ATTACH 'x.db'",
        "SET memory_limit = '1TB'",
        "PRAGMA enable_profiling",
        "INSTALL httpfs",
        "SELECT $1 AS a",
        "",
    ];
    for query in queries {
        let source = format!("func main(): [{{a: Int64?}}] -> sql::raw(\"{query}\")");
        let error = database.run(&source, "").expect_err(query);
        assert_eq!(error.code(), Code::PrepareError, "{query}: {error:?}");
    }
    let comment = "func main(): [{a: Int64?}] -> sql::raw(\"SELECT a FROM t -- to the end\")";
    assert_eq!(database.answer(comment, ""), "[{a = some(1)}]");
}

#[test]
fn after_a_shutdown_nothing_runs() {
    let database = Database::with("");
    let program = program("func main(x: Int64) -> x");
    let prepared = database.0.prepare(&program).unwrap();
    database.0.ready().unwrap();
    database.0.shutdown().unwrap();
    database.0.shutdown().unwrap();
    assert_eq!(database.0.ready().unwrap_err().code(), Code::Unavailable);
    assert_eq!(database.0.describe().unwrap_err().code(), Code::Unavailable);
    assert_eq!(database.0.execute(&prepared, &[2]).unwrap_err().code(), Code::Unavailable);
    assert_eq!(database.0.prepare(&program).err().unwrap().code(), Code::Unavailable);
    assert_eq!(database.0.get_interface().unwrap_err().code(), Code::Unavailable);
}

#[test]
fn bytes_that_are_no_input_are_refused() {
    let database = Database::with("");
    let program = program("func main(xs: [{a: Text, b: enum {x, y: [Int64]}}]) -> xs");
    let prepared = database.0.prepare(&program).unwrap();
    let (sender, receiver) = mpsc::channel();
    let mut random = 1u64;
    for round in 0..2000u64 {
        let bytes: Vec<u8> = (0..round % 24)
            .map(|_| {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) as u8 % 8
            })
            .collect();
        match database.0.execute(&prepared, &bytes) {
            Ok(output) => sender.send((bytes, output)).unwrap(),
            Err(error) => assert_eq!(error.code(), Code::DecodeError, "{bytes:?}: {error:?}"),
        }
    }
    drop(sender);
    for (bytes, output) in receiver {
        assert_eq!(bytes, output);
    }
}
