//! All commands but `run`.

use super::support::Folder;

const SOURCE: &str = "func main(x: Int64): Int64 -> x + 1\nfunc other(): Text -> \"hi\"\n";

#[test]
fn check() {
    let folder = Folder::with(&[
        ("fine.lt", SOURCE),
        ("wrong.lt", "func main(): Int64 -> \"x\"\nfunc f(): Bool -> absent\n"),
        ("warned.lt", "func main(x: Bool): Int64 -> match x { true => 1 }\n"),
        ("project/module.lt", "func main(): Int64 -> shop::total()\n"),
        ("project/shop.lt", "func total(): Int64 -> 7\n"),
    ]);
    assert_eq!(folder.run(&["check", "fine.lt"]).fine(), "");
    assert_eq!(folder.run(&["check", "project"]).fine(), "");
    folder.run(&["check", "wrong.lt"]).failed(2, &["wrong.lt:1", "wrong.lt:2", "Int64", "absent"]);
    let warned = folder.run(&["check", "warned.lt"]);
    warned.failed(0, &["warned.lt:1", "false"]);
    folder.run(&["check", "nowhere"]).failed(2, &["nowhere"]);
}

#[test]
fn compile() {
    let folder = Folder::with(&[("main.lt", SOURCE)]);
    folder.run(&["compile", "main.lt", "-o", "main.program"]).fine();
    assert!(folder.read("main.program").starts_with(b"LPRG"));
    folder.write("x.json", "41");
    assert_eq!(folder.run(&["run", "main.program", "--input", "x.json"]).fine(), "42\n");
    assert_eq!(folder.run(&["check", "main.program"]).fine(), "");
    // Without the source, the only parameter goes by any name.
    assert_eq!(folder.run(&["run", "main.program", "--arg", "x=1"]).fine(), "2\n");

    let stdout = folder.run(&["compile", "main.lt", "--program", "other", "-o", "-"]);
    assert_eq!(stdout.code, 0);
    folder.write("other.program", &stdout.stdout);
    assert_eq!(folder.run(&["run", "other.program"]).fine(), "\"hi\"\n");
    // The same source gives the same bytes.
    assert_eq!(folder.run(&["compile", "main.lt", "--program", "other", "-o", "-"]).stdout, stdout.stdout);
    folder.run(&["compile", "main.lt"]).failed(2, &["--output"]);
    folder.run(&["compile", "main.program", "-o", "x"]).failed(2, &["compiled program already"]);
}

#[test]
fn interface() {
    let folder = Folder::with(&[]);
    let interface = folder.run(&["interface", "--runner", "interpreter:."]);
    // What the standard library declares is not declared again, but named in comments.
    assert!(interface.fine().contains("std::fs::read_parquet"));
    folder.write("interface.lt", interface.fine());
    folder.run(&["check", "interface.lt"]).fine();
    folder.run(&["interface", "--runner", "nothing"]).failed(2, &["nothing"]);
}

#[test]
fn fmt() {
    let ugly = "func   main ( x:Int64 ) :Int64->x+1\n";
    let folder = Folder::with(&[("a.lt", ugly), ("sub/b.lt", ugly), ("broken.txt", "func main(")]);
    folder.run(&["fmt", "--check", "a.lt", "sub"]).failed(2, &["a.lt: not formatted", "b.lt: not formatted"]);
    assert_eq!(folder.text("a.lt"), ugly);
    folder.run(&["fmt", "a.lt", "sub"]).fine();
    let formatted = folder.text("a.lt");
    assert_eq!(formatted.trim_end(), "func main(x: Int64): Int64 -> x + 1");
    assert_eq!(folder.text("sub/b.lt"), formatted);
    folder.run(&["fmt", "--check", "a.lt", "sub"]).fine();
    assert_eq!(folder.pipe(&["fmt", "-"], ugly.as_bytes()).fine(), formatted);
    folder.run(&["fmt", "broken.txt"]).failed(2, &["broken.txt:1"]);
    assert_eq!(folder.text("broken.txt"), "func main(");
    assert_eq!(folder.run(&["run", "a.lt", "--arg", "x=1"]).fine(), "2\n");
}

#[test]
fn help() {
    let folder = Folder::with(&[]);
    for args in [&["--help"][..], &["help", "run"], &["run", "--help"], &["fmt", "-h"]] {
        assert!(folder.run(args).fine().contains("Usage: runner"));
    }
    assert!(folder.run(&["--version"]).fine().starts_with("runner "));
}

#[test]
fn docs() {
    let folder = Folder::with(&[
        ("shop.lt", "#! Sums.\n\n## With tax.\nfunc gross(net: Float64): Float64 ->\n  net * 1.2\n"),
        ("project/module.lt", "const rate = 2\n"),
        ("project/deep/module.lt", "## Twice.\nfunc double(x: Int64) -> x * 2\n"),
        ("wrong.lt", "func ("),
    ]);
    let all = folder.run(&["docs"]).fine().to_owned();
    for line in ["std::array  Arrays.", " chunk ", "std::text  Text.", " timezone_offset"] {
        assert!(all.contains(line), "{line} is not in\n{all}");
    }
    let of_module = folder.run(&["docs", "std::time"]).fine().to_owned();
    let diff = "func std::time::diff(a: Time, b: Time): Duration\n";
    assert!(of_module.starts_with("std::time  Times of day.\n") && of_module.contains(diff), "{of_module}");
    let split =
        "func std::text::split(text: Text, separator: Text): [Text]\n    By `\"\"`: the characters.\n";
    assert_eq!(folder.run(&["docs", "text::split"]).fine(), split);
    assert_eq!(folder.run(&["docs", "split"]).fine(), split);
    folder.run(&["docs", "chunks"]).failed(2, &["`chunks`", "std::array::chunk"]);
    folder.run(&["docs", "xyz"]).failed(2, &["`xyz`", "runner docs"]);

    let gross = "func gross(net: Float64): Float64\n    With tax.\n";
    assert_eq!(folder.run(&["docs", "--of", "shop.lt", "gross"]).fine(), gross);
    let project = folder.run(&["docs", "--of", "project"]).fine().to_owned();
    assert!(
        project.contains("const rate\n") && project.contains("func deep::double(x: Int64)\n    Twice.\n"),
        "{project}"
    );
    folder.run(&["docs", "--of", "wrong.lt"]).failed(2, &["wrong.lt:1"]);
}
