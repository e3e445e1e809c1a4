//! From files to modules: which file is which module.

use std::collections::BTreeMap;

use super::{ModuleTree, Parsed, Problem, Project, Source};
use crate::{
    budget::Budget,
    diagnostic::Diagnostic,
    limits, parser,
    syntax::{Module, Span},
};

/// Parses all files of a project and puts them in their places.
pub(super) fn parse(project: &Project, budget: &Budget) -> Parsed {
    let mut diagnostics = Vec::new();
    if !project.is_folder {
        let parts = match project.sources.first() {
            Some(source) => vec![parse_source(source, 0, budget, &mut diagnostics)],
            None => Vec::new(),
        };
        return Parsed { root: ModuleTree { parts, ..ModuleTree::default() }, diagnostics };
    }
    let mut root = Folder::default();
    for (index, source) in project.sources.iter().enumerate() {
        root.add(&source.path, index as u32);
    }
    if !root.files.contains_key("module.lt") {
        let message = "the project has no `module.lt`";
        let hint = "give one of its files alone, or add a `module.lt`, which may be empty";
        diagnostics.push(Diagnostic::error("no_module_file", Span::default(), message).hint(hint));
    }
    let root = root.module("", project, budget, &mut diagnostics);
    Parsed { root, diagnostics }
}

/// A folder of the project.
#[derive(Default)]
struct Folder<'a> {
    files: BTreeMap<&'a str, u32>,
    folders: BTreeMap<&'a str, Folder<'a>>,
}

impl<'a> Folder<'a> {
    fn add(&mut self, path: &'a str, source: u32) {
        let mut folder = self;
        let mut rest = path;
        while let Some((name, below)) = rest.split_once('/') {
            folder = folder.folders.entry(name).or_default();
            rest = below;
        }
        folder.files.insert(rest, source);
    }

    fn module(
        &self,
        name: &str,
        project: &Project,
        budget: &Budget,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> ModuleTree {
        let mut tree = ModuleTree { name: name.into(), ..ModuleTree::default() };
        let mut children: BTreeMap<&str, (u32, ModuleTree)> = BTreeMap::new();
        let head = self.files.get_key_value("module.lt");
        let others = self.files.iter().filter(|(name, _)| **name != "module.lt");
        for (file, index) in head.into_iter().chain(others) {
            let Some(source) = project.sources.get(*index as usize) else { continue };
            let part = parse_source(source, *index, budget, diagnostics);
            if *file == "module.lt" || part.is_submodule {
                tree.parts.push(part);
            } else {
                let name = file.trim_end_matches(".lt");
                let child = ModuleTree { name: name.into(), parts: vec![part], children: Vec::new() };
                children.insert(name, (*index, child));
            }
        }
        for (name, folder) in &self.folders {
            let Some(head) = folder.files.get("module.lt") else { continue };
            let child = folder.module(name, project, budget, diagnostics);
            if let Some((file, _)) = children.get(name) {
                let message = format!("the module `{name}` is a file and a folder");
                let span = Span { source: *head, start: 0, end: 0 };
                let other = Span { source: *file, start: 0, end: 0 };
                let diagnostic = Diagnostic::error("duplicate_module", span, message);
                diagnostics.push(diagnostic.label(other, "the file"));
                continue;
            }
            children.insert(name, (*head, child));
        }
        tree.children = children.into_values().map(|(_, child)| child).collect();
        tree
    }
}

fn parse_source(source: &Source, index: u32, budget: &Budget, diagnostics: &mut Vec<Diagnostic>) -> Module {
    let at = |start| Span { source: index, start, end: start };
    match source.problem {
        None => {
            let (module, found) = parser::parse_module(source.text(), index, budget);
            diagnostics.extend(found);
            return module;
        }
        Some(Problem::TooLarge) => {
            let message = format!("`{}` is larger than {} bytes", source.path, limits::SOURCE_BYTES);
            diagnostics.push(Diagnostic::error("source_too_large", at(0), message));
        }
        Some(Problem::NotUtf8(offset)) => {
            let message = format!("`{}` is not UTF-8: byte {offset} begins no character", source.path);
            let start = u32::try_from(offset).unwrap_or(u32::MAX);
            diagnostics.push(Diagnostic::error("not_utf8", at(start), message));
        }
    }
    Module::default()
}
