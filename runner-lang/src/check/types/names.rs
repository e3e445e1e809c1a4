use std::collections::HashMap;

use super::{Name, NamedId, Node, Ty, Types};

/// Parts of a type from which on their names are put into a table.
const TABLE: usize = 16;

/// Where names are in large tuples and enums.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(HashMap<Ty, HashMap<Name, usize>>);

impl Types {
    /// The position of the first field of a tuple, or of the variant of an enum, of this name. The type is a head.
    pub(crate) fn position(&mut self, ty: Ty, name: &str) -> Option<usize> {
        let parts = match self.node(ty) {
            Node::Tuple(fields) => fields.len(),
            Node::Enum(variants) => variants.len(),
            _ => return None,
        };
        if parts <= TABLE {
            return self.names_of(ty).position(|found| found.is_some_and(|found| **found == *name));
        }
        if !self.names.0.contains_key(&ty) {
            self.budget.charge(parts, parts * size_of::<(Name, usize)>());
            let mut table = HashMap::with_capacity(parts);
            for (index, name) in self.names_of(ty).enumerate() {
                if let Some(name) = name {
                    table.entry(name.clone()).or_insert(index);
                }
            }
            self.names.0.insert(ty, table);
        }
        self.names.0.get(&ty)?.get(name).copied()
    }

    fn names_of(&self, ty: Ty) -> impl Iterator<Item = Option<&Name>> {
        let (fields, variants) = match self.node(ty) {
            Node::Tuple(fields) => (&**fields, &[][..]),
            Node::Enum(variants) => (&[][..], &**variants),
            _ => (&[][..], &[][..]),
        };
        let variants = variants.iter().map(|variant| Some(&variant.name));
        fields.iter().map(|field| field.name.as_ref()).chain(variants)
    }

    /// Finds what each alias stands for behind other aliases.
    pub(crate) fn resolve_aliases(&mut self) {
        for start in 0..self.named.len() as u32 {
            let mut path: Vec<NamedId> = Vec::new();
            let mut id = NamedId(start);
            let head = loop {
                let Some(named) = self.named(id) else { break None };
                if let Some(head) = named.head {
                    break Some(head);
                }
                path.push(id);
                let inner = self.follow(named.inner);
                match self.node(inner) {
                    // A cycle has been broken by an error.
                    Node::Alias(next) if path.len() <= self.named.len() => id = *next,
                    _ => break Some(inner),
                }
            };
            for id in path {
                if let Some(named) = self.named.get_mut(id.0 as usize) {
                    named.head = head;
                }
            }
        }
    }
}
