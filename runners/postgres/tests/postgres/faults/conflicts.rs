//! Two changes meet.

use runner_core::{Code, Run};
use runner_test_server::Options;

use crate::database::{Database, program};

const SCHEMA: &str = "CREATE TABLE counters (id int8 PRIMARY KEY, n int8 NOT NULL); \
    INSERT INTO counters VALUES (1, 0), (2, 0)";

const ADD: &str = "type Counter: {id: Int64, n: Int64}\n\
    func main() -> sql::update(\"counters\", \
        func (c: Counter): Counter? -> if c.id == 1 then .some({c.id, n = c.n + 1}) else .none)";

#[tokio::test(flavor = "multi_thread")]
async fn an_update_waits_and_then_fails_if_the_row_has_changed() {
    let database = Database::start(SCHEMA).await;
    let (_, add) = database.prepare(ADD).await;
    for (end, expected, left) in [("COMMIT", Some(Code::Unavailable), 10), ("ROLLBACK", None, 11)] {
        database.client.batch_execute("BEGIN; UPDATE counters SET n = 10 WHERE id = 1").await.unwrap();
        let other = async {
            database.wait("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted").await;
            database.client.batch_execute(end).await.unwrap();
        };
        let (code, ()) = tokio::join!(database.code(&add), other);
        assert_eq!(code, expected, "{end}");
        assert_eq!(database.number("SELECT n FROM counters WHERE id = 1").await, left);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost_among_many() {
    let database = Database::start(SCHEMA).await;
    let (_, add) = database.prepare(ADD).await;
    let adders = (0..8).map(async |_| {
        for _ in 0..10 {
            // An error that says so may be retried.
            while let Err(error) = database.runner.execute(&add, Vec::new().into()).await {
                assert!(error.code() == Code::Unavailable && error.is_retryable(), "{error}");
            }
        }
    });
    futures_util::future::join_all(adders).await;
    assert_eq!(database.number("SELECT n FROM counters WHERE id = 1").await, 80);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_not_given_is_unavailable() {
    let settings = [("lock_timeout", "100ms"), ("deadlock_timeout", "10ms")];
    let options = Options { settings: &settings, ..Options::default() };
    let database = Database::with(&options, SCHEMA, |config| config).await;
    let (_, add) = database.prepare(ADD).await;
    database.client.batch_execute("BEGIN; LOCK TABLE counters").await.unwrap();
    assert_eq!(database.code(&add).await, Some(Code::Unavailable));
    database.client.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(database.code(&add).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_unavailable_for_one_of_two() {
    let settings = [("deadlock_timeout", "50ms")];
    let options = Options { settings: &settings, ..Options::default() };
    let schema = format!(
        "{SCHEMA}; CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF pg_trigger_depth() = 1 THEN UPDATE public.counters SET n = n WHERE id = 2; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER other AFTER UPDATE ON counters FOR EACH ROW EXECUTE FUNCTION other()"
    );
    let database = Database::with(&options, &schema, |config| config).await;
    let (_, add) = database.prepare(ADD).await;
    database
        .client
        .batch_execute(
            "BEGIN; ALTER TABLE counters DISABLE TRIGGER other; COMMIT; BEGIN; \
        SET LOCAL deadlock_timeout = '100s'; UPDATE counters SET n = n WHERE id = 2",
        )
        .await
        .unwrap();
    database.client.batch_execute("SET LOCAL session_replication_role = replica").await.unwrap();
    // The trigger is off, so the program changes row 1 alone, and nobody waits for anybody.
    assert_eq!(database.code(&add).await, None);
    database
        .client
        .batch_execute(
            "ROLLBACK; ALTER TABLE counters ENABLE TRIGGER other; BEGIN; \
        SET LOCAL deadlock_timeout = '100s'; SET LOCAL session_replication_role = replica; \
        UPDATE counters SET n = n WHERE id = 2",
        )
        .await
        .unwrap();
    let other = async {
        database.wait("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted").await;
        database.client.batch_execute("UPDATE counters SET n = n WHERE id = 1; COMMIT").await.unwrap();
    };
    let (code, ()) = tokio::join!(database.code(&add), other);
    assert_eq!(code, Some(Code::Unavailable));
    assert_eq!(database.number("SELECT n FROM counters WHERE id = 1").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_constraint_refuses_is_an_error_of_the_program() {
    let schema = "CREATE TABLE t (id int8 PRIMARY KEY CHECK (id < 10), parent int8 REFERENCES t, \
        name varchar(3) NOT NULL DEFAULT 'x'); INSERT INTO t VALUES (1)";
    let database = Database::start(schema).await;
    let row = "{id: Int64, parent: Int64?, name: Text}";
    for (values, words) in [
        ("{1, .none, \"a\"}", "duplicate key"),
        ("{10, .none, \"a\"}", "violates check constraint"),
        ("{2, .some(7), \"a\"}", "violates foreign key constraint"),
        ("{2, .none, \"abcd\"}", "value too long"),
    ] {
        let source = format!("func main() -> sql::insert([{{3, .none, \"b\"}}: {row}, {values}], \"t\")");
        let result = crate::database::run(&database.runner, &source, "{}").await.unwrap_err();
        assert_eq!(result.code(), Code::ExecutionError, "{result}");
        assert!(result.message().contains(words) && !result.is_retryable(), "{result}");
        assert_eq!(database.number("SELECT count(*) FROM t").await, 1);
    }
    let role = "CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader";
    database.client.batch_execute(role).await.unwrap();
    let url = database.server.url().replace("test@", "reader@");
    let reader = runner_postgres::Postgres::connect(&url).await.unwrap();
    let insert = program("func main() -> sql::insert([{id = 5}], \"t\")");
    let refused = match reader.prepare(&insert).await {
        Ok(prepared) => reader.execute(&prepared, Vec::new().into()).await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(refused.code(), Code::PrepareError, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_undone_if_the_output_can_not_be_given() {
    let schema = "CREATE TABLE t (id int8 PRIMARY KEY); CREATE TABLE small (n int2 NOT NULL); \
        INSERT INTO small VALUES (300)";
    let database = Database::start(schema).await;
    let source = "func small(): [{n: Uint8}] -> sql::from(\"small\")\n\
        func main() -> {sql::insert([{id = 1}], \"t\"), small() | find(s -> true) | option::map(s -> s.n)}";
    let (_, prepared) = database.prepare(source).await;
    assert_eq!(database.code(&prepared).await, Some(Code::ExecutionError));
    database.wait_until_idle().await;
    assert_eq!(database.number("SELECT count(*) FROM t").await, 0);
    database.client.batch_execute("UPDATE small SET n = 200").await.unwrap();
    assert_eq!(database.code(&prepared).await, None);
    assert_eq!(database.number("SELECT count(*) FROM t").await, 1);
    // The key is there: the transaction ends, and the connection goes on.
    assert_eq!(database.code(&prepared).await, Some(Code::ExecutionError));
    assert_eq!(database.run("func main() -> 1", "{}").await, "1");
    assert_eq!(database.connections().await, 1);
}
