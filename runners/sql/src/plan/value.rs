use runner_core::TypeId;

use super::{ColId, Key, Rel, Scalar};
use crate::columns::Columns;

/// A value while a plan is built.
#[derive(Debug, Clone)]
pub(crate) enum Val {
    /// One column.
    One(Scalar),
    Tuple(Vec<Val>),
    Option {
        some: Scalar,
        value: Box<Val>,
    },
    /// The parts of a text, as a list of the engine's own.
    Parts(Scalar),
    /// An array that is used once: its columns have their ids.
    Rows(Box<Rows>),
    /// An array that may be used more than once.
    Source(Source),
}

/// An array.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    pub(crate) rel: Rel,
    pub(crate) item: Val,
    /// The keys of the order. Empty if there is none.
    pub(crate) order: Vec<Key>,
    /// Whether no two rows have the same keys.
    pub(crate) is_total: bool,
    /// A column that counts the rows from 1 without gaps, in order.
    pub(crate) position: Option<ColId>,
}

/// What an array can be made of again and again.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Parameters, a list for each column of an item.
    Lists { lists: Vec<usize>, item: TypeId },
    /// Rows of which each use makes its own.
    Copy(Box<Rows>),
    /// Rows that are shared: the columns of an item there, and the position if there is an order.
    Shared {
        index: usize,
        columns: Vec<ColId>,
        position: Option<ColId>,
        item: TypeId,
        messages: Vec<Option<String>>,
    },
}

impl Rows {
    /// Rows whose order is a column that counts from 1.
    pub(crate) fn counted(rel: Rel, item: Val, position: ColId) -> Self {
        let order = vec![Key::by(Scalar::Column(position))];
        Self { rel, item, order, is_total: true, position: Some(position) }
    }

    pub(crate) fn unordered(rel: Rel, item: Val) -> Self {
        Self { rel, item, order: Vec::new(), is_total: false, position: None }
    }
}

impl Val {
    pub(crate) fn unit() -> Self {
        Self::Tuple(Vec::new())
    }

    /// The columns in order. Arrays that are rows have none.
    pub(crate) fn scalars(&self) -> Vec<&Scalar> {
        let mut all = Vec::new();
        self.for_each(&mut |scalar| all.push(scalar));
        all
    }

    fn for_each<'a>(&'a self, visit: &mut impl FnMut(&'a Scalar)) {
        match self {
            Self::One(scalar) | Self::Parts(scalar) => visit(scalar),
            Self::Tuple(fields) => fields.iter().for_each(|field| field.for_each(visit)),
            Self::Option { some, value } => {
                visit(some);
                value.for_each(visit);
            }
            Self::Rows(_) | Self::Source(_) => {}
        }
    }

    /// The same with other columns.
    pub(crate) fn map(self, replace: &mut impl FnMut(Scalar) -> Scalar) -> Self {
        match self {
            Self::One(scalar) => Self::One(replace(scalar)),
            Self::Parts(parts) => Self::Parts(replace(parts)),
            Self::Tuple(fields) => Self::Tuple(fields.into_iter().map(|field| field.map(replace)).collect()),
            Self::Option { some, value } => {
                let some = replace(some);
                Self::Option { some, value: Box::new(value.map(replace)) }
            }
            Self::Rows(_) | Self::Source(_) => self,
        }
    }

    /// The columns of a value without rows; a unit in place of rows.
    pub(crate) fn columns(self) -> Columns<Scalar> {
        match self {
            Self::One(scalar) => Columns::One(scalar),
            Self::Tuple(fields) => Columns::Tuple(fields.into_iter().map(Self::columns).collect()),
            Self::Option { some, value } => Columns::Option { some, value: Box::new(value.columns()) },
            Self::Rows(_) | Self::Source(_) | Self::Parts(_) => Columns::Tuple(Vec::new()),
        }
    }
}

impl From<Columns<Scalar>> for Val {
    fn from(columns: Columns<Scalar>) -> Self {
        match columns {
            Columns::One(scalar) => Self::One(scalar),
            Columns::Tuple(fields) => Self::Tuple(fields.into_iter().map(Self::from).collect()),
            Columns::Option { some, value } => Self::Option { some, value: Box::new(Self::from(*value)) },
        }
    }
}
