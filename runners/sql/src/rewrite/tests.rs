//! What passes make of small plans.

use runner_core::{Op, Prim, TypeId};

use super::{columns, exists, fences, groups, guards, inline, joins, keys, lift, merge, nulls, pairs};
use crate::{
    columns::Columns,
    output::Output,
    plan::{Aggregate, ColId, Function, JoinKind, Plan, Rel, Root, Scalar, Shared},
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
    aggregate(Op::Sum, rel, item, result)
}

fn aggregate(op: Op, rel: Rel, item: Scalar, result: u32) -> Scalar {
    let function = Function::Of { op, prim: Prim::Int64, item };
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
    check(plan(numbers(1), vec![found]), |plan| joins::unnest(plan, false), &lines);
}

#[test]
fn a_look_up_that_depends_on_the_row_otherwise_is_none() {
    let matching = numbers(3).filter(equal(column(3), column(1)));
    let found = sum(matching, column(2), 5);
    let mut unchanged = plan(numbers(1), vec![found]);
    let before = unchanged.to_string();
    joins::unnest(&mut unchanged, false);
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

fn limit(rel: Rel) -> Rel {
    Rel::Limit { input: Box::new(rel), order: Vec::new(), skip: Box::new(Scalar::int(0)), take: 1 }
}

/// A use of the first shared rows, whose only column is 1.
fn shared(id: u32) -> Rel {
    Rel::Shared { index: 0, columns: vec![(ColId(id), ColId(1))] }
}

fn with_shared(rel: Rel, columns: Vec<Scalar>) -> Plan {
    let shared = vec![Shared { rel: numbers(1), columns: vec![ColId(1)], is_once: false }];
    Plan { shared, ..plan(rel, columns) }
}

/// Whether the first row of `found` is there, for each of some numbers.
fn is_some(found: Rel) -> Plan {
    let rows = numbers(1).join(JoinKind::Left { found: ColId(9), is_unique: true }, limit(found), Vec::new());
    plan(rows, vec![column(9).null_check().negated()])
}

#[test]
fn a_first_row_that_is_only_asked_for_is_an_exists() {
    let matching = || numbers(3).filter(equal(column(3), column(1)));
    let lines = ["root exists(", "filter Eq(#3, #1)", "lists #3 = $1, #4", ")", "lists #1 = $1, #2"];
    let ask = |plan: &mut Plan| {
        exists::ask(plan);
        columns::prune(plan);
    };
    check(is_some(matching()), ask, &lines);
    // All rows are asked where one may be an error.
    let failing = equal(Scalar::call(Op::Div, Prim::Int64, [Scalar::int(1), column(3)]), column(1));
    let mut unchanged = is_some(numbers(3).filter(failing));
    let before = unchanged.to_string();
    exists::ask(&mut unchanged);
    assert_eq!(unchanged.to_string(), before);
}

#[test]
fn columns_are_made_above_joins_that_do_not_use_them() {
    let made = Scalar::call(Op::Add, Prim::Float64, [column(3), column(3)]);
    let right = numbers(3).extend(vec![(ColId(5), made.clone())]);
    let rows = |on| plan(numbers(1).join(JoinKind::Inner, right.clone(), vec![on]), vec![column(5)]);
    let lines = [
        "root #5",
        "extend #5 = Add(#3, #3)",
        "join on Eq(#1, #4)",
        "lists #1 = $1, #2",
        "lists #3 = $1, #4",
    ];
    check(rows(equal(column(1), column(4))), lift::lift, &lines);
    let mut used = rows(equal(column(1), column(5)));
    let before = used.to_string();
    lift::lift(&mut used);
    assert_eq!(used.to_string(), before);
}

#[test]
fn aggregates_of_the_same_rows_are_found_in_one_pass() {
    let large = shared(5).filter(equal(column(5), Scalar::int(7)));
    let columns = vec![sum(shared(3), column(3), 4), sum(large, column(5), 6)];
    let lines = [
        "shared 0:",
        "lists #1 = $1, #2",
        "root #4, #6",
        "aggregate #4 = sum(#101), #6 = sum(#101) where Eq(#101, 7) by",
        "shared 0 #101 = #1",
    ];
    check(with_shared(Rel::Unit, columns), merge::merge, &lines);
    let one = with_shared(Rel::Unit, vec![sum(shared(3), column(3), 4)]);
    let before = one.to_string();
    check(one, merge::merge, &before.lines().map(str::trim).collect::<Vec<_>>());
}

#[test]
fn rows_that_are_used_once_stand_where_they_are_used() {
    let lines = ["shared 0:", "unit", "root #3", "extend #3 = #1", "lists #1 = $1, #2"];
    check(with_shared(shared(3), vec![column(3)]), inline::inline, &lines);
    // They are not evaluated for each row.
    let counted = with_shared(numbers(5), vec![sum(shared(3), column(3), 4)]);
    let before = counted.to_string();
    check(counted, inline::inline, &before.lines().map(str::trim).collect::<Vec<_>>());
}

#[test]
fn what_a_condition_has_answered_is_not_asked_again() {
    let known = numbers(1).filter(column(1).null_check().negated());
    let or_zero = Scalar::choice(column(1).null_check(), Scalar::int(0), column(1));
    let lines = ["root #1", "filter Not(IsNull(#1))", "lists #1 = $1, #2"];
    check(plan(known, vec![or_zero.clone()]), nulls::simplify, &lines);
    let lines = ["root Case(IsNull(#1), 0, #1)", "lists #1 = $1, #2"];
    check(plan(numbers(1), vec![or_zero]), nulls::simplify, &lines);
}

#[test]
fn columns_that_nothing_uses_are_dropped() {
    let made = |id| (ColId(id), Scalar::call(Op::Add, Prim::Int64, [column(1), Scalar::int(1)]));
    let looked_up = numbers(1).extend(vec![made(5), made(6)]).join(
        JoinKind::Left { found: ColId(9), is_unique: true },
        limit(numbers(3)),
        Vec::new(),
    );
    let lines = ["root #6", "extend #6 = Add(#1, 1)", "lists #1 = $1, #2"];
    check(plan(looked_up, vec![column(6)]), columns::prune, &lines);
}

fn divided(a: Scalar, b: Scalar) -> Scalar {
    Scalar::call(Op::Div, Prim::Int64, [a, b])
}

#[test]
fn a_key_that_may_fail_is_a_column_of_the_rows_around() {
    let matching = numbers(3).filter(equal(column(3), divided(Scalar::int(10), column(1))));
    let found = sum(matching, column(4), 5);
    let lines = [
        "root query(#5 of",
        "aggregate #5 = sum(#4) by",
        "filter Eq(#3, #103)",
        "lists #3 = $1, #4",
        ")",
        "extend #103 = When(exists(",
        "lists #101 = $1, #102",
        "), Div(10, #1))",
        "lists #1 = $1, #2",
    ];
    check(plan(numbers(1), vec![found]), keys::add, &lines);
}

#[test]
fn a_look_up_that_depends_on_the_row_otherwise_is_a_join_of_numbered_rows() {
    let matching = numbers(3).filter(equal(column(3), column(1)));
    let found = sum(matching, column(2), 5);
    let lines = [
        "shared 0:",
        "window #103 = number()",
        "lists #101 = $1, #102",
        "root Case(IsNull(#109), 0, #5)",
        "left join #109 on Eq(#104, #108)",
        "shared 0 #104 = #103",
        "aggregate #5 = sum(#107) by #108 = #105",
        "join on Eq(#106, #3)",
        "shared 0 #105 = #103, #106 = #101, #107 = #102",
        "lists #3 = $1, #4",
    ];
    check(plan(numbers(1), vec![found]), |plan| pairs::join(plan, false), &lines);
}

#[test]
fn a_look_up_that_may_fail_is_a_join_where_others_are_not() {
    let matching = || numbers(3).filter(equal(column(3), column(1)));
    let found = aggregate(Op::Max, matching(), column(2), 5);
    let mut unchanged = plan(numbers(1), vec![found]);
    let before = unchanged.to_string();
    pairs::join(&mut unchanged, true);
    assert_eq!(unchanged.to_string(), before);
    let failing = sum(matching(), divided(Scalar::int(10), column(4)), 5);
    let lines = [
        "shared 0:",
        "window #103 = number()",
        "lists #101 = $1, #102",
        "root Case(IsNull(#109), 0, #5)",
        "left join #109 on Eq(#104, #108)",
        "shared 0 #104 = #103",
        "aggregate #5 = sum(Div(10, #4)) by #108 = #105",
        "join on Eq(#106, #3)",
        "shared 0 #105 = #103, #106 = #101",
        "lists #3 = $1, #4",
    ];
    check(plan(numbers(1), vec![failing]), |plan| pairs::join(plan, true), &lines);
}
