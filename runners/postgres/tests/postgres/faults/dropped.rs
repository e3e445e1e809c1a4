//! Nobody waits for the answer any more.

use std::{sync::Arc, time::Duration};

use runner_core::{Cancel, Code, Run, RunSync, adapt::Blocking};
use runner_postgres::{Config, Postgres};
use runner_test_server::{Options, Server};

use crate::database::{Database, ENDLESS, PATIENCE, client, program, url, wait};

const BUSY: &str = "func main() -> [1] | loop_until_empty(xs -> xs) | count";

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_execute_ends_on_the_server() {
    let database = Database::with(&Options::default(), "", |config| config.pool_size(1)).await;
    let (_, one) = database.prepare("func main() -> 1").await;
    for source in [ENDLESS, BUSY] {
        let (_, prepared) = database.prepare(source).await;
        let execute = database.runner.execute(&prepared, Vec::new().into());
        tokio::select! {
            result = execute => panic!("{result:?}"),
            () = database.wait_until_busy() => {}
        }
        database.wait_until_idle().await;
        // With a pool of one: it was given back.
        assert_eq!(database.code(&one).await, None);
        assert_eq!(database.connections().await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_waits_for_a_lock_or_for_the_pool_is_dropped_too() {
    let schema = "CREATE TABLE t (id int8); INSERT INTO t VALUES (1)";
    let database = Database::with(&Options::default(), schema, |config| config.pool_size(1)).await;
    let source =
        "func main() -> sql::update(\"t\", func (t: {id: Int64}): {id: Int64}? -> .some({t.id + 1}))";
    let (_, update) = database.prepare(source).await;
    let (_, one) = database.prepare("func main() -> 1").await;
    database.client.batch_execute("BEGIN; LOCK TABLE t").await.unwrap();
    let waits = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted";
    tokio::select! {
        code = database.code(&update) => panic!("{code:?}"),
        () = async {
            database.wait(waits).await;
            // The only connection waits, and so does who wants one.
            let second = tokio::time::timeout(Duration::from_millis(50), database.code(&one));
            assert!(second.await.is_err());
        } => {}
    }
    assert_eq!(database.code(&one).await, None);
    database.client.batch_execute("COMMIT").await.unwrap();
    database.wait_until_idle().await;
    assert_eq!(database.number("SELECT id FROM t").await, 1);
    assert_eq!(database.connections().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_prepare_leaves_a_pool_that_works() {
    let schema = "CREATE TABLE t (id int8)";
    let database = Database::with(&Options::default(), schema, |config| config.pool_size(1)).await;
    let program = program("func main(): [{id: Int64}] -> sql::from(\"t\")");
    // Planning a statement takes a lock of the table.
    database.client.batch_execute("BEGIN; LOCK TABLE t").await.unwrap();
    tokio::select! {
        result = database.runner.prepare(&program) => panic!("{:?}", result.err()),
        () = database.wait("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted") => {}
    }
    database.client.batch_execute("COMMIT").await.unwrap();
    assert_eq!(database.run("func main() -> 1", "{}").await, "1");
    database.wait_until_idle().await;
    assert_eq!(database.connections().await, 1);
}

#[test]
fn a_raised_flag_ends_it_on_the_server() {
    let server = Server::start();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = runtime.block_on(client(&server));
    let config = Config::parse(&url(&server)).unwrap();
    let runner = Arc::new(Blocking::start(Postgres::new(config)).unwrap());
    let prepared = Arc::new(RunSync::prepare(&*runner, &program(ENDLESS)).unwrap());
    for expected in [Code::Cancelled, Code::DeadlineExceeded] {
        let cancel = Cancel::new();
        let (thread_runner, thread_prepared, flag) =
            (Arc::clone(&runner), Arc::clone(&prepared), cancel.clone());
        let thread =
            std::thread::spawn(move || thread_runner.execute_with(&thread_prepared, &[], &flag).unwrap_err());
        let active = "FROM pg_stat_activity WHERE application_name = 'tested' AND state = 'active'";
        runtime.block_on(wait(&client, &format!("SELECT count(*) = 1 {active}")));
        if expected == Code::Cancelled {
            cancel.cancel()
        } else {
            cancel.expire()
        }
        assert_eq!(thread.join().unwrap().code(), expected);
        runtime.block_on(wait(&client, &format!("SELECT count(*) = 0 {active}")));
    }
}

/// What the runtime of an execute would have told the server is told all the same: the server itself would only find
/// out later, and say that it lost a connection.
#[test]
fn a_runtime_that_ends_cancels_first() {
    let server = Server::start();
    let watching = tokio::runtime::Runtime::new().unwrap();
    let client = watching.block_on(client(&server));
    let active = "FROM pg_stat_activity WHERE application_name = 'tested' AND state = 'active'";
    for at_once in [true, false] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let config = Config::parse(&url(&server)).unwrap();
        let runner = runtime.block_on(Postgres::new(config)).unwrap();
        let prepared = runtime.block_on(runner.prepare(&program(ENDLESS))).unwrap();
        let task = runtime.spawn(async move { runner.execute(&prepared, Vec::new().into()).await });
        watching.block_on(wait(&client, &format!("SELECT count(*) = 1 {active}")));
        if at_once {
            // The task that would cancel is dropped before its turn, or does not come to be.
            task.abort();
        }
        runtime.shutdown_background();
        watching.block_on(wait(&client, &format!("SELECT count(*) = 0 {active}")));
    }
    let log = server.log();
    assert_eq!(log.matches("canceling statement due to user request").count(), 2, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_waits_for_what_runs_and_closes_everything() {
    let database = Database::start("").await;
    let (_, short) =
        database.prepare("func main(): [Text] -> sql::raw(\"SELECT 'x' || pg_sleep(0.5)\")").await;
    let shutdown = async {
        database.wait_until_busy().await;
        tokio::time::timeout(PATIENCE, database.runner.shutdown()).await.expect("a shutdown hangs").unwrap();
    };
    let (code, ()) = tokio::join!(database.code(&short), shutdown);
    assert_eq!(code, None);
    database.wait("SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'tested'").await;
    let error = database.runner.execute(&short, Vec::new().into()).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::Unavailable, false));
    database.runner.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_whose_connections_all_work_is_ready() {
    let database = Database::with(&Options::default(), "", |config| config.pool_size(1)).await;
    let (_, long) =
        database.prepare("func main(): [Text] -> sql::raw(\"SELECT 'x' || pg_sleep(600)\")").await;
    let ready = async {
        database.wait_until_busy().await;
        tokio::time::timeout(PATIENCE, database.runner.ready()).await.expect("it waits for the work")
    };
    tokio::select! {
        _ = database.code(&long) => panic!("it has ended"),
        ready = ready => ready.unwrap(),
    }
}
