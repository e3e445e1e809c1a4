//! What several tests need.

use std::{fs, path::Path};

use runner_lang::Project;

/// Paths and texts of all `.lt` files but the values in folders named `expected`.
pub(crate) fn corpus() -> Vec<(String, String)> {
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
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 500);
    found
}

/// The syntax tree of a source without its places.
pub(crate) fn tree(text: &str) -> String {
    let parsed = Project::from_source("a.lt", text).parse();
    assert!(parsed.diagnostics.is_empty(), "{:?}\n{text}", parsed.diagnostics);
    let tree = format!("{:#?}", parsed.root);
    let places = ["source: ", "start: ", "end: "];
    tree.lines()
        .filter(|line| !places.iter().any(|place| line.trim().starts_with(place)))
        .collect::<Vec<_>>()
        .join("\n")
}
