//! Work stops where limits and callers say so.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by a panic")]

use std::time::{Duration, Instant};

use runner_core::{
    Cancel, Code, Detail, Expr, ExprId, INPUT, Kind, LocalId, Op, Parts, Prim, Program, Result, RunSync,
    TypeTable,
};
use runner_interpreter::{Interpreter, Limits};

/// `func (xs: [Int64]): [Int64] -> loop_until_empty(xs, ys -> ...)`, where the body is `ys` or `append(ys, ys)`.
fn endless(grows: bool) -> Program {
    let mut types = TypeTable::new();
    let int = types.prim(Prim::Int64);
    let ints = types.array(int);
    let ys = LocalId(1);
    let mut body =
        vec![Expr { kind: Kind::Local(INPUT), ty: ints }, Expr { kind: Kind::Local(ys), ty: ints }];
    if grows {
        body.push(Expr { kind: Kind::Local(ys), ty: ints });
        body.push(Expr { kind: Kind::Call { op: Op::Append, args: vec![ExprId(1), ExprId(2)] }, ty: ints });
    }
    let last = ExprId(body.len() as u32 - 1);
    body.push(Expr { kind: Kind::Lambda { params: vec![(ys, ints)], body: last }, ty: ints });
    let lambda = ExprId(body.len() as u32 - 1);
    body.push(Expr { kind: Kind::Call { op: Op::LoopUntilEmpty, args: vec![ExprId(0), lambda] }, ty: ints });
    Program::new(Parts { types, input: ints, output: ints, body, ..Parts::default() }).unwrap()
}

/// `func (n: Int64): Int64 -> sequence(0, n) | filter(x -> x < 0) | count`
fn long() -> Program {
    let mut types = TypeTable::new();
    let int = types.prim(Prim::Int64);
    let bool = types.prim(Prim::Bool);
    let ints = types.array(int);
    let x = LocalId(1);
    let zero = || Expr { kind: Kind::Literal(runner_core::Literal::Int(0)), ty: int };
    let call = |op, args: &[u32], ty| Expr {
        kind: Kind::Call { op, args: args.iter().copied().map(ExprId).collect() },
        ty,
    };
    let body = vec![
        zero(),
        Expr { kind: Kind::Local(INPUT), ty: int },
        call(Op::Sequence, &[0, 1], ints),
        Expr { kind: Kind::Local(x), ty: int },
        zero(),
        call(Op::Lt, &[3, 4], bool),
        Expr { kind: Kind::Lambda { params: vec![(x, int)], body: ExprId(5) }, ty: bool },
        call(Op::Filter, &[2, 6], ints),
        call(Op::Count, &[7], int),
    ];
    Program::new(Parts { types, input: int, output: int, body, ..Parts::default() }).unwrap()
}

fn run(program: &Program, limits: Limits, input: &[u8], cancel: &Cancel) -> Result<Vec<u8>> {
    let interpreter = Interpreter::builder().limits(limits).build();
    interpreter.execute_with(&interpreter.prepare(program)?, input, cancel)
}

fn limit(error: &runner_core::Error) -> &str {
    match error.details().iter().find(|detail| matches!(detail, Detail::Limit { .. })) {
        Some(Detail::Limit { name, .. }) => name,
        _ => "",
    }
}

#[test]
fn an_endless_loop_ends() {
    let one = [1, 2];
    let no = Limits::default();
    for (grows, limits, code, name) in [
        (false, Limits { time: Some(Duration::from_millis(50)), ..no }, Code::DeadlineExceeded, ""),
        (false, Limits { steps: Some(100_000), ..no }, Code::ResourceExhausted, "steps"),
        (false, Limits { memory_bytes: Some(1 << 20), ..no }, Code::ResourceExhausted, "memory_bytes"),
        (true, Limits { memory_bytes: Some(1 << 20), ..no }, Code::ResourceExhausted, "memory_bytes"),
    ] {
        let error = run(&endless(grows), limits, &one, &Cancel::new()).unwrap_err();
        assert_eq!((error.code(), limit(&error)), (code, name), "{error}");
    }
}

#[test]
fn a_long_stream_takes_no_memory_and_stops_when_asked() {
    let limits = Limits { memory_bytes: Some(4 << 20), ..Limits::default() };
    let n = postcard::to_allocvec(&10_000_000i64).unwrap();
    assert_eq!(run(&long(), limits, &n, &Cancel::new()).unwrap(), [0]);

    let n = postcard::to_allocvec(&i64::MAX).unwrap();
    let cancel = Cancel::new();
    let other = cancel.clone();
    let thread = std::thread::spawn(move || {
        let started = Instant::now();
        (run(&long(), Limits::default(), &n, &other).unwrap_err().code(), started.elapsed())
    });
    std::thread::sleep(Duration::from_millis(20));
    cancel.cancel();
    assert_eq!(thread.join().unwrap().0, Code::Cancelled);
}

#[test]
fn an_array_beyond_the_offsets_is_refused_before_it_is_made() {
    let mut types = TypeTable::new();
    let int = types.prim(Prim::Int64);
    let ints = types.array(int);
    let local = || Expr { kind: Kind::Local(INPUT), ty: int };
    let zero = Expr { kind: Kind::Literal(runner_core::Literal::Int(0)), ty: int };
    let call = |op, args: Vec<ExprId>| Expr { kind: Kind::Call { op, args }, ty: ints };
    let body = vec![
        zero,
        local(),
        call(Op::Sequence, vec![ExprId(0), ExprId(1)]),
        call(Op::Reverse, vec![ExprId(2)]),
    ];
    let program = Program::new(Parts { types, input: int, output: ints, body, ..Parts::default() }).unwrap();
    let n = postcard::to_allocvec(&(1i64 << 40)).unwrap();
    let error = run(&program, Limits::default(), &n, &Cancel::new()).unwrap_err();
    assert_eq!((error.code(), limit(&error)), (Code::ResourceExhausted, "column_rows"));
}

#[test]
fn the_limits_are_described_and_a_closed_interpreter_refuses() {
    let limits = Limits { steps: Some(7), time: Some(Duration::from_secs(2)), ..Limits::default() };
    let interpreter = Interpreter::builder().limits(limits).build();
    let description = interpreter.describe().unwrap();
    assert_eq!(description.limits, [("steps".into(), 7), ("time_ms".into(), 2000)]);

    let prepared = interpreter.prepare(&long()).unwrap();
    interpreter.shutdown().unwrap();
    interpreter.shutdown().unwrap();
    assert_eq!(interpreter.execute(&prepared, &[0]).unwrap_err().code(), Code::Unavailable);
    assert_eq!(interpreter.prepare(&long()).err().map(|error| error.code()), Some(Code::Unavailable));
}
