//! Look-ups of one table in another are hash joins, whatever stands beside the equality.

use duckdb::Connection;
use serde_json::Value;

use crate::support::Database;

const PROGRAMS: &str = include_str!("../../../sql/tests/joins.lt");

const TABLES: &str = "
CREATE TABLE o2 (id INTEGER NOT NULL, cid INTEGER NOT NULL, amt INTEGER NOT NULL);
CREATE TABLE c2 (id INTEGER NOT NULL, name VARCHAR NOT NULL, ref INTEGER NOT NULL);
INSERT INTO o2 SELECT i, 1 + (i * 7919) % 20000, i % 11 FROM range(1, 100001) r(i);
INSERT INTO c2 SELECT i, 'c' || i, 1 + (i * 31) % 20000 FROM range(1, 20001) r(i);
";

/// Operators that compare each row with each.
const OF_ALL_PAIRS: [&str; 5] =
    ["NESTED_LOOP_JOIN", "BLOCKWISE_NL_JOIN", "CROSS_PRODUCT", "IE_JOIN", "PIECEWISE_MERGE_JOIN"];

#[test]
fn look_ups_are_joins_of_all_rows_at_once() {
    let database = Database::with(TABLES);
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(TABLES).unwrap();
    // A function of the runner, which is not there.
    connection.execute_batch("CREATE MACRO lt_lower(x) AS lower(x)").unwrap();
    let plan = |sql: &str| -> Value {
        let mut statement = connection.prepare(&format!("EXPLAIN (FORMAT JSON) {sql}")).unwrap();
        serde_json::from_str(&statement.query_row([], |row| row.get::<_, String>(1)).unwrap()).unwrap()
    };
    let of_all_pairs = plan("SELECT count(*) FROM o2, c2 WHERE c2.id + o2.cid > 7");
    assert!(compares_all(&of_all_pairs), "operators have other names:\n{of_all_pairs:#}");
    for name in functions() {
        let sql = database.sql(&format!("{PROGRAMS}\nfunc main() -> {name}()"));
        let plan = plan(&sql);
        assert!(!compares_all(&plan), "{name} compares each row with each:\n{sql}\n{plan:#}");
    }
}

/// Whether many rows are compared with many others somewhere in a plan.
fn compares_all(plan: &Value) -> bool {
    let children = || plan.as_array().or_else(|| plan["children"].as_array()).into_iter().flatten();
    let is_many = |child: &Value| child["extra_info"]["Estimated Cardinality"] != "1";
    let is_of_pairs = plan["name"].as_str().is_some_and(|name| OF_ALL_PAIRS.contains(&name.trim()));
    is_of_pairs && children().all(is_many) || children().any(compares_all)
}

/// The functions without parameters.
fn functions() -> impl Iterator<Item = &'static str> {
    PROGRAMS.lines().filter_map(|line| line.strip_prefix("func ")?.split_once("()").map(|(name, _)| name))
}
