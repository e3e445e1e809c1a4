//! Names: which modules and definitions there are, and what a path means where it stands.

mod collect;
pub(crate) mod graph;
mod import;

use std::{collections::HashMap, sync::Arc};

use runner_core::Prim;

use crate::{
    check::types::{Name, NamedId},
    diagnostic::Diagnostic,
    habits::with_suggestion,
    limits,
    syntax::{Path, Span},
};

pub(crate) use collect::{Source, collect};

/// Index of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct DefId(pub(crate) u32);

/// Index of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ModId(pub(crate) u32);

/// The root of the standard library.
pub(crate) const STD: ModId = ModId(0);

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Def(DefId),
    Module(ModId),
    /// A primitive type, and for some its constructor.
    Prim(Prim),
    /// Something whose error was reported.
    Error,
}

/// A definition, without its content.
#[derive(Debug, Clone)]
pub(crate) struct Def {
    /// Path from the root of its project, or from `std`.
    pub(crate) path: Name,
    pub(crate) module: ModId,
    pub(crate) kind: DefKind,
    /// Its name's place.
    pub(crate) span: Span,
    pub(crate) doc: Arc<str>,
    pub(crate) is_std: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DefKind {
    Const,
    Func,
    External,
    Alias(NamedId),
    Framed(NamedId),
    Anno,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Module {
    pub(crate) path: Name,
    pub(crate) parent: Option<ModId>,
    pub(crate) is_std: bool,
    pub(crate) entries: HashMap<Name, (Entry, Span)>,
}

/// Where and why a path means nothing; [`World::explain`] makes a diagnostic of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unresolved {
    /// Of the name in the path.
    index: usize,
    reason: Reason,
}

#[derive(Debug, Clone, Copy)]
enum Reason {
    Empty,
    Unknown,
    UnknownIn(ModId),
    NoParent,
    NotAModule,
}

/// All modules and definitions: those of the standard library first.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) modules: Vec<Module>,
    pub(crate) defs: Vec<Def>,
    /// The project's root module.
    pub(crate) root: Option<ModId>,
}

impl Default for Def {
    fn default() -> Self {
        Self {
            path: "".into(),
            module: STD,
            kind: DefKind::Anno,
            span: Span::default(),
            doc: "".into(),
            is_std: true,
        }
    }
}

impl World {
    pub(crate) fn module(&self, id: ModId) -> Option<&Module> {
        self.modules.get(id.0 as usize)
    }

    pub(crate) fn def(&self, id: DefId) -> Option<&Def> {
        self.defs.get(id.0 as usize)
    }

    /// What a path means in a module, locals aside.
    pub(crate) fn lookup(&self, module: ModId, path: &Path) -> Result<Entry, Unresolved> {
        self.lookup_noting(module, path, &mut |_, _| {})
    }

    /// [`World::lookup`] that tells `missed` about each name that is not in a module and would change the result.
    fn lookup_noting(
        &self,
        module: ModId,
        path: &Path,
        missed: &mut impl FnMut(ModId, &Name),
    ) -> Result<Entry, Unresolved> {
        let unresolved = |index, reason| Unresolved { index, reason };
        let mut names = path.names.iter().enumerate();
        let (_, first) = names.next().ok_or_else(|| unresolved(0, Reason::Empty))?;
        let mut entry = match &*first.name {
            "std" => Entry::Module(STD),
            "project" => Entry::Module(self.root.unwrap_or(STD)),
            "module" => Entry::Module(module),
            "super" => Entry::Module(self.parent(module).ok_or_else(|| unresolved(0, Reason::NoParent))?),
            _ => match self.entry(module, &first.name) {
                Some(entry) => entry,
                None => {
                    missed(module, &first.name);
                    self.entry(STD, &first.name).ok_or_else(|| unresolved(0, Reason::Unknown))?
                }
            },
        };
        for (index, ident) in names {
            entry = match entry {
                Entry::Error => return Ok(Entry::Error),
                Entry::Module(inner) if &*ident.name == "super" => {
                    Entry::Module(self.parent(inner).ok_or_else(|| unresolved(index, Reason::NoParent))?)
                }
                Entry::Module(inner) => match self.entry(inner, &ident.name) {
                    Some(entry) => entry,
                    None => {
                        missed(inner, &ident.name);
                        return Err(unresolved(index, Reason::UnknownIn(inner)));
                    }
                },
                Entry::Def(_) | Entry::Prim(_) => return Err(unresolved(index, Reason::NotAModule)),
            };
        }
        Ok(entry)
    }

    /// Why a path means nothing. If `suggests`, with what may have been meant.
    pub(crate) fn explain(
        &self,
        module: ModId,
        path: &Path,
        unresolved: Unresolved,
        suggests: bool,
    ) -> Diagnostic {
        let Some(ident) = path.names.get(unresolved.index) else {
            return Diagnostic::error("unknown_name", path.span, "a name is missing here");
        };
        let name = &*ident.name;
        match unresolved.reason {
            Reason::Empty | Reason::Unknown => {
                let diagnostic =
                    Diagnostic::error("unknown_name", ident.span, format!("unknown name `{name}`"));
                if suggests {
                    with_suggestion(diagnostic, name, self.names_in_scope(module))
                } else {
                    diagnostic
                }
            }
            Reason::UnknownIn(inner) => {
                let names = self.module(inner).filter(|_| suggests);
                let hint = similar(name, names.into_iter().flat_map(|module| module.entries.keys()));
                let path = self.module_path(inner);
                let message = format!("unknown name `{name}`: {path} has none of that name");
                with_hint(Diagnostic::error("unknown_name", ident.span, message), hint)
            }
            Reason::NoParent => {
                let message = "`super` has no meaning here: the root module has no parent";
                Diagnostic::error("no_parent", ident.span, message)
            }
            Reason::NotAModule => {
                let message = format!("`{name}` is looked up in something that is no module");
                Diagnostic::error("not_a_module", ident.span, message)
            }
        }
    }

    fn entry(&self, module: ModId, name: &str) -> Option<Entry> {
        let (entry, _) = self.module(module)?.entries.get(name)?;
        Some(*entry)
    }

    fn parent(&self, module: ModId) -> Option<ModId> {
        self.module(module)?.parent
    }

    fn module_path(&self, id: ModId) -> String {
        match self.module(id) {
            Some(module) if module.is_std && module.path.is_empty() => "the module `std`".to_owned(),
            Some(module) if module.is_std => format!("the module `std::{}`", module.path),
            Some(module) if !module.path.is_empty() => format!("the module `{}`", module.path),
            _ => "the root module".to_owned(),
        }
    }

    pub(crate) fn names_in_scope(&self, module: ModId) -> impl Iterator<Item = &Name> {
        let own = self.module(module).into_iter().chain(self.module(STD));
        own.flat_map(|module| module.entries.keys())
    }
}

pub(crate) fn with_hint(diagnostic: Diagnostic, similar: Option<String>) -> Diagnostic {
    match similar {
        Some(name) => diagnostic.hint(format!("did you mean `{name}`?")),
        None => diagnostic,
    }
}

/// The name that was most likely meant.
pub(crate) fn similar<'a>(name: &str, names: impl IntoIterator<Item = &'a Name>) -> Option<String> {
    let letters = name.chars().count();
    if letters > limits::SIMILAR_LETTERS {
        return None;
    }
    let allowed = (letters / 3).clamp(1, 3);
    let near = |known: &&Name| known.chars().take(letters + allowed + 1).count().abs_diff(letters) <= allowed;
    let scored =
        names.into_iter().filter(|known| !known.starts_with('\0')).filter(near).filter_map(|known| {
            let same_letters = known.eq_ignore_ascii_case(name);
            let distance = if same_letters { 0 } else { strsim::damerau_levenshtein(known, name) };
            (distance <= allowed && distance < known.chars().count()).then_some((distance, known))
        });
    scored.min().map(|(_, known)| known.to_string())
}
