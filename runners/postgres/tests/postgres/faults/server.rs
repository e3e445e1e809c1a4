//! The server goes away in the middle of an execute.

use std::process::Command;

use runner_core::{Code, Run};

use runner_test_server::Options;

use crate::database::{Database, ENDLESS, OURS, client};

const SLOW: &str = "
CREATE TABLE slow (id int8 PRIMARY KEY);
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id = 500 THEN PERFORM pg_sleep(100000); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER wait BEFORE INSERT ON slow FOR EACH ROW EXECUTE FUNCTION wait();
";

/// What was committed stays, as it does unless a server is told otherwise.
const DURABLE: Options<'_> = Options { settings: &[("synchronous_commit", "on")], files: &[], tcp: false };

const INSERT: &str = "func main() -> sql::insert(sequence(0, 1000) | map(id -> {id = id}), \"slow\")";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_backend_is_unavailable_and_changes_nothing() {
    let mut database = Database::with(&DURABLE, SLOW, |config| config).await;
    let (_, insert) = database.prepare(INSERT).await;
    let (_, one) = database.prepare("func main() -> 1").await;
    let kill = async {
        let pid = database.busy_process().await;
        assert!(Command::new("sh").args(["-c", &format!("kill -9 {pid}")]).status().unwrap().success());
    };
    let (code, ()) = tokio::join!(database.code(&insert), kill);
    assert_eq!(code, Some(Code::Unavailable));
    // The death of one ends all sessions of the server, which then recovers.
    database.recovers(&one).await;
    database.client = client(&database.server).await;
    assert_eq!(database.number("SELECT count(*) FROM slow").await, 0);
    assert!(database.connections().await <= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_server_is_unavailable_until_it_is_back() {
    let mut database = Database::with(&DURABLE, SLOW, |config| config).await;
    let (_, insert) = database.prepare(INSERT).await;
    let (_, one) = database.prepare("func main() -> 1").await;
    let crash = async {
        database.wait_until_busy().await;
        database.server.crash();
    };
    let (code, ()) = tokio::join!(database.code(&insert), crash);
    assert_eq!(code, Some(Code::Unavailable));
    // Nobody listens.
    let error = database.runner.execute(&one, Vec::new().into()).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Code::Unavailable, true));
    database.server.resume();
    // Nothing was in flight: the first one succeeds.
    assert_eq!(database.code(&one).await, None);
    database.client = client(&database.server).await;
    assert_eq!(database.number("SELECT count(*) FROM slow").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_in_flight_notices_a_restart() {
    let mut database = Database::with(&DURABLE, SLOW, |config| config).await;
    let (_, endless) = database.prepare(ENDLESS).await;
    let (_, one) = database.prepare("func main() -> 1").await;
    let stop = async {
        database.wait_until_busy().await;
        database.server.stop();
    };
    let (code, ()) = tokio::join!(database.code(&endless), stop);
    assert_eq!(code, Some(Code::Unavailable));
    database.server.resume();
    let codes = futures_util::future::join_all((0..20).map(|_| database.code(&one))).await;
    assert_eq!(codes, [None; 20]);
    // Several connections, all of them idle, die with the server that kept them.
    database.server.restart();
    let codes = futures_util::future::join_all((0..20).map(|_| database.code(&one))).await;
    assert_eq!(codes, [None; 20]);
    database.client = client(&database.server).await;
    assert!(database.connections().await <= 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_ends_a_statement_or_a_session() {
    let database = Database::start("").await;
    let (_, endless) = database.prepare(ENDLESS).await;
    for (function, expected) in
        [("pg_cancel_backend", Code::Cancelled), ("pg_terminate_backend", Code::Unavailable)]
    {
        let end = async {
            database.wait_until_busy().await;
            let query = format!("SELECT count({function}(pid)) FROM {OURS} AND state = 'active'");
            assert_eq!(database.number(&query).await, 1);
        };
        let (code, ()) = tokio::join!(database.code(&endless), end);
        assert_eq!(code, Some(expected), "{function}");
        assert_eq!(database.run("func main() -> 1", "{}").await, "1");
        assert_eq!(database.connections().await, 1);
    }
}
