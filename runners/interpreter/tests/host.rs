//! Rust closures as external functions.
#![cfg(feature = "host")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use runner_core::{
    Cancel, Code, Error, Expr, ExprId, External, INPUT, Kind, LocalId, Op, Param, Parts, Prim, Program,
    Result, RunSync, TypeId, TypeTable,
};
use runner_interpreter::{Builder, Interpreter};
use serde::{Deserialize, Serialize};

/// `func (xs: [A]): [R] -> xs | map(x -> path(x, ...))` with as many arguments as there are parameters.
fn over_items(types: TypeTable, path: &str, param: TypeId, count: usize, result: TypeId) -> Program {
    let mut types = types;
    let (input, output) = (types.array(param), types.array(result));
    let mut body = vec![Expr { kind: Kind::Local(INPUT), ty: input }];
    let args: Vec<_> = (1..).map(ExprId).take(count).collect();
    body.extend(args.iter().map(|_| Expr { kind: Kind::Local(LocalId(1)), ty: param }));
    let call = ExprId(body.len() as u32);
    body.push(Expr { kind: Kind::External { function: 0, args }, ty: result });
    body.push(Expr { kind: Kind::Lambda { params: vec![(LocalId(1), param)], body: call }, ty: result });
    body.push(Expr {
        kind: Kind::Call { op: Op::Map, args: vec![ExprId(0), ExprId(call.0 + 1)] },
        ty: output,
    });
    let externals = vec![External { path: path.into(), params: vec![Param::Value(param); count], result }];
    Program::new(Parts { types, externals, input, output, body, ..Parts::default() }).unwrap()
}

fn ints(path: &str) -> Program {
    let mut types = TypeTable::new();
    let int = types.prim(Prim::Int64);
    over_items(types, path, int, 1, int)
}

fn run(builder: Builder, program: &Program, input: &[i64]) -> Result<Vec<i64>> {
    let interpreter = builder.build();
    let prepared = interpreter.prepare(program)?;
    let output = interpreter.execute(&prepared, &postcard::to_allocvec(input).unwrap())?;
    Ok(postcard::from_bytes(&output).unwrap())
}

#[test]
fn a_closure_is_called_for_every_row() {
    let offset = 10;
    let builder = Interpreter::builder().function("shop::add", move |x: i64| x + offset);
    let input: Vec<i64> = (0..50_000).collect();
    let output = run(builder, &ints("shop::add"), &input).unwrap();
    assert_eq!(output, (10..50_010).collect::<Vec<_>>());
}

#[test]
fn up_to_eight_parameters() {
    let mut types = TypeTable::new();
    let int = types.prim(Prim::Int64);
    let program = |count| over_items(types.clone(), "f", int, count, int);
    let none = Interpreter::builder().function("f", || 7i64);
    assert_eq!(run(none, &program(0), &[1, 2]).unwrap(), [7, 7]);
    let eight = Interpreter::builder()
        .function("f", |a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i64, h: i64| {
            a + b + c + d + e + f + g + h
        });
    assert_eq!(run(eight, &program(8), &[1, 2]).unwrap(), [8, 16]);
}

#[test]
fn a_failure_is_an_execution_error_and_a_panic_is_internal() {
    let fails = Interpreter::builder()
        .try_function("f", |x: i64| u8::try_from(x).map(i64::from).map_err(|_| format!("{x} is too much")));
    let error = run(fails, &ints("f"), &[1, 300]).unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::ExecutionError, "f: 300 is too much"));

    std::panic::set_hook(Box::new(|_| {}));
    let interpreter =
        Interpreter::builder().function("f", |x: i64| if x > 9 { panic!("no") } else { x }).build();
    let prepared = interpreter.prepare(&ints("f")).unwrap();
    let execute = |x: i64| interpreter.execute(&prepared, &postcard::to_allocvec(&[x][..]).unwrap());
    assert_eq!(execute(10).unwrap_err().code(), Code::Internal);
    assert_eq!(execute(9).unwrap(), [1, 18]);
    let _ = std::panic::take_hook();
}

#[test]
fn a_cancelled_execution_calls_no_more() {
    let cancel = Cancel::new();
    let raised = cancel.clone();
    let interpreter = Interpreter::builder()
        .function("f", move |x: i64| {
            assert!(x < 100, "called after the cancel");
            if x == 50 {
                raised.cancel();
            }
            x
        })
        .build();
    let prepared = interpreter.prepare(&ints("f")).unwrap();
    let input = postcard::to_allocvec(&(0..1000i64).collect::<Vec<_>>()).unwrap();
    assert_eq!(interpreter.execute_with(&prepared, &input, &cancel).unwrap_err().code(), Code::Cancelled);
}

#[derive(Serialize, Deserialize, postcard_schema::Schema, Clone, Debug, PartialEq)]
struct Place {
    name: String,
    r#type: Kindness,
    tags: Vec<Option<u8>>,
}

#[derive(Serialize, Deserialize, postcard_schema::Schema, Clone, Debug, PartialEq)]
enum Kindness {
    BigCity,
    Village { people: u32 },
}

#[test]
fn the_interface_declares_what_the_closures_are() {
    let interpreter = Interpreter::builder()
        .function("near(address, `type`)", |_: String, _: (f64, f64), _: i32| Vec::<Place>::new())
        .function("maps::inner::now()", || 0u64)
        .function("letter", |_: char| ())
        .build();
    assert_eq!(
        interpreter.get_interface().unwrap().lines().collect::<Vec<_>>(),
        [
            "external func near(address: Text, `type`: {Float64, Float64}, c: Int32): \
             [{name: Text, `type`: enum {big_city, village: {people: Uint32}}, tags: [Uint8?]}]",
            "module maps { module inner { external func now(): Uint64 } }",
            "# letter: Lutra has no type for Rust's `char`",
        ]
    );
}

#[test]
fn other_types_are_refused_when_a_program_is_prepared() {
    let mut types = TypeTable::new();
    let (int, text) = (types.prim(Prim::Int64), types.prim(Prim::Text));
    let builder = || Interpreter::builder().function("f(amount)", |x: i64| x);
    let refused = |program: &Program| -> Error {
        let error = builder().build().prepare(program).err().unwrap();
        assert_eq!(error.code(), Code::PrepareError, "{error}");
        error
    };
    let error = refused(&over_items(types.clone(), "f", text, 1, int));
    assert_eq!(error.message(), "the program's parameter `amount` of f is Text, which is no Rust type `i64`");
    let error = refused(&over_items(types.clone(), "f", int, 1, text));
    assert_eq!(error.message(), "the program's result of f is Text, which is no Rust type `i64`");
    let error = refused(&over_items(types.clone(), "f", int, 2, int));
    assert!(error.message().contains("external func f(amount: Int64): Int64"), "{error}");
    refused(&over_items(types, "g", int, 1, int));
}
