//! What is known of a plan's parts: computed from the tree, and kept nowhere.

use std::collections::{HashMap, HashSet};

use runner_core::{Literal, Op, Prim};

use super::{
    Aggregate, ColId, Function, JoinKind, Rel, Scalar, WindowFunction,
    walk::{Part, PartMut},
};

pub(crate) type ColIds = HashSet<ColId, foldhash::fast::RandomState>;
pub(crate) type ColMap<T> = HashMap<ColId, T, foldhash::fast::RandomState>;

impl Rel {
    /// Columns that nodes above can use.
    pub(crate) fn visible(&self, columns: &mut ColIds) {
        match self {
            Self::Aggregate { keys, aggregates, .. } => {
                columns.extend(keys.iter().map(|(column, _)| *column));
                columns.extend(aggregates.iter().map(|(column, _)| *column));
            }
            Self::Union { columns: own, .. } => columns.extend(own),
            Self::Recursion { columns: own, position, .. } => {
                columns.extend(own);
                columns.insert(*position);
            }
            _ => {
                self.own(columns);
                self.for_each_part(&mut |part| {
                    if let Part::Rel(input) = part {
                        input.visible(columns);
                    }
                });
            }
        }
    }

    /// Columns that this node brings.
    pub(crate) fn own(&self, all: &mut ColIds) {
        match self {
            Self::Unit | Self::Filter { .. } | Self::First { .. } | Self::Limit { .. } | Self::Fence(_) => {}
            Self::Scan(table) => {
                all.extend(table.fields.iter().flat_map(|field| &field.columns));
                all.extend(&table.row_id);
            }
            Self::Raw { table, position } => {
                all.extend(table.fields.iter().flat_map(|field| &field.columns));
                all.insert(*position);
            }
            Self::Lists { lists, position } => {
                all.extend(lists.iter().map(|(column, _)| *column));
                all.insert(*position);
            }
            Self::Items { columns, position, .. } | Self::Values { columns, position, .. } => {
                all.extend(columns);
                all.insert(*position);
            }
            Self::Parts { part, position, .. } => all.extend([*part, *position]),
            Self::Sequence { value, .. } => all.extend([*value]),
            Self::Shared { columns, .. } => all.extend(columns.iter().map(|(column, _)| *column)),
            Self::Extend { columns, .. } => all.extend(columns.iter().map(|(column, _)| *column)),
            Self::Window { columns, .. } => all.extend(columns.iter().map(|(column, _)| *column)),
            Self::Join { kind: JoinKind::Left { found, .. }, .. } => all.extend([*found]),
            Self::Join { .. } => {}
            Self::Aggregate { keys, aggregates, .. } => {
                all.extend(keys.iter().map(|(column, _)| *column));
                all.extend(aggregates.iter().map(|(column, _)| *column));
            }
            Self::Union { columns, .. } => all.extend(columns),
            Self::Recursion { state, counter, columns, position, .. } => {
                all.extend(state.iter().chain(columns));
                all.extend([*counter, *position]);
            }
        }
    }

    /// The columns that this node brings, to be replaced.
    fn for_each_own_mut(&mut self, visit: &mut dyn FnMut(&mut ColId)) {
        match self {
            Self::Unit | Self::Filter { .. } | Self::First { .. } | Self::Limit { .. } | Self::Fence(_) => {}
            Self::Join { kind: JoinKind::Inner, .. } => {}
            Self::Join { kind: JoinKind::Left { found, .. }, .. } => visit(found),
            Self::Scan(table) => {
                table.fields.iter_mut().flat_map(|field| &mut field.columns).for_each(&mut *visit);
                table.row_id.iter_mut().for_each(visit);
            }
            Self::Raw { table, position } => {
                table.fields.iter_mut().flat_map(|field| &mut field.columns).for_each(&mut *visit);
                visit(position);
            }
            Self::Lists { lists, position } => {
                lists.iter_mut().for_each(|(column, _)| visit(column));
                visit(position);
            }
            Self::Items { columns, position, .. } | Self::Values { columns, position, .. } => {
                columns.iter_mut().for_each(&mut *visit);
                visit(position);
            }
            Self::Parts { part, position, .. } => [part, position].into_iter().for_each(visit),
            Self::Sequence { value, .. } => visit(value),
            Self::Shared { columns, .. } => columns.iter_mut().for_each(|(column, _)| visit(column)),
            Self::Extend { columns, .. } => columns.iter_mut().for_each(|(column, _)| visit(column)),
            Self::Window { columns, .. } => columns.iter_mut().for_each(|(column, _)| visit(column)),
            Self::Aggregate { keys, aggregates, .. } => {
                keys.iter_mut().for_each(|(column, _)| visit(column));
                aggregates.iter_mut().for_each(|(column, _)| visit(column));
            }
            Self::Union { columns, .. } => columns.iter_mut().for_each(visit),
            Self::Recursion { state, counter, columns, position, .. } => {
                state.iter_mut().chain(columns).for_each(&mut *visit);
                [counter, position].into_iter().for_each(visit);
            }
        }
    }

    /// Gives all columns that it brings new ids, by their old ones.
    pub(crate) fn rename(&mut self, new: &mut dyn FnMut() -> ColId) -> ColMap<ColId> {
        let mut names = ColMap::default();
        rename_own(PartMut::Rel(self), &mut |column| {
            let old = *column;
            *column = *names.entry(old).or_insert_with(&mut *new);
        });
        replace(PartMut::Rel(self), &names);
        names
    }

    /// Number of nodes, those of subqueries too.
    pub(crate) fn size(&self) -> usize {
        let mut size = 0;
        Part::Rel(self).walk(&mut |part| size += usize::from(matches!(part, Part::Rel(_))));
        size
    }

    /// Columns of what stands around or to the left of it.
    pub(crate) fn free(&self) -> ColIds {
        let (mut used, mut own) = (ColIds::default(), ColIds::default());
        collect(Part::Rel(self), &mut used, &mut own);
        used.retain(|column| !own.contains(column));
        used
    }

    /// Whether evaluating it may be an error.
    pub(crate) fn may_fail(&self) -> bool {
        let mut found = false;
        self.for_each_part(&mut |part| found |= part.may_fail());
        let sums = |(_, aggregate): &(ColId, Aggregate)| aggregate.may_overflow();
        found || matches!(self, Self::Aggregate { aggregates, .. } if aggregates.iter().any(sums))
    }

    /// Whether a NULL in a column is an error within.
    pub(crate) fn checks_null(&self) -> bool {
        Part::Rel(self).checks_null()
    }

    /// Whether rows of what it is made of are left out, so that an engine may evaluate what speaks of them before it leaves
    /// them out.
    pub(crate) fn leaves_out(&self) -> bool {
        match self {
            Self::Filter { .. } | Self::Limit { .. } | Self::First { .. } | Self::Join { .. } => true,
            Self::Extend { input, .. } | Self::Window { input, .. } => input.leaves_out(),
            // Without rows there is no group, of which a condition takes care where the keys are constants.
            Self::Aggregate { is_whole, .. } => !is_whole,
            _ => false,
        }
    }

    /// Whether rows are gathered in it before there is a result.
    pub(crate) fn is_computed(&self) -> bool {
        let mut is_computed = matches!(
            self,
            Self::Aggregate { .. } | Self::First { .. } | Self::Window { .. } | Self::Recursion { .. }
        );
        self.for_each_part(&mut |part| is_computed |= matches!(part, Part::Rel(rel) if rel.is_computed()));
        is_computed
    }

    /// Whether it gives the same rows in the same order each time that it is evaluated.
    pub(crate) fn is_steady(&self) -> bool {
        match self {
            Self::Items { .. } | Self::Lists { .. } | Self::Parts { .. } | Self::Sequence { .. } => true,
            Self::Shared { .. } | Self::Values { .. } => true,
            Self::Extend { input, columns } => {
                input.is_steady() && columns.iter().all(|(_, scalar)| !scalar.has_query())
            }
            Self::Filter { input, conditions } => {
                input.is_steady() && conditions.iter().all(|scalar| !scalar.has_query())
            }
            _ => false,
        }
    }

    /// Whether it gives exactly one row.
    pub(crate) fn is_single(&self) -> bool {
        match self {
            Self::Unit => true,
            Self::Aggregate { is_whole, .. } => *is_whole,
            Self::Extend { input, .. } | Self::Window { input, .. } | Self::Fence(input) => input.is_single(),
            Self::Join { left, right, on, .. } => on.is_empty() && left.is_single() && right.is_single(),
            _ => false,
        }
    }
}

impl Scalar {
    /// Columns that are not those of a relation within.
    pub(crate) fn free(&self) -> ColIds {
        let (mut used, mut own) = (ColIds::default(), ColIds::default());
        collect(Part::Scalar(self), &mut used, &mut own);
        used.retain(|column| !own.contains(column));
        used
    }

    /// Whether evaluating it may be an error, a NULL in a column aside.
    pub(crate) fn may_fail(&self) -> bool {
        let mut found = match self {
            Self::Fail(..) | Self::Narrow(..) => true,
            Self::Call { op, operands, args, .. } => {
                let operand = operands.first().copied();
                operand.is_some_and(|operand| is_partial(*op, operand)) && !is_safe_quotient(*op, args)
            }
            _ => false,
        };
        self.for_each_part(&mut |part| found |= part.may_fail());
        found
    }

    /// Whether a NULL in a column is an error within.
    pub(crate) fn checks_null(&self) -> bool {
        Part::Scalar(self).checks_null()
    }

    /// Whether it is made of literals and parameters alone, so that an engine may evaluate it while it plans.
    pub(crate) fn is_constant(&self) -> bool {
        let mut is_constant = !matches!(self, Self::Column(_) | Self::Query { .. } | Self::Exists(_));
        self.for_each_part(&mut |part| {
            is_constant &= match part {
                Part::Scalar(scalar) => scalar.is_constant(),
                Part::Rel(_) => false,
            }
        });
        is_constant
    }

    /// Whether literals and parameters alone may decide it, so that an engine may evaluate it while it plans: of constant
    /// conditions only the branch that is taken is left.
    pub(crate) fn is_foldable(&self) -> bool {
        match self {
            Self::Case { branches, otherwise } => {
                let decided = branches.iter().take_while(|(condition, _)| condition.is_foldable()).count();
                let values = branches.iter().map(|(_, value)| value).chain([&**otherwise]);
                values.take(decided + 1).any(Self::is_foldable)
            }
            Self::Column(_) | Self::Query { .. } | Self::Exists(_) => false,
            _ => {
                let mut is_foldable = true;
                self.for_each_part(&mut |part| {
                    is_foldable &= matches!(part, Part::Scalar(scalar) if scalar.is_foldable());
                });
                is_foldable
            }
        }
    }

    /// Whether a subquery is in it.
    pub(crate) fn has_query(&self) -> bool {
        let mut found = false;
        self.for_each_part(&mut |part| {
            found |= match part {
                Part::Scalar(scalar) => scalar.has_query(),
                Part::Rel(_) => true,
            }
        });
        found
    }
}

impl super::Plan {
    /// Whether it computes with floats: arithmetic, functions, sums and means.
    pub(crate) fn computes_floats(&self) -> bool {
        let mut found = false;
        self.for_each_part(&mut |part| found = found || part.any(Part::computes_floats));
        found
    }
}

impl Part<'_> {
    /// Whether this node or operation itself computes with floats.
    fn computes_floats(&self) -> bool {
        let is_sum = |(_, aggregate): &(ColId, Aggregate)| matches!(aggregate.function, Function::Of { op: Op::Sum | Op::Mean, prim, .. } if prim.is_float());
        match self {
            Self::Scalar(Scalar::Call { operands, .. }) => operands.iter().any(|prim| prim.is_float()),
            Self::Rel(Rel::Aggregate { aggregates, .. }) => aggregates.iter().any(is_sum),
            Self::Rel(Rel::Window { columns, .. }) => {
                columns.iter().any(|(_, function)| matches!(function, WindowFunction::RollingMean { .. }))
            }
            _ => false,
        }
    }

    /// Whether a NULL in a column is an error within.
    pub(crate) fn checks_null(&self) -> bool {
        self.any(|part| matches!(part, Self::Scalar(Scalar::NotNull { .. })))
    }

    fn may_fail(&self) -> bool {
        match self {
            Self::Rel(rel) => rel.may_fail(),
            Self::Scalar(scalar) => scalar.may_fail(),
        }
    }
}

impl Aggregate {
    /// Whether a NULL in a row that its filter leaves out would be an error: an engine may evaluate the items first.
    pub(crate) fn checks_before_filter(&self) -> bool {
        let mut checks = false;
        self.for_each_part(&mut |part| {
            checks |= matches!(part, Part::Scalar(scalar) if scalar.checks_null());
        });
        checks && !self.filter.is_empty()
    }

    /// Whether evaluating one of its items, keys or conditions may be an error.
    pub(crate) fn items_may_fail(&self) -> bool {
        let mut may_fail = false;
        self.for_each_part(&mut |part| may_fail |= part.may_fail());
        may_fail
    }

    /// Whether a sum may be beyond its type.
    pub(crate) fn may_overflow(&self) -> bool {
        matches!(self.function, Function::Of { op: Op::Sum, prim, .. } if !prim.is_float())
    }
}

fn rename_own(part: PartMut<'_>, visit: &mut dyn FnMut(&mut ColId)) {
    match part {
        PartMut::Rel(rel) => {
            rel.for_each_own_mut(visit);
            rel.for_each_part_mut(&mut |part| rename_own(part, visit));
        }
        PartMut::Scalar(scalar) => scalar.for_each_part_mut(&mut |part| rename_own(part, visit)),
    }
}

/// Replaces columns by others where they are used.
pub(crate) fn replace(part: PartMut<'_>, names: &ColMap<ColId>) {
    match part {
        PartMut::Rel(rel) => rel.for_each_part_mut(&mut |part| replace(part, names)),
        PartMut::Scalar(Scalar::Column(column)) => {
            if let Some(new) = names.get(column) {
                *column = *new;
            }
        }
        PartMut::Scalar(scalar) => scalar.for_each_part_mut(&mut |part| replace(part, names)),
    }
}

/// Columns that are used anywhere within, and those that are brought.
fn collect(part: Part<'_>, used: &mut ColIds, own: &mut ColIds) {
    match part {
        Part::Rel(rel) => {
            rel.own(own);
            if let Rel::Shared { .. } = rel {
                return;
            }
            rel.for_each_part(&mut |part| collect(part, used, own));
        }
        Part::Scalar(Scalar::Column(column)) => {
            used.insert(*column);
        }
        Part::Scalar(scalar) => scalar.for_each_part(&mut |part| collect(part, used, own)),
    }
}

/// Whether the divisor is a literal above zero.
fn is_safe_quotient(op: Op, args: &[Scalar]) -> bool {
    matches!(op, Op::Div | Op::Rem)
        && match args.get(1) {
            Some(Scalar::Literal(_, Literal::Int(divisor))) => *divisor > 0,
            Some(Scalar::Literal(_, Literal::Uint(divisor))) => *divisor > 0,
            _ => false,
        }
}

/// Whether an operation may fail on some operands of this type.
fn is_partial(op: Op, operand: Prim) -> bool {
    match op {
        Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem | Op::Neg | Op::Pow => !operand.is_float(),
        Op::Abs => operand.is_signed(),
        Op::FromAscii
        | Op::DateSub
        | Op::TimestampSub
        | Op::TimeDiff
        | Op::DateToTimestamp
        | Op::TimestampToDate
        | Op::TimezoneOffset => true,
        _ => false,
    }
}
