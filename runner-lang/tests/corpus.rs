//! The sources of the conformance cases and the examples, all of which parse.

use std::{fs, path::Path};

use runner_lang::Project;

#[test]
fn every_case_parses() {
    let mut problems = Vec::new();
    for (path, text) in corpus() {
        if text.contains("#> diagnostic:") {
            continue;
        }
        let project = Project::from_source(path, text);
        problems.extend(project.parse().diagnostics.into_iter().map(|problem| {
            let place = project.place(problem.span).unwrap();
            format!("{}:{}:{} {}", place.source, place.line, place.column, problem.message)
        }));
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

/// Paths and texts of all `.lt` files but the values in folders named `expected`.
fn corpus() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    let mut folders = vec![root.join("examples"), root.join("tests/cases"), root.join("runner-lang/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path.file_name().unwrap() != "expected" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "lt") {
                found.push((path.display().to_string(), fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 500);
    found
}
