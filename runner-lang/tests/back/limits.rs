//! Sources that are large, deep, or grow without bounds.

use std::fmt::Write;

use runner_lang::{Project, check, compile};

fn errors(text: &str) -> Vec<String> {
    match compile(&Project::from_source("a.lt", text), "main") {
        Ok(_) => Vec::new(),
        Err(found) => found.iter().map(|diagnostic| diagnostic.message.clone()).collect(),
    }
}

#[test]
fn calls_that_double_end_with_an_error() {
    let mut text = "func f0(x: Int64): Int64 -> x * x\n".to_owned();
    for level in 1..60 {
        let _ = writeln!(text, "func f{level}(x: Int64): Int64 -> f{0}(x) + f{0}(x + 1)", level - 1);
    }
    text.push_str("func main(x: Int64): Int64 -> f59(x)");
    let found = errors(&text);
    assert!(found[0].contains("expressions once all functions are inlined"), "{found:?}");
}

#[test]
fn types_that_double_end_with_an_error() {
    let mut text = "func pair(x: T): {T, T} where T -> {x, x}\nfunc main() -> (let a0 = 1;".to_owned();
    for level in 1..60 {
        let _ = write!(text, " let a{level} = pair(a{});", level - 1);
    }
    text.push_str(" a59 == a59)");
    assert!(!errors(&text).is_empty());
}

#[test]
fn a_long_chain_of_calls_is_fine() {
    let mut text = "func f0(x: Int64) -> x + 1\n".to_owned();
    for level in 1..1_000 {
        let _ = writeln!(text, "func f{level}(x: Int64) -> f{}(x)", level - 1);
    }
    text.push_str("func main(x: Int64): Int64 -> f999(x)");
    assert_eq!(errors(&text), Vec::<String>::new());
}

#[test]
fn a_thousand_functions_with_an_error_each() {
    let mut text = String::new();
    for index in 0..1_000 {
        let _ = writeln!(
            text,
            "func f{index}(xs: [Int64]) -> xs | filter(x -> x > {index}) | map(x -> x.missing{index})"
        );
    }
    assert_eq!(check(&Project::from_source("a.lt", text)).diagnostics().len(), 1_000);
}

#[test]
fn many_bindings_and_many_arms() {
    let mut text = "func main(x: Int64): Int64 -> (let a0 = x;".to_owned();
    for index in 1..2_000 {
        let _ = write!(text, " let a{index} = {index};");
    }
    text.push_str(" match x {");
    for index in 0..200 {
        let _ = write!(text, " {index} => a{index},");
    }
    text.push_str(" _ => 0 })");
    assert_eq!(errors(&text), Vec::<String>::new());
}
