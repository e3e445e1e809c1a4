//! Look-ups: rows that equalities tie to the rows around them.

use runner_core::{Op, Prim};

use crate::plan::{ColId, ColIds, JoinKind, Rel, Scalar, Shared};

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
    pub(super) fn of(rel: &Rel, outer: &Rel, known: &Known) -> Option<Self> {
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
                let is_served = || {
                    let indexed = known.indexed(input);
                    keys.iter().filter_map(|key| key.inner.as_column()).any(|key| indexed.contains(&key))
                };
                if keys.is_empty() || !is_whole_table(outer) && is_served() {
                    return None;
                }
                Some(Self { input: (**input).clone(), keys, rest, added: Vec::new() })
            }
            Rel::Extend { input, columns } => {
                let mut lookup = Self::of(input, outer, known)?;
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

    /// Adds the columns of the rows found, where this says that there is one.
    pub(super) fn added_where(&self, is_found: &Scalar, rel: Rel) -> Rel {
        let of_found = |(column, value): &(ColId, Scalar)| {
            let (condition, value) = (Box::new(is_found.clone()), Box::new(value.clone()));
            (*column, Scalar::When { condition, value })
        };
        self.added.iter().fold(rel, |rel, columns| rel.extend(columns.iter().map(of_found).collect()))
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

/// What is known of the columns of a plan's shared rows.
#[derive(Default)]
pub(super) struct Known(Vec<KnownColumns>);

#[derive(Default)]
struct KnownColumns {
    indexed: ColIds,
    unique: Option<Vec<ColId>>,
}

impl Known {
    pub(super) fn of(shared: &[Shared]) -> Self {
        shared.iter().fold(Self::default(), |mut known, shared| {
            let columns =
                KnownColumns { indexed: known.indexed(&shared.rel), unique: known.unique(&shared.rel) };
            known.0.push(columns);
            known
        })
    }

    /// Columns of a table that an index begins with. An engine asks it for the rows of a group, too.
    fn indexed(&self, rel: &Rel) -> ColIds {
        match rel {
            Rel::Scan(table) => {
                let is_indexed = |column: usize| {
                    let name = table.table.columns.get(column).map(|column| &column.name);
                    name.is_some_and(|name| table.table.indexed.contains(name))
                };
                let indexed = table.fields.iter().filter(|field| is_indexed(field.column));
                indexed.filter_map(|field| <[ColId; 1]>::try_from(&*field.columns).ok()).flatten().collect()
            }
            Rel::Filter { input, .. } | Rel::Extend { input, .. } => self.indexed(input),
            Rel::Aggregate { input, keys, .. } => {
                let below = self.indexed(input);
                let is_indexed = |key: &Scalar| key.as_column().is_some_and(|column| below.contains(&column));
                keys.iter().filter(|(_, key)| is_indexed(key)).map(|(own, _)| *own).collect()
            }
            Rel::Shared { index, columns } => {
                let Some(known) = self.0.get(*index) else { return ColIds::default() };
                columns
                    .iter()
                    .filter(|(_, other)| known.indexed.contains(other))
                    .map(|(own, _)| *own)
                    .collect()
            }
            _ => ColIds::default(),
        }
    }

    /// Columns in which no two rows agree.
    pub(super) fn unique(&self, rel: &Rel) -> Option<Vec<ColId>> {
        match rel {
            Rel::Filter { input, .. } | Rel::Extend { input, .. } => self.unique(input),
            Rel::Aggregate { keys, is_whole: false, .. } => Some(keys.iter().map(|(own, _)| *own).collect()),
            Rel::Shared { index, columns } => {
                let unique = self.0.get(*index)?.unique.as_ref()?;
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
    let mut visible = ColIds::default();
    rel.visible(&mut visible);
    visible
}
