//! What is decided once for all types of a table.

use std::collections::HashSet;

use runner_core::{Field, Type, TypeId, TypeTable};

/// The JSON form of the tuples of a table.
pub(crate) struct Shapes(Vec<bool>);

impl Shapes {
    pub(crate) fn new(types: &TypeTable) -> Self {
        Self(types.iter().map(|(_, ty)| matches!(ty, Type::Tuple(fields) if is_object(fields))).collect())
    }

    /// Whether a tuple is an object, not an array.
    pub(crate) fn is_object(&self, tuple: TypeId) -> bool {
        self.0.get(tuple.0 as usize).copied().unwrap_or_default()
    }
}

/// The payload of an option, and whether it is an option itself, which `null` can't stand for again.
pub(crate) fn option(types: &TypeTable, ty: TypeId) -> Option<(TypeId, bool)> {
    let some = types.as_option(ty)?;
    Some((some, types.as_option(types.unframed(some)).is_some()))
}

/// All fields have names, and no two the same one.
fn is_object(fields: &[Field]) -> bool {
    let mut names = HashSet::new();
    fields.iter().all(|field| field.name.as_deref().is_some_and(|name| names.insert(name)))
}
