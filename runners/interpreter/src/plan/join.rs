//! Filters that a hash table can answer.

use alloc::{boxed::Box, vec::Vec};

use runner_core::{ExprId, LocalId, Op};

use super::{Kind, Lambda, Node, build::finish};

/// The condition of a filter, `item.key == outer.key && rest`, taken apart.
///
/// Where the array does not depend on the outer row, the keys of its items are put into a hash table once, and each
/// outer row looks up its own.
pub(crate) struct Join {
    /// The item.
    pub(crate) param: LocalId,
    /// Pairs that must be equal, at least one.
    pub(crate) keys: Vec<Key>,
    /// What else must be true.
    pub(crate) rest: Option<Node>,
}

/// An equality.
pub(crate) struct Key {
    /// Made of the item alone.
    pub(crate) build: Node,
    /// Made without the item.
    pub(crate) probe: Node,
    /// The comparison.
    pub(crate) id: ExprId,
}

impl Join {
    /// Takes the condition apart; gives it back where it has no equality that could be looked up.
    pub(super) fn detect(lambda: Box<Lambda>) -> Result<Self, Box<Lambda>> {
        let [param] = lambda.params.as_slice() else { return Err(lambda) };
        let param = *param;
        let mut roles = Vec::new();
        mark(&lambda.body, param, &mut false, &mut roles);
        if !roles.contains(&true) {
            return Err(lambda);
        }
        let mut join = Self { param, keys: Vec::new(), rest: None };
        join.take(lambda.body, &mut roles.into_iter());
        Ok(join)
    }

    /// Sorts the conditions of a conjunction into keys and the rest.
    fn take(&mut self, node: Node, roles: &mut dyn Iterator<Item = bool>) {
        match node.kind {
            Kind::Logic { on: true, left, right } => {
                self.take(*left, roles);
                self.take(*right, roles);
            }
            Kind::Let { bindings, body } if bindings.is_empty() => self.take(*body, roles),
            kind => {
                let node = Node { kind, ..node };
                if roles.next() == Some(true) {
                    self.key(node);
                } else {
                    self.also(node);
                }
            }
        }
    }

    fn key(&mut self, node: Node) {
        let Node { kind: Kind::Scalar { mut args, .. }, id, .. } = node else { return };
        if let (Some(right), Some(left)) = (args.pop(), args.pop()) {
            let (build, probe) =
                if left.free.as_deref() == Some(&[self.param]) { (left, right) } else { (right, left) };
            self.keys.push(Key { build, probe, id });
        }
    }

    fn also(&mut self, node: Node) {
        self.rest = Some(match self.rest.take() {
            Some(rest) => {
                let (id, ty) = (node.id, node.ty);
                finish(id, ty, Kind::Logic { on: true, left: Box::new(rest), right: Box::new(node) })
            }
            None => node,
        });
    }
}

/// Says of each condition of a conjunction, in order, whether it is a key.
///
/// Keys are looked at before the rest, so a key that is not the first condition must not be able to fail. What comes
/// before it may: of items with other keys its value decides nothing. Only what depends on nothing fails for all.
fn mark(node: &Node, param: LocalId, fails_for_all: &mut bool, roles: &mut Vec<bool>) {
    match &node.kind {
        Kind::Logic { on: true, left, right } => {
            mark(left, param, fails_for_all, roles);
            mark(right, param, fails_for_all, roles);
        }
        Kind::Let { bindings, body } if bindings.is_empty() => mark(body, param, fails_for_all, roles),
        _ => {
            let is_first = roles.is_empty();
            roles.push(is_key(node, param) && !*fails_for_all && (is_first || !node.fallible));
            *fails_for_all |= node.fallible && node.free.as_deref().is_some_and(<[_]>::is_empty);
        }
    }
}

fn is_key(node: &Node, param: LocalId) -> bool {
    let Kind::Scalar { op: Op::Eq, args, .. } = &node.kind else { return false };
    let [left, right] = args.as_slice() else { return false };
    let only = |node: &Node| node.free.as_deref() == Some(&[param]);
    let without =
        |node: &Node| node.free.as_ref().is_some_and(|free| !free.contains(&param) && !free.is_empty());
    (only(left) && without(right)) || (only(right) && without(left))
}
