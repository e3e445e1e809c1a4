//! What locals and type parameters stand for while a body is lowered.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use runner_core::TypeId;

use super::node::Node;
use crate::{
    check::{
        tree::{LocalId, TExpr},
        types::{ParamId, Ty},
    },
    resolve::DefId,
    syntax::Span,
};

/// A use of a definition at certain types.
#[derive(Debug, Default)]
pub(super) struct Instance {
    pub(super) params: Vec<(ParamId, TypeId)>,
    /// Types that were converted.
    pub(super) known: RefCell<HashMap<Ty, TypeId>>,
}

/// A function, known when the program is compiled.
#[derive(Debug, Clone)]
pub(super) enum FuncValue<'a> {
    Lambda {
        params: &'a [(LocalId, Ty)],
        body: &'a TExpr,
        env: Env<'a>,
    },
    Def {
        def: DefId,
        instance: Rc<Instance>,
    },
    /// Frames its argument; the type of the result says how.
    Constructor,
}

#[derive(Debug, Clone)]
pub(super) enum Binding<'a> {
    /// A node that may be copied.
    Value(Node),
    Func(FuncValue<'a>),
}

/// Bindings of one body, shared with the lambdas in it.
#[derive(Debug, Clone)]
pub(super) struct Env<'a> {
    pub(super) instance: Rc<Instance>,
    /// The user's call, if this is a body of the standard library.
    pub(super) site: Option<Span>,
    links: Option<Rc<Link<'a>>>,
}

#[derive(Debug)]
struct Link<'a> {
    local: LocalId,
    binding: Binding<'a>,
    next: Option<Rc<Link<'a>>>,
}

impl<'a> Env<'a> {
    pub(super) fn new(instance: Rc<Instance>) -> Self {
        Self { instance, site: None, links: None }
    }

    #[must_use]
    pub(super) fn with(&self, local: LocalId, binding: Binding<'a>) -> Self {
        let link = Link { local, binding, next: self.links.clone() };
        Self { links: Some(Rc::new(link)), ..self.clone() }
    }

    pub(super) fn get(&self, local: LocalId) -> Option<&Binding<'a>> {
        let mut link = self.links.as_deref();
        while let Some(found) = link {
            if found.local == local {
                return Some(&found.binding);
            }
            link = found.next.as_deref();
        }
        None
    }
}

impl Drop for Link<'_> {
    /// A long list must not be dropped by recursion.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(link) = next {
            match Rc::try_unwrap(link) {
                Ok(mut link) => next = link.next.take(),
                Err(_) => break,
            }
        }
    }
}
