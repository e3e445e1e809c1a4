use alloc::{format, vec, vec::Vec};

use super::{Type, TypeId, TypeTable};
use crate::{
    error::{Error, Result},
    limits::{TYPE_COUNT, TYPE_WIDTH},
};

impl TypeTable {
    /// Checks that there are at most [`TYPE_COUNT`] types, that every index is of this table, and that a type contains
    /// itself only through an enum or an array. Linear in the size of the table.
    ///
    /// # Errors
    /// `DECODE_ERROR`, naming the type that is at fault.
    pub fn validate(&self) -> Result<()> {
        if self.len() > TYPE_COUNT {
            return Err(Error::decode(format!("{} types, at most {TYPE_COUNT} are allowed", self.len())));
        }
        for (id, ty) in self.iter() {
            if let Some(child) = children(ty).into_iter().find(|child| self.get(*child).is_none()) {
                return Err(Error::decode(format!(
                    "type {} refers to type {}, which is not there",
                    id.0, child.0
                )));
            }
        }
        self.check_cycles()?;
        self.check_widths()
    }

    /// Counts the parts of each type when it is written out as a tree, which is what a walk over its values costs; a
    /// few types that share their parts can stand for more than memory holds. A type inside itself counts once.
    fn check_widths(&self) -> Result<()> {
        let mut widths = vec![Width::Unknown; self.len()];
        for (root, _) in self.iter() {
            let mut open = vec![root];
            while let Some(&id) = open.last() {
                let slot = id.0 as usize;
                let first_visit = match widths.get(slot) {
                    Some(Width::Unknown) => true,
                    Some(Width::Open) => false,
                    _ => {
                        open.pop();
                        continue;
                    }
                };
                let parts = self.get(id).map(children).unwrap_or_default();
                let next = if first_visit {
                    open.extend(
                        parts
                            .iter()
                            .filter(|part| matches!(widths.get(part.0 as usize), Some(Width::Unknown))),
                    );
                    Width::Open
                } else {
                    open.pop();
                    Width::Known(parts.iter().fold(1, |sum: usize, part| match widths.get(part.0 as usize) {
                        Some(Width::Known(width)) => sum.saturating_add(*width),
                        _ => sum.saturating_add(1),
                    }))
                };
                if matches!(next, Width::Known(width) if width > TYPE_WIDTH) {
                    return Err(Error::decode(format!("type {} has more than {TYPE_WIDTH} parts", id.0)));
                }
                if let Some(width) = widths.get_mut(slot) {
                    *width = next;
                }
            }
        }
        Ok(())
    }

    /// Topological sort over the edges that hold a value in place (fields and frames); what is left is a bad cycle.
    fn check_cycles(&self) -> Result<()> {
        let mut users: Vec<Vec<TypeId>> = vec![Vec::new(); self.len()];
        let mut waiting = vec![0usize; self.len()];
        let mut ready = Vec::new();
        for (id, ty) in self.iter() {
            let held =
                if matches!(ty, Type::Tuple(_) | Type::Framed { .. }) { children(ty) } else { Vec::new() };
            if let Some(count) = waiting.get_mut(id.0 as usize) {
                *count = held.len();
            }
            if held.is_empty() {
                ready.push(id);
            }
            for child in held {
                if let Some(users) = users.get_mut(child.0 as usize) {
                    users.push(id);
                }
            }
        }
        let mut done = 0;
        while let Some(id) = ready.pop() {
            done += 1;
            for user in users.get(id.0 as usize).into_iter().flatten() {
                if let Some(count) = waiting.get_mut(user.0 as usize) {
                    *count -= 1;
                    if *count == 0 {
                        ready.push(*user);
                    }
                }
            }
        }
        match waiting.iter().position(|count| *count > 0) {
            Some(id) if done < self.len() => {
                Err(Error::decode(format!("type {id} contains itself without an enum or array between")))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Copy)]
enum Width {
    Unknown,
    /// On the path from the root to here.
    Open,
    Known(usize),
}

fn children(ty: &Type) -> Vec<TypeId> {
    match ty {
        Type::Prim(_) => Vec::new(),
        Type::Array(item) => vec![*item],
        Type::Framed { inner, .. } => vec![*inner],
        Type::Tuple(fields) => fields.iter().map(|field| field.ty).collect(),
        Type::Enum(variants) => variants.iter().map(|variant| variant.ty).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    use crate::ty::{Field, Prim, Variant};

    #[test]
    fn a_tree_is_fine_and_an_endless_tuple_is_not() {
        let mut types = TypeTable::new();
        let leaf = types.prim(Prim::Int8);
        let tree = types.push(Type::Array(leaf));
        let node = types.tuple([tree, tree]);
        let variant = |name: &str, ty| Variant { name: name.into(), ty };
        types.set(tree, Type::Enum(vec![variant("leaf", leaf), variant("node", node)]));
        types.validate().unwrap();
        assert_eq!(types.display(tree).to_string(), "enum {leaf: Int8, node: {Self, Self}}");

        types.set(tree, Type::Tuple(vec![Field { name: None, ty: node }]));
        let error = types.validate().unwrap_err();
        assert!(error.message().contains("contains itself"), "{error}");
    }

    #[test]
    fn a_type_that_doubles_forty_times_is_refused() {
        let mut types = TypeTable::new();
        let mut ty = types.unit();
        for _ in 0..40 {
            ty = types.tuple([ty, ty]);
        }
        assert!(types.validate().unwrap_err().message().contains("parts"));
        assert!(types.display(ty).to_string().len() < 10_000);
    }

    #[test]
    fn an_index_beyond_the_table_is_an_error() {
        let mut types = TypeTable::new();
        types.push(Type::Array(TypeId(7)));
        assert!(types.validate().unwrap_err().message().contains("type 7"));
    }
}
