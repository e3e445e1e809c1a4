//! The sources of the conformance cases and the examples: they parse, and can be laid out.

use crate::common::{corpus, tree};
use runner_lang::{Project, format};

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

#[test]
fn layout_keeps_the_tree_and_is_a_fixed_point() {
    for (path, text) in corpus() {
        let Ok(once) = format(&text) else { continue };
        assert_eq!(tree(&once), tree(&text), "{path}\n{once}");
        assert_eq!(format(&once).unwrap(), once, "{path}");
        for line in text.lines() {
            if line.trim_start().starts_with('#') {
                assert!(once.contains(line.trim()), "{path}: {line}");
            }
        }
    }
}
