//! Look-ups by equality whose other conditions or items depend on the row around them too, or may fail, become joins of
//! both tables.
//!
//! The rows around are numbered and joined with the rows that have the same key; what the look-up asks of each pair is asked
//! of the join, grouped by the number, and joined back. Neumann and Kemper (2015) call the numbered rows the domain.

use runner_core::{Op, Prim};

use super::{
    for_each_rel,
    joins::of_none,
    lookup::{Known, Lookup, visible},
    queries::{for_each_node, strictly, within},
};
use crate::plan::{ColId, ColMap, JoinKind, PartMut, Plan, Rel, Scalar, Shared, WindowFunction, replace};

/// Makes joins of such look-ups, those within shared rows aside; or `only_failing` ones, where an engine evaluates the
/// others for all rows at once by itself, but for all keys, also those that no row asks for.
pub(super) fn join(plan: &mut Plan, only_failing: bool) {
    let shared = std::mem::take(&mut plan.shared);
    let mut pairs =
        Pairs { known: Known::of(&shared), shared: shared.len(), only_failing, numbered: Vec::new() };
    for_each_node(plan, &mut |input, scalars, columns| {
        if input.is_single() {
            return;
        }
        let strict = scalars.strict;
        for (index, scalar) in scalars.all.into_iter().enumerate() {
            if index < strict {
                strictly(scalar, &mut |scalar| pairs.aggregate(input, scalar, true, columns));
            }
            within(scalar, &mut |scalar| pairs.aggregate(input, scalar, false, columns));
        }
    });
    let mut columns = plan.columns;
    for_each_rel(plan, &mut |rel| {
        pairs.first_row(rel, &mut columns);
        pairs.all_rows(rel);
    });
    plan.columns = columns;
    let numbered = pairs.numbered;
    plan.shared = shared;
    if !numbered.is_empty() {
        plan.shared.extend(numbered);
        super::columns::prune(plan);
    }
}

struct Pairs {
    known: Known,
    /// How many rows are shared already.
    shared: usize,
    only_failing: bool,
    numbered: Vec<Shared>,
}

/// Pairs of a row around a look-up and a row that it finds.
struct Joined {
    rel: Rel,
    /// The number of the row around, beside that row and in a pair.
    number: [ColId; 2],
    /// The columns of the row around by those of the pairs.
    names: ColMap<ColId>,
}

impl Pairs {
    /// Replaces the aggregate of a look-up by a column that is added to the rows around it.
    fn aggregate(&mut self, outer: &mut Rel, scalar: &mut Scalar, is_strict: bool, columns: &mut u32) {
        let Some((input, column, aggregate)) = scalar.as_aggregate() else { return };
        let Some(none) = of_none(&aggregate.function) else { return };
        let Some(lookup) = self.look_up(input, outer) else { return };
        let may_fail =
            input.may_fail() || aggregate.items_may_fail() || aggregate.may_overflow() || input.checks_null();
        if may_fail && !is_strict || !may_fail && self.only_failing {
            return;
        }
        let mut aggregate = aggregate.clone();
        let joined = self.pairs(outer, lookup, columns);
        aggregate.for_each_part_mut(&mut |part| replace(part, &joined.names));
        let (key, found) = (next(columns), next(columns));
        let right = Rel::Aggregate {
            input: Box::new(joined.rel),
            keys: vec![(key, Scalar::Column(joined.number[1]))],
            aggregates: vec![(column, aggregate)],
            is_whole: false,
        };
        let left = std::mem::replace(outer, Rel::Unit);
        *outer = left.join(
            JoinKind::Left { found, is_unique: true },
            right,
            vec![same_number(joined.number[0], key)],
        );
        *scalar = Scalar::choice(Scalar::Column(found).null_check(), none, Scalar::Column(column));
    }

    /// Replaces the first row of a look-up by the first of its pairs.
    fn first_row(&mut self, rel: &mut Rel, columns: &mut u32) {
        let Rel::Join { kind: JoinKind::Left { .. }, left, right, on } = rel else { return };
        let mut right = &mut **right;
        while let Rel::Extend { input, .. } = right {
            right = input;
        }
        let Rel::Limit { input, order, skip, take: 1 } = &*right else { return };
        if **skip != Scalar::int(0) || left.is_single() || self.only_failing && !input.may_fail() {
            return;
        }
        let Some(lookup) = self.look_up(input, left) else { return };
        let mut order = order.clone();
        let joined = self.pairs(left, lookup, columns);
        order.iter_mut().for_each(|key| replace(PartMut::Scalar(&mut key.scalar), &joined.names));
        let keys = vec![Scalar::Column(joined.number[1])];
        on.push(same_number(joined.number[0], joined.number[1]));
        *right = Rel::First { input: Box::new(joined.rel), keys, order, is_strict: true };
    }

    /// Makes a join of a look-up of all rows, of which some condition or column may fail.
    fn all_rows(&self, rel: &mut Rel) {
        let Rel::Join { kind, left, right, on } = rel else { return };
        let kind = *kind;
        if left.is_single() || !right.may_fail() {
            return;
        }
        let Some(lookup) = Lookup::of(right, left, &self.known) else { return };
        if lookup.input.may_fail() {
            return;
        }
        on.extend(lookup.conditions());
        **right = lookup.input.clone();
        let join = std::mem::replace(rel, Rel::Unit);
        *rel = match kind {
            JoinKind::Inner => lookup.added_to(join),
            JoinKind::Left { found, .. } => {
                lookup.added_where(&Scalar::Column(found).null_check().negated(), join)
            }
        };
    }

    /// A look-up in rows that are the same for all rows around it.
    fn look_up(&self, rel: &Rel, outer: &Rel) -> Option<Lookup> {
        let lookup = Lookup::of(rel, outer, &self.known)?;
        let is_independent = !lookup.input.may_fail()
            && lookup.input.free().is_disjoint(&visible(outer))
            && outer.free().is_empty();
        is_independent.then_some(lookup)
    }

    /// Numbers the rows around and joins them with the rows that a look-up finds.
    fn pairs(&mut self, outer: &mut Rel, lookup: Lookup, columns: &mut u32) -> Joined {
        let mut visible: Vec<_> = visible(outer).into_iter().collect();
        visible.sort();
        let mut rows = std::mem::replace(outer, Rel::Unit);
        let own = rows.rename(&mut || next(columns));
        let own: Vec<_> = visible.iter().filter_map(|column| own.get(column).copied()).collect();
        let number = next(columns);
        let rel = rows.window(vec![(number, WindowFunction::Number(Vec::new()))]);
        let all = own.iter().copied().chain([number]).collect();
        let index = self.shared + self.numbered.len();
        self.numbered.push(Shared { rel, columns: all, is_once: true });

        let numbers = [next(columns), next(columns)];
        let mut names = ColMap::default();
        let (mut beside, mut paired) = (vec![(numbers[0], number)], vec![(numbers[1], number)]);
        for (column, own) in visible.into_iter().zip(own) {
            let name = next(columns);
            beside.push((column, own));
            paired.push((name, own));
            names.insert(column, name);
        }
        *outer = Rel::Shared { index, columns: beside };
        let left = Rel::Shared { index, columns: paired };
        let on = lookup.conditions();
        let mut rel = lookup.added_to(left.join(JoinKind::Inner, lookup.input.clone(), on));
        replace(PartMut::Rel(&mut rel), &names);
        Joined { rel, number: numbers, names }
    }
}

impl Lookup {
    /// The conditions of a join with the rows that are looked through. Those that may fail are asked only of rows with the
    /// same keys.
    fn conditions(&self) -> Vec<Scalar> {
        let keys = self
            .keys
            .iter()
            .map(|pair| Scalar::compare(Op::Eq, pair.prim, pair.outer.clone(), pair.inner.clone()));
        let mut all: Vec<_> = keys.collect();
        let (failing, safe): (Vec<_>, Vec<_>) = self.rest.iter().cloned().partition(Scalar::may_fail);
        all.extend(safe);
        if !failing.is_empty() {
            let condition = Scalar::and(all.iter().cloned());
            all.push(Scalar::choice(condition, Scalar::and(failing), Scalar::bool(false)));
        }
        all
    }
}

fn same_number(left: ColId, right: ColId) -> Scalar {
    Scalar::compare(Op::Eq, Prim::Int64, Scalar::Column(left), Scalar::Column(right))
}

fn next(columns: &mut u32) -> ColId {
    *columns += 1;
    ColId(*columns)
}
