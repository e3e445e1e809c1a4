//! A database that DuckDB gives up is there again for the next call.

use runner_core::{Cancel, RunSync};
use runner_duckdb::Config;

use crate::support::{Database, encode, print, program};

/// DuckDB plans this wrongly, notices, and takes no more statements.
const FATAL: &str = "
func main(x2: [{[Int64], Int64}], x3: [[Int64]]) ->
  flat_map(x3, x6 -> map(x2, x7 -> fold(x3, [], func (a, b) -> group_map(x7.0, x11 -> x6, func (k, values) -> 1))))";

const FATAL_INPUT: &str = "{x2 = [{[1, 2], 3}, {[], 4}], x3 = [[1], [2, 3]]}";

#[test]
fn a_program_that_breaks_the_database_breaks_nothing_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = Config::file(folder.path().join("music.db"))
        .setup("CREATE TABLE IF NOT EXISTS t (id BIGINT NOT NULL)");
    for database in [Database::open(file), Database::with("CREATE TABLE t (id BIGINT NOT NULL)")] {
        database.run("func main() -> sql::insert([{id = 7}], \"t\")", "").unwrap();
        let other =
            program("func main(xs: [{Int64, [Text]}]): [{Int64, [Text]}] -> xs | sort_desc(x -> x.0)");
        let prepared = database.0.prepare(&other).unwrap();
        for _ in 0..2 {
            // Whether it fails is up to the version of DuckDB.
            let _ = database.run(FATAL, FATAL_INPUT);
            let input = encode(&other, "[{1, [\"a\"]}, {2, []}]");
            let output = database.0.execute_with(&prepared, &input, &Cancel::new()).unwrap();
            assert!(print(&other, &output).contains("\"a\""));
            database.run("type Row: {id: Int64}\nfunc main(): [Row] -> sql::from(\"t\")", "").unwrap();
        }
    }
}
