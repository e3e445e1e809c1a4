//! Groups of which nothing but their keys and some numbers are wanted.

use alloc::{boxed::Box, vec::Vec};

use runner_core::{LocalId, Op};

use super::{Arm, Kind, Lambda, Node, build::finish};

/// What is made of each group: a map of `group(source, key)` that folds the items of each group and looks at none.
pub(crate) struct Aggregate {
    pub(crate) key: Lambda,
    /// The group: its key, and items that nothing looks at.
    pub(crate) group: LocalId,
    pub(crate) folds: Vec<Folded>,
    /// The value of a group, made of the group and what was folded.
    pub(crate) body: Node,
}

/// What is folded of the items of each group.
pub(crate) struct Folded {
    /// Stands for it in the body.
    pub(crate) local: LocalId,
    /// `count`, `sum` or the like of maps and filters of the items.
    pub(crate) node: Node,
}

impl Aggregate {
    /// Takes the function of a map of groups apart; gives both back where items are looked at in another way.
    ///
    /// Locals from `next` on are free.
    pub(super) fn detect(
        key: Box<Lambda>,
        lambda: Box<Lambda>,
        next: &mut u32,
    ) -> Result<Self, (Box<Lambda>, Box<Lambda>)> {
        let &[group] = lambda.params.as_slice() else { return Err((key, lambda)) };
        let most = u32::try_from(FOLDS).unwrap_or(u32::MAX);
        if next.checked_add(most).is_none()
            || fits(&lambda.body, group, true).is_none_or(|count| count > FOLDS)
        {
            return Err((key, lambda));
        }
        let mut folds = Vec::new();
        let body = lift(lambda.body, group, &mut folds, next);
        Ok(Self { key: *key, group, folds, body })
    }
}

/// Folds of a group that are told apart.
const FOLDS: usize = 256;

/// Number of folds in an expression that looks at no items but in folds. `always` says that it is evaluated for each
/// group, so that it may fail.
fn fits(node: &Node, group: LocalId, always: bool) -> Option<usize> {
    if !uses(node, group) || is_key(node, group) {
        return Some(0);
    }
    if is_fold(node, group) {
        return (always || !node.fallible).then_some(1);
    }
    let all = |nodes: &mut dyn Iterator<Item = (&Node, bool)>| {
        let mut sum = 0usize;
        for (node, always) in nodes {
            sum += fits(node, group, always)?;
        }
        Some(sum)
    };
    match &node.kind {
        Kind::Tuple(nodes) | Kind::Array(nodes) | Kind::Scalar { args: nodes, .. } => {
            all(&mut nodes.iter().map(|node| (node, always)))
        }
        Kind::Field { tuple: node, .. } | Kind::Variant { payload: node, .. } => fits(node, group, always),
        Kind::Let { bindings, body } => {
            let values = bindings.iter().map(|(_, value)| value);
            all(&mut values.chain([&**body]).map(|node| (node, always)))
        }
        Kind::If { condition, then, otherwise } => {
            all(&mut [(&**condition, always), (&**then, false), (&**otherwise, false)].into_iter())
        }
        Kind::Logic { left, right, .. } => all(&mut [(&**left, always), (&**right, false)].into_iter()),
        Kind::Switch { subject, arms, default } => {
            let bodies = arms.iter().map(|arm| &arm.body).chain(default.as_deref());
            all(&mut core::iter::once((&**subject, always)).chain(bodies.map(|body| (body, false))))
        }
        _ => None,
    }
}

/// The same expression with locals for its folds, which [`fits`] has found.
fn lift(node: Node, group: LocalId, folds: &mut Vec<Folded>, next: &mut u32) -> Node {
    if !uses(&node, group) || is_key(&node, group) {
        return node;
    }
    let (id, ty) = (node.id, node.ty);
    if is_fold(&node, group) {
        let local = LocalId(*next);
        *next += 1;
        folds.push(Folded { local, node });
        return finish(id, ty, Kind::Local(local));
    }
    let mut one = |node: Node| lift(node, group, folds, next);
    let kind = match node.kind {
        Kind::Tuple(nodes) => Kind::Tuple(nodes.into_iter().map(one).collect()),
        Kind::Array(nodes) => Kind::Array(nodes.into_iter().map(one).collect()),
        Kind::Scalar { op, prims, args } => {
            Kind::Scalar { op, prims, args: args.into_iter().map(one).collect() }
        }
        Kind::Field { tuple, index } => Kind::Field { tuple: Box::new(one(*tuple)), index },
        Kind::Variant { index, width, payload } => {
            Kind::Variant { index, width, payload: Box::new(one(*payload)) }
        }
        Kind::Let { bindings, body } => Kind::Let {
            bindings: bindings.into_iter().map(|(local, value)| (local, one(value))).collect(),
            body: Box::new(one(*body)),
        },
        Kind::If { condition, then, otherwise } => Kind::If {
            condition: Box::new(one(*condition)),
            then: Box::new(one(*then)),
            otherwise: Box::new(one(*otherwise)),
        },
        Kind::Logic { on, left, right } => {
            Kind::Logic { on, left: Box::new(one(*left)), right: Box::new(one(*right)) }
        }
        Kind::Switch { subject, arms, default } => Kind::Switch {
            subject: Box::new(one(*subject)),
            arms: arms.into_iter().map(|arm| Arm { body: one(arm.body), ..arm }).collect(),
            default: default.map(|body| Box::new(one(*body))),
        },
        kind => kind,
    };
    finish(id, ty, kind)
}

fn uses(node: &Node, local: LocalId) -> bool {
    node.free.as_ref().is_none_or(|free| free.contains(&local))
}

fn is_part(node: &Node, group: LocalId, part: usize) -> bool {
    matches!(&node.kind, Kind::Field { tuple, index }
        if *index == part && matches!(tuple.kind, Kind::Local(local) if local == group))
}

fn is_key(node: &Node, group: LocalId) -> bool {
    is_part(node, group, 0)
}

/// Whether this folds maps and filters of the items of a group, none of which looks at the group itself.
fn is_fold(node: &Node, group: LocalId) -> bool {
    let Kind::Whole { op: Op::Count | Op::Sum | Op::Mean | Op::All | Op::Any, args, .. } = &node.kind else {
        return false;
    };
    let [mut source] = args.iter().collect::<Vec<_>>()[..] else { return false };
    while let Kind::Map { source: inner, lambda } | Kind::Filter { source: inner, lambda, .. } = &source.kind
    {
        if uses(&lambda.body, group) {
            return false;
        }
        source = inner;
    }
    is_part(source, group, 1)
}

impl Folded {
    /// The maps and filters of the items, in order, but not those that only count.
    pub(crate) fn steps(&self) -> Vec<&Node> {
        let Kind::Whole { op, args, .. } = &self.node.kind else { return Vec::new() };
        let mut steps = Vec::new();
        let mut source = args.first();
        while let Some(node) = source
            && let Kind::Map { source: inner, .. } | Kind::Filter { source: inner, .. } = &node.kind
        {
            // A function that can't fail need not be evaluated to be counted.
            let is_idle = matches!(&node.kind, Kind::Map { lambda, .. } if !lambda.body.fallible);
            if !(*op == Op::Count && steps.is_empty() && is_idle) {
                steps.push(node);
            }
            source = Some(inner);
        }
        steps.reverse();
        steps
    }
}
