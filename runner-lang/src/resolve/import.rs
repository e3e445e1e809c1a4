//! Imports. They may import what other modules import, in any order, so an import waits for the names that it misses.

use std::collections::{HashMap, hash_map::Entry::Vacant};

use super::{Entry, ModId, World, collect::duplicate};
use crate::{
    check::types::Name,
    diagnostic::{Diagnostic, Diagnostics},
    limits,
    rounds::Rounds,
    syntax::{Ident, ImportTree, Path, Span},
};

/// A name or all names of a module, to be entered into a module.
struct Import {
    into: ModId,
    path: Path,
    /// The name that it gets; absent for `*`.
    name: Option<Ident>,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Waiting,
    Done,
    /// Of a `*`: the names of this module that were entered since its import began are known up to an index.
    Follows(ModId, usize),
}

/// Enters what modules import. An import that finds nothing is an error.
pub(super) fn resolve(world: &mut World, imports: Vec<(ModId, &ImportTree)>, diagnostics: &mut Diagnostics) {
    let mut flat = Vec::new();
    for (into, tree) in imports {
        flatten(into, tree, None, &mut flat, diagnostics);
    }
    // Names before globs: a name wins over what `*` brings.
    flat.sort_by_key(|import| import.name.is_none());
    let mut resolver = Resolver {
        world,
        diagnostics,
        queue: Rounds::default(),
        waiting: HashMap::new(),
        followers: HashMap::new(),
        entered: HashMap::new(),
        brought: 0,
    };
    for index in 0..flat.len() {
        resolver.queue.wake(index);
    }
    while let Some(index) = resolver.queue.pop() {
        if !resolver.diagnostics.budget().step() {
            return;
        }
        if let Some(import) = flat.get_mut(index) {
            resolver.import(index, import);
        }
    }
    let waiting: Vec<_> = flat.into_iter().filter(|import| import.state == State::Waiting).collect();
    for import in &waiting {
        let diagnostic = match world.lookup(import.into, &import.path) {
            Err(why) => world.explain(import.into, &import.path, why, diagnostics.is_rendered()),
            Ok(_) => {
                let message = "only a module has names that `*` can import";
                Diagnostic::error("not_a_module", import.path.span, message)
            }
        };
        diagnostics.push(diagnostic);
    }
    for import in waiting {
        if let (Some(name), Some(module)) = (import.name, world.modules.get_mut(import.into.0 as usize)) {
            module.entries.entry(name.name).or_insert((Entry::Error, name.span));
        }
    }
}

/// Joins each path with the prefixes before it.
fn flatten(
    into: ModId,
    tree: &ImportTree,
    prefix: Option<&Path>,
    flat: &mut Vec<Import>,
    diagnostics: &mut Diagnostics,
) {
    let join = |path: &Path| match prefix {
        Some(prefix) => {
            Path { names: prefix.names.iter().chain(&path.names).cloned().collect(), span: path.span }
        }
        None => path.clone(),
    };
    let (ImportTree::Name { path, .. } | ImportTree::All(path) | ImportTree::Branches { prefix: path, .. }) =
        tree;
    let path = join(path);
    if path.names.len() > limits::PATH_NAMES {
        let message = format!("a path has at most {} names", limits::PATH_NAMES);
        return diagnostics.push(Diagnostic::error("too_deep", path.span, message));
    }
    if !diagnostics.budget().charge(path.names.len(), size_of_val(path.names.as_slice())) {
        return;
    }
    let state = State::Waiting;
    match tree {
        ImportTree::Name { path: own, alias } => {
            if let Some(name) = alias.clone().or_else(|| own.names.last().cloned()) {
                flat.push(Import { into, path, name: Some(name), state });
            }
        }
        ImportTree::All(_) => flat.push(Import { into, path, name: None, state }),
        ImportTree::Branches { branches, .. } => {
            branches.iter().for_each(|branch| flatten(into, branch, Some(&path), flat, diagnostics));
        }
    }
}

struct Resolver<'a> {
    world: &'a mut World,
    diagnostics: &'a mut Diagnostics,
    queue: Rounds,
    /// Imports that wait for a name of a module.
    waiting: HashMap<(ModId, Name), Vec<usize>>,
    /// Globs of each module.
    followers: HashMap<ModId, Vec<usize>>,
    /// Names that imports entered into a module, in order.
    entered: HashMap<ModId, Vec<(Name, Entry)>>,
    /// Names that `*` brought.
    brought: usize,
}

impl Resolver<'_> {
    fn import(&mut self, index: usize, import: &mut Import) {
        if let State::Follows(from, known) = import.state {
            let new = self.entered.get(&from).and_then(|all| all.get(known..)).unwrap_or_default().to_vec();
            import.state = State::Follows(from, known + new.len());
            return self.enter_all(import.into, new, import.path.span);
        }
        let mut missed = Vec::new();
        let found = self.world.lookup_noting(import.into, &import.path, &mut |module, name| {
            missed.push((module, name.clone()));
        });
        match (&import.name, found) {
            (Some(name), Ok(entry)) => {
                import.state = State::Done;
                self.enter_name(import.into, name, entry);
            }
            (None, Ok(Entry::Module(from))) => {
                let known = self.entered.get(&from).map_or(0, Vec::len);
                import.state = State::Follows(from, known);
                self.followers.entry(from).or_default().push(index);
                let entries = self.world.module(from).into_iter().flat_map(|module| &module.entries);
                let found = entries.map(|(name, (entry, _))| (name.clone(), *entry)).collect();
                self.enter_all(import.into, found, import.path.span);
            }
            (None, Ok(Entry::Error)) => import.state = State::Done,
            (None, Ok(_)) | (_, Err(_)) => {
                for key in missed {
                    self.waiting.entry(key).or_default().push(index);
                }
            }
        }
    }

    fn enter_name(&mut self, into: ModId, name: &Ident, entry: Entry) {
        let Some(module) = self.world.modules.get_mut(into.0 as usize) else { return };
        match module.entries.get(&name.name) {
            Some((known, _)) if *known == entry => {}
            Some((_, first)) => self.diagnostics.push(duplicate(name, *first)),
            None => {
                module.entries.insert(name.name.clone(), (entry, name.span));
                self.tell(into, name.name.clone(), entry);
            }
        }
    }

    fn enter_all(&mut self, into: ModId, found: Vec<(Name, Entry)>, span: Span) {
        for (name, entry) in found {
            let bytes = 2 * size_of::<(Name, (Entry, Span))>();
            if !self.diagnostics.budget().charge(1, bytes) {
                return;
            }
            if self.brought > limits::IMPORTED_NAMES {
                return;
            }
            let Some(module) = self.world.modules.get_mut(into.0 as usize) else { return };
            if let Vacant(slot) = module.entries.entry(name.clone()) {
                slot.insert((entry, span));
                self.tell(into, name, entry);
                self.brought += 1;
                if self.brought > limits::IMPORTED_NAMES {
                    let message =
                        format!("`*` brings more than {} names into modules", limits::IMPORTED_NAMES);
                    self.diagnostics.push(Diagnostic::error("too_many_names", span, message));
                }
            }
        }
    }

    /// Wakes those that waited for this.
    fn tell(&mut self, module: ModId, name: Name, entry: Entry) {
        let waiting = self.waiting.remove(&(module, name.clone())).unwrap_or_default();
        let followers = self.followers.get(&module).into_iter().flatten();
        followers.chain(&waiting).for_each(|index| self.queue.wake(*index));
        self.entered.entry(module).or_default().push((name, entry));
    }
}
