//! Sources with very many errors.

use runner_lang::{Project, check, render_all};

use crate::counted::{alone, check_growth};

fn lines(size: usize, line: impl Fn(usize) -> String) -> String {
    (0..size).map(|index| line(index) + "\n").collect::<String>() + "const main = 1"
}

#[test]
fn errors_of_each_kind() {
    let fields = |size: usize| (0..size).map(|index| format!("f{index} = 1")).collect::<Vec<_>>().join(", ");
    let variants = |size: usize| (0..size).map(|index| format!("v{index}")).collect::<Vec<_>>().join(", ");
    let table: [(&str, &dyn Fn(usize) -> String); 17] = [
        ("types", &|size| lines(size, |index| format!("const a{index}: Text = 1"))),
        ("types in one function", &|size| {
            let lets: String = (0..size).map(|index| format!("let a{index}: Text = 1; ")).collect();
            format!("func main(): Int64 -> ({lets} 1)")
        }),
        ("names", &|size| lines(size, |index| format!("const a{index} = unknown{index}"))),
        ("types' names", &|size| lines(size, |index| format!("type A{index}: Unknown{index}"))),
        ("paths", &|size| lines(size, |index| format!("const a{index} = math::unknown{index}"))),
        ("fields", &|size| {
            let lookups: Vec<_> = (0..size).map(|index| format!("t.g{index}")).collect();
            format!("func main() -> (let t = {{{}}}; [{}])", fields(size), lookups.join(", "))
        }),
        ("variants", &|size| {
            let items: Vec<_> = (0..size).map(|index| format!(".w{index}")).collect();
            format!("type E: enum {{{}}}\nconst main = [{}]: [E]", variants(size), items.join(", "))
        }),
        ("unknown types", &|size| {
            let items: Vec<_> = (0..size).map(|_| "(y -> y)").collect();
            format!("func main() -> (let f = {}; 1)", items.join(" | "))
        }),
        ("open lambdas", &|size| {
            let lets: String = (0..size).map(|index| format!("let f{index} = y -> y.a; ")).collect();
            format!("func main() -> ({lets} 1)")
        }),
        ("arguments", &|size| lines(size, |index| format!("const a{index} = math::abs()"))),
        ("names that are there twice", &|size| lines(size, |_| "const a = 1".to_owned())),
        ("recursion", &|size| lines(size, |index| format!("func f{index}() -> f{}()", (index + 1) % size))),
        ("recursion to the first", &|size| {
            lines(size, |index| format!("func f{index}() -> [f0(), f{}()]", (index + 1) % size))
        }),
        ("endless types", &|size| {
            lines(size, |index| format!("type A{index}: {{A{}, A0}}", (index + 1) % size))
        }),
        ("syntax", &|size| lines(size, |index| format!("const a{index} = )"))),
        ("characters", &|size| lines(size, |_| "const a = 1 \u{20ac}".to_owned())),
        ("open texts", &|size| lines(size, |index| format!("const a{index} = \""))),
    ];
    for (name, source) in table {
        check_growth(name, source, [300, 600, 1_200]);
    }
}

#[test]
fn errors_beyond_the_hundredth_are_counted() {
    let _alone = alone();
    let project = Project::from_source("a.lt", lines(4_000, |index| format!("const a{index}: Text = 1")));
    let checked = check(&project);
    assert_eq!(checked.diagnostics().len(), 4_000);
    let text = render_all(&project, checked.diagnostics(), false);
    assert_eq!(text.matches("error[type_mismatch]").count(), 100);
    assert!(text.ends_with("... and 3900 more"));
}

/// Lines that are too long are not drawn, or each of the errors would draw all of them.
#[test]
fn a_long_line_is_not_drawn() {
    let _alone = alone();
    let lets: String = (0..2_000).map(|index| format!("let a{index}: Text = 1; ")).collect();
    let project = Project::from_source("a.lt", format!("func main(): Int64 -> ({lets} 1)"));
    let checked = check(&project);
    let text = render_all(&project, checked.diagnostics(), false);
    assert!(text.contains("a.lt:1:") && text.len() < 20_000, "{}", text.len());
}

#[test]
fn there_is_an_end_to_errors() {
    let _alone = alone();
    let project = Project::from_source("a.lt", lines(12_000, |index| format!("const a{index}: Text = 1")));
    let found = check(&project).diagnostics().to_vec();
    assert_eq!(found.len(), 10_001);
    assert_eq!(found[10_000].code, "too_many_errors");
}
