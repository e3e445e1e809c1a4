//! Sources: lexer, parser, checker, formatter.

use runner_lang::{Project, check as check_project, compile, format, render};

/// Diagnostics can be drawn, a formatted source stays as it is and means the same, and what compiles is valid.
pub fn check(bytes: &[u8]) {
    let project = Project::from_source("fuzz.lt", bytes);
    let parsed = project.parse();
    for diagnostic in &parsed.diagnostics {
        assert!(!render(&project, diagnostic, false).is_empty());
    }
    let checked = check_project(&project);
    for diagnostic in checked.diagnostics() {
        assert!(!render(&project, diagnostic, true).is_empty());
    }
    let compiled = compile(&project, "main");
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(formatted) = format(text)
    {
        assert_eq!(format(&formatted).expect("it is still without errors of syntax"), formatted);
        let again = compile(&Project::from_source("fuzz.lt", formatted.as_str()), "main");
        assert_eq!(compiled.is_ok(), again.is_ok(), "formatted, it means something else:\n{formatted}");
    }
    if let Ok(compiled) = compiled {
        runner_core::Program::decode(compiled.program.bytes()).expect("what is compiled is valid");
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let more = [
        "#! module\n## doc\nexternal func f(x: Int64): Text?\nconst c = @2025-11-14",
        "module a { func b(x) -> f\"{x} {{}}\" } import a::b as d\nconst e: Duration = @1:02:03.4",
        "func main() -> { let x = 0xff_ff; if x == 0o7 then \"\"\" a \"\" \"\"\" else r\"\\n\" }",
        "func main(x: {a: Int8, [Text]}) where T: Num -> x.0 | x -> x.a ?? -1e3",
    ];
    super::program::SOURCES.iter().chain(&more).map(|source| source.as_bytes().to_vec()).collect()
}
