use runner_core::{Literal, Op, Prim, TypeId};

use super::{Aggregate, ColId, Rel};
use crate::{columns::Columns, shape::Leaf};

/// What is done with the parts of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parts {
    /// A text and a separator: the parts.
    Split,
    /// Parts and two positions: some of them.
    Slice,
    /// Parts and a position: those from there on.
    From,
    /// Parts and a position: one, or NULL.
    At,
    /// Parts and a separator: a text.
    Join,
    /// Parts: their number.
    Count,
    /// Parts: the packed array.
    Pack,
}

/// A value of one column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Column(ColId),
    Literal(Prim, Literal),
    Null(Leaf),
    /// The index of a variant.
    Tag(u32),
    /// A parameter by its number from 1.
    Param(usize, Leaf),
    /// An operation on primitives.
    Call {
        op: Op,
        operands: Vec<Prim>,
        result: Prim,
        args: Vec<Scalar>,
    },
    /// An operation on the parts of a text, which are a list of the engine's own.
    Parts(Parts, Vec<Scalar>),
    /// `Eq`, `Ne`, `Lt`, `Lte`, `Gt` or `Gte` of values that are not NULL, or `Eq` of tags and flags.
    Compare {
        op: Op,
        prim: Prim,
        left: Box<Scalar>,
        right: Box<Scalar>,
    },
    /// Whether a value that is not NULL is one of these constants.
    In {
        value: Box<Scalar>,
        items: Vec<Scalar>,
    },
    /// A sum of integers in their own type, which it may be beyond.
    Narrow(Prim, Box<Scalar>),
    /// Equality of which NULL is one value.
    Same(Box<Scalar>, Box<Scalar>),
    /// From left to right, up to one that is false.
    And(Vec<Scalar>),
    /// From left to right, up to one that is true.
    Or(Vec<Scalar>),
    Not(Box<Scalar>),
    IsNull(Box<Scalar>),
    /// The first value whose condition holds.
    Case {
        branches: Vec<(Scalar, Scalar)>,
        otherwise: Box<Scalar>,
    },
    /// A value where a condition holds, NULL elsewhere.
    When {
        condition: Box<Scalar>,
        value: Box<Scalar>,
    },
    Fail(String, Leaf),
    /// A value, or a failure with this message if it is NULL.
    NotNull {
        value: Box<Scalar>,
        message: String,
        leaf: Leaf,
    },
    /// A bound that counts from the end: the number of rows and a negative number, added.
    Bound {
        count: Box<Scalar>,
        bound: Box<Scalar>,
    },
    /// Year, month and day by their index.
    DatePart(Box<Scalar>, usize),
    Pack {
        value: Box<Columns<Scalar>>,
        ty: TypeId,
    },
    /// A column of what is packed.
    Unpack {
        packed: Box<Scalar>,
        ty: TypeId,
        column: usize,
    },
    Variant {
        index: u32,
        payload: Box<Columns<Scalar>>,
        ty: TypeId,
    },
    /// The index of a packed enum's variant.
    TagOf {
        packed: Box<Scalar>,
        ty: TypeId,
    },
    /// A column of the payload of a packed enum.
    Payload {
        packed: Box<Scalar>,
        ty: TypeId,
        variant: u32,
        column: usize,
    },
    /// A column of the item at a position from 0 that is there.
    ItemAt {
        array: Box<Scalar>,
        position: Box<Scalar>,
        item: TypeId,
        column: usize,
    },
    Length {
        array: Box<Scalar>,
        item: TypeId,
    },
    Empty(TypeId),
    /// A packed array of these items.
    List {
        items: Vec<Columns<Scalar>>,
        item: TypeId,
    },
    /// 0, 1 or 2 as the left is less, equal or greater.
    ComparePacked {
        left: Box<Scalar>,
        right: Box<Scalar>,
        ty: TypeId,
    },
    EqualPacked {
        left: Box<Scalar>,
        right: Box<Scalar>,
        ty: TypeId,
    },
    /// What is equal exactly for packed values that are.
    GroupKey {
        packed: Box<Scalar>,
        ty: TypeId,
    },
    /// True, once all of these are evaluated.
    Force(Vec<Scalar>),
    /// The value of the only row, and of which type it is if it is packed, or what it is packed of.
    Query {
        packs: Option<TypeId>,
        rel: Box<Rel>,
        value: Box<Scalar>,
    },
    Exists(Box<Rel>),
}

impl Scalar {
    pub(crate) fn bool(value: bool) -> Self {
        Self::Literal(Prim::Bool, Literal::Bool(value))
    }

    pub(crate) fn int(value: i64) -> Self {
        Self::Literal(Prim::Int64, Literal::Int(value))
    }

    pub(crate) fn compare(op: Op, prim: Prim, left: Self, right: Self) -> Self {
        Self::Compare { op, prim, left: Box::new(left), right: Box::new(right) }
    }

    pub(crate) fn call(op: Op, prim: Prim, args: impl Into<Vec<Self>>) -> Self {
        let args = args.into();
        Self::Call { op, operands: vec![prim; args.len()], result: prim, args }
    }

    /// All of these.
    pub(crate) fn and(conditions: impl IntoIterator<Item = Self>) -> Self {
        let mut all: Vec<_> = conditions.into_iter().flat_map(Self::conjuncts).collect();
        match all.len() {
            0 => Self::bool(true),
            1 => all.remove(0),
            _ => Self::And(all),
        }
    }

    /// What must all hold.
    pub(crate) fn conjuncts(self) -> Vec<Self> {
        match self {
            Self::And(all) => all.into_iter().flat_map(Self::conjuncts).collect(),
            Self::Literal(_, Literal::Bool(true)) => Vec::new(),
            other => vec![other],
        }
    }

    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            Self::Literal(prim, Literal::Bool(value)) => Self::Literal(prim, Literal::Bool(!value)),
            other => Self::Not(Box::new(other)),
        }
    }

    pub(crate) fn null_check(self) -> Self {
        Self::IsNull(Box::new(self))
    }

    /// The value of a CASE with one condition.
    pub(crate) fn choice(condition: Self, then: Self, otherwise: Self) -> Self {
        let (yes, no) = (Self::bool(true), Self::bool(false));
        match () {
            () if then == yes && otherwise == no => condition,
            () if then == no && otherwise == yes => condition.negated(),
            () => Self::Case { branches: vec![(condition, then)], otherwise: Box::new(otherwise) },
        }
    }

    pub(crate) fn as_column(&self) -> Option<ColId> {
        match self {
            Self::Column(column) => Some(*column),
            _ => None,
        }
    }

    /// The rows that a subquery aggregates as a whole, the column of the result, and how, if that is all that it gives.
    pub(crate) fn as_aggregate(&self) -> Option<(&Rel, ColId, &Aggregate)> {
        let Self::Query { rel, value, .. } = self else { return None };
        let Rel::Aggregate { input, keys, aggregates, is_whole: true } = &**rel else { return None };
        match aggregates.as_slice() {
            [(column, aggregate)] if keys.is_empty() && value.as_column() == Some(*column) => {
                Some((input, *column, aggregate))
            }
            _ => None,
        }
    }

    /// Whether it is as cheap as a column, so that it may be written more than once.
    pub(crate) fn is_cheap(&self) -> bool {
        match self {
            Self::Column(_) | Self::Literal(..) | Self::Null(_) | Self::Tag(_) | Self::Param(..) => true,
            Self::Empty(_) => true,
            Self::IsNull(value) | Self::Not(value) | Self::NotNull { value, .. } => value.is_cheap(),
            Self::Unpack { packed, .. } | Self::Payload { packed, .. } => packed.is_cheap(),
            Self::ItemAt { array, position, .. } => array.is_cheap() && position.is_cheap(),
            _ => false,
        }
    }
}
