//! A look-up by an equality is answered by a hash table, in whatever order its conditions are written.
#![allow(clippy::unwrap_used, reason = "a test may fail by a panic")]

use runner_core::{Result, RunSync};
use runner_interpreter::{Interpreter, Limits};
use runner_lang::{Project, compile};

/// Rows that are looked through, and rows that ask.
const ROWS: u64 = 10_000;

/// Steps for each row of both: an operation is one. Rows by rows would be hundreds of times as many.
const STEPS: u64 = 2 * ROWS * 20;

const TABLES: &str = "
func orders() -> sequence(0, 10000) | map(i -> {id = i, customer = i * 7919 % 5000, amount = i % 11})
func customers() -> sequence(0, 10000) | map(i -> {id = i, rank = i % 7})
";

/// Conditions, and how many pairs meet them.
const CONDITIONS: [(&str, i64); 8] = [
    ("o.customer == c.id && o.amount > 5", 4545),
    ("o.amount > 5 && o.customer == c.id", 4545),
    ("o.customer == c.id && o.amount > c.rank", 6366),
    ("o.amount > c.rank && o.customer == c.id", 6366),
    ("o.customer == c.id && 100 / (o.amount + 1) > 10", 8182),
    ("100 / (o.amount + 1) > 10 && o.customer == c.id", 8182),
    ("100 / (c.rank + 1) > o.amount && o.customer == c.id && o.amount % 2 == 0", 5455),
    ("{o.customer, o.amount} == {c.id, c.rank}", 908),
];

#[test]
fn the_order_of_conditions_changes_no_cost() {
    let limits = Limits { steps: Some(STEPS), ..Limits::default() };
    let interpreter = Interpreter::builder().limits(limits).build();
    for (condition, pairs) in CONDITIONS {
        for operation in [
            format!("customers() | map(c -> rows | filter(o -> {condition}) | count) | sum"),
            format!("customers() | flat_map(c -> rows | filter(o -> {condition})) | count"),
        ] {
            let found = run(&interpreter, &operation);
            assert_eq!(found.map_err(|error| error.to_string()), Ok(pairs), "{operation}");
        }
    }
}

#[test]
fn what_comes_before_a_key_fails_for_its_rows_alone() {
    let interpreter = Interpreter::default();
    let count = |condition: &str| {
        run(&interpreter, &format!("customers() | map(c -> rows | filter(o -> {condition}) | count) | sum"))
    };
    assert!(count("100 / o.amount > 5 && o.customer == c.id").is_err());
    assert_eq!(count("100 / (o.customer - 5000) < 1 && o.customer == c.id").unwrap(), 10_000);
    assert_eq!(count("100 / (c.id - 5000) < 1 && o.customer == c.id").unwrap(), 10_000);
    assert!(count("100 / (1 - 1) == 0 && o.customer == c.id + 10000").is_err());
    assert!(count("100 / (c.id - 4999) < 1 && o.customer == c.id").is_err());
}

fn run(interpreter: &Interpreter, operation: &str) -> Result<i64> {
    let source = format!("{TABLES}\nfunc main(): Int64 -> (let rows = orders(); {operation})");
    let program = compile(&Project::from_source("test.lt", source), "main").unwrap().program;
    let prepared = interpreter.prepare(&program)?;
    interpreter.execute(&prepared, &[]).map(|output| postcard::from_bytes(&output).unwrap())
}
