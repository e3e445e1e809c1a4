//! What a condition says of the fields of an item by literals.

use alloc::vec::Vec;

use runner_core::{Literal, LocalId, Op, Prim};

use super::{Kind, Node};
use crate::native::Bounds;

/// Bounds of fields outside of which a condition of an item is false. None come from what stands behind something that
/// may fail.
pub(super) fn bounds(condition: &Node, item: LocalId) -> Vec<Bounds> {
    let mut bounds = Vec::new();
    take(condition, item, &mut bounds);
    bounds
}

fn take(node: &Node, item: LocalId, bounds: &mut Vec<Bounds>) {
    match &node.kind {
        Kind::Logic { on: true, left, right } => {
            take(left, item, bounds);
            if !left.fallible {
                take(right, item, bounds);
            }
        }
        Kind::Let { bindings, body } if bindings.is_empty() => take(body, item, bounds),
        Kind::Scalar { op, prims, args } => {
            let is_integer = prims.first.is_some_and(|prim| {
                matches!(
                    prim,
                    Prim::Int8 | Prim::Int16 | Prim::Int32 | Prim::Int64 | Prim::Date | Prim::Duration
                )
            });
            let [left, right] = args.as_slice() else { return };
            let found = match (field(left, item), literal(right), field(right, item), literal(left)) {
                (Some(field), Some(value), ..) => range(*op, value).map(|range| (field, range)),
                (_, _, Some(field), Some(value)) => range(turned(*op), value).map(|range| (field, range)),
                _ => None,
            };
            if let Some((field, (least, most))) = found.filter(|_| is_integer) {
                bounds.push(Bounds { field, least, most });
            }
        }
        _ => {}
    }
}

/// The field of an item that this is.
pub(crate) fn field(node: &Node, item: LocalId) -> Option<usize> {
    match &node.kind {
        Kind::Field { tuple, index } if matches!(tuple.kind, Kind::Local(local) if local == item) => {
            Some(*index)
        }
        _ => None,
    }
}

fn literal(node: &Node) -> Option<i64> {
    match &node.kind {
        Kind::Const(constant) => match constant.literal {
            Literal::Int(value) => Some(value),
            _ => None,
        },
        _ => None,
    }
}

/// The values for which `value op literal` may be true.
fn range(op: Op, literal: i64) -> Option<(i64, i64)> {
    Some(match op {
        Op::Eq => (literal, literal),
        Op::Lt => (i64::MIN, literal.checked_sub(1)?),
        Op::Lte => (i64::MIN, literal),
        Op::Gt => (literal.checked_add(1)?, i64::MAX),
        Op::Gte => (literal, i64::MAX),
        _ => return None,
    })
}

/// The comparison with its sides exchanged.
fn turned(op: Op) -> Op {
    match op {
        Op::Lt => Op::Gt,
        Op::Lte => Op::Gte,
        Op::Gt => Op::Lt,
        Op::Gte => Op::Lte,
        other => other,
    }
}
