//! What is known of a plan's parts: computed from the tree, and kept nowhere.

use std::collections::HashSet;

use runner_core::{Literal, Op};

use super::{Aggregate, ColId, Function, JoinKind, Rel, Scalar, walk::Part};
use crate::dialect::is_partial;

pub(crate) type ColIds = HashSet<ColId>;

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
            Self::Scan(table) => all.extend(table.fields.iter().flat_map(|field| &field.columns)),
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
            Self::Split { part, position, .. } => all.extend([*part, *position]),
            Self::Sequence { value, .. } => all.extend([*value]),
            Self::Shared { columns, .. } => all.extend(columns.iter().map(|(column, _)| *column)),
            Self::Extend { columns, .. } => all.extend(columns.iter().map(|(column, _)| *column)),
            Self::Window { columns, .. } => all.extend(columns.iter().map(|(column, _)| *column)),
            Self::Join { kind: JoinKind::Left { found }, .. } => all.extend([*found]),
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

    /// Columns of what stands around or to the left of it.
    pub(crate) fn free(&self) -> ColIds {
        let (mut used, mut own) = (ColIds::new(), ColIds::new());
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

    /// Whether rows of what it is made of are left out, so that an engine may evaluate what speaks of them before it leaves
    /// them out.
    pub(crate) fn leaves_out(&self) -> bool {
        match self {
            Self::Filter { .. } | Self::Limit { .. } | Self::First { .. } | Self::Join { .. } => true,
            Self::Extend { input, .. } | Self::Window { input, .. } => input.leaves_out(),
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
        let (mut used, mut own) = (ColIds::new(), ColIds::new());
        collect(Part::Scalar(self), &mut used, &mut own);
        used.retain(|column| !own.contains(column));
        used
    }

    /// Whether evaluating it may be an error, a NULL in a column aside.
    pub(crate) fn may_fail(&self) -> bool {
        let mut found = match self {
            Self::Fail(..) => true,
            Self::Call { op, operands, args, .. } => {
                let operand = operands.first().copied();
                operand.is_some_and(|operand| is_partial(*op, operand)) && !is_safe_quotient(*op, args)
            }
            _ => false,
        };
        self.for_each_part(&mut |part| found |= part.may_fail());
        found
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

impl Part<'_> {
    fn may_fail(&self) -> bool {
        match self {
            Self::Rel(rel) => rel.may_fail(),
            Self::Scalar(scalar) => scalar.may_fail(),
        }
    }
}

impl Aggregate {
    /// Whether a sum may be beyond its type.
    pub(crate) fn may_overflow(&self) -> bool {
        matches!(self.function, Function::Of { op: Op::Sum, prim, .. } if !prim.is_float())
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
