//! Programs that runners must never see.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use runner_core::{
    Arm, Code, Expr, ExprId, INPUT, Kind, Literal, LocalId, Op, Parts, Prim, Program, Type, TypeId,
    TypeTable, Variant, limits,
};

/// `Int64`, `Bool`, `[Int64]`, `Int64?`, `{}`, in this order.
fn types() -> (TypeTable, [TypeId; 5]) {
    let mut types = TypeTable::new();
    let (int, bool) = (types.prim(Prim::Int64), types.prim(Prim::Bool));
    let (array, unit) = (types.array(int), types.unit());
    let option = types.option(int);
    (types, [int, bool, array, option, unit])
}

fn refused(output: TypeId, body: Vec<Expr>, words: &str) {
    let (types, [int, ..]) = types();
    let parts = Parts { types, input: int, output, body, ..Parts::default() };
    let error = Program::new(parts).unwrap_err();
    assert_eq!(error.code(), Code::DecodeError);
    assert!(error.message().contains(words), "expected `{words}` in `{error}`");
}

fn expr(kind: Kind, ty: TypeId) -> Expr {
    Expr { kind, ty }
}

#[test]
fn shape_and_scope_are_checked() {
    let (_, [int, bool, array, option, unit]) = types();
    let input = || expr(Kind::Local(INPUT), int);
    let one = || expr(Kind::Literal(Literal::Int(1)), int);
    let call =
        |op, args: &[u32], ty| expr(Kind::Call { op, args: args.iter().map(|id| ExprId(*id)).collect() }, ty);

    refused(int, vec![], "0 expressions");
    refused(int, vec![input(), input()], "is not used");
    refused(int, vec![input(), call(Op::Add, &[0, 0], int)], "again");
    refused(int, vec![call(Op::Neg, &[0], int)], "out of order");
    refused(int, vec![call(Op::Neg, &[7], int)], "out of order");
    refused(int, vec![expr(Kind::Local(LocalId(1)), int)], "not in scope");
    refused(int, vec![expr(Kind::Local(LocalId(u32::MAX)), int)], "not in scope");
    refused(int, vec![expr(Kind::Local(INPUT), TypeId(99))], "type 99");
    refused(bool, vec![input()], "expected Bool, found Int64");

    let lambda = |body, ty| expr(Kind::Lambda { params: vec![(LocalId(1), int)], body: ExprId(body) }, ty);
    refused(int, vec![input(), lambda(0, int)], "only be an argument");
    let rebinds =
        |local| expr(Kind::Let { bindings: vec![(LocalId(local), ExprId(0))], body: ExprId(1) }, int);
    refused(int, vec![one(), input(), rebinds(0)], "bound twice");
    refused(int, vec![one(), input(), rebinds(1_000_000)], "beyond the size");
    let leaks = vec![
        expr(Kind::Array(vec![]), array),
        expr(Kind::Local(LocalId(1)), int),
        lambda(1, int),
        call(Op::Map, &[0, 2], array),
        expr(Kind::Local(LocalId(1)), int),
        call(Op::Contains, &[3, 4], bool),
    ];
    refused(bool, leaks, "not in scope");

    let switch = |arms: &[u32], default: Option<u32>| {
        let arms: Vec<_> = arms
            .iter()
            .map(|variant| Arm { variant: *variant, payload: None, body: ExprId(variant + 2) })
            .collect();
        expr(Kind::Switch { subject: ExprId(1), arms, default: default.map(ExprId) }, int)
    };
    let subject = || {
        vec![expr(Kind::Tuple(vec![]), unit), expr(Kind::Variant { index: 0, payload: ExprId(0) }, option)]
    };
    let with = |more: Vec<Expr>| subject().into_iter().chain(more).collect::<Vec<_>>();
    refused(int, with(vec![one(), switch(&[0], None)]), "cover every variant");
    refused(int, with(vec![one(), one(), one(), switch(&[0, 1], Some(4))]), "cover every variant");
    refused(int, with(vec![one(), one(), switch(&[1, 0], None)]), "in order");
}

#[test]
fn types_of_calls_and_literals_are_checked() {
    let (_, [int, bool, array, option, _]) = types();
    let input = || expr(Kind::Local(INPUT), int);
    let call =
        |op, args: &[u32], ty| expr(Kind::Call { op, args: args.iter().map(|id| ExprId(*id)).collect() }, ty);
    refused(bool, vec![input(), call(Op::Not, &[0], bool)], "must be Bool, not Int64");
    refused(int, vec![input(), call(Op::Add, &[0], int)], "takes 2 arguments");
    refused(bool, vec![input(), call(Op::Neg, &[0], bool)], "must be Int64, not Bool");
    refused(int, vec![input(), call(Op::Sum, &[0], int)], "must be an array, not Int64");
    refused(int, vec![expr(Kind::Literal(Literal::Bool(true)), int)], "is no Int64");
    refused(array, vec![expr(Kind::Literal(Literal::Int(1)), array)], "must be primitive");
    refused(int, vec![input(), expr(Kind::Field { tuple: ExprId(0), index: 0 }, int)], "no such field");
    refused(
        option,
        vec![input(), expr(Kind::Variant { index: 2, payload: ExprId(0) }, option)],
        "no such variant",
    );
    refused(int, vec![expr(Kind::External { function: 0, args: vec![] }, int)], "no such external");
}

#[test]
fn depth_is_bounded_and_needs_no_stack() {
    let (types, [int, ..]) = types();
    let chain = |length: usize| {
        let mut body = vec![expr(Kind::Local(INPUT), int)];
        body.extend(
            (0..length as u32).map(|id| expr(Kind::Call { op: Op::Neg, args: vec![ExprId(id)] }, int)),
        );
        Parts { types: types.clone(), input: int, output: int, body, ..Parts::default() }
    };
    Program::new(chain(limits::EXPR_DEPTH - 1)).unwrap();
    let error = Program::new(chain(500_000)).unwrap_err();
    assert!(error.message().contains("deeper than"), "{error}");
}

#[test]
fn recursive_types_are_compared_without_end() {
    let mut types = TypeTable::new();
    let unit = types.unit();
    let list = |types: &mut TypeTable| {
        let id = types.push(Type::Array(unit));
        let node = types.tuple([unit, id]);
        let variant = |name: &str, ty| Variant { name: name.into(), ty };
        types.set(id, Type::Enum(vec![variant("end", unit), variant("node", node)]));
        id
    };
    let (left, right) = (list(&mut types), list(&mut types));
    assert!(left != right && types.same(left, right));
    let body = vec![expr(Kind::Local(INPUT), left)];
    Program::new(Parts { types, input: left, output: right, body, ..Parts::default() }).unwrap();
}
