//! How many bytes a prepared program holds.

use runner_core::{Expr, Literal, LocalId, Program, SourcePlace};

use super::{Code, Constant, Folded, Kind, Lambda, Node};

/// What an allocation costs beside its contents.
const ALLOCATION: usize = 16;

/// About how many bytes a program holds, decoded and encoded.
pub(super) fn program_bytes(program: &Program) -> usize {
    let parts = program.parts();
    // Names, literals and lists of arguments take no more than a few times what they take when encoded.
    program.bytes().len() * 3
        + parts.body.capacity() * size_of::<Expr>()
        + parts.places.capacity() * size_of::<SourcePlace>()
        + parts.body.iter().map(list_bytes).sum::<usize>()
}

/// What the lists within an expression cost as allocations.
fn list_bytes(expr: &Expr) -> usize {
    use runner_core::Kind as Source;
    match &expr.kind {
        Source::Literal(_) | Source::Local(_) | Source::Field { .. } => 0,
        _ => ALLOCATION,
    }
}

impl Node {
    /// Bytes of this node without those within it.
    pub(super) fn own_bytes(&self) -> usize {
        let free = self.free.as_deref().map_or(0, |free| size_of_val(free) + ALLOCATION);
        let more = match &self.kind {
            Kind::Const(Constant { literal: Literal::Text(text), .. }) => text.len() + ALLOCATION,
            Kind::Let { bindings, .. } => bindings.len() * size_of::<LocalId>(),
            Kind::Switch { arms, .. } => arms.len() * 2 * ALLOCATION,
            Kind::Fold { code: Some(code), .. } => code.own_bytes(),
            Kind::Aggregate { aggregate, .. } => {
                size_of_val(&**aggregate) + aggregate.folds.len() * size_of::<Folded>()
            }
            Kind::Join { join, .. } => size_of_val(&**join) + join.keys.len() * ALLOCATION,
            Kind::Fail(message) => message.len(),
            _ => 0,
        };
        size_of::<Self>() + free + more + ALLOCATION
    }
}

impl Lambda {
    /// Bytes beside those of the body.
    pub(super) fn own_bytes(&self) -> usize {
        size_of::<Self>() - size_of::<Node>() + size_of_val(self.params.as_slice()) + 2 * ALLOCATION
    }
}

impl Code {
    fn own_bytes(&self) -> usize {
        size_of::<Self>()
            + size_of_val(self.insts.as_slice())
            + size_of_val(self.ids.as_slice())
            + size_of_val(self.constants.as_slice())
            + (self.captures.len() + self.items.len() + self.accumulator.len()) * 8 * ALLOCATION
    }
}
