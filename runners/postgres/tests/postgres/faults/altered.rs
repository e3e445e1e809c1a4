//! Tables change between prepare and execute.

use runner_core::Code;

use crate::database::Database;

const SCHEMA: &str = "CREATE TABLE t (id int8 PRIMARY KEY, name text NOT NULL, spare int4); \
    INSERT INTO t VALUES (1, 'one', 1), (2, 'two', 2)";

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_table_gives_the_right_answer_or_says_so() {
    let database = Database::start(SCHEMA).await;
    let sources = [
        "func main() -> (sql::from(\"t\"): [{id: Int64, name: Text}]) | sort(t -> t.id)",
        "func main() -> (sql::from(\"t\"): [{id: Int64, name: Text}]) | map(t -> t.name) | contains(\"two\")",
        "func main() -> sql::update(\"t\", func (t: {id: Int64, name: Text}): {id: Int64, name: Text}? -> \
            .some({t.id, name = text::concat(t.name, \"\")}))",
    ];
    let mut prepared = Vec::new();
    for source in sources {
        prepared.push(database.prepare(source).await.1);
    }
    let cases = [
        ("ALTER TABLE t ADD COLUMN more text DEFAULT 'm'", None, "ALTER TABLE t DROP COLUMN more"),
        ("ALTER TABLE t DROP COLUMN spare", None, "ALTER TABLE t ADD COLUMN spare int4"),
        ("CREATE INDEX i ON t (name)", None, "DROP INDEX i"),
        ("ALTER TABLE t RENAME TO s", Some(Code::PrepareError), "ALTER TABLE s RENAME TO t"),
        ("DROP TABLE t", Some(Code::PrepareError), SCHEMA),
        (
            "ALTER TABLE t RENAME name TO title",
            Some(Code::PrepareError),
            "ALTER TABLE t RENAME title TO name",
        ),
        ("ALTER TABLE t DROP COLUMN name", Some(Code::PrepareError), "DROP TABLE t"),
        (SCHEMA, None, "ANALYZE t"),
        (
            "ALTER TABLE t ALTER name TYPE int4 USING length(name)",
            Some(Code::PrepareError),
            "ALTER TABLE t ALTER name TYPE text USING CASE WHEN id = 1 THEN 'one' ELSE 'two' END",
        ),
        ("TRUNCATE t", None, "INSERT INTO t VALUES (1, 'one', 1), (2, 'two', 2)"),
    ];
    for (change, expected, back) in cases {
        database.client.batch_execute(change).await.unwrap();
        for (prepared, source) in prepared.iter().zip(sources) {
            assert_eq!(database.code(prepared).await, expected, "{source} after {change}");
        }
        database.client.batch_execute(back).await.unwrap();
        if back != "DROP TABLE t" {
            for (prepared, source) in prepared.iter().zip(sources) {
                assert_eq!(database.code(prepared).await, None, "{source} after {back}");
            }
        }
    }
}
