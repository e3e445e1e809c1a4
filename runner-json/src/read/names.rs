use std::collections::HashMap;

use runner_core::{Type, TypeId, TypeTable};

/// Names from which on they are put into a table.
const TABLE: usize = 16;

/// Where the names of large tuples and enums are, so that keys in any order are found at once.
#[derive(Default)]
pub(super) struct Names<'a>(HashMap<TypeId, HashMap<&'a str, usize>>);

impl<'a> Names<'a> {
    /// The first field or variant of this name.
    pub(super) fn position(&mut self, types: &'a TypeTable, ty: TypeId, name: &str) -> Option<usize> {
        let count = match types.get(ty)? {
            Type::Tuple(fields) => fields.len(),
            Type::Enum(variants) => variants.len(),
            _ => return None,
        };
        if count <= TABLE {
            return names(types, ty).position(|found| found == Some(name));
        }
        let table = self.0.entry(ty).or_insert_with(|| {
            let names = names(types, ty).enumerate();
            let mut table = HashMap::with_capacity(count);
            for (index, name) in names.filter_map(|(index, name)| Some((index, name?))) {
                table.entry(name).or_insert(index);
            }
            table
        });
        table.get(name).copied()
    }
}

fn names(types: &TypeTable, ty: TypeId) -> impl Iterator<Item = Option<&str>> {
    let fields = types.as_tuple(ty).unwrap_or_default().iter();
    let variants = types.as_enum(ty).unwrap_or_default().iter();
    fields.map(|field| field.name.as_deref()).chain(variants.map(|variant| Some(variant.name.as_str())))
}
