//! Wrong sources: every independent error is reported, at its place, and the rest is kept.

use runner_lang::Project;

use crate::dump::dump;

/// `line:column message` of every error.
fn errors(source: &str) -> Vec<String> {
    let project = Project::from_source("a.lt", source);
    let found = project.parse().diagnostics;
    found
        .iter()
        .map(|error| {
            let place = project.place(error.span).unwrap();
            format!("{}:{} {}", place.line, place.column, error.message)
        })
        .collect()
}

#[test]
fn errors_and_their_places() {
    let table: &[(&str, &[&str])] = &[
        ("const a = (1 + )", &["1:16 expected an expression, found `)`"]),
        ("const a = 1 ~ 2", &["1:13 `~` begins no token"]),
        (
            "func a() -> [1, , 2, =]\nfunc b() -> +\nconst c 1",
            &[
                "1:17 expected an expression, found `,`",
                "1:22 expected an expression, found `=`",
                "2:14 expected an expression, found the keyword `const`",
                "3:9 expected `=`, found a number",
            ],
        ),
        ("func a() -> (1 + 2\nfunc b() -> 1", &["1:19 expected `)`, found the keyword `func`"]),
        ("func a() -> f(1, {2\nconst b = 1", &["1:20 expected `,` or `}`, found the keyword `const`"]),
        ("func match() -> 1", &["1:6 expected the function's name, found the keyword `match`"]),
        ("const a = x.type", &["1:13 expected a field's name or position, found the keyword `type`"]),
        ("const a = 1 < 2 < 3", &["1:17 comparisons can't be chained"]),
        ("const a = f(1)(2)", &["1:15 only a name is called: `f(x)` or `a::f(x)`"]),
        ("const a = let b = 1; b", &["1:11 a `let` stands in parentheses"]),
        (
            "const a = xs | fold(0, (acc, x) -> acc + x, (x: {Int64}) -> x.0, () -> (1 + 2), (x) -> [x +])",
            &[
                "1:24 `func` is missing before parameters",
                "1:45 `func` is missing before parameters",
                "1:66 `func` is missing before parameters",
                "1:81 `func` is missing before parameters",
                "1:92 expected an expression, found `]`",
            ],
        ),
        ("const a = (b, c)", &["1:13 expected `)`, found `,`"]),
        (
            "const a = 5 | 6",
            &["1:15 expected a function's name, a call or a lambda to the right of the pipe"],
        ),
        ("const a = if b then c", &["1:22 expected `else`, found the end of the file"]),
        (
            "const a = \"abc\nconst b = 1",
            &["1:11 expected quotes that close this text, found the end of the file"],
        ),
        (
            "const a = f\"x {1 2} y\" const b = ?",
            &[
                "1:18 expected `}` behind the expression in a text, found a number",
                "1:34 expected an expression, found `?`",
            ],
        ),
        (
            "const a = 007 const b = 0x const c = 1st",
            &[
                "1:11 a number has no leading zeros",
                "1:25 expected digits behind the prefix of base 16",
                "1:38 `s` is no digit, and no name begins with a digit",
            ],
        ),
        ("const a = @2025-02-29", &["1:11 expected a date such as `@2025-11-14`, found `@2025-02-29`"]),
        ("const a = .b(1, 2)", &["1:13 a variant has one payload, found 2"]),
        ("type A: {B, ..}", &["1:13 `..` without a type stands in the constraint of a type parameter only"]),
        ("} const a = 1", &["1:1 expected a definition, found `}`"]),
        ("module a { const b = } const c = 1", &["1:22 expected an expression, found `}`"]),
        ("hello const a = 1", &["1:1 expected a definition, found `hello`"]),
    ];
    for (source, expected) in table {
        assert_eq!(errors(source), *expected, "{source}");
    }
}

#[test]
fn what_is_right_is_kept() {
    let table = [
        ("const a = (1 + ) const b = 2", "const a = ((Add 1 ERROR))\nconst b = 2"),
        ("func a() -> f(1, , x = 2) const b = 1", "func a() -> f(1, ERROR, x = 2)\nconst b = 1"),
        ("func a(x y z: A, b: B) -> 1", "func a(x y, b: B) -> 1"),
        ("const a = [1 2, 3]", "const a = [1, 3]"),
        ("const a = \"b\nconst c = 1", "const a = ERROR\nconst c = 1"),
        ("type A: {a: , b: B}", "type A: {a: ERROR b: B}"),
        ("const a = match b { 1 => , 2 => c }", "const a = (match b {1 => ERROR, 2 => c})"),
        ("module a { junk const b = 1 } const c = 1", "module a { const b = 1 }\nconst c = 1"),
    ];
    for (source, expected) in table {
        assert_eq!(dump(source), expected, "{source}");
    }
}

#[test]
fn depth_is_bounded() {
    let deep = 100_000;
    let sources = [
        format!("const a = {}1{}", "(".repeat(deep), ")".repeat(deep)),
        format!("const a = {}", "(".repeat(deep)),
        format!("const a = {}1", "{a = [".repeat(deep)),
        format!("const a = {}", "f(".repeat(deep)),
        format!("const a = 1{}", " + 1".repeat(deep)),
        format!("const a = 1{}", " ** 1".repeat(deep)),
        format!("const a = x{}", " | f".repeat(deep)),
        format!("const a = x{}", ".a".repeat(deep)),
        format!("const a = x{}", "[0]".repeat(deep)),
        format!("const a = {}x", "!".repeat(deep)),
        format!("const a = {}x", "x -> ".repeat(deep)),
        format!("const a = {}x", "if a then b else ".repeat(deep)),
        format!("const a = {}x", "match a { b => ".repeat(deep)),
        format!("const a = {}", "f\"{".repeat(deep)),
        format!("const a = {}", ".a(".repeat(deep)),
        format!("const a = x{}", ": A".repeat(deep)),
        format!("type A: {}B", "[".repeat(deep)),
        format!("type A: B{}", "?".repeat(deep)),
        format!("type A: {}", "func (): ".repeat(deep)),
        format!("import a::({}", "a::(".repeat(deep)),
        "module a { ".repeat(deep),
        format!("const a = match b {{ {}", ".c(".repeat(deep)),
        format!("func f() where T: {}", "{a: ".repeat(deep)),
    ];
    for source in sources {
        let head: String = source.chars().take(40).collect();
        let project = Project::from_source("a.lt", source + "\nconst last = 1");
        let found = project.parse().diagnostics;
        assert!(found.iter().any(|error| error.code == "too_deep"), "{head}: {found:?}");
        assert!(found.len() < 5, "{head}: {}", found.len());
    }
}

#[test]
fn what_is_not_too_deep_parses() {
    let sources = [
        format!("const a = {}1{}", "(".repeat(100), ")".repeat(100)),
        format!("const a = 1{}", " + 1".repeat(250)),
        format!("const a = {}x", "if a then b else ".repeat(250)),
        format!("const a = x{}", " | f(1)".repeat(250)),
    ];
    for source in sources {
        assert_eq!(errors(&source), Vec::<String>::new());
        assert!(runner_lang::format(&source).is_ok());
    }
}
