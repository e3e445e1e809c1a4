//! Tables change between prepare and execute.

use runner_core::{Code, Run};

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

/// A source, and the error that it ends in.
type Failing<'a> = (&'a str, Code, &'a str);

/// What a statement relies on without reading it: constraints, and the types of what only stands in conditions.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_lost_a_constraint_is_noticed() {
    const SCHEMA: &str = "CREATE TABLE k (id int8 PRIMARY KEY, code text NOT NULL UNIQUE, n int4 NOT NULL, \
            price numeric(18,2) NOT NULL); \
        CREATE TABLE \"o'f\" (k_id int8 NOT NULL, \"the code\" text NOT NULL); \
        INSERT INTO k VALUES (1, 'a', 10, 1.25), (2, 'b', 20, 2.5); \
        INSERT INTO \"o'f\" VALUES (1, 'a'), (2, 'b'), (1, 'b')";
    let database = Database::start(SCHEMA).await;
    let rows = "type K: {id: Int64, code: Text, n: Int32, price: Decimal}\n\
        type O: {k_id: Int64, `the code`: Text}\n\
        func ks(): [K] -> sql::from(\"k\")\n\
        func os(): [O] -> sql::from(\"o'f\")\n";
    let by_id = "func main() -> ks() | find(k -> k.id == 2)";
    let code = "func main() -> ks() | find(k -> k.id == 2) | option::map(k -> k.code)";
    let by_n = "func main() -> ks() | filter(k -> k.n < 15) | map(k -> k.id) | sort(id -> id)";
    let tested = "func main() -> ks() | map(k -> if k.n < 15 then 1 else 2)";
    let optional = "func main(): [Int32?] -> ks() | map(k -> .some(k.n))";
    let shown = "func main() -> ks() | map(k -> k.n)";
    let counted = "func main() -> ks() | filter(k -> k.n < 15) | count";
    let priced = "func main() -> ks() | filter(k -> k.price == 2.5) | count";
    let joined =
        "func main() -> os() | map(o -> ks() | find(k -> k.id == o.k_id) | option::map(k -> k.code))";
    let coded =
        "func main() -> os() | map(o -> ks() | find(k -> k.code == o.`the code`) | option::map(k -> k.id))";
    let delete = "func main() -> sql::delete(\"k\", func (k: K) -> k.n > 100)";
    let insert = "func main() -> sql::insert(([{id = 9, code = \"z\", n = 3, price = 1.0}]: [K]), \"k\")";
    let reading = [by_id, code, by_n, tested, optional, shown, counted, priced, joined, coded, delete];
    let no_null = "\"n\" holds a NULL, but its type is not an option";
    let cases: [(&str, Vec<Failing<'_>>); 8] = [
        (
            "ALTER TABLE k ALTER n DROP NOT NULL; INSERT INTO k VALUES (3, 'c', NULL, 1)",
            [by_n, tested, optional, counted, delete]
                .map(|source| (source, Code::ExecutionError, no_null))
                .into_iter()
                .chain([(shown, Code::ExecutionError, "NULL")])
                .collect(),
        ),
        ("ALTER TABLE k ALTER n DROP NOT NULL", vec![]),
        (
            "ALTER TABLE k DROP CONSTRAINT k_pkey; ALTER TABLE k ALTER id DROP NOT NULL; \
                INSERT INTO k VALUES (NULL, 'c', 30, 1)",
            vec![
                (by_id, Code::ExecutionError, "\"id\" holds a NULL"),
                (by_n, Code::ExecutionError, "\"id\" holds a NULL"),
                (joined, Code::PrepareError, "a primary key is gone"),
                (code, Code::ExecutionError, "\"id\" holds a NULL"),
                (coded, Code::ExecutionError, "\"id\" holds a NULL"),
            ],
        ),
        (
            "ALTER TABLE k DROP CONSTRAINT k_pkey; INSERT INTO k VALUES (1, 'c', 10, 1)",
            // The first row for a constant is one, however many there are.
            vec![(joined, Code::PrepareError, "a primary key is gone")],
        ),
        (
            "ALTER TABLE k DROP CONSTRAINT k_code_key; INSERT INTO k VALUES (3, 'a', 10, 1)",
            vec![(coded, Code::PrepareError, "no two rows of \"public\".\"k\" had one \"code\"")],
        ),
        (
            "ALTER TABLE k ALTER n TYPE float8; UPDATE k SET n = 14.5 WHERE id = 1",
            [by_id, by_n, tested, optional, shown, counted, delete, insert]
                .map(|source| (source, Code::PrepareError, ""))
                .into(),
        ),
        (
            "ALTER TABLE k ALTER price TYPE numeric(18,4)",
            [by_id, priced, insert]
                .map(|source| (source, Code::PrepareError, "the column \"price\" was numeric(18,2)"))
                .into(),
        ),
        ("DROP TABLE k", reading.map(|source| (source, Code::PrepareError, "\"public.k\"")).into()),
    ];
    let mut wrong = String::new();
    for (change, failing) in cases {
        let mut prepared = Vec::new();
        for source in reading.iter().chain([&insert]) {
            prepared.push((*source, database.prepare(&format!("{rows}{source}")).await.1));
        }
        for (source, prepared) in prepared.iter().take(reading.len()) {
            assert_eq!(database.code(prepared).await, None, "{source}");
        }
        database.client.batch_execute(change).await.unwrap();
        for (source, prepared) in &prepared {
            let result = database.runner.execute(prepared, Vec::new().into()).await;
            let expected = failing.iter().find(|(failing, ..)| failing == source);
            let is_right = match (&result, expected) {
                (Err(error), Some((_, code, words))) => {
                    error.code() == *code && error.message().contains(words)
                }
                (result, None) => result.is_ok() || *source == insert && change.starts_with("DROP"),
                (Ok(_), Some(_)) => false,
            };
            if !is_right {
                wrong.push_str(&format!("{source} after {change}: {result:?}\n"));
            }
        }
        let back = format!("DROP TABLE IF EXISTS k; DROP TABLE \"o'f\"; {SCHEMA}");
        database.client.batch_execute(&back).await.unwrap();
    }
    assert!(wrong.is_empty(), "{wrong}");
}
