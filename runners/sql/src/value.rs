use runner_core::TypeId;

use crate::{relation::Relation, sql::Sql};

/// A value in an expression, by the [`Shape`](crate::Shape) of its type.
#[derive(Debug, Clone)]
pub(crate) enum Val {
    /// One column: a primitive, an option of one, a tag, something packed.
    Leaf(Sql),
    /// A tuple.
    Tuple(Vec<Val>),
    /// An option of something wider.
    Option { some: Sql, value: Box<Val> },
    /// An array that is not packed yet. Used once: its aliases are.
    Rows(Box<Relation>),
    /// An array that may be used more than once.
    Source(Source),
    /// The values of a group, that may become an aggregate.
    Group(Box<GroupRows>),
}

/// The rows of a group, as long as nothing but aggregates is made of them.
#[derive(Debug, Clone)]
pub(crate) struct GroupRows {
    /// Which grouping.
    pub(crate) group: usize,
    /// The columns of an item, over the aliases within the grouping.
    pub(crate) item: Val,
    pub(crate) item_type: TypeId,
    /// Conditions on the rows.
    pub(crate) wheres: Vec<Sql>,
    /// ` ORDER BY ...` within an aggregate.
    pub(crate) order: String,
}

/// What a relation can be made of again and again.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Parameters, a list for each column of an item.
    Lists { lists: Vec<Sql>, item: TypeId },
    /// A common table expression with columns `c1`, `c2`, ... and the position `o`.
    Table { name: String, item: TypeId },
    /// The same of rows that have no order, and no position. Some columns fail by this where they are NULL; for
    /// `is_partial` see [`Relation::is_partial`](crate::relation::Relation::is_partial).
    Unordered { name: String, item: TypeId, fails: Vec<Option<Sql>>, is_partial: bool },
}

impl Val {
    /// Calls `visit` with each leaf, in order of the columns. Relations have none.
    pub(crate) fn for_each_leaf(&self, visit: &mut impl FnMut(&Sql)) {
        match self {
            Self::Leaf(sql) => visit(sql),
            Self::Tuple(fields) => fields.iter().for_each(|field| field.for_each_leaf(visit)),
            Self::Option { some, value } => {
                visit(some);
                value.for_each_leaf(visit);
            }
            Self::Rows(_) | Self::Source(_) | Self::Group(_) => {}
        }
    }

    /// Replaces each leaf.
    pub(crate) fn map_leaves(&self, replace: &mut impl FnMut(&Sql) -> Sql) -> Self {
        match self {
            Self::Leaf(sql) => Self::Leaf(replace(sql)),
            Self::Tuple(fields) => {
                Self::Tuple(fields.iter().map(|field| field.map_leaves(replace)).collect())
            }
            Self::Option { some, value } => {
                let some = replace(some);
                Self::Option { some, value: Box::new(value.map_leaves(replace)) }
            }
            Self::Rows(_) | Self::Source(_) | Self::Group(_) => self.clone(),
        }
    }

    pub(crate) fn leaves(&self) -> Vec<Sql> {
        let mut leaves = Vec::new();
        self.for_each_leaf(&mut |leaf| leaves.push(leaf.clone()));
        leaves
    }

    pub(crate) fn can_fail(&self) -> bool {
        match self {
            Self::Rows(rows) => rows.can_fail(),
            Self::Source(_) | Self::Group(_) => false,
            Self::Tuple(fields) => fields.iter().any(Self::can_fail),
            Self::Option { some, value } => some.can_fail() || value.can_fail(),
            Self::Leaf(sql) => sql.can_fail(),
        }
    }

    pub(crate) fn is_atomic(&self) -> bool {
        match self {
            Self::Rows(_) => false,
            Self::Source(_) | Self::Group(_) => true,
            Self::Tuple(fields) => fields.iter().all(Self::is_atomic),
            Self::Option { some, value } => some.is_atom() && value.is_atomic(),
            Self::Leaf(sql) => sql.is_atom(),
        }
    }
}
