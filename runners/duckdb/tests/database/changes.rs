//! What programs change: in bulk, on one snapshot, all or nothing, and side by side.

use std::{sync::Arc, thread};

use runner_core::{Cancel, Code, RunSync, wire::Writer};
use runner_duckdb::{Config, DuckDb};

use crate::support::{Database, encode, program};

const TABLE: &str =
    "CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT NOT NULL CHECK (n < 1000000), name VARCHAR);";
const ROW: &str = "type Row: {id: Int64, n: Int64, name: Text?}\n";

fn with_rows(count: usize) -> Database {
    Database::with(&format!(
        "{TABLE} INSERT INTO t SELECT i, i % 10, 'name ' || i FROM range({count}) AS r(i)"
    ))
}

#[test]
fn many_rows_are_inserted_at_once() {
    let database = Database::with(TABLE);
    let program = program(&format!("{ROW}func main(rows: [Row]) -> sql::insert(rows, \"t\")"));
    let mut writer = Writer::new();
    writer.length(100_000);
    for id in 0..100_000 {
        writer.i64(id);
        writer.i64(id % 7);
        writer.u32(1);
        writer.text(&format!("name {id}"));
    }
    let prepared = database.0.prepare(&program).unwrap();
    assert_eq!(database.0.execute(&prepared, &writer.into_bytes()).unwrap(), [0u8; 0]);
    let sums = format!(
        "{ROW}func main() -> (let rows = (sql::from(\"t\"): [Row]); {{rows | count, rows | map(r -> r.n) | sum}})"
    );
    assert_eq!(database.answer(&sums, ""), "{100000, 299995}");
}

#[test]
fn a_change_decides_on_one_snapshot() {
    let database = with_rows(1000);
    // Each row becomes its successor: had a change been seen by the next, there would be one row in the end.
    let shift = "func main() -> sql::update(\"t\", func (r: Row) -> if r.id >= 0 then .some({r.id, r.n + 1, r.name}) else .none)";
    assert_eq!(database.answer(&format!("{ROW}{shift}"), ""), "{}");
    let total = format!("{ROW}func main() -> (sql::from(\"t\"): [Row]) | map(r -> r.n) | sum");
    assert_eq!(database.answer(&total, ""), "5500");
    // The decision may look at the table itself.
    let above = "func main() -> (let top = (sql::from(\"t\"): [Row]) | map(r -> r.n) | max; sql::delete(\"t\", func (r: Row) -> .some(r.n) == top))";
    assert_eq!(database.answer(&format!("{ROW}{above}"), ""), "{}");
    assert_eq!(database.answer(&format!("{ROW}func main() -> (sql::from(\"t\"): [Row]) | count"), ""), "900");
    let some = "func main() -> sql::update(\"t\", func (r: Row) -> if r.n == 1 then .some({r.id, 0, .none}) else .none)";
    assert_eq!(database.answer(&format!("{ROW}{some}"), ""), "{}");
    let none = format!(
        "{ROW}func main() -> (sql::from(\"t\"): [Row]) | filter(r -> r.name == .none && r.n == 0) | count"
    );
    assert_eq!(database.answer(&none, ""), "100");
}

#[test]
fn rows_that_are_alike_are_told_apart() {
    let database = Database::with("CREATE TABLE t (n BIGINT NOT NULL); INSERT INTO t VALUES (1), (1), (2)");
    let change = "func main() -> sql::update(\"t\", func (r: {n: Int64}) -> if r.n == 1 then .some({r.n * 10}) else .none)";
    assert_eq!(database.answer(change, ""), "{}");
    let read = "func main() -> (sql::from(\"t\"): [{n: Int64}]) | map(r -> r.n) | sort(n -> n)";
    assert_eq!(database.answer(read, ""), "[2, 10, 10]");
}

#[test]
fn a_change_that_fails_changes_nothing() {
    let database = with_rows(1000);
    let total = format!("{ROW}func main() -> (sql::from(\"t\"): [Row]) | map(r -> r.n) | sum");
    let fails = |body: &str, parts: &[&str]| {
        database.fails(&format!("{ROW}func main() -> {body}"), "", Code::ExecutionError, parts);
        assert_eq!(database.answer(&total, ""), "4500");
    };
    fails("sql::insert([{5000, 1, .none}: Row, {5, 1, .none}], \"t\")", &["id: 5"]);
    fails("sql::insert([{5000, 1000000, .none}: Row], \"t\")", &["CHECK"]);
    fails("sql::update(\"t\", func (r: Row) -> .some({r.id, 100 / (999 - r.id), r.name}))", &["zero"]);
    fails("sql::delete(\"t\", func (r: Row) -> 100 / (999 - r.id) > 1000)", &["zero"]);
}

#[test]
fn a_program_with_two_changes_is_refused_or_does_both() {
    let database = with_rows(10);
    let both = "func main() -> {sql::delete(\"t\", func (r: Row) -> r.id > 7), sql::insert([{100, 1, .none}: Row], \"t\")}";
    match database.run(&format!("{ROW}{both}"), "") {
        Ok(_) => {
            let count = format!("{ROW}func main() -> (sql::from(\"t\"): [Row]) | count");
            assert_eq!(database.answer(&count, ""), "9");
        }
        Err(error) => assert_eq!(error.code(), Code::Unsupported, "{error:?}"),
    }
}

#[test]
fn executes_run_side_by_side() {
    let database = Arc::new(with_rows(0));
    let insert =
        program(&format!("{ROW}func main(id: Int64) -> sql::insert([{{id, 1, .none}}: Row], \"t\")"));
    let prepared = Arc::new(database.0.prepare(&insert).unwrap());
    let threads: Vec<_> = (0..16)
        .map(|n| {
            let (database, prepared, insert) = (Arc::clone(&database), Arc::clone(&prepared), insert.clone());
            thread::spawn(move || {
                for m in 0..20 {
                    let input = encode(&insert, &(100 * n + m).to_string());
                    database.0.execute_with(&prepared, &input, &Cancel::new()).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(database.answer(&format!("{ROW}func main() -> (sql::from(\"t\"): [Row]) | count"), ""), "320");
}

#[test]
fn a_file_keeps_what_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.db");
    let database = Database::open(Config::file(&file).setup(TABLE));
    assert_eq!(
        database
            .answer(&format!("{ROW}func main() -> sql::insert([{{1, 2, .some(\"x\")}}: Row], \"t\")"), ""),
        "{}"
    );
    database.0.shutdown().unwrap();
    drop(database);
    let read = format!("{ROW}func main(): [Row] -> sql::from(\"t\")");
    let rows = "[{id = 1, n = 2, name = some(\"x\")}]";
    assert_eq!(Database::open(Config::file(&file)).answer(&read, ""), rows);
    let closed = Database::open(Config::file(&file).read_only());
    assert_eq!(closed.answer(&read, ""), rows);
    let delete = format!("{ROW}func main() -> sql::delete(\"t\", func (r: Row) -> true)");
    assert!(closed.run(&delete, "").is_err());
    drop(closed);
    std::fs::write(folder.path().join("text"), "no database").unwrap();
    let error = DuckDb::open(Config::file(folder.path().join("text"))).err().unwrap();
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
}

#[test]
fn a_table_that_is_altered_is_noticed() {
    const SCHEMA: &str = "CREATE TABLE t (id BIGINT PRIMARY KEY, n INTEGER NOT NULL, x VARCHAR); \
        CREATE TABLE s (id BIGINT NOT NULL); INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b'); INSERT INTO s VALUES (1), (2)";
    let rows = "func ts(): [{id: Int64, n: Int32}] -> sql::from(\"t\")\n\
        func ss(): [{id: Int64}] -> sql::from(\"s\")\n";
    let all = "func main() -> ts() | map(t -> t.n)";
    let tested = "func main() -> ts() | filter(t -> t.n < 15) | map(t -> to_text(t.id))";
    let joined = "func main() -> ss() | map(s -> ts() | find(t -> t.id == s.id) | option::map(t -> t.id))";
    let again = |table: &str| {
        format!(
            "CREATE TABLE u AS FROM t; DROP TABLE t; CREATE TABLE t ({table}); INSERT INTO t SELECT id, n FROM u; DROP TABLE u"
        )
    };
    let null = "; INSERT INTO t VALUES (3, NULL, NULL)";
    let cases: [(String, &[&str]); 8] = [
        ("ALTER TABLE t ADD COLUMN more INTEGER".into(), &[]),
        ("ALTER TABLE t DROP COLUMN x".into(), &[]),
        ("INSERT INTO t VALUES (3, 30, 'c')".into(), &[]),
        ("ALTER TABLE t ALTER COLUMN n TYPE VARCHAR USING 'x'".into(), &[all, tested, joined]),
        ("ALTER TABLE t ALTER COLUMN n TYPE DOUBLE".into(), &[all, tested, joined]),
        ("ALTER TABLE t ALTER COLUMN n DROP NOT NULL".to_owned() + null, &[all, tested]),
        (again("id BIGINT NOT NULL, n INTEGER NOT NULL") + "; INSERT INTO t VALUES (1, 30)", &[joined]),
        ("DROP TABLE t".into(), &[all, tested, joined]),
    ];
    for (change, failing) in cases {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("altered.db");
        let database = Database::open(Config::file(&file).setup(SCHEMA));
        let prepared = [all, tested, joined].map(|source| {
            let prepared = database.0.prepare(&program(&format!("{rows}{source}"))).unwrap();
            database.0.execute(&prepared, &[]).unwrap();
            (source, prepared)
        });
        drop(database);
        let database = Database::open(Config::file(&file).setup(&*change));
        // Once more, when it has been looked at.
        for (source, prepared) in prepared.iter().chain(&prepared) {
            let code = database.0.execute(prepared, &[]).err().map(|error| error.code());
            let expected = failing.contains(source).then_some(Code::PrepareError);
            assert_eq!(code, expected, "{source} after {change}");
        }
    }
}
