use std::collections::HashMap;

use super::{Ty, Types};
use crate::{check::unify::for_each_part, limits};

/// Parts of a type that is written out, and its levels.
#[derive(Debug, Clone, Copy)]
struct Size {
    parts: usize,
    levels: usize,
}

impl Types {
    /// Whether a type has so few parts and levels that a program may have it. Parts that are shared are walked once.
    pub(crate) fn is_small(&self, ty: Ty) -> bool {
        self.size(ty, 0, &mut HashMap::new()).is_some()
    }

    fn size(&self, ty: Ty, depth: usize, known: &mut HashMap<Ty, Size>) -> Option<Size> {
        let ty = self.follow(ty);
        if let Some(known) = known.get(&ty) {
            return Some(*known).filter(|size| depth + size.levels <= limits::TYPE_LEVELS);
        }
        if depth >= limits::TYPE_LEVELS {
            return None;
        }
        if !self.budget.step() {
            return Some(Size { parts: 1, levels: 1 });
        }
        let mut size = Some(Size { parts: 1, levels: 1 });
        for_each_part(self.node(ty), |part| {
            size = size.and_then(|size| {
                let part = self.size(part, depth + 1, known)?;
                let parts = size.parts.saturating_add(part.parts);
                Some(Size { parts, levels: size.levels.max(part.levels + 1) })
            });
        });
        let size = size.filter(|size| size.parts <= limits::TUPLE_FIELDS)?;
        known.insert(ty, size);
        Some(size)
    }
}
