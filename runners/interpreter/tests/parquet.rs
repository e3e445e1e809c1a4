//! A program gives the same answer for the rows of a Parquet file, of which it reads what it uses, as for rows in memory.
#![cfg(feature = "fs")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail by a panic")]

use std::fs::File;

use runner_core::{Cancel, Code, Program, RunSync};
use runner_interpreter::{
    Interpreter, Limits,
    fs::{Root, parquet},
};
use runner_lang::{Project, compile};

const ROWS: i64 = 70_000;

const ROW: &str = "{id: Int64, kind: Int32, name: Text, note: Text?, price: Float64, day: Date, at: {x: Int64, y: Text}, tags: [Text]}";

/// Expressions over `rows`, and over `few`, the first of them. Each uses some columns in a way of its own.
const EXPRESSIONS: &[&str] = &[
    "count(rows)",
    "rows | map(r -> r.price) | sum",
    "rows | map(r -> r.kind) | max",
    "rows | filter(r -> r.kind == 3) | map(r -> r.id)",
    "rows | filter(r -> r.kind == 3 && r.price > 100.0) | map(r -> {r.name, r.note})",
    "rows | filter(r -> r.id % 10000 == 7)",
    "rows | filter(r -> r.kind > 100)",
    "rows | filter(r -> text::ends_with(r.name, \"7\")) | map(r -> r.at.y) | distinct",
    "rows | map(r -> {..r, twice = r.price * 2.0}) | filter(r -> r.twice > 139000.0)",
    "rows | slice(65000, 65003)",
    "rows | sort_desc(r -> r.price) | map(r -> r.id) | slice(0, 20)",
    "rows | sort(r -> r.name) | slice(0, 5)",
    "rows | find(r -> r.name == \"n5\")",
    "rows | find(r -> r.name == \"n5\") | map_or(0, r -> r.id)",
    "rows | find(r -> r.name == \"none\") | is_some",
    "rows | index(69999) | map_or(\"\", r -> r.at.y)",
    "rows | flat_map(r -> r.tags) | distinct",
    "rows | flat_map(r -> if r.kind == 1 then [r.at.x] else []) | sum",
    "rows | map(r -> match r.note { .some(text) => text, .none => r.name }) | distinct | count",
    "rows | group_map(r -> r.kind, func (kind, items) -> {kind, n = count(items)})",
    "rows | group_map(r -> r.kind, func (kind, items) -> {kind, total = items | map(r -> r.price) | sum})",
    "rows | group_map(r -> r.name, func (name, items) -> {name, ids = items | map(r -> r.id) | slice(0, 2)})",
    "rows | group_map(r -> {r.kind, r.note}, func (key, items) -> {..key, most = items | map(r -> r.id) | max, mean = items | map(r -> r.id) | mean})",
    "rows | group_map(r -> r.kind, func (kind, items) -> {kind, some = items | filter(r -> r.price > 50.0 * to_float64(kind)) | count})",
    "rows | group_map(r -> r.kind, func (kind, items) -> items | index(0))",
    "rows | group_map(r -> r.kind, func (kind, items) -> {all = items | map(r -> r.id >= 0) | all, any = items | map(r -> r.id == 5) | any})",
    "rows | group(r -> r.kind) | map(g -> g.values | map(r -> r.at.x) | sum)",
    "few | map(f -> rows | filter(r -> r.id == f.id) | map(r -> r.name))",
    "few | flat_map(f -> rows | filter(r -> r.kind == f.kind && r.price > 69990.0) | map(r -> {f.name, r.id}))",
    "few | filter(f -> rows | find(r -> r.id == f.id * 2 && r.kind != f.kind) | is_some) | map(f -> f.id)",
    "few | map(f -> rows | filter(r -> r.at.x == f.id) | count)",
    "rows | flat_map(r -> rows | filter(o -> o.id == r.id + 1 && o.kind == 2) | map(o -> {r.id, o.day})) | count",
    "few | flat_map(f -> rows | filter(r -> r.id == 0 - 1 - f.id) | map(r -> r.name))",
    "few | map(f -> rows | filter(r -> r.name == f.name && r.kind == 1) | map(r -> {..r, f.id}) | map(x -> x.price) | sum)",
    "few | map(f -> rows | filter(r -> r.note == f.note && r.kind == f.kind && r.id < 500) | count)",
    "rows | filter(r -> r.kind == 1) | map(r -> {..r, more = few | filter(f -> f.at.x == r.at.x) | count}) | filter(x -> x.more > 0) | map(x -> x.name)",
    "rows | flat_map(r -> rows | filter(o -> o.id == r.id * 3 && text::contains(o.name, \"1\")) | map(o -> {..r, ..o, r.name})) | map(x -> {x.name, x.price}) | slice(0, 50)",
    "rows | filter(r -> r.at.y != \"east\") | group_map(r -> {r.at.y, r.note}, func (key, items) -> {..key, n = items | filter(r -> r.name != \"n1\") | count})",
    "rows | sort(r -> r.at.y) | map(r -> r.name) | slice(100, 120)",
    "rows | map(r -> r.note) | distinct",
    "rows | map(r -> text::upper(r.at.y)) | distinct",
    "[1, 2] | flat_map(n -> rows | filter(r -> r.kind == to_int32(n)) | map(r -> {n, r.id})) | count",
    "rows | filter(r -> few | map(f -> f.name) | contains(r.name)) | map(r -> r.id)",
    "rows | map(r -> r.name) | zip(rows | map(r -> r.id)) | slice(100, 104)",
    "rows | map(r -> r.name) | append(few | map(f -> f.at.y)) | count",
    "(let a = rows | filter(r -> r.kind == 2); {count(a), a | map(r -> r.price) | sum, a | slice(3, 4)})",
    "rows | fold(0, func (sum, r) -> sum + r.id)",
    "rows | map(r -> r.at) | index(3)",
    "{first = rows | slice(0, 1), n = rows | map(r -> r.day) | max}",
];

#[test]
fn a_file_gives_the_same_answers_as_rows_in_memory() {
    let data = data();
    let runner = Interpreter::builder().root(Root::open(data.folder.path()).unwrap()).build();
    for expression in EXPRESSIONS {
        let expected = run(&runner, &memory(expression), &data.rows);
        let found = run(&runner, &file(expression), &[]);
        assert!(found == expected, "{expression}\n{:?}\n{:?}", shown(&found), shown(&expected));
    }
}

#[test]
fn a_column_that_is_not_used_must_be_there_with_its_type() {
    let data = data();
    let runner = Interpreter::builder().root(Root::open(data.folder.path()).unwrap()).build();
    for (row, words) in [
        ("{id: Int64, wings: Int64}", "column `wings`: expected Int64, the file has no such column"),
        ("{id: Int64, name: Int64}", "column `name`: expected Int64, the file has Utf8"),
    ] {
        let program = program(&format!(
            "func main(): Int64 -> (fs::read_parquet(\"rows.parquet\"): [{row}]) | map(r -> r.id) | sum"
        ));
        let prepared = runner.prepare(&program).unwrap();
        let error = runner.execute(&prepared, &[]).unwrap_err();
        assert_eq!(error.code(), Code::ExecutionError);
        assert!(error.message().contains(words), "{error}");
        assert!(error.place().is_some(), "{error}");
    }
}

#[test]
fn a_value_that_is_missing_is_an_error_where_it_is_used() {
    let data = data();
    let runner = Interpreter::builder().root(Root::open(data.folder.path()).unwrap()).build();
    let program = program(
        "func main(): Int64 -> (fs::read_parquet(\"rows.parquet\"): [{note: Text}])
            | filter(r -> r.note == \"even\") | count",
    );
    let error = runner.execute(&runner.prepare(&program).unwrap(), &[]).unwrap_err();
    assert!(error.message().contains("column `note`, row 2: there is no value"), "{error}");
}

/// Columns that are not used take no memory, and neither do rows that have passed.
#[test]
fn a_scan_takes_the_memory_of_a_batch() {
    let data = data();
    let limits = Limits { memory_bytes: Some(8 << 20), ..Limits::default() };
    let runner = Interpreter::builder().limits(limits).root(Root::open(data.folder.path()).unwrap()).build();
    for expression in [
        "rows | map(r -> r.price) | sum",
        "rows | filter(r -> text::contains(r.name, \"7\")) | map(r -> r.tags | count) | sum",
        "rows | filter(r -> r.id % 1000 == 0) | map(r -> {r.id, r.name})",
        "rows | filter(r -> r.id % 1000 == 0)",
        "few | flat_map(f -> rows | filter(r -> r.id == f.id) | map(r -> r.name))",
    ] {
        let expected = run(&runner, &file(expression), &[]);
        assert!(expected.is_ok(), "{expression}");
        assert!(in_pieces(&runner, &file(expression)) == expected, "{expression}");
    }
    assert_eq!(run(&runner, &file("rows"), &[]).err(), Some(Code::ResourceExhausted));
}

#[test]
fn a_file_that_two_expressions_want_as_a_whole_has_the_columns_of_both() {
    let data = data();
    let twice = "{rows | sort(r -> r.id) | index(7) | map_or(0, r -> r.id), rows | sort_desc(r -> r.name) | index(7) | map_or(0.0, r -> r.price)}";
    let runner = Interpreter::builder().root(Root::open(data.folder.path()).unwrap()).build();
    assert_eq!(run(&runner, &file(twice), &[]), run(&runner, &memory(twice), &data.rows));
}

/// A file of three row groups, of which those are read that statistics do not rule out.
#[test]
fn row_groups_that_a_condition_rules_out_are_not_read() {
    const MANY: i64 = 2_200_000;
    let rows: Vec<(i64, i32)> = (0..MANY).map(|id| (id, (id % 100) as i32)).collect();
    let rows = postcard::to_allocvec(&rows).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let table = "{id: Int64, kind: Int32}";
    let memory = |expression: &str| {
        program(&format!("func main(rows: [{table}]) -> {}", expression.replace("FILE", "rows")))
    };
    let file = |expression: &str| {
        let read = format!("(fs::read_parquet(\"many.parquet\"): [{table}])");
        program(&format!("func main() -> {}", expression.replace("FILE", &read)))
    };
    let written = memory("FILE");
    let output = File::create(folder.path().join("many.parquet")).unwrap();
    parquet::write(output, written.types(), written.input(), &rows).unwrap();
    let unbounded = Interpreter::builder().root(Root::open(folder.path()).unwrap()).build();
    // Fewer than there are rows in the first two groups.
    let limits = Limits { steps: Some(1_500_000), ..Limits::default() };
    let bounded = Interpreter::builder().limits(limits).root(Root::open(folder.path()).unwrap()).build();
    for (expression, is_bounded) in [
        ("FILE | filter(r -> r.id > 2199000) | map(r -> r.kind) | sum", true),
        ("FILE | filter(r -> 2199000 <= r.id && r.kind == 7) | map(r -> r.id)", true),
        ("FILE | filter(r -> r.id == 2199000) | count", true),
        ("FILE | filter(r -> r.id < 0) | map(r -> r.kind)", true),
        ("FILE | filter(r -> r.kind < 0) | map(r -> r.id)", true),
        ("FILE | filter(r -> r.id > 2199000 || r.id == 5) | map(r -> r.kind)", false),
        ("FILE | filter(r -> r.kind == 7) | filter(r -> r.id > 2199000) | map(r -> r.id)", true),
        ("[2199001, 2199005] | flat_map(n -> FILE | filter(r -> r.id == n) | map(r -> r.kind))", true),
        ("[1, 2199005] | flat_map(n -> FILE | filter(r -> r.id == n) | map(r -> r.kind))", false),
        (
            "[7, 8] | flat_map(n -> FILE | filter(r -> to_int64(r.kind) == n && r.id > 2199000) | map(r -> r.id))",
            true,
        ),
    ] {
        let expected = run(&unbounded, &memory(expression), &rows);
        assert!(expected.is_ok(), "{expression}");
        assert!(run(&unbounded, &file(expression), &[]) == expected, "{expression}");
        assert_eq!(run(&bounded, &file(expression), &[]).is_ok(), is_bounded, "{expression}");
    }
}

struct Data {
    folder: tempfile::TempDir,
    rows: Vec<u8>,
}

type Row<'a> = (i64, i32, String, Option<&'a str>, f64, i32, (i64, &'a str), Vec<&'a str>);

fn data() -> Data {
    let row = |id: i64| -> Row<'static> {
        let note = ["even", "odd"].get(id as usize % 2).copied().filter(|_| id % 5 != 1);
        let tags: Vec<&str> = ["a", "b", "c"].into_iter().take(id as usize % 4).collect();
        let price = ((id * 7919) % ROWS) as f64;
        let place = ["north", "south", "east"].get(id as usize / 7 % 3).copied().unwrap_or_default();
        (
            id,
            (id / 3 % 4) as i32,
            format!("n{}", id * 31 % 1000),
            note,
            price,
            (id % 400) as i32,
            (id / 2, place),
            tags,
        )
    };
    let rows: Vec<Row<'_>> = (0..ROWS).map(row).collect();
    let rows = postcard::to_allocvec(&rows).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = memory("rows");
    let file = File::create(folder.path().join("rows.parquet")).unwrap();
    parquet::write(file, program.types(), program.input(), &rows).unwrap();
    Data { folder, rows }
}

/// The expression over rows that are the input.
fn memory(expression: &str) -> Program {
    program(&format!("func main(rows: [{ROW}]) -> (let few = rows | slice(0, 100); {expression})"))
}

/// The expression over the rows of the file.
fn file(expression: &str) -> Program {
    let table = format!("(fs::read_parquet(\"rows.parquet\"): [{ROW}])");
    let few = format!("({table} | slice(0, 100))");
    program(&format!("func main() -> {}", expression.replace("rows", &table).replace("few", &few)))
}

fn program(source: &str) -> Program {
    compile(&Project::from_source("test.lt", source), "main")
        .unwrap_or_else(|errors| panic!("{source}: {errors:#?}"))
        .program
}

fn run(runner: &Interpreter, program: &Program, input: &[u8]) -> Result<Vec<u8>, Code> {
    let prepared = runner.prepare(program).unwrap();
    runner.execute(&prepared, input).map_err(|error| error.code())
}

fn in_pieces(runner: &Interpreter, program: &Program) -> Result<Vec<u8>, Code> {
    let prepared = runner.prepare(program).unwrap();
    let mut output = Vec::new();
    let last = runner.execute_chunks_with(&prepared, &[], &Cancel::new(), &mut |piece| {
        output.extend_from_slice(&piece);
        Ok(())
    });
    output.extend_from_slice(&last.map_err(|error| error.code())?);
    Ok(output)
}

fn shown(bytes: &Result<Vec<u8>, Code>) -> Result<&[u8], Code> {
    bytes.as_ref().map(|bytes| bytes.get(..200).unwrap_or(bytes)).map_err(|code| *code)
}
