//! Long arrays, which go in batches, and nested ones, against the same thing said in Rust.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by a panic")]

use runner_core::{
    Expr, ExprId, INPUT, Kind, Literal, LocalId, Op, Parts, Prim, Program, RunSync, TypeId, TypeTable,
};
use runner_interpreter::Interpreter;
use serde::{Serialize, de::DeserializeOwned};

/// Writes programs down.
struct Write {
    types: TypeTable,
    body: Vec<Expr>,
    int: TypeId,
    bool: TypeId,
    ints: TypeId,
    locals: u32,
}

impl Write {
    fn new() -> Self {
        let mut types = TypeTable::new();
        let (int, bool) = (types.prim(Prim::Int64), types.prim(Prim::Bool));
        let ints = types.array(int);
        Self { types, body: Vec::new(), int, bool, ints, locals: 1 }
    }

    fn push(&mut self, kind: Kind, ty: TypeId) -> ExprId {
        self.body.push(Expr { kind, ty });
        ExprId(self.body.len() as u32 - 1)
    }

    fn bind(&mut self) -> LocalId {
        self.locals += 1;
        LocalId(self.locals - 1)
    }

    fn local(&mut self, local: LocalId, ty: TypeId) -> ExprId {
        self.push(Kind::Local(local), ty)
    }

    fn number(&mut self, value: i64) -> ExprId {
        self.push(Kind::Literal(Literal::Int(value)), self.int)
    }

    fn call(&mut self, op: Op, args: &[ExprId], ty: TypeId) -> ExprId {
        self.push(Kind::Call { op, args: args.to_vec() }, ty)
    }

    fn field(&mut self, tuple: ExprId, index: u32, ty: TypeId) -> ExprId {
        self.push(Kind::Field { tuple, index }, ty)
    }

    /// A function of one parameter.
    fn lambda(
        &mut self,
        param: TypeId,
        result: TypeId,
        body: impl FnOnce(&mut Self, LocalId) -> ExprId,
    ) -> ExprId {
        let local = self.bind();
        let body = body(self, local);
        self.push(Kind::Lambda { params: vec![(local, param)], body }, result)
    }

    fn run<I: Serialize, O: DeserializeOwned>(self, input_type: TypeId, input: &I) -> runner_core::Result<O> {
        let output = self.body.last().unwrap().ty;
        let parts =
            Parts { types: self.types, input: input_type, output, body: self.body, ..Parts::default() };
        let interpreter = Interpreter::new();
        let prepared = interpreter.prepare(&Program::new(parts).unwrap())?;
        let bytes = interpreter.execute(&prepared, &postcard::to_allocvec(input).unwrap())?;
        Ok(postcard::from_bytes(&bytes).unwrap())
    }
}

fn numbers(count: i64) -> Vec<i64> {
    (0..count).map(|index| index * 7919 % 100_003 - 50_000).collect()
}

#[test]
fn a_chain_over_many_batches() {
    let xs = numbers(100_000);
    let mut write = Write::new();
    let (int, bool, ints) = (write.int, write.bool, write.ints);
    let source = write.local(INPUT, ints);
    let positive = write.lambda(int, bool, |write, x| {
        let (x, zero) = (write.local(x, int), write.number(0));
        write.call(Op::Gt, &[x, zero], bool)
    });
    let filtered = write.call(Op::Filter, &[source, positive], ints);
    let double = write.lambda(int, int, |write, x| {
        let (x, two) = (write.local(x, int), write.number(2));
        write.call(Op::Mul, &[x, two], int)
    });
    let mapped = write.call(Op::Map, &[filtered, double], ints);
    write.call(Op::Sum, &[mapped], int);
    let sum: i64 = write.run(ints, &xs).unwrap();
    assert_eq!(sum, xs.iter().filter(|x| **x > 0).map(|x| x * 2).sum::<i64>());
}

/// `xs | map(x -> ys | filter(y -> y OP x) | count)`
fn nested(op: Op, xs: &[i64], ys: &[i64]) -> Vec<i64> {
    let mut write = Write::new();
    let (int, bool, ints) = (write.int, write.bool, write.ints);
    let both = write.types.tuple([ints, ints]);
    let input = write.local(INPUT, both);
    let source = write.field(input, 0, ints);
    let mapper = write.lambda(int, int, |write, x| {
        let input = write.local(INPUT, both);
        let source = write.field(input, 1, ints);
        let condition = write.lambda(int, bool, |write, y| {
            let (y, x) = (write.local(y, int), write.local(x, int));
            write.call(op, &[y, x], bool)
        });
        let filtered = write.call(Op::Filter, &[source, condition], ints);
        write.call(Op::Count, &[filtered], int)
    });
    write.call(Op::Map, &[source, mapper], ints);
    write.run(both, &(xs, ys)).unwrap()
}

#[test]
fn nested_filters_by_order_and_by_equality() {
    let xs = numbers(300);
    for ys in [numbers(0), numbers(3), numbers(200), numbers(40_000)] {
        let expected = |test: fn(&i64, &i64) -> bool| -> Vec<i64> {
            xs.iter().map(|x| ys.iter().filter(|y| test(y, x)).count() as i64).collect()
        };
        assert_eq!(nested(Op::Lt, &xs, &ys), expected(i64::lt));
        assert_eq!(nested(Op::Eq, &xs, &ys), expected(i64::eq));
    }
    let (xs, ys) = (numbers(100_000), numbers(100_000));
    assert_eq!(nested(Op::Eq, &xs, &ys), vec![1; 100_000]);
}

#[test]
fn sorting_is_stable_over_many_batches() {
    let rows: Vec<(i64, i64)> =
        numbers(60_000).into_iter().zip(0..).map(|(x, index)| (x % 10, index)).collect();
    let mut write = Write::new();
    let int = write.int;
    let row = write.types.tuple([int, int]);
    let table = write.types.array(row);
    let source = write.local(INPUT, table);
    let key = write.lambda(row, int, |write, row_local| {
        let tuple = write.local(row_local, row);
        write.field(tuple, 0, int)
    });
    write.call(Op::Sort, &[source, key], table);
    let sorted: Vec<(i64, i64)> = write.run(table, &rows).unwrap();
    let mut expected = rows;
    expected.sort_by_key(|row| row.0);
    assert_eq!(sorted, expected);
}

/// Each level is `sum([x] | map(y -> ...))`: deep in the program and on the stack.
#[test]
fn the_deepest_program_fits_a_small_stack() {
    let mut write = Write::new();
    let (int, ints) = (write.int, write.ints);
    let levels = 132;
    let mut body = write.local(LocalId(1), int);
    for level in 1..=levels {
        let params = vec![(LocalId(level), int)];
        let lambda = write.push(Kind::Lambda { params, body }, int);
        let outer = if level == levels { INPUT } else { LocalId(level + 1) };
        let item = write.local(outer, int);
        let array = write.push(Kind::Array(vec![item]), ints);
        let mapped = write.call(Op::Map, &[array, lambda], ints);
        body = write.call(Op::Sum, &[mapped], int);
    }
    let run = move || write.run::<i64, i64>(int, &5).unwrap();
    assert_eq!(std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap(), 5);
}
