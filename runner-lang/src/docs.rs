//! What the comments of a project say of its definitions.

use crate::{
    source::{ModuleTree, Project},
    syntax::{Item, ItemKind, Span},
};

/// A module and its definitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleDocs {
    /// Such as `std::array`.
    pub path: String,
    /// Its `#!` comments.
    pub about: String,
    /// Its definitions in order, imports aside.
    pub items: Vec<ItemDocs>,
}

/// A definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemDocs {
    /// Its name.
    pub name: String,
    /// What stands before the body, such as `func double(x: Int64): Int64`; all of a type.
    pub signature: String,
    /// Its `##` comments.
    pub about: String,
}

/// The modules of a project below a path, and what their comments say.
///
/// ```
/// use runner_lang::{Project, docs};
///
/// let project = Project::from_source("shop.lt", "## With tax.\nfunc gross(net: Float64): Float64 -> net * 1.2");
/// let [module] = docs(&project, "shop").try_into().unwrap();
/// assert_eq!(module.items[0].signature, "func gross(net: Float64): Float64");
/// assert_eq!(module.items[0].about, "With tax.");
/// ```
#[must_use]
pub fn docs(project: &Project, path: &str) -> Vec<ModuleDocs> {
    let mut modules = Vec::new();
    add(project, &project.parse().root, path, &mut modules);
    modules
}

fn add(project: &Project, tree: &ModuleTree, path: &str, modules: &mut Vec<ModuleDocs>) {
    let about: Vec<_> = tree.parts.iter().flat_map(|part| part.doc.iter().cloned()).collect();
    let items = tree.parts.iter().flat_map(|part| &part.items).filter_map(|item| of_item(project, item));
    modules.push(ModuleDocs { path: path.into(), about: about.join("\n"), items: items.collect() });
    for child in &tree.children {
        add(project, child, &format!("{path}::{}", child.name), modules);
    }
}

fn of_item(project: &Project, item: &Item) -> Option<ItemDocs> {
    let (name, end) = match &item.kind {
        ItemKind::Const { name, value, .. } => (name, value.span.start),
        ItemKind::Func { name, func } => (name, func.body.span.start),
        ItemKind::External { name, .. } | ItemKind::Type { name, .. } => (name, item.span.end),
        _ => return None,
    };
    let signature = text(project, Span { end, ..item.span })?;
    let signature = signature.trim().trim_end_matches("->").trim_end_matches('=');
    let signature = signature.strip_prefix("external ").unwrap_or(signature);
    let about = item.doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n");
    Some(ItemDocs {
        name: name.name.to_string(),
        signature: signature.split_whitespace().collect::<Vec<_>>().join(" "),
        about,
    })
}

fn text(project: &Project, span: Span) -> Option<&str> {
    project.sources().get(span.source as usize)?.text().get(span.start as usize..span.end as usize)
}
