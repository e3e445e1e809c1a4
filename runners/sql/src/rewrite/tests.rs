//! What passes make of small plans.

use runner_core::{Op, Prim, TypeId};

use super::{fences, groups, guards, joins};
use crate::{
    columns::Columns,
    output::Output,
    plan::{Aggregate, ColId, Function, Plan, Rel, Root, Scalar},
    shape::Leaf,
};

fn column(id: u32) -> Scalar {
    Scalar::Column(ColId(id))
}

/// Numbers of a parameter: a column, and its position in the next one.
fn numbers(id: u32) -> Rel {
    Rel::Lists { lists: vec![(ColId(id), 1)], position: ColId(id + 1) }
}

fn equal(a: Scalar, b: Scalar) -> Scalar {
    Scalar::compare(Op::Eq, Prim::Int64, a, b)
}

fn sum(rel: Rel, item: Scalar, result: u32) -> Scalar {
    let function = Function::Of { op: Op::Sum, prim: Prim::Int64, item };
    let rel = Box::new(rel.whole(ColId(result), Aggregate::of(function, Vec::new())));
    Scalar::Query { packs: None, rel, value: Box::new(column(result)) }
}

fn plan(rel: Rel, columns: Vec<Scalar>) -> Plan {
    let root = Root { rel, columns, order: Vec::new() };
    Plan { columns: 100, params: Vec::new(), shared: Vec::new(), change: None, root, output: Output::Unit }
}

fn check(mut plan: Plan, pass: fn(&mut Plan), lines: &[&str]) {
    pass(&mut plan);
    let shown = plan.to_string();
    assert_eq!(shown.lines().map(str::trim).collect::<Vec<_>>(), lines, "\n{shown}");
}

#[test]
fn a_look_up_by_equality_is_a_join() {
    let matching = numbers(3).filter(equal(column(3), column(1)));
    let found = sum(matching, column(4), 5);
    let lines = [
        "root Case(IsNull(#101), 0, Narrow(#5))",
        "left join #101 on Eq(#1, #102)",
        "lists #1 = $1, #2",
        "aggregate #5 = sum(#4) by #102 = #3",
        "lists #3 = $1, #4",
    ];
    check(plan(numbers(1), vec![found]), joins::unnest, &lines);
}

#[test]
fn a_look_up_that_depends_on_the_row_otherwise_is_none() {
    let matching = numbers(3).filter(equal(column(3), column(1)));
    let found = sum(matching, column(2), 5);
    let mut unchanged = plan(numbers(1), vec![found]);
    let before = unchanged.to_string();
    joins::unnest(&mut unchanged);
    assert_eq!(unchanged.to_string(), before);
}

#[test]
fn an_aggregate_over_the_values_of_a_group_is_one_of_the_grouping() {
    let item = Columns::One(column(2));
    let collect = Aggregate::of(Function::Collect { item, ty: TypeId(0) }, Vec::new());
    let grouping = Rel::Aggregate {
        input: Box::new(numbers(1)),
        keys: vec![(ColId(3), column(1))],
        aggregates: vec![(ColId(4), collect)],
        is_whole: false,
    };
    let items = Rel::Items {
        array: Box::new(column(4)),
        item: TypeId(0),
        columns: vec![ColId(5)],
        position: ColId(6),
    };
    let items = items.filter(equal(column(5), Scalar::int(7)));
    let lines = [
        "root #3, #101",
        "aggregate #4 = collect(#2), #101 = sum(#2) where Eq(#2, 7) by #3 = #1",
        "lists #1 = $1, #2",
    ];
    check(plan(grouping, vec![column(3), sum(items, column(5), 8)]), groups::fuse, &lines);
}

#[test]
fn what_may_fail_is_fenced_from_rows_that_are_left_out() {
    let failing = equal(Scalar::call(Op::Div, Prim::Int64, [Scalar::int(1), column(1)]), Scalar::int(1));
    let rows = numbers(1).filter(equal(column(2), Scalar::int(3))).filter(failing.clone());
    let lines = ["root #1", "filter Eq(Div(1, #1), 1)", "fence", "filter Eq(#2, 3)", "lists #1 = $1, #2"];
    check(plan(rows, vec![column(1)]), fences::place, &lines);
    let lines = ["root #1", "filter Eq(Div(1, #1), 1)", "lists #1 = $1, #2"];
    check(plan(numbers(1).filter(failing), vec![column(1)]), fences::place, &lines);
}

#[test]
fn what_may_fail_and_depends_on_no_row_is_asked_for_rows() {
    let param = || Scalar::Param(2, Leaf::Prim(Prim::Int64));
    let failing = equal(Scalar::call(Op::Add, Prim::Int64, [param(), param()]), Scalar::int(1));
    let lines = ["root #1", "filter When(Force(#2), Eq(Add($2, $2), 1))", "lists #1 = $1, #2"];
    check(plan(numbers(1).filter(failing), vec![column(1)]), |plan| guards::guard(plan, false), &lines);
}
