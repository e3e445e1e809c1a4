//! Rows as Rust types are what the bytes of the output are.

use postcard_schema::Schema;
use runner_core::{Cancel, Code, Error, RunSync, TypedProgram};
use runner_duckdb::{Config, DuckDb};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::support::program;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Schema)]
struct Metres(f64);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Schema)]
struct Single {
    only: u16,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Schema)]
enum Mood {
    Calm,
    Angry,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Schema)]
enum Shape {
    Point,
    Circle(f64),
    Box { width: i32, height: i32 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Schema)]
struct Row {
    flag: bool,
    small: (i8, u8, i16),
    wide: (u32, u64, f32),
    name: String,
    mood: Mood,
    shapes: Vec<Shape>,
    maybe: Option<i64>,
    nested: Option<Option<String>>,
    pair: Option<(i64, Vec<u8>)>,
    metres: Metres,
    single: Single,
    unit: (),
    fixed: Vec<Option<Vec<i32>>>,
}

const TYPES: &str = "
type Mood: enum {calm, angry}
type Shape: enum {point, circle: Float64, box: {width: Int32, height: Int32}}
type Metres(Float64)
type Row: {
  flag: Bool, small: {Int8, Uint8, Int16}, wide: {Uint32, Uint64, Float32}, name: Text, mood: Mood, shapes: [Shape],
  maybe: Int64?, nested: Text??, pair: {Int64, [Uint8]}?, metres: Metres, single: {only: Uint16}, unit: {},
  fixed: [[Int32]?],
}
";

fn row(number: i64) -> Row {
    let is_odd = number % 2 == 1;
    Row {
        flag: is_odd,
        small: (-128, 255, -32768),
        wide: (u32::MAX, u64::MAX - number.unsigned_abs(), f32::MIN_POSITIVE),
        name: format!("row {number} 'é\u{301}' 😀"),
        mood: if is_odd { Mood::Angry } else { Mood::Calm },
        shapes: match number % 3 {
            0 => vec![],
            1 => vec![Shape::Point, Shape::Circle(-0.0)],
            _ => vec![Shape::Box { width: -1, height: i32::MAX }; 3],
        },
        maybe: is_odd.then_some(i64::MIN + number),
        nested: [None, Some(None), Some(Some(String::new()))][number.unsigned_abs() as usize % 3].clone(),
        pair: is_odd.then(|| (number, vec![0, 255])),
        metres: Metres(number as f64 / 7.0),
        single: Single { only: 65535 },
        unit: (),
        fixed: vec![None, Some(vec![]), Some(vec![1, -2])],
    }
}

fn check<I, T>(source: &str, input: I)
where
    I: Schema + Serialize,
    T: Schema + DeserializeOwned + PartialEq + std::fmt::Debug + Send,
{
    let runner = DuckDb::open(Config::in_memory()).unwrap();
    let program = program(source);
    let prepared = runner.prepare(&program).unwrap();
    let typed = TypedProgram::<I, Vec<T>>::new(program).unwrap();
    let output = runner.execute(&prepared, &typed.encode(&input).unwrap()).unwrap();
    let mut rows = Vec::new();
    let push = |row| {
        rows.push(row);
        Ok(())
    };
    runner.for_each_row(&typed, &prepared, &input, &Cancel::new(), push).unwrap();
    assert_eq!(rows, typed.decode(&output).unwrap());
}

#[test]
fn rows_of_every_shape_are_those_of_the_bytes() {
    let rows: Vec<Row> = (0..5000).map(row).collect();
    check::<_, Row>(&format!("{TYPES}func main(rows: [Row]): [Row] -> rows"), rows.clone());
    check::<_, Vec<Row>>(&format!("{TYPES}func main(rows: [Row]): [[Row]] -> [rows, [], rows]"), rows);
    check::<_, i64>("func main(xs: [Int64]): [Int64] -> xs | filter(x -> x > 2)", vec![1i64, 2]);
    check::<_, Option<Mood>>(
        &format!(
            "{TYPES}func main(xs: [Int64]): [Mood?] -> xs | map(x -> if x > 1 then .some(.angry) else .none)"
        ),
        vec![1i64, 2],
    );
    check::<_, ()>("func main(xs: [Int64]): [{}] -> xs | map(x -> {})", vec![1i64, 2]);
    check::<_, (String,)>("func main(xs: [Text]): [{Text}] -> xs | map(x -> {x})", vec!["a".to_owned()]);
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Schema)]
struct Wrapped(i64);

#[test]
fn a_newtype_reads_a_tuple_of_one_field() {
    check::<_, Wrapped>("func main(xs: [Int64]): [{Int64}] -> xs | map(x -> {x})", vec![1i64, 2]);
}

#[test]
fn an_execute_of_another_program_is_refused_and_a_reader_may_stop() {
    let runner = DuckDb::open(Config::in_memory()).unwrap();
    let source = "func main(n: Int64): [Int64] -> sequence(0, n)";
    let prepared = runner.prepare(&program(source)).unwrap();
    let typed = TypedProgram::<i64, Vec<i64>>::new(program(source)).unwrap();
    let mut seen = 0;
    let stopped = runner.for_each_row(&typed, &prepared, &1_000_000, &Cancel::new(), |_| {
        seen += 1;
        if seen < 10_000 { Ok(()) } else { Err(Error::execution("enough")) }
    });
    assert_eq!((stopped.unwrap_err().message(), seen), ("enough", 10_000));
    let other = TypedProgram::<i64, Vec<i64>>::new(program(&source.replace("0, n", "1, n"))).unwrap();
    let refused = runner.for_each_row(&other, &prepared, &3, &Cancel::new(), |_| Ok(())).unwrap_err();
    assert_eq!(refused.code(), Code::PrepareError);
    let cancel = Cancel::new();
    cancel.cancel();
    let cancelled = runner.for_each_row(&typed, &prepared, &3, &cancel, |_| Ok(())).unwrap_err();
    assert_eq!(cancelled.code(), Code::Cancelled);
}
