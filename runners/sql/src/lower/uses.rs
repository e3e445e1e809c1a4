use runner_core::{Kind, LocalId, Program};

/// How often, and where, locals are used.
pub(super) struct Uses {
    locals: Vec<Use>,
}

/// The uses of a local.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Use {
    pub(super) count: u32,
    /// Whether one of them is within a lambda that the local is bound outside of.
    pub(super) in_lambda: bool,
    pub(super) bound_at: u32,
}

impl Uses {
    pub(super) fn of(program: &Program) -> Self {
        let mut locals = vec![Use::default(); 2 * program.body().len() + 16];
        let mut open = vec![(program.root(), 0)];
        let mut found = Vec::new();
        while let Some((id, depth)) = open.pop() {
            let Some(expr) = program.expr(id) else { continue };
            let below = depth + u32::from(matches!(expr.kind, Kind::Lambda { .. }));
            expr.kind.for_each_binding(|local| {
                if let Some(slot) = locals.get_mut(local.0 as usize) {
                    slot.bound_at = below;
                }
            });
            if let Kind::Local(local) = expr.kind {
                found.push((local, depth));
            }
            expr.kind.for_each_child(|child| open.push((child, below)));
        }
        for (local, depth) in found {
            if let Some(slot) = locals.get_mut(local.0 as usize) {
                slot.count += 1;
                slot.in_lambda |= depth > slot.bound_at;
            }
        }
        Self { locals }
    }

    pub(super) fn get(&self, local: LocalId) -> Use {
        self.locals.get(local.0 as usize).copied().unwrap_or_default()
    }
}
