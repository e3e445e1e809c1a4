//! Enters all modules and definitions of a project into the world.

use std::collections::HashMap;

use runner_core::Prim;

use super::{Def, DefId, DefKind, Entry, ModId, Module, World, import};
use crate::{
    check::types::{Name, Named, NamedId, Types},
    diagnostic::{Diagnostic, Diagnostics},
    source::ModuleTree,
    syntax::{self, Func, Ident, ImportTree, Item, ItemKind, Param, Span, TypeDef, TypeExpr, TypeParam},
};

/// What a definition is made of, borrowed from the syntax tree.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a> {
    Const { ty: Option<&'a TypeExpr>, value: &'a syntax::Expr },
    Func(&'a Func),
    External { params: &'a [Param], result: Option<&'a TypeExpr>, type_params: &'a [TypeParam] },
    Type(&'a TypeDef),
    Anno(&'a [Param]),
}

/// Enters a project below a new root. Gives the new definitions with their sources.
pub(crate) fn collect<'a>(
    world: &mut World,
    types: &mut Types,
    tree: &'a ModuleTree,
    is_std: bool,
    diagnostics: &mut Diagnostics,
) -> Vec<(DefId, Source<'a>)> {
    let mut collector =
        Collector { world, types, is_std, imports: Vec::new(), defs: Vec::new(), diagnostics };
    let root = collector.new_module("".into(), None);
    if is_std {
        collector.prims(root);
    } else {
        collector.world.root = Some(root);
    }
    collector.tree(root, tree);
    let Collector { imports, defs, .. } = collector;
    import::resolve(world, imports, diagnostics);
    defs
}

struct Collector<'w, 'a> {
    world: &'w mut World,
    types: &'w mut Types,
    is_std: bool,
    imports: Vec<(ModId, &'a ImportTree)>,
    defs: Vec<(DefId, Source<'a>)>,
    diagnostics: &'w mut Diagnostics,
}

impl<'a> Collector<'_, 'a> {
    fn new_module(&mut self, path: Name, parent: Option<ModId>) -> ModId {
        let id = ModId(self.world.modules.len() as u32);
        self.world.modules.push(Module { path, parent, is_std: self.is_std, entries: HashMap::new() });
        id
    }

    fn prims(&mut self, root: ModId) {
        let Some(module) = self.world.modules.get_mut(root.0 as usize) else { return };
        let prims = Prim::ALL.map(|prim| (prim.name().into(), (Entry::Prim(prim), Span::default())));
        module.entries.extend(prims);
    }

    fn tree(&mut self, id: ModId, tree: &'a ModuleTree) {
        for part in &tree.parts {
            self.items(id, &part.items);
        }
        for child in &tree.children {
            let inner = self.new_module(self.path(id, &child.name), Some(id));
            let span = child.parts.first().and_then(|part| part.items.first()).map(|item| item.span);
            let ident = Ident { name: child.name.clone(), span: span.unwrap_or_default() };
            self.enter(id, &ident, Entry::Module(inner));
            self.tree(inner, child);
        }
    }

    fn items(&mut self, module: ModId, items: &'a [Item]) {
        for item in items {
            match &item.kind {
                ItemKind::Const { name, ty, value } => {
                    self.def(module, item, name, DefKind::Const, Source::Const { ty: ty.as_ref(), value });
                }
                ItemKind::Func { name, func } => {
                    self.def(module, item, name, DefKind::Func, Source::Func(func))
                }
                ItemKind::External { name, params, result, type_params } => {
                    let source = Source::External { params, result: result.as_ref(), type_params };
                    self.def(module, item, name, DefKind::External, source);
                }
                ItemKind::Type { name, def } => {
                    let id = NamedId(self.types.named.len() as u32);
                    let (kind, field) = match def {
                        TypeDef::Alias(_) => (DefKind::Alias(id), None),
                        TypeDef::Framed { field, .. } => (DefKind::Framed(id), field.as_ref()),
                    };
                    let inner = self.types.error();
                    let path = self.path(module, &name.name);
                    let field = field.map(|field| field.name.clone());
                    self.types.named.push(Named { path, field, inner, head: None, recursive: false });
                    self.def(module, item, name, kind, Source::Type(def));
                }
                ItemKind::Module { name, module: inner } => {
                    let id = self.new_module(self.path(module, &name.name), Some(module));
                    self.enter(module, name, Entry::Module(id));
                    self.items(id, &inner.items);
                }
                ItemKind::Import { tree } => self.imports.push((module, tree)),
                ItemKind::Anno { name, params } => {
                    self.def(module, item, name, DefKind::Anno, Source::Anno(params));
                }
            }
        }
    }

    fn def(&mut self, module: ModId, item: &Item, name: &Ident, kind: DefKind, source: Source<'a>) {
        let id = DefId(self.world.defs.len() as u32);
        let path = self.path(module, &name.name);
        if !self.diagnostics.budget().charge(1, size_of::<Def>() + 2 * path.len()) {
            return;
        }
        self.world.defs.push(Def {
            path,
            module,
            kind,
            span: name.span,
            doc: item.doc.join("\n").into(),
            is_std: self.is_std,
        });
        self.defs.push((id, source));
        self.enter(module, name, Entry::Def(id));
    }

    fn enter(&mut self, module: ModId, name: &Ident, entry: Entry) {
        if name.name.is_empty() {
            return;
        }
        let Some(entries) = self.world.modules.get_mut(module.0 as usize).map(|module| &mut module.entries)
        else {
            return;
        };
        match entries.get(&name.name) {
            Some((_, first)) => self.diagnostics.push(duplicate(name, *first)),
            None => {
                entries.insert(name.name.clone(), (entry, name.span));
            }
        }
    }

    fn path(&self, module: ModId, name: &str) -> Name {
        match self.world.module(module) {
            Some(module) if !module.path.is_empty() => format!("{}::{name}", module.path).into(),
            _ => name.into(),
        }
    }
}

pub(super) fn duplicate(name: &Ident, first: Span) -> Diagnostic {
    Diagnostic::error("duplicate_name", name.span, format!("`{}` is defined twice", name.name))
        .label(first, "first defined here")
}
