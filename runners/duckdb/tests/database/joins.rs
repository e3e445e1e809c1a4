//! Look-ups of one table in another are hash joins, whatever stands beside the equality.

use duckdb::Connection;

use crate::support::Database;

const PROGRAMS: &str = include_str!("../../../sql/tests/joins.lt");

const TABLES: &str = "
CREATE TABLE o2 (id INTEGER NOT NULL, cid INTEGER NOT NULL, amt INTEGER NOT NULL);
CREATE TABLE c2 (id INTEGER NOT NULL, name VARCHAR NOT NULL, ref INTEGER NOT NULL);
INSERT INTO o2 SELECT i, 1 + (i * 7919) % 20000, i % 11 FROM range(1, 100001) r(i);
INSERT INTO c2 SELECT i, 'c' || i, 1 + (i * 31) % 20000 FROM range(1, 20001) r(i);
";

/// Operators that compare each row with each.
const OF_ALL_PAIRS: [&str; 4] = ["NESTED_LOOP_JOIN", "BLOCKWISE_NL_JOIN", "CROSS_PRODUCT", "IE_JOIN"];

/// What still compares each row with each. A function that no longer does has to be taken out of here.
const COMPARES_ALL: &[&str] = &[];

#[test]
fn look_ups_are_joins_of_all_rows_at_once() {
    let database = Database::with(TABLES);
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(TABLES).unwrap();
    // A function of the runner, which is not there.
    connection.execute_batch("CREATE MACRO lt_lower(x) AS lower(x)").unwrap();
    let mut compares_all = Vec::new();
    let mut plans = String::new();
    for name in functions() {
        let sql = database.sql(&format!("{PROGRAMS}\nfunc main() -> {name}()"));
        let mut statement = connection.prepare(&format!("EXPLAIN {sql}")).unwrap();
        let plan: String = statement.query_row([], |row| row.get(1)).unwrap();
        if OF_ALL_PAIRS.iter().any(|operator| plan.contains(operator)) {
            compares_all.push(name);
            plans += &format!("{name}:\n{sql}\n{plan}\n\n");
        }
    }
    assert_eq!(compares_all, COMPARES_ALL, "\n{plans}");
}

/// The functions without parameters.
fn functions() -> impl Iterator<Item = &'static str> {
    PROGRAMS.lines().filter_map(|line| line.strip_prefix("func ")?.split_once("()").map(|(name, _)| name))
}
