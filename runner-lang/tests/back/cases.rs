//! Every conformance case compiles, or fails with the errors that it expects.

use std::path::Path;

use runner_lang::{Diagnostic, Project, Severity, check};

use crate::common::{folder, load, projects};

/// What a case says about compiling it.
#[derive(Default)]
struct Expected {
    program: String,
    diagnostics: Vec<String>,
    warnings: Vec<String>,
    error: Option<String>,
    output: bool,
}

fn expected(text: &str) -> Expected {
    let mut expected = Expected { program: "main".to_owned(), ..Expected::default() };
    for line in text.lines() {
        let Some((directive, value)) = line.strip_prefix("#> ").and_then(|line| line.split_once(':')) else {
            continue;
        };
        let value = value.trim().to_owned();
        match directive {
            "program" => expected.program = value,
            "diagnostic" => expected.diagnostics.push(value),
            "warning" => expected.warnings.push(value),
            "error" => expected.error = Some(value),
            "output" => expected.output = true,
            _ => {}
        }
    }
    expected
}

/// Whether one of the diagnostics is the expected one: `LINE: text` or `text`.
fn is_there(project: &Project, found: &[Diagnostic], wanted: &str) -> bool {
    let line = wanted.split_once(':').and_then(|(line, rest)| Some((line.parse::<u32>().ok()?, rest.trim())));
    found.iter().any(|diagnostic| {
        let text = std::iter::once(&diagnostic.message)
            .chain(diagnostic.labels.iter().map(|(_, words)| words))
            .chain(&diagnostic.hint)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n");
        match line {
            Some((line, words)) => {
                text.contains(words) && project.place(diagnostic.span).is_some_and(|place| place.line == line)
            }
            None => text.contains(wanted),
        }
    })
}

fn describe(project: &Project, found: &[Diagnostic]) -> String {
    let lines = found.iter().map(|diagnostic| {
        let line = project.place(diagnostic.span).map_or(0, |place| place.line);
        format!("    {line}: [{}] {}", diagnostic.code, diagnostic.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn check_case(path: &Path) -> Result<(), String> {
    let (project, text) = load(path);
    let expected = expected(&text);
    let checked = check(&project);
    let result = checked.compile(&expected.program);
    if !expected.diagnostics.is_empty() {
        let found = match result {
            Ok(_) => return Err("compiles, but errors are expected".to_owned()),
            Err(found) => found,
        };
        for wanted in &expected.diagnostics {
            if !is_there(&project, &found, wanted) {
                return Err(format!("expected `{wanted}`, found\n{}", describe(&project, &found)));
            }
        }
        return Ok(());
    }
    let compiled = match result {
        Ok(compiled) => compiled,
        Err(found) => return Err(format!("does not compile:\n{}", describe(&project, &found))),
    };
    for wanted in &expected.warnings {
        if !is_there(&project, &compiled.warnings, wanted) {
            return Err(format!(
                "expected the warning `{wanted}`, found\n{}",
                describe(&project, &compiled.warnings)
            ));
        }
    }
    if expected.warnings.is_empty() && !compiled.warnings.is_empty() {
        return Err(format!("unexpected warnings:\n{}", describe(&project, &compiled.warnings)));
    }
    Ok(())
}

#[test]
fn every_case_compiles_or_fails_as_expected() {
    let cases = projects(&folder("tests/cases"));
    assert!(cases.len() > 600, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for path in &cases {
        if let Err(words) = check_case(path) {
            let name = path.strip_prefix(folder("tests/cases")).unwrap();
            wrong.push(format!("{}: {words}", name.display()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn the_examples_compile() {
    let is_value = |path: &Path| path.components().any(|part| part.as_os_str() == "expected");
    for path in projects(&folder("examples")).into_iter().filter(|path| !is_value(path)) {
        let (project, _) = load(&path);
        let checked = check(&project);
        assert!(!checked.has_errors(), "{}:\n{}", path.display(), describe(&project, checked.diagnostics()));
        for function in
            checked.functions().iter().filter(|function| function.is_entry && !function.is_external)
        {
            let compiled = checked.compile(&function.path);
            let errors = compiled.as_ref().err().map(|found| describe(&project, found));
            assert!(
                compiled.is_ok(),
                "{} of {}:\n{}",
                function.path,
                path.display(),
                errors.unwrap_or_default()
            );
            let warnings = compiled.unwrap().warnings;
            assert!(warnings.iter().all(|warning| warning.severity == Severity::Warning));
        }
    }
}
