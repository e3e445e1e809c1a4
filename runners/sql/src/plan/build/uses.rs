use runner_core::{ExprId, Kind, LocalId, Op, Program};

/// How often, and where, locals are used.
pub(crate) struct Uses {
    locals: Vec<Use>,
}

/// The uses of a local.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Use {
    pub(crate) count: u32,
    /// Whether one of them is within a lambda that the local is bound outside of.
    pub(crate) in_lambda: bool,
    /// Whether one of them is evaluated again and again: within a fold, a scan or a loop.
    pub(crate) in_step: bool,
    /// How many of them depend on the order of its items.
    pub(crate) ordered: u32,
    pub(crate) bound_at: u32,
}

/// Where an expression stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    depth: u32,
    in_step: bool,
    /// Whether the order of its items makes no difference.
    is_unordered: bool,
}

impl Uses {
    pub(crate) fn of(program: &Program) -> Self {
        let mut locals = vec![Use::default(); 2 * program.body().len() + 16];
        let mut open = vec![(program.root(), Place::default())];
        let mut found = Vec::new();
        while let Some((id, place)) = open.pop() {
            let Some(expr) = program.expr(id) else { continue };
            let depth = place.depth + u32::from(matches!(expr.kind, Kind::Lambda { .. }));
            expr.kind.for_each_binding(|local| {
                if let Some(slot) = locals.get_mut(local.0 as usize) {
                    slot.bound_at = depth;
                }
            });
            if let Kind::Local(local) = expr.kind {
                found.push((local, place));
            }
            let in_step = place.in_step
                || matches!(&expr.kind, Kind::Call { op: Op::Fold | Op::Scan | Op::LoopUntilEmpty, .. });
            let unordered = unordered_children(&expr.kind, place.is_unordered);
            expr.kind.for_each_child(|child| {
                open.push((child, Place { depth, in_step, is_unordered: unordered.contains(&child) }));
            });
        }
        for (local, place) in found {
            if let Some(slot) = locals.get_mut(local.0 as usize) {
                slot.count += 1;
                slot.in_lambda |= place.depth > slot.bound_at;
                slot.in_step |= place.in_step;
                slot.ordered += u32::from(!place.is_unordered);
            }
        }
        Self { locals }
    }

    pub(crate) fn get(&self, local: LocalId) -> Use {
        self.locals.get(local.0 as usize).copied().unwrap_or_default()
    }
}

/// The arrays of which an expression does not ask in what order their items are. A sum of floats over an array without an
/// order is added in any.
fn unordered_children(kind: &Kind, is_unordered: bool) -> Vec<ExprId> {
    match kind {
        Kind::Call {
            op: Op::Count | Op::All | Op::Any | Op::Contains | Op::Sum | Op::Mean | Op::Min | Op::Max,
            args,
        } => args.first().copied().into_iter().collect(),
        Kind::Call { op: Op::Map | Op::Filter, args } if is_unordered => {
            args.first().copied().into_iter().collect()
        }
        // A lambda passes on what is asked of its body.
        Kind::Call { op: Op::FlatMap, args } if is_unordered => args.clone(),
        Kind::Call { op: Op::Append, args } if is_unordered => args.clone(),
        Kind::Lambda { body, .. } | Kind::Let { body, .. } if is_unordered => vec![*body],
        Kind::If { then, otherwise, .. } if is_unordered => vec![*then, *otherwise],
        Kind::Switch { arms, default, .. } if is_unordered => {
            arms.iter().map(|arm| arm.body).chain(*default).collect()
        }
        _ => Vec::new(),
    }
}
