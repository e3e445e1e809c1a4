//! Many callers and few connections.

use futures_util::future::join_all;
use runner_core::{Code, Run, value, wire};
use runner_test_server::Options;

use crate::database::{Database, OURS};

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_executes_share_four_connections() {
    let schema = "CREATE TABLE t (id int8 PRIMARY KEY, name text NOT NULL); \
        INSERT INTO t SELECT n, 'name ' || n FROM generate_series(0, 999) n";
    let database = Database::with(&Options::default(), schema, |config| config.pool_size(4)).await;
    let source = "func main(id: Int64) -> \
        if id % 10 == 9 then [\"\" | text::length | to_text, to_text(1 / (id - id))] \
        else (sql::from(\"t\"): [{id: Int64, name: Text}]) | filter(t -> t.id == id) | map(t -> t.name)";
    let (program, prepared) = database.prepare(source).await;
    let (program, prepared) = (&program, &prepared);
    let executes = (0..200).map(|id| {
        let input = value::read(program.types(), program.input(), &id.to_string()).unwrap();
        let input = wire::encode(program.types(), program.input(), &input).unwrap();
        database.runner.execute(prepared, input.into())
    });
    for (id, result) in join_all(executes).await.into_iter().enumerate() {
        match result {
            Ok(output) => {
                let output = wire::decode(program.types(), program.output(), &output).unwrap();
                let printed = value::print(program.types(), program.output(), &output).unwrap();
                assert_eq!(printed, format!("[\n  \"name {id}\",\n]"));
            }
            Err(error) => assert_eq!((id % 10, error.code()), (9, Code::ExecutionError), "{error}"),
        }
    }
    assert!(database.connections().await <= 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_executes_leak_no_connection() {
    let database = Database::with(&Options::default(), "", |config| config.pool_size(4)).await;
    let source = "func main(): [Text] -> sql::raw(\"SELECT 'x' || pg_sleep(0.02)\")";
    let (_, prepared) = database.prepare(source).await;
    let executes = (0..200u64).map(|n| {
        let execute = database.runner.execute(&prepared, Vec::new().into());
        // Some are given up while they wait, some while they run, some just as they end.
        tokio::time::timeout(std::time::Duration::from_millis(n % 50 * 4), execute)
    });
    for result in join_all(executes).await.into_iter().flatten() {
        result.unwrap();
    }
    database.wait_until_idle().await;
    // All four can be had at once.
    let all = join_all((0..4).map(|_| database.runner.execute(&prepared, Vec::new().into()))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    database.wait(&format!("SELECT count(*) <= 4 FROM {OURS}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_that_are_not_used_any_more_are_let_go_of() {
    let database = Database::with(&Options::default(), "", |config| config.pool_size(1)).await;
    for n in 0..300 {
        assert_eq!(database.run(&format!("func main(x: Int64) -> x + {n}"), "1").await, (n + 1).to_string());
    }
    let source = "func main(): [Int64] -> sql::raw(\"SELECT count(*) FROM pg_prepared_statements\")";
    let held: i64 = database.run(source, "{}").await.replace(['[', ']', ',', '\n', ' '], "").parse().unwrap();
    assert!(held < 20, "{held} statements");
    // Those that are in use are bounded, too, and all of them work.
    let mut prepared = Vec::new();
    for n in 0..300 {
        prepared.push(database.prepare(&format!("func main(): [Int64] -> [{n}]")).await.1);
    }
    for (n, prepared) in prepared.iter().enumerate() {
        let output = database.runner.execute(prepared, Vec::new().into()).await.unwrap();
        assert_eq!(output, postcard_list(n as i64));
    }
    let held: i64 = database.run(source, "{}").await.replace(['[', ']', ',', '\n', ' '], "").parse().unwrap();
    assert!(held <= 260, "{held} statements");
}

/// The wire bytes of an array of one integer.
fn postcard_list(n: i64) -> Vec<u8> {
    let mut writer = wire::Writer::new();
    writer.u32(1);
    writer.i64(n);
    writer.into_bytes()
}
