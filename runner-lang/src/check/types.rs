//! Types during inference: nodes of one arena, some of which are variables that are not solved yet.

mod names;
mod size;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use runner_core::Prim;

use super::prims::Prims;
use crate::{budget::Budget, syntax::Span};
use names::Names;

pub(crate) type Name = Arc<str>;

/// Index of a type in [`Types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Ty(pub(crate) u32);

/// Index of an alias or framed type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NamedId(pub(crate) u32);

/// Index of a type parameter of some function, or of the `F` of a `{for f: F in ...}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ParamId(pub(crate) u32);

#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// Equal to everything: an error was reported where it came from.
    Error,
    Var(u32),
    Prim(Prim),
    Tuple(Arc<[Field]>),
    Array(Ty),
    Enum(Arc<[Variant]>),
    Func(Arc<FuncType>),
    Alias(NamedId),
    Framed(NamedId),
    Param(ParamId),
    /// `{for f: F in T do ...}` where the fields of `T` are not known.
    For(Arc<ForType>),
    /// `{A, ..T}` where the fields of `T` are not known.
    Splice(Arc<[Part]>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: Option<Name>,
    pub(crate) ty: Ty,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variant {
    pub(crate) name: Name,
    pub(crate) ty: Ty,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FuncType {
    /// Each with its label, if it has one.
    pub(crate) params: Vec<Field>,
    pub(crate) result: Ty,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ForType {
    pub(crate) tuple: Ty,
    /// Stands for the type of a field within `result`.
    pub(crate) param: ParamId,
    /// Whether the fields keep their names.
    pub(crate) named: bool,
    pub(crate) result: Ty,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Field(Field),
    Splice(Ty),
}

/// An alias or framed type.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) path: Name,
    /// Name of a framed type's field.
    pub(crate) field: Option<Name>,
    pub(crate) inner: Ty,
    /// What is behind all aliases from `inner` on, once it is known.
    pub(crate) head: Option<Ty>,
    pub(crate) recursive: bool,
}

/// A type parameter.
#[derive(Debug, Clone)]
pub(crate) struct ParamInfo {
    pub(crate) name: Name,
    pub(crate) bound: Bound,
}

#[derive(Debug, Clone)]
pub(crate) enum Bound {
    Any,
    OneOf(Vec<Ty>),
    /// Named fields stand anywhere, unnamed ones at their positions.
    Tuple(Vec<Field>),
    /// What is sorted by: scalars, options and tuples of these.
    Key,
}

/// What a literal becomes if nothing tells its type. In order of strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fallback {
    None,
    Int,
    Float,
}

#[derive(Debug, Clone)]
pub(crate) struct Var {
    pub(crate) bound: Option<Ty>,
    /// The primitives that it may be; any type if absent.
    pub(crate) prims: Option<Prims>,
    pub(crate) fallback: Fallback,
    /// Where it came up.
    pub(crate) span: Span,
    /// Whether its name is told in messages about types that nothing tells.
    pub(crate) what: Option<Name>,
    /// Its node.
    pub(super) ty: Ty,
    /// Variables that are solved by it, and itself.
    pub(super) weight: u32,
}

impl Var {
    pub(crate) fn new(span: Span) -> Self {
        Self { bound: None, prims: None, fallback: Fallback::None, span, what: None, ty: Ty(0), weight: 1 }
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Types {
    nodes: Vec<Node>,
    prims: HashMap<Prim, Ty>,
    unit: Option<Ty>,
    error: Option<Ty>,
    pub(crate) vars: Vec<Var>,
    pub(crate) named: Vec<Named>,
    pub(crate) params: Vec<ParamInfo>,
    /// Equations between tuples whose fields are not known, to be looked at again.
    pub(super) deferred: Vec<(Ty, Ty)>,
    /// Pairs that were compared within the current call of `unify`: equal unless a difference is found elsewhere.
    pub(super) assumed: HashSet<(Ty, Ty)>,
    /// Pairs that are equal for good.
    pub(super) equal: HashSet<(Ty, Ty)>,
    /// Types in which no variable is open any more.
    pub(super) ground: HashSet<Ty>,
    /// Types whose variables were solved after an error.
    pub(super) poisoned: HashSet<Ty>,
    /// The newest type that solves a variable; see [`Types::bind`].
    pub(super) newest: u32,
    /// Variables that were solved since the goals were last looked at.
    pub(super) solved: Vec<u32>,
    /// Whether a tuple turned out to have too many fields since this was last looked at.
    pub(super) too_large: bool,
    names: Names,
    budget: Budget,
}

impl Types {
    /// What the compile may take.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    pub(crate) fn set_budget(&mut self, budget: &Budget) {
        self.budget = budget.clone();
    }

    pub(crate) fn add(&mut self, node: Node) -> Ty {
        let parts = match &node {
            Node::Tuple(fields) => fields.len(),
            Node::Enum(variants) => variants.len(),
            Node::Func(func) => func.params.len() + 1,
            Node::Splice(parts) => parts.len(),
            _ => 0,
        };
        self.budget.charge(1 + parts / 8, size_of::<Node>() + parts * size_of::<Part>());
        let id = Ty(self.nodes.len() as u32);
        self.nodes.push(node);
        id
    }

    pub(crate) fn error(&mut self) -> Ty {
        match self.error {
            Some(ty) => ty,
            None => {
                let ty = self.add(Node::Error);
                self.error = Some(ty);
                ty
            }
        }
    }

    pub(crate) fn prim(&mut self, prim: Prim) -> Ty {
        match self.prims.get(&prim) {
            Some(ty) => *ty,
            None => {
                let ty = self.add(Node::Prim(prim));
                self.prims.insert(prim, ty);
                ty
            }
        }
    }

    pub(crate) fn unit(&mut self) -> Ty {
        match self.unit {
            Some(ty) => ty,
            None => {
                let ty = self.add(Node::Tuple(Arc::new([])));
                self.unit = Some(ty);
                ty
            }
        }
    }

    pub(crate) fn array(&mut self, item: Ty) -> Ty {
        self.add(Node::Array(item))
    }

    pub(crate) fn option(&mut self, some: Ty) -> Ty {
        let none = self.unit();
        let variants = [("none", none), ("some", some)].map(|(name, ty)| Variant { name: name.into(), ty });
        self.add(Node::Enum(Arc::new(variants)))
    }

    pub(crate) fn tuple(&mut self, fields: Vec<Field>) -> Ty {
        if fields.is_empty() { self.unit() } else { self.add(Node::Tuple(fields.into())) }
    }

    pub(crate) fn func(&mut self, params: Vec<Field>, result: Ty) -> Ty {
        self.add(Node::Func(Arc::new(FuncType { params, result })))
    }

    pub(crate) fn var(&mut self, span: Span) -> Ty {
        self.new_var(Var::new(span))
    }

    pub(crate) fn var_of(&mut self, prims: Prims, fallback: Fallback, span: Span) -> Ty {
        self.new_var(Var { prims: Some(prims), fallback, ..Var::new(span) })
    }

    pub(crate) fn new_var(&mut self, var: Var) -> Ty {
        let id = self.vars.len() as u32;
        let ty = self.add(Node::Var(id));
        self.vars.push(Var { ty, ..var });
        ty
    }

    pub(crate) fn new_param(&mut self, name: Name) -> ParamId {
        self.params.push(ParamInfo { name, bound: Bound::Any });
        ParamId(self.params.len() as u32 - 1)
    }

    pub(crate) fn bound(&self, param: ParamId) -> &Bound {
        self.params.get(param.0 as usize).map_or(&Bound::Any, |info| &info.bound)
    }

    pub(crate) fn named(&self, id: NamedId) -> Option<&Named> {
        self.named.get(id.0 as usize)
    }

    /// The node as it was added.
    pub(crate) fn node(&self, ty: Ty) -> &Node {
        self.nodes.get(ty.0 as usize).unwrap_or(&Node::Error)
    }

    pub(crate) fn set(&mut self, ty: Ty, node: Node) {
        if let Some(slot) = self.nodes.get_mut(ty.0 as usize) {
            *slot = node;
            self.newest = self.nodes.len() as u32;
        }
    }

    /// Solves a variable.
    pub(super) fn solve(&mut self, var: u32, ty: Ty) {
        if let Some(slot) = self.vars.get_mut(var as usize) {
            slot.bound = Some(ty);
            self.newest = self.newest.max(ty.0);
            self.solved.push(var);
        }
    }

    /// Follows solved variables.
    pub(crate) fn follow(&self, mut ty: Ty) -> Ty {
        while let Node::Var(var) = self.node(ty) {
            match self.vars.get(*var as usize).and_then(|var| var.bound) {
                Some(bound) => ty = bound,
                None => break,
            }
        }
        ty
    }

    /// Follows solved variables and aliases.
    pub(crate) fn head_of(&self, mut ty: Ty) -> Ty {
        for _ in 0..=self.named.len() {
            ty = self.follow(ty);
            match self.node(ty) {
                Node::Alias(id) => match self.named(*id) {
                    Some(named) => ty = named.head.unwrap_or(named.inner),
                    None => break,
                },
                _ => break,
            }
        }
        ty
    }

    /// The node below solved variables and aliases; tuples that have become known are written out.
    pub(crate) fn head(&mut self, ty: Ty) -> Node {
        let ty = self.head_ty(ty);
        self.node(ty).clone()
    }

    /// The type whose node [`Types::head`] gives.
    pub(crate) fn head_ty(&mut self, ty: Ty) -> Ty {
        let ty = self.head_of(ty);
        self.expand(ty);
        self.head_of(ty)
    }

    pub(crate) fn fields(&mut self, ty: Ty) -> Option<Arc<[Field]>> {
        match self.head(ty) {
            Node::Tuple(fields) => Some(fields),
            _ => None,
        }
    }

    pub(crate) fn as_func(&mut self, ty: Ty) -> Option<Arc<FuncType>> {
        match self.head(ty) {
            Node::Func(func) => Some(func),
            _ => None,
        }
    }

    pub(crate) fn is_func(&self, ty: Ty) -> bool {
        matches!(self.node(self.head_of(ty)), Node::Func(_))
    }

    pub(crate) fn is_error(&self, ty: Ty) -> bool {
        matches!(self.node(self.head_of(ty)), Node::Error)
    }
}
