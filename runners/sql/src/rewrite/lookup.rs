//! Look-ups: rows that equalities tie to the rows around them.

use runner_core::{Op, Prim};

use crate::plan::{ColId, ColIds, JoinKind, Rel, Scalar};

/// The rows of a look-up without the conditions that tie them to those around.
pub(super) struct Lookup {
    /// The rows that are looked through.
    pub(super) input: Rel,
    pub(super) keys: Vec<Pair>,
    /// The other conditions.
    pub(super) rest: Vec<Scalar>,
    /// The columns that are added to the rows found, lowest first.
    added: Vec<Vec<(ColId, Scalar)>>,
}

/// Two scalars that must be equal, of the rows that are looked through and of the rows around.
pub(super) struct Pair {
    pub(super) prim: Prim,
    pub(super) inner: Scalar,
    pub(super) outer: Scalar,
}

impl Lookup {
    /// Takes a look-up apart. `None` if it has no equality, or if an index serves one.
    pub(super) fn of(rel: &Rel, outer: &Rel, shared: Shared<'_>) -> Option<Self> {
        match rel {
            Rel::Filter { input, conditions } => {
                let (own, around) = (visible(input), visible(outer));
                let (mut keys, mut rest) = (Vec::new(), Vec::new());
                for condition in conditions {
                    match Pair::of(condition, &own, &around) {
                        Some(pair) if !pair.inner.may_fail() && !pair.outer.may_fail() => keys.push(pair),
                        _ => rest.push(condition.clone()),
                    }
                }
                // An index serves few rows best, and a join all of a table.
                let is_served = || keys.iter().any(|key| shared.is_indexed(input, &key.inner));
                if keys.is_empty() || !is_whole_table(outer) && is_served() {
                    return None;
                }
                Some(Self { input: (**input).clone(), keys, rest, added: Vec::new() })
            }
            Rel::Extend { input, columns } => {
                let mut lookup = Self::of(input, outer, shared)?;
                lookup.added.push(columns.clone());
                Some(lookup)
            }
            _ => None,
        }
    }

    /// The rows of all keys.
    pub(super) fn rel(&self) -> Rel {
        self.added_to(self.rest.iter().cloned().fold(self.input.clone(), Rel::filter))
    }

    /// Adds the columns of the rows found.
    pub(super) fn added_to(&self, rel: Rel) -> Rel {
        self.added.iter().cloned().fold(rel, Rel::extend)
    }
}

impl Pair {
    /// The sides of an equality, if one is made of `own` columns alone, and one of those `around`.
    pub(super) fn of(condition: &Scalar, own: &ColIds, around: &ColIds) -> Option<Self> {
        let Scalar::Compare { op: Op::Eq, prim, left, right } = condition else { return None };
        let is_inner = |scalar: &Scalar| {
            let free = scalar.free();
            !free.is_empty() && free.is_subset(own)
        };
        let is_outer = |scalar: &Scalar| {
            let free = scalar.free();
            free.is_disjoint(own) && !free.is_disjoint(around)
        };
        let pair =
            |inner: &Scalar, outer: &Scalar| Self { prim: *prim, inner: inner.clone(), outer: outer.clone() };
        match () {
            () if is_inner(left) && is_outer(right) => Some(pair(left, right)),
            () if is_inner(right) && is_outer(left) => Some(pair(right, left)),
            () => None,
        }
    }
}

/// The shared rows of a plan, as far as they say something of the columns of a use.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a>(pub(super) &'a [Rel]);

impl Shared<'_> {
    /// Whether a key is a column of a table that an index begins with. An engine asks it for the rows of a group, too.
    fn is_indexed(self, rel: &Rel, key: &Scalar) -> bool {
        let Some(column) = key.as_column() else { return false };
        match rel {
            Rel::Scan(table) => {
                let field = table.fields.iter().find(|field| field.columns == [column]);
                let name =
                    field.and_then(|field| table.table.columns.get(field.column)).map(|column| &column.name);
                name.is_some_and(|name| table.table.indexed.contains(name))
            }
            Rel::Filter { input, .. } | Rel::Extend { input, .. } => self.is_indexed(input, key),
            Rel::Aggregate { input, keys, .. } => {
                keys.iter().any(|(own, key)| *own == column && self.is_indexed(input, key))
            }
            Rel::Shared { index, columns } => {
                let other = columns.iter().find(|(own, _)| *own == column).map(|(_, other)| *other);
                let rel = self.0.get(*index);
                rel.zip(other).is_some_and(|(rel, other)| self.is_indexed(rel, &Scalar::Column(other)))
            }
            _ => false,
        }
    }

    /// Columns in which no two rows agree.
    pub(super) fn unique(self, rel: &Rel) -> Option<Vec<ColId>> {
        match rel {
            Rel::Filter { input, .. } | Rel::Extend { input, .. } => self.unique(input),
            Rel::Aggregate { keys, is_whole: false, .. } => Some(keys.iter().map(|(own, _)| *own).collect()),
            Rel::Shared { index, columns } => {
                let unique = self.unique(self.0.get(*index)?)?;
                let own =
                    |other: &ColId| columns.iter().find(|(_, known)| known == other).map(|(own, _)| *own);
                unique.iter().map(own).collect()
            }
            _ => None,
        }
    }
}

/// Whether these are all rows of a table.
fn is_whole_table(rel: &Rel) -> bool {
    match rel {
        Rel::Scan(_) => true,
        Rel::Extend { input, .. } | Rel::Window { input, .. } => is_whole_table(input),
        Rel::Join { kind: JoinKind::Left { .. }, left, .. } => is_whole_table(left),
        _ => false,
    }
}

/// Columns that nodes above can use.
pub(super) fn visible(rel: &Rel) -> ColIds {
    let mut visible = ColIds::new();
    rel.visible(&mut visible);
    visible
}
