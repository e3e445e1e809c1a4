use alloc::{collections::BTreeSet, vec::Vec};

use super::{Type, TypeId, TypeTable};

impl TypeTable {
    /// Whether two types are equal: by structure, framed types by name, names of tuple fields aside.
    ///
    /// Recursive types are equal if no difference can be reached (coinduction). Linear in the pairs of types that are
    /// met; equal indices cost nothing.
    ///
    /// ```
    /// use runner_core::{Field, Prim, Type, TypeTable};
    ///
    /// let mut types = TypeTable::new();
    /// let int = types.prim(Prim::Int64);
    /// let named = types.push(Type::Tuple(vec![Field { name: Some("a".into()), ty: int }]));
    /// let unnamed = types.tuple([int]);
    /// assert!(types.same(named, unnamed));
    /// assert!(!types.same(named, int));
    /// ```
    #[must_use]
    pub fn same(&self, left: TypeId, right: TypeId) -> bool {
        self.same_across(left, self, right)
    }

    /// [`TypeTable::same`] for types of two tables.
    #[must_use]
    pub fn same_across(&self, left: TypeId, other: &Self, right: TypeId) -> bool {
        let one_table = core::ptr::eq(self, other);
        let mut assumed = BTreeSet::new();
        let mut open = Vec::from([(left, right)]);
        while let Some((left, right)) = open.pop() {
            if (one_table && left == right) || !assumed.insert((left, right)) {
                continue;
            }
            let (Some(a), Some(b)) = (self.get(left), other.get(right)) else { return false };
            match (a, b) {
                (Type::Prim(a), Type::Prim(b)) if a == b => {}
                (Type::Array(a), Type::Array(b)) => open.push((*a, *b)),
                (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => {
                    open.extend(a.iter().zip(b).map(|(a, b)| (a.ty, b.ty)));
                }
                (Type::Enum(a), Type::Enum(b))
                    if a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.name == b.name) =>
                {
                    open.extend(a.iter().zip(b).map(|(a, b)| (a.ty, b.ty)));
                }
                (
                    Type::Framed { name: a, inner: a_inner, .. },
                    Type::Framed { name: b, inner: b_inner, .. },
                ) if a == b => open.push((*a_inner, *b_inner)),
                _ => return false,
            }
        }
        true
    }
}
