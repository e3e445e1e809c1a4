//! Definitions, modules and types.

use std::fmt::Write;

use crate::counted::{check_growth, take};

const SIZES: [usize; 3] = [400, 800, 1_600];

/// A line for each number, and a `main`.
fn lines(size: usize, main: &str, line: impl Fn(usize) -> String) -> String {
    let mut text: String = (0..size).map(|index| line(index) + "\n").collect();
    text.push_str(main);
    text
}

#[test]
fn definitions() {
    let chain = |size| lines(size, "const main = a1", |index| format!("const a{index} = a{} + 1", index + 1));
    let table: [(&str, &dyn Fn(usize) -> String); 6] = [
        ("constants", &|size| lines(size, "const main = 1", |index| format!("const a{index} = {index}"))),
        ("a chain of constants", &|size| chain(size) + &format!("\nconst a{size} = 1")),
        ("functions that call the next", &|size| {
            let text = lines(size, "", |index| format!("func f{index}(x: Int64) -> f{}(x)", index + 1));
            format!("{text}func f{size}(x: Int64) -> x\nfunc main(x: Int64) -> f0(x)")
        }),
        ("functions that call the one before", &|size| {
            let text = lines(size, "", |index| format!("func f{}(x: Int64) -> f{index}(x + 1)", index + 1));
            format!("{text}func f0(x: Int64) -> x\nfunc main(x: Int64) -> f{size}(x)")
        }),
        ("comments", &|size| lines(size, "const main = 1", |index| format!("## Comment {index}."))),
        ("external functions", &|size| {
            let text = lines(size, "func main(x: Int64) -> [", |index| {
                format!("external func e{index}(x: Int64): Int64")
            });
            let calls: Vec<_> = (0..size).map(|index| format!("e{index}(x)")).collect();
            format!("{text}{}]", calls.join(", "))
        }),
    ];
    for (name, source) in table {
        check_growth(name, source, SIZES);
    }
}

#[test]
fn modules_and_imports() {
    let table: [(&str, &dyn Fn(usize) -> String); 5] = [
        ("modules", &|size| {
            lines(size, "const main = 1", |index| format!("module m{index} {{ const a = 1 }}"))
        }),
        ("imports", &|size| {
            lines(size, "module m { const a = 1 }\nconst main = 1", |index| {
                format!("import m::a as b{index}")
            })
        }),
        ("imports that wait for the next", &|size| {
            let text =
                lines(size, "", |index| format!("module m{index} {{ import project::m{}::a }}", index + 1));
            format!("{text}module m{size} {{ const a = 1 }}\nconst main = m0::a")
        }),
        ("imports that find nothing", &|size| {
            lines(size, "const main = 1", |index| format!("import m{index}::a"))
        }),
        ("a branch of imports", &|size| {
            let names: Vec<_> = (0..size).map(|index| format!("a{index}")).collect();
            let text = lines(size, "", |index| format!("const a{index} = 1"));
            format!("module m {{ {text} }}\nimport m::({})\nconst main = a0", names.join(", "))
        }),
    ];
    for (name, source) in table {
        check_growth(name, source, SIZES);
    }
}

/// Each module brings all names of the next: there are as many names as modules in each, so it ends at a limit.
#[test]
fn globs_of_globs() {
    let mut text = String::new();
    for index in 0..2_000 {
        let _ = writeln!(text, "module m{index} {{ import project::m{}::* const y{index} = 1 }}", index + 1);
    }
    text.push_str("module m2000 { const x = 1 }\nconst main = m0::x");
    let taken = take(&text);
    assert_eq!(taken.limit, Some("too_many_names"), "{taken:?}");
}

#[test]
fn types() {
    let table: [(&str, &dyn Fn(usize) -> String); 7] = [
        ("aliases of aliases", &|size| {
            let text = lines(size, "", |index| format!("type A{}: A{index}", index + 1));
            format!("{text}type A0: Int64\nfunc main(x: A{size}): A{size} -> x")
        }),
        ("aliases of aliases, each used", &|size| {
            let text = lines(size, "", |index| {
                format!("type A{}: A{index}\nfunc f{index}(x: A{index}): Int64 -> x", index + 1)
            });
            format!("{text}type A0: Int64\nconst main = 1")
        }),
        ("framed types", &|size| lines(size, "const main = 1", |index| format!("type F{index}(f: Int64)"))),
        ("tuples in tuples by name", &|size| {
            let text = lines(size, "", |index| format!("type A{}: {{A{index}}}", index + 1));
            format!("{text}type A0: Int64\nconst main = 1")
        }),
        ("recursive types", &|size| {
            lines(size, "const main = 1", |index| {
                format!("type T{index}: enum {{a, b: [T{}]}}", (index + 1) % size)
            })
        }),
        ("two types of one shape, often equal", &|size| {
            let fields: Vec<_> = (0..size).map(|index| format!("f{index}: Int64")).collect();
            let fields = fields.join(", ");
            let text = lines(size, "const main = 1", |index| format!("func f{index}(x: A): B -> x"));
            format!("type A: {{{fields}}}\ntype B: {{{fields}}}\n{text}")
        }),
        ("calls with a large type", &|size| {
            let items = vec!["1"; size].join(", ");
            let calls: Vec<_> = (0..size).map(|index| format!("let b{index} = id(a);")).collect();
            format!(
                "func id(x: T): T where T -> x\nconst main = 1\nfunc f() -> (let a = {{{items}}}; {} a.0)",
                calls.join(" ")
            )
        }),
    ];
    for (name, source) in table {
        check_growth(name, source, SIZES);
    }
}

/// Twice the fields with every line.
#[test]
fn spliced_tuples_that_double() {
    let mut text = "func main() -> (let b0 = {1, 2};".to_owned();
    for index in 0..40 {
        let _ = write!(text, " let b{} = {{..b{index}, ..b{index}}};", index + 1);
    }
    text.push_str(" 1)");
    let taken = take(&text);
    assert_eq!(taken.limit, Some("type_too_large"), "{taken:?}");
    assert!(taken.bytes < 64 << 20, "{taken:?}");
}

/// A type of very many levels.
#[test]
fn generic_functions_that_nest() {
    let mut text = "func f0(x: T) where T -> {x}\n".to_owned();
    for level in 1..3_000 {
        let _ = writeln!(text, "func f{level}(x: T) where T -> {{f{}(x)}}", level - 1);
    }
    let taken = take(&(text + "func main() -> 1"));
    assert_eq!(taken.limit, Some("type_too_large"), "{taken:?}");
}

/// Twice the types with every function, in ways that have no parts in common.
#[test]
fn generic_functions_that_double() {
    for (name, body) in [
        ("pairs", "{f%(x), f%(x)}"),
        ("other types", "{f%({x, 1}), f%({1, x})}"),
        ("names", "{a = f%({a = x}), b = f%({b = x})}"),
    ] {
        let mut text = "func f0(x: T) where T -> {x}\n".to_owned();
        for level in 1..40 {
            let body = body.replace('%', &(level - 1).to_string());
            let _ = writeln!(text, "func f{level}(x: T) where T -> {body}");
        }
        text.push_str("func main() -> f39(1)");
        let taken = take(&text);
        assert_eq!(taken.limit, Some("type_too_large"), "{name}: {taken:?}");
        assert!(taken.bytes < 512 << 20, "{name}: {taken:?}");
    }
}
