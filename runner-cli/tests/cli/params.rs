//! Inputs of several parameters, and of none.

use super::support::Folder;

const SOURCE: &str = "\
type Point: {x: Int64, y: Int64}
func main(name: Text, day: Date, points: [Point]): {Text, Date, Int64} -> {name, day, points | map(p -> p.x) | sum}
func one(point: Point): Int64 -> point.x - point.y
func double(n: Int64): Int64 -> n * 2
func nothing(): Int64 -> 7
";

const ANSWER: &str = "{\n  \"Ada\",\n  @2025-03-31,\n  4,\n}\n";

fn folder() -> Folder {
    Folder::with(&[
        ("p.lt", SOURCE),
        ("points.csv", "x,y\n1,2\n3,4\n"),
        ("all.json", r#"{"points": [{"x": 4, "y": 0}], "day": "2025-03-31", "name": "Ada"}"#),
    ])
}

#[test]
fn all_by_name() {
    let folder = folder();
    let args = [
        "run",
        "p.lt",
        "-a",
        "name=\"Ada\"",
        "-a",
        "day=@2025-03-31",
        "-a",
        "points=[{1, 2}, {x = 3, y = 4}]",
    ];
    assert_eq!(folder.run(&args).fine(), ANSWER);
    assert_eq!(folder.run(&["run", "p.lt", "--program", "double", "--arg", "n=21"]).fine(), "42\n");
    assert_eq!(folder.run(&["run", "p.lt", "--program", "one", "--arg", "point={3, 1}"]).fine(), "2\n");
}

#[test]
fn files_and_the_one_that_is_left() {
    let folder = folder();
    let (name, day) = ("name=\"Ada\"", "day=@2025-03-31");
    let args = ["run", "p.lt", "--arg", name, "--arg", day, "--arg", "points=@points.csv"];
    assert_eq!(folder.run(&args).fine(), ANSWER);
    let args = ["run", "p.lt", "--arg", name, "--arg", day, "--input", "points.csv"];
    assert_eq!(folder.run(&args).fine(), ANSWER);
    assert_eq!(folder.run(&["run", "p.lt", "--input", "all.json"]).fine(), ANSWER);
}

#[test]
fn mistakes() {
    let folder = folder();
    let run = |args: &[&str], words: &[&str]| {
        let mut all = vec!["run", "p.lt"];
        all.extend(args);
        folder.run(&all).failed(2, words);
    };
    run(&[], &["needs an input", "name: Text, day: Date, points: [{x: Int64, y: Int64}]", "--input"]);
    run(&["--arg", "name=\"Ada\""], &["missing", "day: Date, points"]);
    run(&["--arg", "name=Ada"], &["--arg name", "Text", "Ada", "quotes"]);
    run(&["--arg", "name"], &["NAME=VALUE"]);
    run(&["--arg", "nam=1"], &["--arg nam", "no such parameter", "name: Text"]);
    run(&["--arg", "name=\"a\"", "--arg", "name=\"b\""], &["twice"]);
    run(&["--arg", "day=@2025-02-30"], &["--arg day", "Date", "2025-02-30"]);
    run(&["--arg", "points=@nowhere.csv"], &["nowhere.csv", "no such file"]);
    run(&["--program", "nothing", "--input", "all.json"], &["takes no input"]);
    run(&["--program", "nothing", "--arg", "n=1"], &["no such parameter"]);
    run(&["--program", "double", "--arg", "n=1", "--input", "all.json"], &["none for `--input`"]);
    run(&["--program", "double", "--arg", "m=1"], &["--arg m", "n: Int64"]);
}

#[test]
fn nothing_is_read_that_is_not_asked_for() {
    let folder = folder();
    assert_eq!(folder.pipe(&["run", "p.lt", "--program", "nothing"], b"garbage").fine(), "7\n");
    folder.pipe(&["run", "p.lt", "--program", "double"], b"1").failed(2, &["needs an input"]);
}
