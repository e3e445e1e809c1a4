//! Filters that a hash table can answer.

use alloc::{boxed::Box, vec::Vec};

use runner_core::{ExprId, LocalId, Op};

use super::{Kind, Lambda, Node, bounds::bounds, build::finish};
use crate::{native::Bounds, used::Used};

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
    /// What is looked at of items that were found, beside what [`Join::own_rest`] looks at.
    pub(crate) kept: Used,
    /// What is known of items for which [`Join::own_rest`] is true.
    pub(crate) bounds: Vec<Bounds>,
}

/// The first join in an expression whose array an external function gives, with that array.
pub(crate) fn look_up(node: &Node) -> Option<(&Node, &Join)> {
    if !node.looks_up {
        return None;
    }
    match &node.kind {
        Kind::Join { source, join } if matches!(source.kind, Kind::External { .. }) => Some((source, join)),
        Kind::Map { source, lambda }
        | Kind::FlatMap { source, lambda }
        | Kind::Filter { source, lambda, .. } => look_up(source).or_else(|| look_up(&lambda.body)),
        Kind::Join { source, .. } | Kind::Sort { source, .. } | Kind::Group { source, .. } => look_up(source),
        Kind::Exists(node) | Kind::Field { tuple: node, .. } | Kind::Variant { payload: node, .. } => {
            look_up(node)
        }
        Kind::Aggregate { source, .. } | Kind::Fold { source, .. } => look_up(source),
        Kind::Whole { args, .. } | Kind::Scalar { args, .. } | Kind::Tuple(args) | Kind::Array(args) => {
            args.iter().find_map(look_up)
        }
        Kind::Logic { left, right, .. } => look_up(left).or_else(|| look_up(right)),
        Kind::If { condition, then, otherwise } => {
            look_up(condition).or_else(|| look_up(then)).or_else(|| look_up(otherwise))
        }
        Kind::Switch { subject, .. } => look_up(subject),
        Kind::Let { bindings, body } => {
            bindings.iter().find_map(|(_, value)| look_up(value)).or_else(|| look_up(body))
        }
        _ => None,
    }
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
    /// What else must be true, if that is known of an item without the row that looks for it. `always` says that it is
    /// asked of items that no row looks for, so that it may not fail.
    pub(crate) fn own_rest(&self, always: bool) -> Option<&Node> {
        let rest = self.rest.as_ref();
        rest.filter(|rest| rest.free.as_deref() == Some(&[self.param]) && !(always && rest.fallible))
    }

    /// Takes the condition apart; gives it back where it has no equality that could be looked up.
    pub(super) fn detect(lambda: Box<Lambda>) -> Result<Self, Box<Lambda>> {
        let [param] = lambda.params.as_slice() else { return Err(lambda) };
        let param = *param;
        let mut roles = Vec::new();
        mark(&lambda.body, param, &mut false, &mut roles);
        if !roles.contains(&true) {
            return Err(lambda);
        }
        let mut join = Self { param, keys: Vec::new(), rest: None, kept: Used::all(), bounds: Vec::new() };
        join.take(lambda.body, &mut roles.into_iter());
        if join.keys.iter().all(|key| !key.build.fallible) {
            join.bounds = join.own_rest(true).map(|rest| bounds(rest, param)).unwrap_or_default();
        }
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
