//! Look-ups of one table in another are hash or merge joins, whatever stands beside the equality.

use crate::database::{Database, program};

const PROGRAMS: &str = include_str!("../../../sql/tests/joins.lt");

/// Without an index, so that only a join of all rows at once is fast.
const TABLES: &str = "
CREATE TABLE o2 (id int4 NOT NULL, cid int4 NOT NULL, amt int4 NOT NULL);
CREATE TABLE c2 (id int4 NOT NULL, name text NOT NULL, ref int4 NOT NULL);
INSERT INTO o2 SELECT i, 1 + (i * 7919) % 20000, i % 11 FROM generate_series(1, 100000) i;
INSERT INTO c2 SELECT i, 'c' || i, 1 + (i * 31) % 20000 FROM generate_series(1, 20000) i;
ANALYZE o2; ANALYZE c2;
";

/// Rows for each of which no table is to be read.
const MANY: u64 = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn look_ups_are_joins_of_all_rows_at_once() {
    let database = Database::start(TABLES).await;
    let mut scans = Vec::new();
    let mut plans = String::new();
    for name in functions() {
        let program = program(&format!("{PROGRAMS}\nfunc main() -> {name}()"));
        let plan = database.runner.explain(&program).await.unwrap().executed.unwrap();
        let lines: Vec<_> = plan.lines().map(str::to_owned).collect();
        if has_scan_for_each_row(&lines) {
            scans.push(name);
            plans += &format!("{name}:\n{plan}\n\n");
        }
    }
    assert!(scans.is_empty(), "tables are read for each row of another in {scans:?}\n{plans}");
}

/// The functions without parameters.
fn functions() -> impl Iterator<Item = &'static str> {
    PROGRAMS.lines().filter_map(|line| line.strip_prefix("func ")?.split_once("()").map(|(name, _)| name))
}

/// Whether a table is read for each of many rows: within a nested loop, or in a subquery that is not hashed or made once.
fn has_scan_for_each_row(plan: &[String]) -> bool {
    plan.iter().enumerate().any(|(index, line)| {
        let within = within(plan, index);
        if line.trim_start().starts_with("SubPlan") {
            let is_hashed = plan.iter().any(|other| other.contains(&format!("hashed {}", line.trim())));
            return !is_hashed && within.iter().any(|line| is_scan(line));
        }
        let nodes = || within.iter().filter(|line| line.contains("->"));
        let depth = nodes().map(|line| indent(line)).min();
        let mut kids =
            within.iter().enumerate().filter(|(_, line)| line.contains("->") && Some(indent(line)) == depth);
        let (Some((_, outer)), Some((start, inner))) = (kids.next(), kids.next()) else { return false };
        let is_repeated = line.contains("Nested Loop") && rows(outer).is_some_and(|rows| rows >= MANY);
        let is_one_row = inner.contains("Materialize") && rows(inner) == Some(1);
        is_repeated && !is_one_row && within.iter().skip(start).any(|line| is_scan(line))
    })
}

/// The lines that belong to the one at `index`.
fn within(plan: &[String], index: usize) -> &[String] {
    let rest = plan.get(index + 1..).unwrap_or_default();
    let end = rest.iter().position(|below| indent(below) <= indent(&plan[index])).unwrap_or(rest.len());
    &rest[..end]
}

/// Whether a step reads all rows of a table, or of what was kept of one.
fn is_scan(line: &str) -> bool {
    line.contains("Seq Scan on") || line.contains("CTE Scan on")
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The estimate of a node.
fn rows(line: &str) -> Option<u64> {
    line.split_once("rows=")?.1.split(' ').next()?.parse().ok()
}
