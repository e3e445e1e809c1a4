//! From a plan to a SQL tree: chains of nodes become one SELECT.
//!
//! A [`Block`] is a SELECT in the making. What stands for each column of the plan is kept in one map, as ids are unique: a
//! subquery finds columns of the query around it there, and where a block becomes a subquery itself, the columns that are
//! needed above it become those of its alias. Everything is written where it is evaluated, so a column that is used once
//! is its expression.

mod block;
mod change;
mod checks;
mod rel;
mod scalar;
mod source;

use std::collections::HashSet;

use crate::{
    engine::Engine,
    output::Param,
    plan::{ColId, ColIds, ColMap, Part, Plan, Rel, Scalar},
    shape::Shapes,
    tree::{Expr, Ident, Own, Query, With, WithKind},
};
use block::Block;

/// A plan as a tree.
pub(crate) struct Emitted {
    pub(crate) query: Query,
    /// The parameters, of which those that the statement does not hold are unused.
    pub(crate) params: Vec<Param>,
}

/// Makes the statement of a plan.
pub(crate) fn emit(plan: &Plan, engine: &Engine<'_>, shapes: &Shapes) -> Emitted {
    let mut emitter = Emitter {
        plan,
        engine,
        shapes,
        columns: ColMap::default(),
        shared_own: ColMap::default(),
        uses: uses(plan),
        params: vec![false; plan.params.len()],
        aliases: 0,
        last_column: plan.columns,
        relied: Vec::new(),
    };
    let query = emitter.statement();
    let is_used = emitter.params.iter();
    let params =
        plan.params.iter().zip(is_used).map(|(param, is_used)| if *is_used { *param } else { Param::Unused });
    Emitted { query, params: params.collect() }
}

struct Emitter<'a> {
    plan: &'a Plan,
    engine: &'a Engine<'a>,
    shapes: &'a Shapes,
    /// What stands for each column here.
    columns: ColMap<Expr>,
    /// Columns of shared rows that have a type of the database's own.
    shared_own: ColMap<Own>,
    /// How often, and where, each column is used.
    uses: ColMap<Uses>,
    /// Which parameters are used.
    params: Vec<bool>,
    aliases: usize,
    last_column: u32,
    /// What is read and written of tables.
    relied: Vec<checks::Use>,
}

impl Emitter<'_> {
    fn statement(&mut self) -> Query {
        let mut with = Vec::new();
        let used = used_shared(self.plan);
        for (index, shared) in self.plan.shared.iter().enumerate() {
            if !used.contains(&index) {
                continue;
            }
            let needed = shared.columns.iter().copied().collect();
            let block = self.open(&shared.rel, &needed);
            let (columns, own) = self.exported(&shared.columns);
            let query = block.query(columns);
            self.shared_own.extend(own);
            // The engine plans joins and filters together with each query that uses them.
            let is_computed = shared.is_once || shared.rel.is_computed();
            let kind = if is_computed { WithKind::Plain } else { WithKind::Inlined };
            with.push(With { name: shared_name(index), columns: Vec::new(), kind, query });
        }
        if let Some(change) = &self.plan.change {
            let query = self.change(change);
            let name = shared_name(self.plan.shared.len());
            with.push(With { name, columns: Vec::new(), kind: WithKind::Plain, query });
        }
        let root = &self.plan.root;
        let mut needed = ColIds::default();
        let scalars = root.columns.iter().chain(root.order.iter().map(|key| &key.scalar));
        scalars.for_each(|scalar| needed.extend(scalar.free()));
        let mut block = self.open_for(&root.rel, &needed, &root.columns);
        let mut order = self.order(&root.order);
        if block.limit.is_some() && !order.is_empty() && order != block.order {
            block = self.closed(block, &root.rel, &needed);
            order = self.order(&root.order);
        }
        if block.limit.is_none() {
            block.order = order;
        }
        let columns = root.columns.iter().map(|scalar| self.scalar(scalar)).collect();
        let mut query = self.checked(block, columns);
        query.with = with;
        query
    }

    fn column(&self, column: ColId) -> Expr {
        // A column that is not there would be a fault of this crate; the database then names it.
        let missing = || crate::tree::expr::name(Ident::Numbered("missing", column.0 as usize));
        self.columns.get(&column).cloned().unwrap_or_else(missing)
    }

    fn alias(&mut self) -> Ident {
        self.aliases += 1;
        Ident::Numbered("t", self.aliases)
    }

    fn new_column(&mut self) -> ColId {
        self.last_column += 1;
        ColId(self.last_column)
    }
}

fn shared_name(index: usize) -> Ident {
    Ident::Numbered("w", index + 1)
}

/// The shared rows that the plan still uses.
fn used_shared(plan: &Plan) -> HashSet<usize> {
    let mut used = HashSet::new();
    let note = &mut |part: &Part<'_>| {
        if let Part::Rel(Rel::Shared { index, .. }) = part {
            used.insert(*index);
        }
    };
    plan.for_each_part(&mut |part| part.walk(note));
    used
}

/// Uses of a column.
#[derive(Debug, Clone, Copy, Default)]
struct Uses {
    count: usize,
    /// Subqueries around the node that brings it.
    brought_at: usize,
    /// Subqueries around the use that has most of them.
    used_at: usize,
}

impl Uses {
    /// Whether it is used once, and for the rows that it is made for rather than for those of a subquery.
    fn is_once(self) -> bool {
        self.count <= 1 && self.used_at <= self.brought_at
    }
}

/// Finds the uses of each column.
fn uses(plan: &Plan) -> ColMap<Uses> {
    let mut uses = ColMap::default();
    plan.for_each_part(&mut |part| count(&part, 0, &mut uses));
    uses
}

fn count(part: &Part<'_>, depth: usize, uses: &mut ColMap<Uses>) {
    match part {
        Part::Scalar(Scalar::Column(column)) => {
            let uses = uses.entry(*column).or_default();
            uses.count += 1;
            uses.used_at = uses.used_at.max(depth);
        }
        Part::Scalar(scalar) => {
            let is_query = matches!(scalar, Scalar::Query { .. } | Scalar::Exists(_));
            scalar.for_each_part(&mut |part| count(&part, depth + usize::from(is_query), uses));
        }
        Part::Rel(rel) => {
            let mut own = ColIds::default();
            rel.own(&mut own);
            own.into_iter().for_each(|column| uses.entry(column).or_default().brought_at = depth);
            rel.for_each_part(&mut |part| count(&part, depth, uses));
        }
    }
}
