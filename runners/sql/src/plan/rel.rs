use std::rc::Rc;

use runner_core::{Op, Prim, TypeId};

use super::{ColId, Scalar};
use crate::{catalog, columns::Columns, shape::Leaf};

/// Rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rel {
    /// One row without columns.
    Unit,
    /// The rows of a table, in no order.
    Scan(Box<Table>),
    /// The result of a query that a program gives, in its order.
    Raw { table: Box<Table>, position: ColId },
    /// A row for each entry of lists, which are parameters by their numbers from 1.
    Lists { lists: Vec<(ColId, usize)>, position: ColId },
    /// A row for each item of a packed array. Positions count from 1.
    Items { array: Box<Scalar>, item: TypeId, columns: Vec<ColId>, position: ColId },
    /// The parts of a text, of which the scalar is the list.
    Parts { parts: Box<Scalar>, part: ColId, position: ColId },
    /// Integers from start to before end.
    Sequence { prim: Prim, start: Box<Scalar>, end: Box<Scalar>, value: ColId },
    /// These rows.
    Values { rows: Vec<Vec<Scalar>>, columns: Vec<ColId>, position: ColId },
    /// Rows of [`Plan::shared`](super::Plan::shared): columns here, and there.
    Shared { index: usize, columns: Vec<(ColId, ColId)> },
    /// Adds columns.
    Extend { input: Box<Rel>, columns: Vec<(ColId, Scalar)> },
    /// Rows for which all of these hold.
    Filter { input: Box<Rel>, conditions: Vec<Scalar> },
    /// Pairs of rows; the right side may use columns of the left one.
    Join { kind: JoinKind, left: Box<Rel>, right: Box<Rel>, on: Vec<Scalar> },
    /// A row for each group; one row if there are no keys and this is a `whole`.
    Aggregate {
        input: Box<Rel>,
        keys: Vec<(ColId, Scalar)>,
        aggregates: Vec<(ColId, Aggregate)>,
        is_whole: bool,
    },
    /// Adds columns that are made of other rows too.
    Window { input: Box<Rel>, columns: Vec<(ColId, WindowFunction)> },
    /// The first row for each value of the keys, of which none is NULL if they are strict.
    First { input: Box<Rel>, keys: Vec<Scalar>, order: Vec<Key>, is_strict: bool },
    /// Some rows in an order.
    Limit { input: Box<Rel>, order: Vec<Key>, skip: Box<Scalar>, take: u64 },
    /// The rows of all arms; an arm has a scalar for each column.
    Union { arms: Vec<(Rel, Vec<Scalar>)>, columns: Vec<ColId> },
    /// A row for each step, whose number counts from 0: the initial state, and what follows a state while the condition
    /// holds.
    Recursion {
        initial: Vec<Scalar>,
        /// What the columns of the state hold.
        leaves: Vec<Leaf>,
        /// The columns of the state within `next` and `condition`.
        state: Vec<ColId>,
        counter: ColId,
        condition: Box<Scalar>,
        /// What a step adds to the row of the state.
        step: Box<Rel>,
        next: Vec<Scalar>,
        /// The columns of the rows, and the number of the step.
        columns: Vec<ColId>,
        position: ColId,
    },
    /// The same rows, evaluated by themselves.
    Fence(Box<Rel>),
}

/// How rows are paired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JoinKind {
    Inner,
    /// Also rows of the left that have no partner.
    Left {
        /// NULL for these, and true for others.
        found: ColId,
        /// Whether no row has more than one partner.
        is_unique: bool,
    },
}

/// A table, and what is read of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    pub(crate) table: Rc<catalog::Table>,
    pub(crate) fields: Vec<ScanField>,
    /// What tells its rows apart, if that is asked for.
    pub(crate) row_id: Vec<ColId>,
}

/// A value that a column of a table holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ScanField {
    pub(crate) ty: TypeId,
    /// Place of the column in the table.
    pub(crate) column: usize,
    /// What the value is made of. A primitive is NULL where the column is.
    pub(crate) columns: Vec<ColId>,
}

/// A key of an order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) scalar: Scalar,
    /// What is sorted, if it needs a key that orders as the operations do.
    pub(crate) prim: Option<Prim>,
    pub(crate) is_descending: bool,
}

/// An aggregate over the rows for which the filter holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Aggregate {
    pub(crate) function: Function,
    pub(crate) filter: Vec<Scalar>,
    /// Empty if it makes no difference.
    pub(crate) order: Vec<Key>,
}

/// What is made of rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Function {
    Count,
    /// Number of values that are not NULL.
    CountDistinct(Vec<Scalar>),
    /// A sum of integers in a type that holds any, to be narrowed where it is used.
    WideSum(Scalar),
    /// `Sum`, `Mean`, `Min`, `Max`, `All`, `Any`
    Of {
        op: Op,
        prim: Prim,
        item: Scalar,
    },
    Join {
        item: Scalar,
        separator: Scalar,
    },
    /// A packed array.
    Collect {
        item: Columns<Scalar>,
        ty: TypeId,
    },
    /// The value of the first row.
    First(Scalar),
    /// The least of positions.
    Least(Scalar),
}

/// What is made of a row and others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum WindowFunction {
    /// Counts from 1.
    Number(Vec<Key>),
    CountAll,
    /// `Lag` or `Lead`
    Shift {
        op: Op,
        item: Scalar,
        by: Scalar,
        fill: Scalar,
        position: Scalar,
    },
    RollingMean {
        prim: Prim,
        item: Scalar,
        before: Scalar,
        after: Scalar,
        position: Scalar,
    },
    /// `Rank`, `RankDense`, `RankPercentile`, `CumeDist`
    Rank {
        op: Op,
        key: Key,
    },
}

/// A change of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    /// Columns by name, and what a row puts there: a value of a type for each.
    Insert {
        table: Rc<catalog::Table>,
        rel: Rel,
        order: Vec<Key>,
        columns: Vec<Written>,
    },
    /// `rel` is a scan of the table and what was made of it; rows of the table for which it has one are changed.
    Update {
        table: Rc<catalog::Table>,
        rel: Rel,
        row_id: Vec<ColId>,
        columns: Vec<Written>,
    },
    Delete {
        table: Rc<catalog::Table>,
        rel: Rel,
        row_id: Vec<ColId>,
    },
}

/// What is written to a column, or to several whose names begin with its name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Written {
    pub(crate) column: usize,
    pub(crate) ty: TypeId,
    pub(crate) value: Columns<Scalar>,
}

impl Change {
    /// Rows that are inserted, or of which some are changed.
    pub(crate) fn rel_mut(&mut self) -> &mut Rel {
        match self {
            Self::Insert { rel, .. } | Self::Update { rel, .. } | Self::Delete { rel, .. } => rel,
        }
    }

    /// Columns that tell the rows apart that are changed.
    pub(crate) fn row_id(&self) -> &[ColId] {
        match self {
            Self::Insert { .. } => &[],
            Self::Update { row_id, .. } | Self::Delete { row_id, .. } => row_id,
        }
    }

    /// Calls `visit` with each scalar over the rows.
    pub(crate) fn for_each_scalar_mut(&mut self, visit: &mut dyn FnMut(&mut Scalar)) {
        let (columns, order) = match self {
            Self::Insert { columns, order, .. } => (Some(columns), Some(order)),
            Self::Update { columns, .. } => (Some(columns), None),
            Self::Delete { .. } => (None, None),
        };
        for written in columns.into_iter().flatten() {
            written.value.all_mut().into_iter().for_each(&mut *visit);
        }
        order.into_iter().flatten().for_each(|key| visit(&mut key.scalar));
    }
}

impl Rel {
    pub(crate) fn extend(self, columns: Vec<(ColId, Scalar)>) -> Self {
        if columns.is_empty() { self } else { Self::Extend { input: Box::new(self), columns } }
    }

    /// Rows for which this holds too.
    pub(crate) fn filter(self, condition: Scalar) -> Self {
        let mut added = condition.conjuncts();
        match self {
            Self::Filter { input, mut conditions } => {
                conditions.append(&mut added);
                Self::Filter { input, conditions }
            }
            _ if added.is_empty() => self,
            input => Self::Filter { input: Box::new(input), conditions: added },
        }
    }

    pub(crate) fn join(self, kind: JoinKind, right: Self, on: Vec<Scalar>) -> Self {
        match (&self, kind) {
            (Self::Unit, JoinKind::Inner) if on.is_empty() => right,
            (_, JoinKind::Inner) if on.is_empty() && right == Self::Unit => self,
            _ => Self::Join { kind, left: Box::new(self), right: Box::new(right), on },
        }
    }

    pub(crate) fn window(self, columns: Vec<(ColId, WindowFunction)>) -> Self {
        Self::Window { input: Box::new(self), columns }
    }

    /// One row that aggregates all.
    pub(crate) fn whole(self, column: ColId, aggregate: Aggregate) -> Self {
        let aggregates = vec![(column, aggregate)];
        Self::Aggregate { input: Box::new(self), keys: Vec::new(), aggregates, is_whole: true }
    }
}

impl Aggregate {
    /// Calls `visit` with each scalar that is evaluated for each row.
    pub(crate) fn for_each_item_mut(&mut self, visit: &mut dyn FnMut(&mut Scalar)) {
        match &mut self.function {
            Function::Count => {}
            Function::CountDistinct(items) => items.iter_mut().for_each(&mut *visit),
            Function::Of { item, .. } | Function::Join { item, .. } => visit(item),
            Function::First(item) | Function::Least(item) | Function::WideSum(item) => visit(item),
            Function::Collect { item, .. } => item.all_mut().into_iter().for_each(&mut *visit),
        }
        self.filter.iter_mut().for_each(&mut *visit);
        self.order.iter_mut().for_each(|key| visit(&mut key.scalar));
    }

    pub(crate) fn of(function: Function, order: Vec<Key>) -> Self {
        Self { function, filter: Vec::new(), order }
    }
}

impl Key {
    /// An ascending one by something that any engine orders as it should.
    pub(crate) fn by(scalar: Scalar) -> Self {
        Self { scalar, prim: None, is_descending: false }
    }
}
