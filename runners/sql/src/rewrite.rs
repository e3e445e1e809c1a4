//! Passes over a plan, one a file, in this order.
//!
//! A pass is a function over the plan, or over each of its nodes from the inside out ([`for_each_rel`]). It may rely on
//! what the module page of [`plan`](crate::plan) says, and on nothing that an earlier pass did.

mod branches;
mod columns;
mod exists;
mod fences;
mod groups;
mod guards;
mod inline;
mod joins;
mod keys;
mod lift;
mod lookup;
mod merge;
mod nulls;
mod pairs;
mod queries;
#[cfg(test)]
mod tests;

use crate::{
    engine::Engine,
    plan::{PartMut, Plan, Rel, Scalar},
};

/// Rewrites a plan for an engine.
pub(crate) fn rewrite(plan: &mut Plan, engine: &Engine<'_>) {
    groups::fuse(plan);
    columns::prune(plan);
    merge::merge(plan);
    inline::inline(plan);
    exists::ask(plan);
    nulls::simplify(plan);
    columns::prune(plan);
    lift::lift(plan);
    keys::add(plan);
    joins::unnest(plan, engine.capabilities.unnests_queries);
    pairs::join(plan, engine.capabilities.unnests_queries);
    if engine.capabilities.runs_untaken_branches {
        branches::guard(plan);
    }
    guards::guard(plan, engine.capabilities.runs_untaken_branches);
    fences::place(plan);
}

/// Calls `visit` with each node of a plan, those within subqueries too, inputs first.
fn for_each_rel(plan: &mut Plan, visit: &mut dyn FnMut(&mut Rel)) {
    plan.for_each_part_mut(&mut |part| within(part, visit));
}

fn within(part: PartMut<'_>, visit: &mut dyn FnMut(&mut Rel)) {
    match part {
        PartMut::Rel(rel) => {
            rel.for_each_part_mut(&mut |part| within(part, visit));
            visit(rel);
        }
        PartMut::Scalar(scalar) => within_scalar(scalar, visit),
    }
}

fn within_scalar(scalar: &mut Scalar, visit: &mut dyn FnMut(&mut Rel)) {
    scalar.for_each_part_mut(&mut |part| within(part, visit));
}
