//! Whatever is wrong with sources, inputs and flags is said clearly, and nothing is written.

use super::support::Folder;

const ROWS: &str =
    "func main(rows: [{id: Int64, score: Float64?}]): [{id: Int64, score: Float64?}] -> rows\n";

/// Runs `main` of a source on a file, expects that it fails, and that no output is there.
#[track_caller]
fn fails(source: &str, input: (&str, &[u8]), code: i32, words: &[&str]) {
    let folder = Folder::with(&[("main.lt", source)]);
    folder.write(input.0, input.1);
    folder.write("out.json", "before");
    let args = ["run", "main.lt", "--input", input.0, "--output", "out.json", "--time-limit", "20s"];
    folder.run(&args).failed(code, words);
    assert_eq!(folder.text("out.json"), "before");
    assert_eq!(folder.names().len(), 3, "{:?}", folder.names());
}

#[test]
fn csv() {
    fails(ROWS, ("in.csv", b"id,score\n1,0.5\ntwo,1\n"), 2, &["in.csv", "id", "Int64", "two", "3"]);
    fails(ROWS, ("in.csv", b"id\n1\n"), 2, &["in.csv", "score"]);
    fails(ROWS, ("in.csv", b"id,score\n,1\n"), 2, &["in.csv", "id", "2"]);
    fails(ROWS, ("in.csv", b"id,score\n1\n"), 2, &["in.csv"]);
    fails(ROWS, ("in.csv", b"id,score\n1,\xff\n"), 2, &["in.csv"]);
    fails(ROWS, ("in.csv", b""), 2, &["in.csv"]);
}

#[test]
fn parquet() {
    let folder = Folder::with(&[("main.lt", ROWS), ("in.json", "[{\"id\": 1, \"score\": 0.5}]")]);
    folder.run(&["run", "main.lt", "--input", "in.json", "--output", "in.parquet"]).fine();
    let whole = folder.read("in.parquet");
    for length in [0, 3, 8, whole.len() / 2, whole.len() - 1] {
        fails(ROWS, ("in.parquet", &whole[..length]), 2, &["in.parquet"]);
    }
    let other = "func main(rows: [{id: Int64, name: Text}]): Int64 -> count(rows)\n";
    fails(other, ("in.parquet", &whole), 2, &["in.parquet", "name"]);
    let other = "func main(rows: [{id: Text}]): Int64 -> count(rows)\n";
    fails(other, ("in.parquet", &whole), 2, &["in.parquet", "id", "Text"]);
}

#[test]
fn json() {
    fails(ROWS, ("in.json", b"{\"id\": 1}"), 2, &["in.json: line 1", "expected an array", "found an object"]);
    fails(ROWS, ("in.json", b"[\n{\"id\": \"x\"}]"), 2, &["line 2", "`$[0].id`", "Int64", "\"x\""]);
    fails(ROWS, ("in.json", b"[{\"score\": 1}]"), 2, &["`$[0]`", "missing field `id`"]);
    fails(ROWS, ("in.json", b"[{\"id\": 1, \"Score\": 1}]"), 2, &["unknown field `Score`", "id, score"]);
    fails(ROWS, ("in.json", b"[{\"id\": 1}"), 2, &["line 1", "EOF"]);
}

#[test]
fn lt_and_postcard() {
    fails(ROWS, ("in.lt", b"[{1, some(0.5)}, {x, none}]"), 2, &["in.lt: line 1, column 19", "Int64", "`x`"]);
    // A length of a gigabyte in eight bytes.
    fails(ROWS, ("in.postcard", b"\x80\x80\x80\x80\x04\0\0\0"), 2, &["in.postcard", "1073741824", "length"]);
    fails(ROWS, ("in.postcard", b"\0\0"), 2, &["in.postcard", "follow the end"]);
    fails(ROWS, ("in.postcard", b""), 2, &["in.postcard"]);
}

#[test]
fn what_is_no_utf_8() {
    for name in ["in.json", "in.lt"] {
        fails(ROWS, (name, b"[\n \xe9]"), 2, &[&format!("{name}: line 2, column 2"), "not UTF-8", "0xe9"]);
    }
    let folder = Folder::with(&[]);
    folder.write("main.lt", b"func main(): Text -> \"caf\xe9\"");
    for command in ["run", "check", "fmt"] {
        folder.run(&[command, "main.lt"]).failed(2, &["main.lt", "UTF-8"]);
    }
}

#[test]
fn sources() {
    let folder = Folder::with(&[
        ("unknown.lt", "func main(): Int64 -> nope(1)\n"),
        (
            "external.lt",
            "external func geocode(address: Text): Int64\nfunc main(): Int64 -> geocode(\"x\")\n",
        ),
        ("two.lt", "func a(): Int64 -> \"x\"\nfunc b(): Text -> 1\nfunc main(): Int64 -> 1\n"),
        ("syntax.lt", "func main( -> 1\n"),
    ]);
    folder.run(&["run", "unknown.lt"]).failed(2, &["unknown.lt", "nope"]);
    folder.run(&["run", "external.lt"]).failed(2, &["PREPARE_ERROR", "geocode"]);
    folder.run(&["run", "syntax.lt"]).failed(2, &["syntax.lt"]);
    folder.run(&["run", "two.lt"]).failed(2, &["two.lt:1", "two.lt:2"]);
    folder.run(&["run", "unknown.lt", "--program", "1 +"]).failed(2, &[]);
    folder.run(&["run", "two.lt", "--program", "absent"]).failed(2, &["two.lt:1"]);
    folder.run(&["run", "external.lt", "--program", "absent(1)"]).failed(2, &["program:1:1", "absent(1)"]);
    folder.run(&["run", "nowhere.lt"]).failed(2, &["nowhere.lt", "no such file"]);
    folder.run(&["run", "."]).failed(2, &["module.lt"]);
}

#[test]
fn compiled_programs() {
    let folder = Folder::with(&[("main.lt", "func main(): Int64 -> 1 + 1\n")]);
    folder.run(&["compile", "main.lt", "-o", "main.program"]).fine();
    let program = folder.read("main.program");
    let mut other = program.clone();
    other[4] = 99;
    folder.write("other.program", other);
    folder.run(&["run", "other.program"]).failed(2, &["other.program", "version 99"]);
    folder.write("cut.program", &program[..program.len() - 3]);
    folder.run(&["run", "cut.program"]).failed(2, &["cut.program", "damaged"]);
    let args = ["run", "main.program", "--program", "main"];
    folder.run(&args).failed(2, &["main.program", "one program"]);
}

#[test]
fn files_outside_the_root() {
    let read =
        |file: &str| format!("func main(): [{{id: Int64, score: Float64?}}] -> fs::read_parquet({file:?})\n");
    let folder = Folder::with(&[
        ("rows.lt", ROWS),
        ("in.json", "[{\"id\": 1}]"),
        ("root/inside.txt", ""),
        ("up.lt", &read("../secret.parquet")),
        ("link.lt", &read("link.parquet")),
        ("absent.lt", &read("absent.parquet")),
        ("fine.lt", &read("copy.parquet")),
    ]);
    folder.run(&["run", "rows.lt", "--input", "in.json", "--output", "secret.parquet"]).fine();
    folder.write("root/copy.parquet", folder.read("secret.parquet"));
    let absolute = folder.path().join("secret.parquet");
    folder.write("absolute.lt", read(absolute.to_str().unwrap()));
    #[cfg(unix)]
    std::os::unix::fs::symlink(&absolute, folder.path().join("root/link.parquet")).unwrap();

    let runner = ["--runner", "interpreter:root"];
    assert!(folder.run(&["run", "fine.lt", runner[0], runner[1]]).fine().contains("id = 1"));
    for (source, file) in [
        ("up.lt", "../secret.parquet"),
        ("link.lt", "link.parquet"),
        ("absent.lt", "absent.parquet"),
        ("absolute.lt", "secret.parquet"),
    ] {
        folder.run(&["run", source, runner[0], runner[1]]).failed(1, &[file, "EXECUTION_ERROR"]);
    }
    // Without a root there are no files at all.
    folder.run(&["run", "fine.lt"]).failed(2, &["read_parquet"]);
    folder.run(&["run", "fine.lt", "--runner", "interpreter:nowhere"]).failed(2, &["nowhere"]);
}

#[test]
fn flags() {
    let folder = Folder::with(&[("main.lt", "func main(): Int64 -> 1\n")]);
    let run = |args: &[&str], words: &[&str]| {
        let mut all = vec!["run", "main.lt"];
        all.extend(args);
        folder.run(&all).failed(2, words);
    };
    run(&["--runner", "duck:x"], &["`duck:x`", "interpreter:ROOT"]);
    run(&["--time-limit", "soon"], &["--time-limit", "10s"]);
    run(&["--output-format", "xml"], &["xml", "json"]);
    run(&["--output", "nowhere/out.json"], &["nowhere"]);
    run(&["--output", "out.xml"], &["`.xml`", "--output-format"]);
    run(&["--nonsense"], &["--nonsense"]);
    folder.run(&[]).failed(2, &["Usage"]);
    folder.run(&["dance"]).failed(2, &["dance"]);
}
