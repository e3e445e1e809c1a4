//! Each format in and out.

use super::support::Folder;

/// A program that gives back its input, of a type that has a bit of everything that all formats hold.
const ROWS: &str = "\
type Row: {id: Int64, name: Text, score: Float64?, day: Date, price: Decimal}
func main(rows: [Row]): [Row] -> rows
func empty(rows: [Row]): [Row] -> rows | filter(row -> false)
";

const JSON: &str = r#"[
  {
    "id": 1,
    "name": "Ada, \"the first\"",
    "score": 0.5,
    "day": "1815-12-10",
    "price": "4.20"
  },
  {
    "id": -9007199254740993,
    "name": "日本\nNA",
    "score": null,
    "day": "2025-11-14",
    "price": "-0.05"
  }
]
"#;

const LT: &str = r#"[
  {
    id = 1,
    name = "Ada, \"the first\"",
    score = some(0.5),
    day = @1815-12-10,
    price = 4.20,
  },
  {
    id = -9007199254740993,
    name = "日本\nNA",
    score = none,
    day = @2025-11-14,
    price = -0.05,
  },
]
"#;

fn folder() -> Folder {
    Folder::with(&[("rows.lt", ROWS), ("in.json", JSON), ("in.lt", LT)])
}

#[test]
fn text_formats() {
    let folder = folder();
    assert_eq!(folder.run(&["run", "rows.lt", "--input", "in.json"]).fine(), LT);
    assert_eq!(folder.run(&["run", "rows.lt", "--input", "in.lt"]).fine(), LT);
    let json = folder.run(&["run", "rows.lt", "--input", "in.lt", "--output-format", "json"]);
    assert_eq!(json.fine(), JSON);
}

#[test]
fn every_format_leads_back() {
    let folder = folder();
    for name in ["out.lt", "out.json", "out.csv", "out.parquet", "out.postcard", "out.bin"] {
        assert_eq!(folder.run(&["run", "rows.lt", "--input", "in.json", "--output", name]).fine(), "");
        let back = folder.run(&["run", "rows.lt", "--input", name]);
        assert_eq!(back.fine(), LT, "{name}");
    }
    assert_eq!(folder.text("out.lt"), LT);
    assert_eq!(folder.text("out.json"), JSON);
    assert_eq!(folder.read("out.bin"), folder.read("out.postcard"));
    assert!(folder.read("out.parquet").starts_with(b"PAR1"));
}

#[test]
fn csv_has_a_header() {
    let folder = Folder::with(&[
        (
            "rows.lt",
            "func main(rows: [{a: Int64, b: Text?, c: Float64}]): [{a: Int64, b: Text?, c: Float64}] -> rows",
        ),
        ("in.csv", "c,ignored,b,a\n0.5,x,hello,1\n2,,NA,-2\n1e3,,,3\n"),
    ]);
    let csv = folder.run(&["run", "rows.lt", "--input", "in.csv", "--output-format", "csv"]);
    let lines: Vec<&str> = csv.fine().lines().collect();
    assert_eq!(lines[0], "a,b,c");
    assert!(lines[1].starts_with("1,hello,0.5"), "{lines:?}");
    assert_eq!(lines.len(), 4);
    let lt = folder.run(&["run", "rows.lt", "--input", "in.csv"]);
    assert_eq!(lt.fine().matches("b = none").count(), 2);
}

#[test]
fn empty_tables() {
    let folder = folder();
    for name in ["out.csv", "out.parquet"] {
        let made =
            folder.run(&["run", "rows.lt", "--program", "empty", "--input", "in.json", "--output", name]);
        made.fine();
        assert_eq!(folder.run(&["run", "rows.lt", "--input", name]).fine(), "[]\n", "{name}");
    }
}

#[test]
fn standard_input() {
    let folder = folder();
    assert_eq!(folder.pipe(&["run", "rows.lt", "--input", "-"], LT.as_bytes()).fine(), LT);
    let json = ["run", "rows.lt", "--input", "-", "--input-format", "json"];
    assert_eq!(folder.pipe(&json, JSON.as_bytes()).fine(), LT);
    // A flag beats the extension.
    folder.write("data.txt", JSON);
    assert_eq!(folder.run(&["run", "rows.lt", "--input", "data.txt", "--input-format", "json"]).fine(), LT);
    folder
        .run(&["run", "rows.lt", "--input", "data.txt"])
        .failed(2, &["data.txt", "`.txt`", "--input-format"]);
}

#[test]
fn tables_for_people() {
    let folder = folder();
    let table = folder.run(&["run", "rows.lt", "--input", "in.json", "--output-format", "table"]);
    let expected = "               id  name              score  day         price
─────────────────  ────────────────  ─────  ──────────  ─────
                1  Ada, \"the first\"    0.5  1815-12-10   4.20
-9007199254740993  日本\\nNA                 2025-11-14  -0.05
";
    assert_eq!(table.fine(), expected);
    let cases = [
        ("{a = 1, longer = [1, 2]}", "a       1\nlonger  [1, 2]\n"),
        ("[\"x\", \"y\"]", "x\ny\n"),
        ("{}", "\n"),
        ("1.5", "1.5\n"),
        ("\"text\"", "text\n"),
        ("option::is_none(.none: Int64?)", "true\n"),
        ("[{a = {1, \"x\"}}]", "a\n────────\n{1, \"x\"}\n"),
    ];
    for (program, expected) in cases {
        let table = folder.run(&["run", "rows.lt", "--program", program, "--output-format", "table"]);
        assert_eq!(table.fine(), expected, "{program}");
    }
}

#[test]
fn csv_and_parquet_are_tables_only() {
    let folder = folder();
    for format in ["csv", "parquet"] {
        let args = ["run", "rows.lt", "--program", "1 + 1", "--output", "x", "--output-format", format];
        folder.run(&args).failed(2, &["array of tuples", "Int64"]);
    }
    assert_eq!(folder.names(), ["in.json", "in.lt", "rows.lt"]);
    folder
        .run(&["run", "rows.lt", "--input", "in.json", "--input-format", "table"])
        .failed(2, &["output only"]);
}

#[test]
fn deep_values() {
    let folder = Folder::with(&[(
        "tree.lt",
        "type Tree: enum {leaf, node: Tree}\nfunc main(tree: Tree): Tree -> tree\nfunc size(trees: [Tree]): Int64 -> count(trees)\n",
    )]);
    // Deep, and deeper than values may be.
    for (levels, code) in [(100, 0), (100_000, 2)] {
        folder.write("in.json", format!("{}\"leaf\"{}", "{\"node\":".repeat(levels), "}".repeat(levels)));
        folder.write("in.lt", format!("{}leaf{}", "node(".repeat(levels), ")".repeat(levels)));
        for input in ["in.json", "in.lt"] {
            for format in ["lt", "json", "table"] {
                let ended = folder.run(&["run", "tree.lt", "--input", input, "--output-format", format]);
                assert_eq!(ended.code, code, "{input} {format}: {}", ended.stderr);
            }
        }
    }
}
