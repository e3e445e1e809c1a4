//! Conformance cases, as `cases/README.md` describes them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use runner_lang::Project;
use walkdir::WalkDir;

/// A case: sources, and what comes of them.
#[derive(Debug)]
pub struct Case {
    /// `area/name`.
    pub name: String,
    /// The sources.
    pub project: Project,
    /// Entry point or expression.
    pub program: String,
    /// The input in `lt` syntax, if it is not unit.
    pub input: Option<String>,
    /// What must happen.
    pub expected: Expected,
    /// Texts of warnings that the compiler must give.
    pub warnings: Vec<String>,
}

/// What must happen.
#[derive(Debug)]
pub enum Expected {
    /// This is printed.
    Output(String),
    /// Preparing or executing fails with this code, and a message that contains the text.
    Error {
        /// The stable code.
        code: String,
        /// A part of the message, may be empty.
        text: String,
    },
    /// Compiling fails, with errors that contain these texts, each perhaps at a line.
    Diagnostics(Vec<(Option<u32>, String)>),
}

/// All cases, sorted by name.
pub fn all() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut cases = Vec::new();
    let mut walk = WalkDir::new(&root).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let path = entry.expect("the cases can be listed").into_path();
        let module = path.join("module.lt");
        if path.is_dir() && module.is_file() {
            cases.push(Case::load(&root, &path, &module));
            walk.skip_current_dir();
        } else if path.extension().is_some_and(|extension| extension == "lt") {
            cases.push(Case::load(&root, &path, &path));
        }
    }
    cases
}

impl Case {
    /// Reads the case at `path`, whose expectations stand in `head`.
    fn load(root: &Path, path: &Path, head: &Path) -> Self {
        let name = path.strip_prefix(root).unwrap_or(path).with_extension("").to_string_lossy().into_owned();
        let text = fs::read_to_string(head).unwrap_or_else(|error| panic!("{name}: {error}"));
        let project =
            if path.is_dir() { read_folder(path) } else { Project::from_source("case.lt", text.as_str()) };
        let mut program = None;
        let mut input = None;
        let mut output = None;
        let mut error = None;
        let mut diagnostics = Vec::new();
        let mut warnings = Vec::new();
        for (directive, value) in directives(&text) {
            match directive {
                "program" => program = Some(value),
                "input" => input = Some(value),
                "output" => output = Some(value),
                "error" => {
                    let (code, text) = value.split_once(' ').unwrap_or((&value, ""));
                    error = Some(Expected::Error { code: code.into(), text: text.into() });
                }
                "diagnostic" => diagnostics.push(placed(&value)),
                "warning" => warnings.push(value),
                other => panic!("{name}: unknown directive `{other}`"),
            }
        }
        let expected = match (output, error, diagnostics.is_empty()) {
            (Some(output), None, true) => Expected::Output(output),
            (None, Some(error), true) => error,
            (None, None, false) => Expected::Diagnostics(diagnostics),
            _ => panic!("{name}: exactly one of output, error and diagnostic must be there"),
        };
        Self { name, project, program: program.unwrap_or_else(|| "main".into()), input, expected, warnings }
    }
}

/// The directives of a file: a name, and a value that may go on over lines that begin with `#  `.
fn directives(text: &str) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if let Some(directive) = line.strip_prefix("#> ") {
            let (name, value) = directive.split_once(':').unwrap_or((directive, ""));
            found.push((name.trim(), value.trim().into()));
            open = true;
        } else if let (true, Some(more), Some((_, value))) =
            (open, line.strip_prefix("#  "), found.last_mut())
        {
            if !value.is_empty() {
                value.push('\n');
            }
            value.push_str(more);
        } else {
            open = false;
        }
    }
    found
}

/// `12: text` as a line and a text.
fn placed(value: &str) -> (Option<u32>, String) {
    match value.split_once(':') {
        Some((line, text)) if line.parse::<u32>().is_ok() => (line.parse().ok(), text.trim().into()),
        _ => (None, value.into()),
    }
}

fn read_folder(folder: &Path) -> Project {
    let files = WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(|entry| {
        let path: PathBuf = entry.ok()?.into_path();
        let is_source = path.extension().is_some_and(|extension| extension == "lt");
        let relative = path.strip_prefix(folder).ok()?.to_string_lossy().into_owned();
        is_source.then(|| (relative, fs::read(&path).expect("a source can be read")))
    });
    Project::from_files(files)
}
