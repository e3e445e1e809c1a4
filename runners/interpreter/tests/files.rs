//! Parquet and CSV files against serde's bytes of the same rows.
#![cfg(feature = "fs")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    fs::File,
    io::{Read, Seek, Write},
    path::PathBuf,
};

use proptest::prelude::*;
use runner_core::{Code, Error, Field, Prim, Type, TypeId, TypeTable};
use runner_interpreter::fs::{csv, parquet};

fn tuple(types: &mut TypeTable, fields: &[(&str, TypeId)]) -> TypeId {
    let field = |(name, ty): &(&str, TypeId)| Field { name: Some((*name).into()), ty: *ty };
    types.push(Type::Tuple(fields.iter().map(field).collect()))
}

/// A table with these columns, `name?` for an optional one.
fn table(columns: &[(&str, Prim)]) -> (TypeTable, TypeId) {
    let mut types = TypeTable::new();
    let fields: Vec<_> = columns
        .iter()
        .map(|(name, prim)| {
            let prim = types.prim(*prim);
            match name.strip_suffix('?') {
                Some(name) => (name, types.option(prim)),
                None => (*name, prim),
            }
        })
        .collect();
    let row = tuple(&mut types, &fields);
    let rows = types.array(row);
    (types, rows)
}

fn to_wire<T: serde::Serialize>(rows: &[T]) -> Vec<u8> {
    postcard::to_allocvec(rows).unwrap()
}

fn parquet_file(types: &TypeTable, ty: TypeId, bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    parquet::write(&mut file, types, ty, bytes).unwrap();
    file
}

fn message(error: Error, code: Code) -> String {
    assert_eq!(error.code(), code, "{error}");
    error.message().to_owned()
}

#[test]
fn every_scalar_survives_parquet_and_csv() {
    let prims = [
        Prim::Bool,
        Prim::Int8,
        Prim::Int16,
        Prim::Int32,
        Prim::Int64,
        Prim::Uint8,
        Prim::Uint16,
        Prim::Uint32,
        Prim::Uint64,
        Prim::Float32,
        Prim::Float64,
        Prim::Text,
        Prim::Date,
        Prim::Time,
        Prim::Duration,
        Prim::Timestamp,
        Prim::Decimal,
    ];
    let low = (
        (false, i8::MIN, i16::MIN, i32::MIN, i64::MIN, 0u8, 0u16, 0u32, 0u64),
        (f32::MIN, f64::MIN_POSITIVE, "", i32::MIN, 0u64, i64::MIN, i64::MIN, -999_999_999_999_999_999i64),
    );
    let high = (
        (true, i8::MAX, i16::MAX, i32::MAX, i64::MAX, u8::MAX, u16::MAX, u32::MAX, u64::MAX),
        (
            0.1f32,
            f64::INFINITY,
            "a \"b\",\nč",
            i32::MAX,
            86_399_999_999u64,
            i64::MAX,
            i64::MAX,
            999_999_999_999_999_999i64,
        ),
    );
    let names: Vec<String> = prims.iter().map(|prim| prim.name().to_lowercase()).collect();
    let columns: Vec<_> = names.iter().map(String::as_str).zip(prims).collect();
    let (types, ty) = table(&columns);
    let bytes = to_wire(&[low, high]);
    assert_eq!(parquet::read(parquet_file(&types, ty, &bytes), &types, ty).unwrap(), bytes);

    let mut text = Vec::new();
    csv::write(&mut text, &types, ty, &bytes).unwrap();
    assert_eq!(csv::read(&text[..], &types, ty).unwrap(), bytes, "{}", String::from_utf8_lossy(&text));
}

#[test]
fn files_without_rows() {
    let (types, ty) = table(&[("a", Prim::Int64), ("b?", Prim::Text)]);
    assert_eq!(parquet::read(parquet_file(&types, ty, &[0]), &types, ty).unwrap(), [0]);
    let mut text = Vec::new();
    csv::write(&mut text, &types, ty, &[0]).unwrap();
    assert_eq!(text, b"a,b\n");
    assert_eq!(csv::read(&text[..], &types, ty).unwrap(), [0]);
}

type Leg = (String, Option<(i64, Vec<Option<String>>)>);
type Row = (Option<Vec<Leg>>, Option<bool>, (u8, Vec<Vec<i32>>));

fn rows() -> impl Strategy<Value = Vec<Row>> {
    fn few<T: Strategy>(items: T) -> impl Strategy<Value = Vec<T::Value>> {
        prop::collection::vec(items, 0..4)
    }
    let text = || "[a-zč]{0,3}";
    let leg = (text(), prop::option::of((any::<i64>(), few(prop::option::of(text())))));
    let last = (any::<u8>(), few(few(any::<i32>())));
    few((prop::option::of(few(leg)), any::<Option<bool>>(), last))
}

proptest! {
    #[test]
    fn nested_rows_survive_parquet(rows in rows()) {
        let mut types = TypeTable::new();
        let (text, int, byte) = (types.prim(Prim::Text), types.prim(Prim::Int64), types.prim(Prim::Uint8));
        let (boolean, small) = (types.prim(Prim::Bool), types.prim(Prim::Int32));
        let names = types.option(text);
        let names = types.array(names);
        let inner = tuple(&mut types, &[("x", int), ("names", names)]);
        let inner = types.option(inner);
        let leg = types.tuple([text, inner]);
        let legs = types.array(leg);
        let legs = types.option(legs);
        let flag = types.option(boolean);
        let list = types.array(small);
        let lists = types.array(list);
        let last = tuple(&mut types, &[("n", byte), ("lists", lists)]);
        let row = tuple(&mut types, &[("legs", legs), ("flag", flag), ("last", last)]);
        let ty = types.array(row);

        let bytes = to_wire(&rows);
        prop_assert_eq!(parquet::read(parquet_file(&types, ty, &bytes), &types, ty).unwrap(), bytes);
    }
}

#[test]
fn only_the_columns_of_the_type_are_read_in_its_order() {
    let (types, ty) = table(&[("a", Prim::Int64), ("b", Prim::Text), ("c?", Prim::Bool)]);
    let file = parquet_file(&types, ty, &to_wire(&[(1i64, "x", Some(true)), (2, "y", None)]));
    let (types, ty) = table(&[("c?", Prim::Bool), ("a", Prim::Int64)]);
    assert_eq!(parquet::read(file, &types, ty).unwrap(), to_wire(&[(Some(true), 1i64), (None, 2)]));
}

#[test]
fn columns_that_do_not_fit_are_all_named_with_both_types() {
    let (types, ty) = table(&[("a", Prim::Int64), ("b", Prim::Text)]);
    let file = parquet_file(&types, ty, &to_wire(&[(1i64, "x")]));
    let (types, ty) = table(&[("a?", Prim::Text), ("b", Prim::Text), ("c", Prim::Bool)]);
    assert_eq!(
        message(parquet::read(file, &types, ty).unwrap_err(), Code::DecodeError),
        "column `a`: expected Text?, the file has Int64; \
         column `c`: expected Bool, the file has no such column (columns of the file: a, b)"
    );
}

#[test]
fn a_missing_value_names_column_and_row() {
    let (types, ty) = table(&[("a", Prim::Int64), ("b?", Prim::Text)]);
    let rows: Vec<_> = (0..100_000i64).map(|row| (row, (row != 70_000).then_some("x"))).collect();
    let file = parquet_file(&types, ty, &to_wire(&rows));
    let (types, ty) = table(&[("b", Prim::Text)]);
    assert_eq!(
        message(parquet::read(file, &types, ty).unwrap_err(), Code::DecodeError),
        "column `b`, row 70001: there is no value, and the type is no option"
    );
}

#[test]
fn types_without_a_form_in_a_file_are_refused() {
    let mut types = TypeTable::new();
    let int = types.prim(Prim::Int64);
    let unit = types.unit();
    let option = types.option(int);
    let twice = types.option(option);
    let ordering = types.push(Type::Enum(vec![runner_core::Variant { name: "less".into(), ty: unit }]));
    let endless = types.array(int);
    types.set(endless, Type::Array(endless));
    for column in [unit, twice, ordering, endless] {
        let row = tuple(&mut types, &[("a", column)]);
        let ty = types.array(row);
        let error = parquet::write(Vec::new(), &types, ty, &[0]).unwrap_err();
        assert_eq!(error.code(), Code::PrepareError, "{error}");
        assert_eq!(csv::read(&b"a\n"[..], &types, ty).unwrap_err().code(), Code::PrepareError);
    }
    let ints = types.array(option);
    for ty in [int, ints] {
        assert_eq!(parquet::write(Vec::new(), &types, ty, &[0]).unwrap_err().code(), Code::PrepareError);
    }
}

#[test]
fn damaged_files_are_errors() {
    let (types, ty) = table(&[("a", Prim::Int64), ("b?", Prim::Text), ("c", Prim::Float64)]);
    let rows: Vec<_> =
        (0..3000i64).map(|row| (row % 17, (row % 3 == 0).then(|| row.to_string()), 0.5)).collect();
    let bytes = to_wire(&rows);
    let mut whole = Vec::new();
    let mut file = parquet_file(&types, ty, &bytes);
    file.rewind().unwrap();
    file.read_to_end(&mut whole).unwrap();

    let read = |bytes: &[u8]| {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        parquet::read(file, &types, ty)
    };
    assert_eq!(read(&whole).unwrap(), bytes);
    for length in (0..whole.len()).step_by(whole.len() / 60) {
        let error = read(&whole[..length]).unwrap_err();
        assert_eq!(error.code(), Code::DecodeError, "{length}: {error}");
    }
    // A flipped bit may give other values; what it must not do is to take the process down.
    std::panic::set_hook(Box::new(|_| {}));
    for place in (0..whole.len()).step_by(whole.len() / 400) {
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << (place % 8);
        let _ = read(&damaged);
        damaged[place] = 0xff;
        let _ = read(&damaged);
    }
    for place in whole.len().saturating_sub(600)..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x7f;
        let _ = read(&damaged);
    }
    let _ = std::panic::take_hook();
}

#[test]
fn csv_cells_as_people_write_them() {
    let (types, ty) = table(&[
        ("flag", Prim::Bool),
        ("when", Prim::Timestamp),
        ("price", Prim::Decimal),
        ("delay?", Prim::Float64),
        ("note?", Prim::Text),
        ("name", Prim::Text),
    ]);
    let text = "\u{feff}name,extra,flag,when,price,delay,note\r\n\
                ,1,TRUE,2013-01-01T10:00:00Z,4.2, NA ,\r\n\
                \" x\",1,false,2013-01-01 10:00:00.5, -0.05 ,1e3,\"a,b\"\r\n";
    let when = 1_357_034_400_000_000i64;
    let rows =
        [(true, when, 420i64, None, None, ""), (false, when + 500_000, -5, Some(1000.0), Some("a,b"), " x")];
    assert_eq!(csv::read(text.as_bytes(), &types, ty).unwrap(), to_wire(&rows));
}

#[test]
fn what_is_wrong_in_csv_is_named() {
    let (types, ty) = table(&[("a", Prim::Int8), ("b", Prim::Text)]);
    for (text, expected) in [
        (&b"a,b\n1,x\n300,x\n"[..], "line 3, column `a`: expected Int8, found \"300\""),
        (b"a,b\nNA,x\n", "line 2, column `a`: expected Int8, found \"NA\""),
        (b"a,b\n,x\n", "line 2, column `a`: expected Int8, found \"\""),
        (b"a,b\n1,NA\n", "line 2, column `b`: expected Text, found \"NA\""),
        (b"a,b\n1,\xff\n", "line 2, column `b`: expected Text, found bytes that are not UTF-8"),
        (b"a,b\n1\n", "line 2: the header has 2 columns, this line has 1"),
        (b"a,b\n\"1\n2\",x\n9,9,9\n", "line 2, column `a`: expected Int8, found \"1\\n2\""),
        (b"a,c\n", "the CSV file has no column `b` (columns of the file: a, c)"),
        (b"", "the CSV file has no column `a`, `b` (columns of the file: )"),
    ] {
        assert_eq!(message(csv::read(text, &types, ty).unwrap_err(), Code::DecodeError), expected);
    }
    let mut types = types;
    let nested = types.array(ty);
    let row = tuple(&mut types, &[("rows", nested)]);
    let ty = types.array(row);
    let error = message(csv::read(&b"rows\n"[..], &types, ty).unwrap_err(), Code::PrepareError);
    assert!(error.contains("column `rows`"), "{error}");
}

#[test]
fn real_data_is_the_same_in_both_formats() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/flights/data");
    let flights = [
        ("year", Prim::Int32),
        ("month", Prim::Int32),
        ("dep_time?", Prim::Int32),
        ("arr_delay?", Prim::Int64),
        ("carrier", Prim::Text),
        ("tailnum?", Prim::Text),
        ("time_hour", Prim::Timestamp),
    ];
    let airports = [
        ("faa", Prim::Text),
        ("lat", Prim::Float64),
        ("alt", Prim::Int32),
        ("dst", Prim::Text),
        ("tzone?", Prim::Text),
    ];
    let planes =
        [("tailnum", Prim::Text), ("year?", Prim::Int32), ("speed?", Prim::Int32), ("type", Prim::Text)];
    for (name, columns) in [("flights", &flights[..]), ("airports", &airports), ("planes", &planes)] {
        let (types, ty) = table(columns);
        let open = |extension: &str| File::open(data.join(name).with_extension(extension)).unwrap();
        let from_parquet = parquet::read(open("parquet"), &types, ty).unwrap();
        assert!(from_parquet.len() > 10_000);
        assert!(csv::read(open("csv"), &types, ty).unwrap() == from_parquet, "{name}");
        assert!(parquet::read(parquet_file(&types, ty, &from_parquet), &types, ty).unwrap() == from_parquet);
    }
}
