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
    syntax::{Path, Span},
};

pub(crate) use collect::{Collected, Source, collect};

/// Index of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct DefId(pub(crate) u32);

/// Index of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    pub(crate) fn lookup(&self, module: ModId, path: &Path) -> Result<Entry, Box<Diagnostic>> {
        let mut names = path.names.iter();
        let unknown = || Box::new(Diagnostic::error("unknown_name", path.span, "a name is missing here"));
        let first = names.next().ok_or_else(unknown)?;
        let mut entry = match &*first.name {
            "std" => Entry::Module(STD),
            "project" => Entry::Module(self.root.unwrap_or(STD)),
            "module" => Entry::Module(module),
            "super" => Entry::Module(self.parent(module, first.span)?),
            name => self.lookup_first(module, name).ok_or_else(|| {
                let diagnostic =
                    Diagnostic::error("unknown_name", first.span, format!("unknown name `{name}`"));
                Box::new(with_suggestion(diagnostic, name, self.names_in_scope(module)))
            })?,
        };
        for ident in names {
            let name = &*ident.name;
            entry = match entry {
                Entry::Error => return Ok(Entry::Error),
                Entry::Module(inner) if name == "super" => Entry::Module(self.parent(inner, ident.span)?),
                Entry::Module(inner) => {
                    let found = self.module(inner).and_then(|module| module.entries.get(name));
                    found.map(|(entry, _)| *entry).ok_or_else(|| {
                        let module = self.module(inner);
                        let hint = similar(name, module.into_iter().flat_map(|module| module.entries.keys()));
                        let path = self.module_path(inner);
                        let message = format!("unknown name `{name}`: {path} has none of that name");
                        Box::new(with_hint(Diagnostic::error("unknown_name", ident.span, message), hint))
                    })?
                }
                Entry::Def(_) | Entry::Prim(_) => {
                    let message = format!("`{name}` is looked up in something that is no module");
                    return Err(Box::new(Diagnostic::error("not_a_module", ident.span, message)));
                }
            };
        }
        Ok(entry)
    }

    fn lookup_first(&self, module: ModId, name: &str) -> Option<Entry> {
        let found = self.module(module).and_then(|module| module.entries.get(name));
        let found = found.or_else(|| self.module(STD).and_then(|std| std.entries.get(name)));
        found.map(|(entry, _)| *entry)
    }

    fn parent(&self, module: ModId, span: Span) -> Result<ModId, Box<Diagnostic>> {
        self.module(module).and_then(|module| module.parent).ok_or_else(|| {
            let message = "`super` has no meaning here: the root module has no parent";
            Box::new(Diagnostic::error("no_parent", span, message))
        })
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
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    let scored = names.into_iter().filter(|known| !known.starts_with('\0')).filter_map(|known| {
        let same_letters = known.eq_ignore_ascii_case(name);
        let distance = if same_letters { 0 } else { strsim::damerau_levenshtein(known, name) };
        (distance <= allowed && distance < known.chars().count()).then_some((distance, known))
    });
    scored.min().map(|(_, known)| known.to_string())
}
