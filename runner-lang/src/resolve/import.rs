//! Imports. They may import what other modules import, so they are repeated until nothing changes.

use std::collections::hash_map::Entry::Vacant;

use super::{Entry, ModId, World, collect::duplicate};
use crate::{
    diagnostic::Diagnostic,
    syntax::{Ident, ImportTree, Path},
};

/// A name or all names of a module, to be entered into a module.
struct Import {
    into: ModId,
    path: Path,
    /// The name that it gets; absent for `*`.
    name: Option<Ident>,
    done: bool,
}

/// Enters what modules import. An import that finds nothing is an error.
pub(super) fn resolve(
    world: &mut World,
    imports: Vec<(ModId, &ImportTree)>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut flat = Vec::new();
    for (into, tree) in imports {
        flatten(into, tree, None, &mut flat);
    }
    // Names before globs: a name wins over what `*` brings.
    flat.sort_by_key(|import| import.name.is_none());
    let mut progress = true;
    while progress {
        progress = false;
        for import in &mut flat {
            let entered = match &import.name {
                Some(_) if import.done => continue,
                Some(name) => enter_name(world, import.into, &import.path, name, diagnostics),
                None => enter_all(world, import.into, &import.path),
            };
            progress |= entered.unwrap_or(false);
            import.done |= entered.is_some();
        }
    }
    for import in flat.iter().filter(|import| !import.done) {
        match world.lookup(import.into, &import.path) {
            Err(diagnostic) => diagnostics.push(*diagnostic),
            Ok(_) => {
                let message = "only a module has names that `*` can import";
                diagnostics.push(Diagnostic::error("not_a_module", import.path.span, message));
            }
        }
    }
    for import in flat.into_iter().filter(|import| !import.done) {
        if let (Some(name), Some(module)) = (import.name, world.modules.get_mut(import.into.0 as usize)) {
            module.entries.entry(name.name).or_insert((Entry::Error, name.span));
        }
    }
}

fn flatten(into: ModId, tree: &ImportTree, prefix: Option<&Path>, flat: &mut Vec<Import>) {
    let join = |path: &Path| match prefix {
        Some(prefix) => {
            Path { names: prefix.names.iter().chain(&path.names).cloned().collect(), span: path.span }
        }
        None => path.clone(),
    };
    match tree {
        ImportTree::Name { path, alias } => {
            if let Some(name) = alias.clone().or_else(|| path.names.last().cloned()) {
                flat.push(Import { into, path: join(path), name: Some(name), done: false });
            }
        }
        ImportTree::All(path) => flat.push(Import { into, path: join(path), name: None, done: false }),
        ImportTree::Branches { prefix, branches } => {
            let prefix = join(prefix);
            branches.iter().for_each(|branch| flatten(into, branch, Some(&prefix), flat));
        }
    }
}

/// `None` if the path can't be resolved yet.
fn enter_name(
    world: &mut World,
    into: ModId,
    path: &Path,
    name: &Ident,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<bool> {
    let entry = world.lookup(into, path).ok()?;
    let entries = &mut world.modules.get_mut(into.0 as usize)?.entries;
    match entries.get(&name.name) {
        Some((known, _)) if *known == entry => {}
        Some((_, first)) => diagnostics.push(duplicate(name, *first)),
        None => {
            entries.insert(name.name.clone(), (entry, name.span));
        }
    }
    Some(true)
}

/// Whether there were new names; `None` if the path is no module yet.
fn enter_all(world: &mut World, into: ModId, path: &Path) -> Option<bool> {
    let from = match world.lookup(into, path) {
        Ok(Entry::Module(from)) => world.module(from)?,
        Ok(Entry::Error) => return Some(false),
        _ => return None,
    };
    let found: Vec<_> = from.entries.iter().map(|(name, (entry, _))| (name.clone(), *entry)).collect();
    let entries = &mut world.modules.get_mut(into.0 as usize)?.entries;
    let mut progress = false;
    for (name, entry) in found {
        if let Vacant(slot) = entries.entry(name) {
            slot.insert((entry, path.span));
            progress = true;
        }
    }
    Some(progress)
}
