//! The connection breaks, or nothing comes any more.

use std::time::Duration;

use runner_core::{Code, Run};
use runner_postgres::{Config, Postgres};
use runner_test_server::{Options, Server};

use crate::{
    database::{Database, PATIENCE, client, program, run, wait},
    proxy::Proxy,
};

/// An output of several megabytes.
const LARGE: &str = "func main() -> sequence(0, 300000) | map(n -> {n, to_text(n)})";

const TCP: Options<'_> = Options { settings: &[], files: &[], tcp: true };

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_in_the_middle_of_a_result_is_unavailable() {
    let server = Server::with(&TCP);
    let proxy = Proxy::start(&server).await;
    let runner = Postgres::new(Config::parse(&proxy.url()).unwrap().pool_size(2)).await.unwrap();
    let prepared = runner.prepare(&program(LARGE)).await.unwrap();
    let whole = runner.execute(&prepared, Vec::new().into()).await.unwrap();
    for bytes in [0, 1, 100, 5_000, 100_000, 2_000_000] {
        proxy.cut_after(bytes);
        let execute = runner.execute(&prepared, Vec::new().into());
        let result = tokio::time::timeout(PATIENCE, execute).await.expect("an execute hangs");
        assert_eq!(result.unwrap_err().code(), Code::Unavailable, "after {bytes} bytes");
        proxy.mend();
        assert_eq!(runner.execute(&prepared, Vec::new().into()).await.unwrap(), whole);
    }
    let client = client(&server).await;
    wait(&client, "SELECT count(*) <= 2 FROM pg_stat_activity WHERE application_name = 'tested'").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_in_the_middle_of_a_change_leaves_all_or_nothing() {
    let database = Database::with(&TCP, "CREATE TABLE t (id int8)", |config| config).await;
    let proxy = Proxy::start(&database.server).await;
    let runner = Postgres::connect(&proxy.url()).await.unwrap();
    let source = "func main() -> sql::insert(sequence(0, 1000) | map(id -> {id = id}), \"t\")";
    let prepared = runner.prepare(&program(source)).await.unwrap();
    proxy.cut_after(0);
    let error = runner.execute(&prepared, Vec::new().into()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    proxy.mend();
    database.wait_until_idle().await;
    // The answer was cut, so the caller can't know; it was done once, as a retry would have done it twice.
    let first = database.number("SELECT count(*) FROM t").await;
    assert!(first == 0 || first == 1000, "{first}");
    runner.execute(&prepared, Vec::new().into()).await.unwrap();
    assert_eq!(database.number("SELECT count(*) FROM t").await, first + 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_holds_where_nothing_comes_back() {
    let server = Server::with(&TCP);
    let proxy = Proxy::start(&server).await;
    let config = Config::parse(&format!("{}&connect_timeout=1", proxy.url())).unwrap().pool_size(1);
    let runner = Postgres::new(config).await.unwrap();
    let prepared = runner.prepare(&program("func main() -> 1")).await.unwrap();
    proxy.block();
    let late = tokio::time::timeout(Duration::from_millis(200), runner.execute(&prepared, Vec::new().into()));
    assert!(late.await.is_err());
    // The connection that hangs is let go of; the next one can't be made.
    let next = tokio::time::timeout(PATIENCE, runner.execute(&prepared, Vec::new().into()));
    let error = next.await.expect("an execute hangs").unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    proxy.mend();
    assert_eq!(run(&runner, "func main() -> 1 + 1", "{}").await.unwrap(), "2");
    tokio::time::timeout(PATIENCE, runner.shutdown()).await.expect("a shutdown hangs").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_is_ready_as_long_as_its_database_is() {
    let database = Database::with(&TCP, "", |config| config.pool_size(2)).await;
    let proxy = Proxy::start(&database.server).await;
    let config = Config::parse(&format!("{}&connect_timeout=1", proxy.url())).unwrap().pool_size(2);
    let runner = Postgres::new(config).await.unwrap();
    let code = async || {
        let ready = tokio::time::timeout(PATIENCE, runner.ready()).await.expect("it hangs");
        let described = tokio::time::timeout(PATIENCE, runner.describe()).await.expect("it hangs");
        assert_eq!(ready.is_ok(), described.is_ok());
        ready.err().map(|error| (error.code(), error.is_retryable()))
    };
    assert_eq!(code().await, None);
    // A server that is gone, and one that says nothing.
    for _ in 0..2 {
        database.server.stop();
        assert_eq!(code().await, Some((Code::Unavailable, true)));
        database.server.resume();
        assert_eq!(code().await, None);
        proxy.block();
        assert_eq!(code().await, Some((Code::Unavailable, true)));
        proxy.mend();
        assert_eq!(code().await, None);
    }
    runner.shutdown().await.unwrap();
    assert_eq!(code().await, Some((Code::Unavailable, false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execute_is_one_round_trip() {
    let schema = "CREATE TABLE t (id int8 PRIMARY KEY, tags jsonb NOT NULL DEFAULT '[]'); \
        INSERT INTO t SELECT n FROM generate_series(1, 10) n";
    let database = Database::with(&TCP, schema, |config| config).await;
    let proxy = Proxy::start(&database.server).await;
    let runner = Postgres::new(Config::parse(&proxy.url()).unwrap().pool_size(1)).await.unwrap();
    for source in [
        "func main() -> (sql::from(\"t\"): [{id: Int64}]) | find(t -> t.id == 3)",
        "func main() -> (sql::from(\"t\"): [{id: Int64}]) | map(t -> {t.id, [t.id, 2] | map(x -> [x])})",
        "func main() -> sql::insert([{id = 20}, {id = 21}], \"t\")",
        "func main() -> sql::update(\"t\", func (t: {id: Int64}): {id: Int64}? -> .some({id = t.id + 100}))",
        "func main() -> sql::delete(\"t\", func (t: {id: Int64}) -> t.id > 110)",
        "func main() -> sequence(0, 2000) | map(n -> {n, to_text(n)})",
    ] {
        let prepared = runner.prepare(&program(source)).await.unwrap();
        proxy.turns();
        runner.execute(&prepared, Vec::new().into()).await.unwrap();
        assert_eq!(proxy.turns(), 1, "{source}");
    }
}
