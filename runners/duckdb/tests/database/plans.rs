//! How DuckDB executes programs: the work is pushed down to where an expert would have it.

use duckdb::Connection;
use runner_core::{Code, RunSync};

use crate::support::{Database, encode, program};

const TABLES: &str = "
CREATE TABLE albums (id BIGINT PRIMARY KEY, artist_id BIGINT NOT NULL, title VARCHAR NOT NULL, year BIGINT NOT NULL, notes VARCHAR);
CREATE TABLE artists (id BIGINT PRIMARY KEY, name VARCHAR NOT NULL, country VARCHAR);
INSERT INTO albums SELECT i, i % 100, 'album ' || i, 1950 + i % 70, NULL FROM range(20000) AS r(i);
INSERT INTO artists SELECT i, 'artist ' || i, NULL FROM range(100) AS r(i);
";

const TYPES: &str = "
type Album: {id: Int64, artist_id: Int64, title: Text, year: Int64, notes: Text?}
type Artist: {id: Int64, name: Text, country: Text?}
func albums(): [Album] -> sql::from(\"albums\")
func artists(): [Artist] -> sql::from(\"artists\")
";

/// The SQL of a program, and its plan as JSON. Its input is 7.
fn plan(main: &str) -> (String, String) {
    let sql = Database::with(TABLES).sql(&format!("{TYPES}func main{main}"));
    // The functions of the runner are not there, and in these programs not needed.
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(TABLES).unwrap();
    let sql = sql.replace("$p1", "7");
    let mut statement = connection.prepare(&format!("EXPLAIN (FORMAT JSON) {sql}")).unwrap();
    let plan: String = statement.query_row([], |row| row.get(1)).unwrap();
    (sql, plan)
}

#[track_caller]
fn check(main: &str, has: &[(&str, usize)]) {
    let (sql, plan) = plan(main);
    for (part, count) in has {
        assert_eq!(plan.matches(part).count(), *count, "{part} in the plan of\n{sql}\n{plan}");
    }
}

#[test]
fn a_sorted_slice_is_a_top_n() {
    let sorted = "() -> albums() | sort(a -> a.year) | slice(0, 10) | map(a -> a.title)";
    check(sorted, &[("\"TOP_N\"", 1), ("WINDOW", 0), ("artist_id\",", 0)]);
}

#[test]
fn a_filter_is_part_of_the_scan_and_reads_what_it_needs() {
    let filtered = "(id: Int64) -> albums() | filter(a -> a.artist_id == id) | map(a -> a.title)";
    check(filtered, &[("WINDOW", 0), ("SEQ_SCAN", 1), ("Filters", 1), ("notes", 0), ("\"year\"", 0)]);
    check("(id: Int64) -> albums() | find(a -> a.id == id)", &[("WINDOW", 0), ("\"name\": \"FILTER", 0)]);
    let range = "(n: Int64) -> albums() | filter(a -> a.year >= n && a.year < 1960) | count";
    check(range, &[("Filters", 1), ("title", 0), ("notes", 0)]);
}

#[test]
fn a_look_up_within_a_lambda_is_a_join() {
    let find = "() -> albums() | map(a -> {a.title, artist = artists() | find(b -> b.id == a.artist_id) | option::map(b -> b.name)})";
    check(find, &[("HASH_JOIN", 1), ("NESTED_LOOP", 0), ("BLOCKWISE", 0), ("WINDOW", 0)]);
    let filter = "() -> artists() | map(b -> {b.name, albums = albums() | filter(a -> a.artist_id == b.id) | map(a -> a.title)})";
    check(filter, &[("HASH_JOIN", 1), ("NESTED_LOOP", 0), ("BLOCKWISE", 0)]);
    let count = "() -> artists() | map(b -> {b.name, albums() | filter(a -> a.artist_id == b.id) | count})";
    check(count, &[("HASH_JOIN", 1), ("NESTED_LOOP", 0), ("BLOCKWISE", 0)]);
}

#[test]
fn groups_are_one_aggregate() {
    let grouped = "() -> albums() | group(a -> a.year) | map(g -> {g.key, g.values | count, g.values | map(a -> a.id) | sum})";
    check(grouped, &[("HASH_GROUP_BY", 1), ("JOIN", 0), ("notes", 0), ("title", 0)]);
    let between_filters = "(year: Int64) -> albums() | filter(a -> a.year >= year) | group(a -> a.artist_id) \
        | filter(g -> count(g.values) >= 3 && g.key + 1 > 5) | map(g -> {g.key, g.values | count, g.values | map(a -> a.id) | sum})";
    check(between_filters, &[("HASH_GROUP_BY", 1), ("JOIN", 0), ("list(", 0), ("notes", 0), ("title", 0)]);
}

#[test]
fn a_plan_has_the_rows_of_each_step_for_an_input() {
    let database = Database::with(TABLES);
    let program = program(&format!("{TYPES}func main(n: Int64) -> albums() | filter(a -> a.artist_id == n)"));
    let prepared = database.0.prepare(&program).unwrap();
    let plan = database.0.analyze(&prepared, &encode(&program, "7")).unwrap();
    assert!(plan.contains("Table: memory.main.albums") && plan.contains("200 rows"), "{plan}");
    let error = database.0.analyze(&prepared, &[]).unwrap_err();
    assert_eq!(error.code(), Code::DecodeError);
}
