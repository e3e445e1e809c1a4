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
    Value(Rc<Node>),
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

/// A list with short cuts, after Eugene Myers' "An applicative random-access stack": locals are numbered in the order
/// in which they are bound, so a look-up goes past those that are newer.
#[derive(Debug)]
struct Link<'a> {
    local: LocalId,
    binding: Binding<'a>,
    /// Of the list from here on.
    length: usize,
    next: Option<Rc<Link<'a>>>,
    /// A later link.
    jump: Option<Rc<Link<'a>>>,
}

impl<'a> Link<'a> {
    fn new(local: LocalId, binding: Binding<'a>, next: Option<Rc<Link<'a>>>) -> Self {
        let length = |link: &Option<Rc<Link<'a>>>| link.as_ref().map_or(0, |link| link.length);
        let first = next.as_ref().and_then(|next| next.jump.clone());
        let second = first.as_ref().and_then(|first| first.jump.clone());
        let even = length(&next).wrapping_sub(length(&first)) == length(&first).wrapping_sub(length(&second));
        let jump = if next.is_some() && even { second } else { next.clone() };
        Self { local, binding, length: length(&next) + 1, next, jump }
    }
}

impl<'a> Env<'a> {
    pub(super) fn new(instance: Rc<Instance>) -> Self {
        Self { instance, site: None, links: None }
    }

    #[must_use]
    pub(super) fn with(&self, local: LocalId, binding: Binding<'a>) -> Self {
        let link = Link::new(local, binding, self.links.clone());
        Self { links: Some(Rc::new(link)), ..self.clone() }
    }

    pub(super) fn get(&self, local: LocalId) -> Option<&Binding<'a>> {
        let mut link = self.links.as_deref();
        while let Some(found) = link {
            if found.local == local {
                return Some(&found.binding);
            }
            let jump = found.jump.as_deref().filter(|jump| jump.local.0 >= local.0);
            link = jump.or(found.next.as_deref());
        }
        None
    }
}

impl Drop for Link<'_> {
    /// A long list must not be dropped by recursion.
    fn drop(&mut self) {
        let mut open: Vec<_> = [self.next.take(), self.jump.take()].into_iter().flatten().collect();
        while let Some(link) = open.pop() {
            if let Ok(mut link) = Rc::try_unwrap(link) {
                open.extend([link.next.take(), link.jump.take()].into_iter().flatten());
            }
        }
    }
}
