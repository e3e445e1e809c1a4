//! Projects of several files, and diagnostics as text.

use runner_lang::{Diagnostic, ModuleTree, Project, format, render, syntax::Span};

/// `name(parts)[children]`
fn shape(tree: &ModuleTree) -> String {
    let children: Vec<_> = tree.children.iter().map(shape).collect();
    format!("{}({})[{}]", tree.name, tree.parts.len(), children.join(" "))
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &str, codes: &[&str]) {
    let parsed = Project::from_files(files.iter().copied()).parse();
    assert_eq!(shape(&parsed.root), expected);
    assert_eq!(parsed.diagnostics.iter().map(|found| found.code).collect::<Vec<_>>(), codes);
}

#[test]
fn modules_of_files() {
    check(&[("one.lt", "")], "(1)[]", &[]);
    check(
        &[("module.lt", ""), ("notes.txt", "("), ("b.lt", ""), ("more.lt", "submodule")],
        "(2)[b(1)[]]",
        &[],
    );
    check(
        &[
            ("./module.lt", ""),
            ("a/module.lt", ""),
            ("a\\more.lt", "submodule"),
            ("a/b/module.lt", ""),
            ("c/lost.lt", "("),
            ("c/d/module.lt", "("),
        ],
        "(1)[a(2)[b(1)[]]]",
        &[],
    );
    check(&[("a.lt", ""), ("b.lt", "")], "(0)[a(1)[] b(1)[]]", &["no_module_file"]);
    check(&[("module.lt", ""), ("a.lt", ""), ("a/module.lt", "")], "(1)[a(1)[]]", &["duplicate_module"]);
    check(
        &[("module.lt", "const"), ("a.lt", "func")],
        "(1)[a(1)[]]",
        &["unexpected_token", "unexpected_token"],
    );
    check(&[], "(0)[]", &[]);
}

#[test]
fn bytes_that_are_no_text() {
    let project = Project::from_source("a.lt", b"const a = 1\nconst b = \"\xff\"".to_vec());
    let found = project.parse().diagnostics;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "`a.lt` is not UTF-8: byte 23 begins no character");
    let place = project.place(found[0].span).unwrap();
    assert_eq!((place.line, place.column), (2, 12));
    assert!(render(&project, &found[0], true).contains("a.lt"));
}

#[test]
fn a_span_of_no_file_has_no_place() {
    let project = Project::from_source("a.lt", "");
    let nowhere = Span { source: 7, start: 1, end: 2 };
    assert_eq!(project.place(nowhere), None);
    let found = Diagnostic::warning("code", nowhere, "message").hint("hint");
    assert_eq!(render(&project, &found, false), "warning[code]: message\n |\n = help: hint");
}

#[test]
fn labels_of_several_files_and_lines() {
    let project = Project::from_files([("a.lt", "é = 1\r\n  b\r\n"), ("module.lt", "中 x")]);
    let at = |source, start, end| Span { source, start, end };
    let found = Diagnostic::error("code", at(1, 4, 5), "message")
        .label(at(0, 10, 11), "one")
        .label(at(0, 0, 2), "two")
        .hint("hint");
    let expected = "\
error[code]: message
 --> module.lt:1:3
  |
1 | 中 x
  |    ^
  |
 ::: a.lt:1:1
  |
1 | é = 1
  | - two
2 |   b
  |   - one
  |
  = help: hint";
    assert_eq!(render(&project, &found, false), expected);
    assert!(render(&project, &found, true).contains("\u{1b}["));
}

#[test]
fn layout() {
    let table = [
        ("", ""),
        ("\u{feff}\r\n# a\r\n\r\n\r\n# b\r\n", "# a\n\n# b\n"),
        ("func f(x:A,y)->x+1#c", "func f(x: A, y) -> x + 1 #c\n"),
        ("const a={1,b=2,}", "const a = {\n  1,\n  b = 2,\n}\n"),
        ("const a=[1,2#c\n]", "const a = [\n  1,\n  2, #c\n]\n"),
        ("const a=x|f\n|g(1)", "const a = x\n  | f\n  | g(1)\n"),
        ("const a=(let b=1;b)", "const a = (let b = 1; b)\n"),
        ("const a=(\nlet b=1;\n\n\nb)", "const a = (\n  let b = 1;\n\n  b\n)\n"),
        ("const a=match b{.c(d)=>d,_=>- x}", "const a = match b { .c(d) => d, _ => -x }\n"),
        ("module a{func b()->1}module c{}", "module a {\n  func b() -> 1\n}\nmodule c {}\n"),
        ("@b  @c(1)\ntype A:{b:C?? ,..D}", "@b @c(1)\ntype A: {b: C??, ..D}\n"),
        ("const a=[1 .0,f\"{ x }\",- - 1,@-1:00:00]", "const a = [1 .0, f\"{ x }\", --1, @-1:00:00]\n"),
    ];
    for (source, expected) in table {
        assert_eq!(format(source).as_deref(), Ok(expected), "{source}");
    }
    let wide = "x".repeat(60);
    assert_eq!(
        format(&format!("func f() -> g({wide}, y -> {{a = {wide}}})")).unwrap(),
        format!("func f() ->\n  g({wide}, y -> {{\n    a = {wide},\n  }})\n")
    );
    assert_eq!(format("const a = (").unwrap_err().len(), 1);
}
