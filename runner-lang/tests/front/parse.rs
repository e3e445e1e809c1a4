//! What sources parse to.

use crate::{common::tree, dump::dump};

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (source, expected) in cases {
        tree(source);
        assert_eq!(dump(source), *expected, "{source}");
    }
}

#[track_caller]
fn check_exprs(cases: &[(&str, &str)]) {
    for (source, expected) in cases {
        let source = format!("const a = {source}");
        tree(&source);
        assert_eq!(dump(&source), format!("const a = {expected}"), "{source}");
    }
}

#[test]
fn definitions() {
    check(&[
        ("", ""),
        ("\u{feff}submodule #! doc", "submodule\n#! doc"),
        ("const limit: Int32 = 4", "const limit: Int32 = 4"),
        ("const a = 1 const b = 2", "const a = 1\nconst b = 2"),
        ("func f(x: A, from y: B = 1, const n: C,) -> x", "func f(x: A, from y: B = 1, const n: C) -> x"),
        ("func f(x: T): [T]? where T -> x", "func f(x: T): [T]? where T -> x"),
        ("func f(): T where T: Int32 | Text, U -> x", "func f(): T where T: Int32 | Text, U -> x"),
        ("func f() where T: {..}, U: {id: A, ..} -> x", "func f() where T: {..}, U: {id: A ..} -> x"),
        ("external func f(x: A): B? func g() -> 1", "external f(x: A): B?\nfunc g() -> 1"),
        ("type A: {a: B, [C], ..D}", "type A: {a: B [C] ..D}"),
        ("type A(b: C) type D(E)", "type A(b: C)\ntype D(E)"),
        (
            "module a { #! doc\nfunc f() -> 0 module b {} }",
            "module a { #! doc\nfunc f() -> 0\nmodule b {  } }",
        ),
        ("import a::b import c as d import module::e", "import a::b\nimport c as d\nimport module::e"),
        ("import std::(a::b, c as d, e::(f, g::*),)", "import std::(a::b, c as d, e::(f, g::*))"),
        ("@!a @b(1)\n## doc\n@c anno d(x: A)", "@!a\n## doc\n@b(1) @c anno d(x: A)"),
        ("# plain\n##  one\n##\n## two\nconst a = 1 ## lost\n", "##  one\n## \n## two\nconst a = 1"),
    ]);
}

#[test]
fn types() {
    let table = [
        ("a::B", "a::B"),
        ("module::B", "module::B"),
        ("{}", "{}"),
        ("[{A}?]", "[{A}?]"),
        ("A??", "A??"),
        ("A ? ? ?", "A???"),
        ("enum {a, b: {}, c: func (A): B,}", "enum {a, b: {}, c: func (A): B}"),
        ("func (x: A, B): C?", "func (x: A, B): C?"),
        ("func ()", "func ()"),
        ("{for f: F in T do f: [F]}", "{for f: F in T do f: [F]}"),
        ("{for f: F in {A} do F?}", "{for f: F in {A} do F?}"),
    ];
    for (source, expected) in table {
        check(&[(&format!("type T: {source}"), &format!("type T: {expected}"))]);
    }
}

#[test]
fn operators_by_level() {
    check_exprs(&[
        ("a + b * c - d", "(Sub (Add a (Mul b c)) d)"),
        ("a // b / c % d", "(Rem (Div (Div a b) c) d)"),
        ("2 ** 3 ** -1", "(Pow 2 (Pow 3 -1))"),
        ("-a ** b", "(Pow (Neg a) b)"),
        ("!a && b || c && d", "(Or (And (Not a) b) (And c d))"),
        ("a ?? b == c + 1", "(Coalesce a (Eq b (Add c 1)))"),
        ("a ?? b && c", "(And (Coalesce a b) c)"),
        ("a || b | f | g(1)", "(| (| (Or a b) f) g(1))"),
        ("1 + 2: Int32", "(Add 1 <2: Int32>)"),
        ("-x.a[0]: T", "(Neg <x.a[0]: T>)"),
        ("-9223372036854775808: Int64", "<-9223372036854775808: Int64>"),
        (
            "[a -1, a - 1, -1, - 1, --1, -x, +1]",
            "[(Sub a 1), (Sub a 1), -1, -1, (Neg -1), (Neg x), (Plus 1)]",
        ),
        ("[x: T? ?? a, x: T ?? a]", "[(Coalesce <x: T?> a), (Coalesce <x: T> a)]"),
        ("[x: T??, 1]", "[<x: T??>, 1]"),
    ]);
}

#[test]
fn what_reaches_far_right() {
    check_exprs(&[
        ("x -> x + 1 | f", "(fn(x) -> (| (Add x 1) f))"),
        ("if a then b else c | f", "(if a b (| c f))"),
        ("if a then b else if c then d else e", "(if a b (if c d e))"),
        ("1 + if a then b else c + d", "(Add 1 (if a b (Add c d)))"),
        (
            "match a | f { .b(x) | .c(_) => x | g, -1 => y -> y, }",
            "(match (| a f) {(.b(x) | .c(_)) => (| x g), -1 => (fn(y) -> y)})",
        ),
        ("match a {} | f", "(| (match a {}) f)"),
        ("func (x: A, y): B -> x", "(fn(x: A, y): B -> x)"),
        ("xs | (x -> x) | func (y) -> y | f", "(| (| xs ((fn(x) -> x))) (fn(y) -> (| y f)))"),
    ]);
}

#[test]
fn primaries_and_lookups() {
    check_exprs(&[
        ("{a = 1, b, ..c, d.e,}", "{a = 1, b, ..c, d.e}"),
        ("{}", "{}"),
        ("x.0.1.a.2", "x.0.1.a.2"),
        ("[.a, .b(1), .c({1})]", "[.a, .b(1), .c({1})]"),
        ("a::b(1, x = 2)", "a::b(1, x = 2)"),
        ("module::f(super::x)", "module::f(super::x)"),
        ("(let a: A = 1; let b = a; a + b)", "(let a: A = 1; b = a; (Add a b))"),
        ("xs[1][2].a", "xs[1][2].a"),
        ("`a b`.`if`", "a b.if"),
    ]);
}

#[test]
fn literals() {
    check_exprs(&[
        ("[0, 1_000, 0xff, 0o17, 0b1_0, -0x80]", "[0, 1000, 255b, 15b, 2b, -128b]"),
        ("[1.5, 1e3, 1.5e-3, 1_0.0_1, -0.0]", "[1.5f, 1e3f, 1.5e-3f, 10.01f, -0.0f]"),
        (r#"["a\n\q\x41\u{e9}", r"a\n", """a"b""", "", """"""]"#, r#"["a\n\\qAé", "a\\n", "a\"b", "", ""]"#),
        ("\"a\r\nb\"", r#""a\nb""#),
        (r#"f"a {x + 1} {{b}} {f"{y}"}{"}"}""#, r#"(f "a " (Add x 1) " {b} " (f y) "}")"#),
        (r#"[f"", f"{ {1, 2}.0 }", f"""{x}"""]"#, "[(f), (f {1, 2}.0), (f x)]"),
        (
            "[@1970-01-02, @-0:30:00, @213:06:00, @1970-01-01T00:00:00.5]",
            "[date(1), duration(-1800000000), duration(767160000000), timestamp(500000)]",
        ),
        ("@1970-01-02.days_epoch", "date(1).days_epoch"),
        ("[true, false]", "[true, false]"),
    ]);
}
