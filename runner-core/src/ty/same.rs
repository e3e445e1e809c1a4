use alloc::{collections::BTreeSet, vec::Vec};
use core::cell::RefCell;

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
            match self.parts_if_alike(left, other, right) {
                Some(parts) => open.extend(parts),
                None => return false,
            }
        }
        true
    }

    /// The pairs of parts that must be equal for two types to be; `None` if they differ already.
    fn parts_if_alike(&self, left: TypeId, other: &Self, right: TypeId) -> Option<Vec<(TypeId, TypeId)>> {
        Some(match (self.get(left)?, other.get(right)?) {
            (Type::Prim(a), Type::Prim(b)) if a == b => Vec::new(),
            (Type::Array(a), Type::Array(b)) => Vec::from([(*a, *b)]),
            (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => {
                a.iter().zip(b).map(|(a, b)| (a.ty, b.ty)).collect()
            }
            (Type::Enum(a), Type::Enum(b))
                if a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.name == b.name) =>
            {
                a.iter().zip(b).map(|(a, b)| (a.ty, b.ty)).collect()
            }
            (Type::Framed { name: a, inner: a_inner, .. }, Type::Framed { name: b, inner: b_inner, .. })
                if a == b =>
            {
                Vec::from([(*a_inner, *b_inner)])
            }
            _ => return None,
        })
    }
}

/// Which types of a table were found equal. Comparing with the help of it takes time in proportion to the table, however
/// many pairs are compared.
pub(crate) struct Classes<'a> {
    types: &'a TypeTable,
    /// Of each type, another one that is equal to it; of one type of each class, itself.
    equal: RefCell<Vec<u32>>,
}

impl<'a> Classes<'a> {
    pub(crate) fn new(types: &'a TypeTable) -> Self {
        Self { types, equal: RefCell::new((0..types.len() as u32).collect()) }
    }

    /// [`TypeTable::same`].
    pub(crate) fn same(&self, left: TypeId, right: TypeId) -> bool {
        if left == right {
            return true;
        }
        let mut equal = self.equal.borrow_mut();
        // Nothing is assumed here, so the ways may be made short.
        for TypeId(ty) in [left, right] {
            let root = find(&equal, ty);
            if let Some(slot) = equal.get_mut(ty as usize) {
                *slot = root;
            }
        }
        let mut joined = Vec::new();
        let mut open = Vec::from([(left, right)]);
        while let Some((left, right)) = open.pop() {
            let (left, right) = (find(&equal, left.0), find(&equal, right.0));
            if left == right {
                continue;
            }
            // What is compared counts as equal, as in recursive types; it is undone if a difference is found.
            let parts = self.types.parts_if_alike(TypeId(left), self.types, TypeId(right));
            match (parts, equal.get_mut(left as usize)) {
                (Some(parts), Some(slot)) => {
                    *slot = right;
                    joined.push(left);
                    open.extend(parts);
                }
                _ => {
                    for root in joined {
                        if let Some(slot) = equal.get_mut(root as usize) {
                            *slot = root;
                        }
                    }
                    return false;
                }
            }
        }
        true
    }
}

/// The type that stands for the class of a type.
fn find(equal: &[u32], mut ty: u32) -> u32 {
    while let Some(next) = equal.get(ty as usize).copied().filter(|next| *next != ty) {
        ty = next;
    }
    ty
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::ty::{Field, Prim};

    fn wide(types: &mut TypeTable, fields: usize, name: Option<&str>) -> TypeId {
        let int = types.prim(Prim::Int64);
        let fields = (0..fields).map(|_| Field { name: name.map(Into::into), ty: int });
        let fields = Type::Tuple(fields.collect());
        types.push(fields)
    }

    /// Compared one by one this would be 10^10 fields.
    #[test]
    fn types_are_compared_once() {
        let mut types = TypeTable::new();
        let pair = [None, Some("a")].map(|name| wide(&mut types, 50_000, name));
        let classes = Classes::new(&types);
        for _ in 0..200_000 {
            assert!(classes.same(pair[0], pair[1]));
        }
    }

    #[test]
    fn a_difference_undoes_what_was_assumed() {
        let mut types = TypeTable::new();
        let (int, text) = (types.prim(Prim::Int64), types.prim(Prim::Text));
        let named = |types: &mut TypeTable, parts: [TypeId; 2]| {
            let fields = parts.map(|ty| Field { name: Some("a".into()), ty });
            types.push(Type::Tuple(Vec::from(fields)))
        };
        let left = types.tuple([int, int]);
        let right = named(&mut types, [int, text]);
        let equal = named(&mut types, [int, int]);
        let classes = Classes::new(&types);
        assert!(!classes.same(left, right));
        assert!(classes.same(left, equal));
        assert!(!classes.same(equal, right));
        assert!(!classes.same(int, text));
        for (a, _) in types.iter() {
            for (b, _) in types.iter() {
                assert_eq!(classes.same(a, b), types.same(a, b), "{a:?} {b:?}");
            }
        }
    }
}
