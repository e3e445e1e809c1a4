//! Every program of `examples` gives its expected output.

use std::fs;

use super::support::{Ended, examples, runner};

#[track_caller]
fn gives(args: &[&str], expected: &str) {
    let root = examples();
    let ended: Ended = runner().args(args).current_dir(&root).output().unwrap().into();
    assert_eq!(ended.fine(), fs::read_to_string(root.join(expected)).unwrap(), "{args:?}");
}

#[test]
fn hello() {
    gives(&["run", "hello.lt", "--input", "hello.json"], "expected/hello.lt");
    let summary = ["run", "hello.lt", "--program", "summary", "--input", "hello.json"];
    gives(&summary, "expected/hello_summary.lt");
}

#[test]
fn invoices() {
    gives(&["run", "invoices", "--input", "invoices/input.json"], "invoices/expected/main.lt");
}

#[test]
fn flights() {
    let questions = [
        ("worst_routes", "read_flights(), read_airlines()"),
        ("delays_by_month", "read_flights()"),
        ("delays_by_hour", "read_flights()"),
        ("cancelled_by_origin", "read_flights()"),
        ("busiest_planes", "read_flights(), read_planes()"),
        ("top_destinations", "read_flights(), read_airports()"),
        ("punctual_airlines", "read_flights(), read_airlines()"),
        ("favourites", "read_flights(), read_airlines()"),
        ("single_airline_places", "read_flights()"),
        ("worst_weeks", "read_flights()"),
    ];
    let runner = "interpreter:flights/data";
    for (name, tables) in questions {
        let program = format!("{name}({tables})");
        gives(
            &["run", "flights/flights.lt", "--runner", runner, "--program", &program],
            &format!("flights/expected/{name}.lt"),
        );
    }
    gives(&["run", "flights/flights.lt", "--runner", runner], "flights/expected/worst_routes.lt");
}

#[test]
fn flights_from_csv() {
    let arguments =
        ["--arg", "flights=@flights/data/flights.csv", "--arg", "airlines=@flights/data/airlines.csv"];
    let mut args = vec!["run", "flights/flights.lt", "--program", "worst_routes"];
    args.extend(arguments);
    gives(&args, "flights/expected/worst_routes.lt");
    let one =
        ["run", "flights/flights.lt", "--program", "delays_by_month", "--input", "flights/data/flights.csv"];
    gives(&one, "flights/expected/delays_by_month.lt");
}
