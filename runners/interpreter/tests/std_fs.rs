//! `std::fs` from programs.
#![cfg(feature = "fs")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};

use runner_core::{
    Code, Error, Expr, ExprId, External, Field, INPUT, Kind, Op, Param, Parts, Prim, Program, RunSync, Type,
    TypeId, TypeTable, Variant,
};
use runner_interpreter::{Interpreter, fs::Root};

fn row(types: &mut TypeTable, fields: &[(&str, Prim)]) -> TypeId {
    let fields = fields
        .iter()
        .map(|(name, prim)| {
            let prim = types.prim(*prim);
            let (name, ty) = match name.strip_suffix('?') {
                Some(name) => (name, types.option(prim)),
                None => (*name, prim),
            };
            Field { name: Some(name.into()), ty }
        })
        .collect();
    types.push(Type::Tuple(fields))
}

/// `func (file: Text): [R] -> read_parquet(file)`
fn reader(mut types: TypeTable, row: TypeId) -> Program {
    let (input, output) = (types.prim(Prim::Text), types.array(row));
    let body = vec![
        Expr { kind: Kind::Local(INPUT), ty: input },
        Expr { kind: Kind::External { function: 0, args: vec![ExprId(0)] }, ty: output },
    ];
    let path = "std::fs::read_parquet".into();
    let externals = vec![External { path, params: vec![Param::Value(input)], result: output }];
    Program::new(Parts { types, externals, input, output, body, ..Parts::default() }).unwrap()
}

/// `func (files: [Text]): [Int64] -> files | map(file -> count(read_parquet(file)))`
fn counter(mut types: TypeTable, row: TypeId) -> Program {
    let (text, table, int) = (types.prim(Prim::Text), types.array(row), types.prim(Prim::Int64));
    let (input, output) = (types.array(text), types.array(int));
    let local = runner_core::LocalId(1);
    let expr = |kind, ty| Expr { kind, ty };
    let body = vec![
        expr(Kind::Local(INPUT), input),
        expr(Kind::Local(local), text),
        expr(Kind::External { function: 0, args: vec![ExprId(1)] }, table),
        expr(Kind::Call { op: Op::Count, args: vec![ExprId(2)] }, int),
        expr(Kind::Lambda { params: vec![(local, text)], body: ExprId(3) }, int),
        expr(Kind::Call { op: Op::Map, args: vec![ExprId(0), ExprId(4)] }, output),
    ];
    let path = "std::fs::read_parquet".into();
    let externals = vec![External { path, params: vec![Param::Value(text)], result: table }];
    Program::new(Parts { types, externals, input, output, body, ..Parts::default() }).unwrap()
}

/// `func (input: {[R], Text}): {} -> write_parquet(input.0, input.1)`
fn writer(mut types: TypeTable, row: TypeId) -> Program {
    let (text, table, output) = (types.prim(Prim::Text), types.array(row), types.unit());
    let input = types.tuple([table, text]);
    let expr = |kind, ty| Expr { kind, ty };
    let body = vec![
        expr(Kind::Local(INPUT), input),
        expr(Kind::Field { tuple: ExprId(0), index: 0 }, table),
        expr(Kind::Local(INPUT), input),
        expr(Kind::Field { tuple: ExprId(2), index: 1 }, text),
        expr(Kind::External { function: 0, args: vec![ExprId(1), ExprId(3)] }, output),
    ];
    let path = "std::fs::write_parquet".into();
    let externals =
        vec![External { path, params: vec![Param::Value(table), Param::Value(text)], result: output }];
    Program::new(Parts { types, externals, input, output, body, ..Parts::default() }).unwrap()
}

fn run(root: &Path, program: &Program, input: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    let interpreter = Interpreter::builder().root(Root::open(root)?).build();
    let prepared = interpreter.prepare(program)?;
    interpreter.execute(&prepared, &postcard::to_allocvec(input).unwrap())
}

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/flights/data")
}

#[test]
fn a_program_reads_real_data() {
    let mut types = TypeTable::new();
    let row = row(&mut types, &[("name", Prim::Text), ("carrier", Prim::Text)]);
    let output = run(&data(), &reader(types.clone(), row), &"airlines.parquet").unwrap();
    let airlines: Vec<(String, String)> = postcard::from_bytes(&output).unwrap();
    assert!(airlines.contains(&("American Airlines Inc.".into(), "AA".into())), "{airlines:?}");

    let files = ["airlines.parquet", "./airlines.parquet", "airlines.parquet"];
    let count = airlines.len() as i64;
    let output = run(&data(), &counter(types.clone(), row), &&files[..]).unwrap();
    assert_eq!(postcard::from_bytes::<Vec<i64>>(&output).unwrap(), [count; 3]);
    assert_eq!(run(&data(), &counter(types, row), &Vec::<String>::new()).unwrap(), [0]);
}

#[test]
fn what_is_written_reads_back() {
    let directory = tempfile::tempdir().unwrap();
    let mut types = TypeTable::new();
    let row = row(&mut types, &[("id", Prim::Uint16), ("note?", Prim::Text)]);
    for rows in [vec![(1u16, Some("a")), (9, None)], vec![]] {
        assert!(
            run(directory.path(), &writer(types.clone(), row), &(&rows, "rows.parquet")).unwrap().is_empty()
        );
        let output = run(directory.path(), &reader(types.clone(), row), &"rows.parquet").unwrap();
        assert_eq!(postcard::from_bytes::<Vec<(u16, Option<&str>)>>(&output).unwrap(), rows);
    }
}

#[test]
fn what_fails_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let mut types = TypeTable::new();
    let row = row(&mut types, &[("price", Prim::Decimal)]);
    let error =
        run(directory.path(), &writer(types, row), &(vec![1i64, i64::MAX], "prices.parquet")).unwrap_err();
    assert_eq!(error.code(), Code::ExecutionError);
    assert!(error.message().contains("column `price`"), "{error}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn failures_of_files_are_execution_errors() {
    let mut types = TypeTable::new();
    let missing = row(&mut types, &[("tzone", Prim::Text)]);
    for (row, file, words) in [
        (row(&mut types, &[("carrier", Prim::Text)]), "../data/airlines.parquet", "leaves the root"),
        (row(&mut types, &[("carrier", Prim::Text)]), "nothing.parquet", "nothing.parquet"),
        (row(&mut types, &[("carrier", Prim::Text)]), "airlines.csv", "can't be read"),
        (
            row(&mut types, &[("carrier", Prim::Int64)]),
            "airlines.parquet",
            "expected Int64, the file has Utf8",
        ),
        (row(&mut types, &[("wings", Prim::Int64)]), "airlines.parquet", "no such column"),
        (missing, "airports.parquet", "column `tzone`, row "),
    ] {
        let error = run(&data(), &reader(types.clone(), row), &file).unwrap_err();
        assert_eq!(error.code(), Code::ExecutionError, "{error}");
        assert!(error.message().contains(words), "{error}");
    }
}

#[test]
fn what_can_never_work_is_refused_when_it_is_prepared() {
    let mut types = TypeTable::new();
    let plain = row(&mut types, &[("a", Prim::Int64)]);
    let error = Interpreter::new().prepare(&reader(types.clone(), plain)).err().unwrap();
    assert_eq!(error.code(), Code::PrepareError);
    assert!(error.message().contains("root directory"), "{error}");

    let unit = types.unit();
    let variants = ["on", "off"].map(|name| Variant { name: name.into(), ty: unit });
    let switch = types.push(Type::Enum(variants.into()));
    let row = types.push(Type::Tuple(vec![Field { name: Some("light".into()), ty: switch }]));
    for program in [reader(types.clone(), row), writer(types, row)] {
        let interpreter = Interpreter::builder().root(Root::open(data()).unwrap()).build();
        let error = interpreter.prepare(&program).err().unwrap();
        assert_eq!(error.code(), Code::PrepareError);
        assert!(error.message().contains("enum {on, off}"), "{error}");
    }
}
