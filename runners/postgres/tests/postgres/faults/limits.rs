//! Time, space and connections run out.

use std::{collections::HashMap, time::Duration};

use runner_core::{Code, Detail, Run, value, wire};
use runner_postgres::{Config, Postgres};
use runner_test_server::Options;

use crate::database::{Database, ENDLESS, PATIENCE, client, url};

#[tokio::test(flavor = "multi_thread")]
async fn a_late_statement_ends_with_the_deadline() {
    let timeout = Duration::from_millis(100);
    let own = Database::with(&Options::default(), "", |config| config.statement_timeout(timeout)).await;
    let settings = [("statement_timeout", "100ms")];
    let servers = Options { settings: &settings, ..Options::default() };
    for database in [own, Database::with(&servers, "", |config| config).await] {
        let (_, endless) = database.prepare(ENDLESS).await;
        let (_, busy) = database.prepare("func main() -> [1] | loop_until_empty(xs -> xs) | count").await;
        for prepared in [&endless, &busy] {
            assert_eq!(database.code(prepared).await, Some(Code::DeadlineExceeded));
            assert_eq!(database.run("func main() -> 1", "{}").await, "1");
        }
        assert_eq!(database.connections().await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_and_a_cancellation_differ() {
    let (options, timeout) = (Options::default(), Duration::from_millis(300));
    let database = Database::with(&options, "", |config| config.statement_timeout(timeout)).await;
    let (_, endless) = database.prepare(ENDLESS).await;
    let error = database.runner.execute(&endless, Vec::new().into()).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
    assert!(error.details().contains(&Detail::Limit { name: "time_ms".into(), value: 300 }), "{error:?}");
    let patient = Database::with(&options, "", |config| config.statement_timeout(PATIENCE)).await;
    let (_, endless) = patient.prepare(ENDLESS).await;
    let (code, ()) = tokio::join!(patient.code(&endless), async {
        let cancel = format!("SELECT pg_cancel_backend({})", patient.busy_process().await);
        patient.client.batch_execute(&cancel).await.unwrap();
    });
    assert_eq!(code, Some(Code::Cancelled));
    assert_eq!(patient.run("func main() -> 1", "{}").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_has_the_limits_that_hold() {
    let schema = "CREATE ROLE someone LOGIN; ALTER ROLE someone SET statement_timeout = '7s'";
    let database = Database::start(schema).await;
    let limits = async |user: &str, config: fn(Config) -> Config| -> HashMap<String, u64> {
        let url = database.server.url().replace("test@", user);
        let runner = Postgres::new(config(Config::parse(&url).unwrap())).await.unwrap();
        runner.describe().await.unwrap().limits.into_iter().collect()
    };
    let set = |config: Config| {
        config
            .pool_size(3)
            .statement_timeout(Duration::from_millis(1500))
            .work_mem(1 << 20)
            .temp_file_limit(5 << 20)
            .output_bytes(1 << 30)
    };
    let all = limits("test@", set).await;
    let expected = [
        ("connections", 3),
        ("time_ms", 1500),
        ("work_mem_bytes", 1 << 20),
        ("temp_file_bytes", 5 << 20),
        ("output_bytes", 1 << 30),
    ];
    for (name, value) in expected {
        assert_eq!(all.get(name), Some(&value), "{name}: {all:?}");
    }
    // Who may not set a limit has none; what the role is set to holds.
    let others = limits("someone@", |config| config.temp_file_limit(5 << 20)).await;
    assert_eq!((others.get("temp_file_bytes"), others.get("time_ms")), (None, Some(&7000)), "{others:?}");
    assert_eq!(limits("test@", |config| config).await.get("output_bytes"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_an_exhausted_resource_and_changes_nothing() {
    let database = Database::start("CREATE TABLE t (id int8 PRIMARY KEY, name text NOT NULL)").await;
    // Larger than a segment of the log.
    database.server.limit_files(20 << 20);
    let runner = Postgres::connect(&url(&database.server)).await.unwrap();
    let source = "func main(name: Text) -> \
        sql::insert(sequence(0, 50000) | map(id -> {id = id, name = name}), \"t\")";
    let program = crate::database::program(source);
    let prepared = runner.prepare(&program).await.unwrap();
    let input = value::read(program.types(), program.input(), &format!("\"{}\"", "x".repeat(1000))).unwrap();
    let input = wire::encode(program.types(), program.input(), &input).unwrap();
    let error = runner.execute(&prepared, input.into()).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
    assert_eq!(database.number("SELECT count(*) FROM t").await, 0);
    let one = "func main() -> sql::insert([{id = 1, name = \"x\"}], \"t\")";
    assert_eq!(crate::database::run(&runner, one, "{}").await.unwrap(), "{}");
    assert_eq!(database.number("SELECT count(*) FROM t").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_of_temporary_files_is_an_exhausted_resource() {
    let settings = [("temp_file_limit", "1MB"), ("work_mem", "64kB")];
    let options = Options { settings: &settings, ..Options::default() };
    let database = Database::with(&options, "", |config| config).await;
    let (_, large) = database.prepare("func main() -> sequence(0, 1000000) | sort(n -> 0 - n)").await;
    assert_eq!(database.code(&large).await, Some(Code::ResourceExhausted));
    assert_eq!(database.run("func main() -> 1", "{}").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_connections_left_is_an_exhausted_resource() {
    let settings =
        [("max_connections", "4"), ("superuser_reserved_connections", "0"), ("max_wal_senders", "0")];
    let options = Options { settings: &settings, ..Options::default() };
    let database = Database::with(&options, "", |config| config).await;
    let mut others = Vec::new();
    for _ in 0..2 {
        others.push(client(&database.server).await);
    }
    let error = Postgres::connect(&url(&database.server)).await.map(drop).unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::ResourceExhausted, true));
    drop(others);
    database.wait("SELECT count(*) = 2 FROM pg_stat_activity WHERE backend_type = 'client backend'").await;
    assert!(Postgres::connect(&url(&database.server)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_not_let_in() {
    let files = [("pg_hba.conf", "local all test trust\nlocal all all scram-sha-256\n")];
    let options = Options { files: &files, ..Options::default() };
    let schema = "SET password_encryption = 'scram-sha-256'; CREATE ROLE someone LOGIN PASSWORD 'secret'";
    let database = Database::with(&options, schema, |config| config).await;
    let code = async |user: &str| {
        let url = database.server.url().replace("test@", user);
        Postgres::new(Config::parse(&url).unwrap()).await.map(drop).map_err(|error| error.code())
    };
    assert_eq!(code("someone:secret@").await, Ok(()));
    for user in ["someone:wrong@", "someone@", "nobody:secret@"] {
        assert_eq!(code(user).await, Err(Code::Unauthenticated), "{user}");
    }
}
