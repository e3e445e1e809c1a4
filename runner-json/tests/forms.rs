//! The table of the crate's page, and what each mistake is told.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use runner_core::{Code, Field, Prim, Type, TypeId, TypeTable, Value, Variant, wire};
use runner_json::{Layout, print, read};

fn named(types: &mut TypeTable, fields: &[(&str, TypeId)]) -> TypeId {
    let fields = fields.iter().map(|(name, ty)| Field { name: Some((*name).into()), ty: *ty }).collect();
    types.push(Type::Tuple(fields))
}

fn variants(types: &mut TypeTable, variants: &[(&str, TypeId)]) -> TypeId {
    let variants = variants.iter().map(|(name, ty)| Variant { name: (*name).into(), ty: *ty }).collect();
    types.push(Type::Enum(variants))
}

/// Both ways.
#[track_caller]
fn same(types: &TypeTable, ty: TypeId, value: &Value, json: &str) {
    let bytes = wire::encode(types, ty, value).unwrap();
    let printed = print(types, ty, &bytes, Layout::Compact).unwrap();
    assert_eq!(String::from_utf8(printed).unwrap(), json);
    assert_eq!(read(types, ty, json.as_bytes()), Ok(bytes));
}

#[track_caller]
fn fails(types: &TypeTable, ty: TypeId, json: &str, message: &str) {
    let error = read(types, ty, json.as_bytes()).unwrap_err();
    assert_eq!(error.code(), Code::DecodeError);
    assert_eq!(error.message(), message, "of {json}");
}

#[test]
fn scalars() {
    let mut types = TypeTable::new();
    let mut scalar = |prim, value, json| {
        let ty = types.prim(prim);
        same(&types, ty, &value, json);
    };
    scalar(Prim::Bool, Value::Bool(true), "true");
    scalar(Prim::Int64, Value::Int(i64::MIN), "-9223372036854775808");
    scalar(Prim::Uint64, Value::Uint(u64::MAX), "18446744073709551615");
    scalar(Prim::Float64, Value::Float64(0.1), "0.1");
    scalar(Prim::Float64, Value::Float64(-0.0), "-0.0");
    scalar(Prim::Float32, Value::Float32(16_777_216.0), "16777216.0");
    scalar(Prim::Float64, Value::Float64(f64::NEG_INFINITY), "\"-inf\"");
    scalar(Prim::Text, Value::Text("a\"\n\u{1}é".into()), r#""a\"\n\u0001é""#);
    scalar(Prim::Date, Value::Int(20_406), "\"2025-11-14\"");
    scalar(Prim::Time, Value::Uint(58_064_120_000), "\"16:07:44.120000\"");
    scalar(Prim::Duration, Value::Int(-1_800_000_000), "\"-00:30:00.000000\"");
    scalar(Prim::Timestamp, Value::Int(1), "\"1970-01-01T00:00:00.000001\"");
    scalar(Prim::Decimal, Value::Int(-420), "\"-4.20\"");
}

#[test]
fn what_is_read_too() {
    let mut types = TypeTable::new();
    let mut reads = |prim, json: &str, value| {
        let ty = types.prim(prim);
        let bytes = wire::encode(&types, ty, &value).unwrap();
        assert_eq!(read(&types, ty, json.as_bytes()), Ok(bytes), "{json}");
    };
    reads(Prim::Int8, "3.0", Value::Int(3));
    reads(Prim::Int64, "1e3", Value::Int(1000));
    reads(Prim::Int64, "9007199254740993.0", Value::Int(9_007_199_254_740_993));
    reads(Prim::Int64, "900719925474099300e-2", Value::Int(9_007_199_254_740_993));
    reads(Prim::Int64, "-9.223372036854775808e18", Value::Int(i64::MIN));
    reads(Prim::Uint64, "18446744073709551615.0", Value::Uint(u64::MAX));
    reads(Prim::Prim64, "18446744073709551615.0", Value::Uint(u64::MAX));
    reads(Prim::Float64, "3", Value::Float64(3.0));
    reads(Prim::Float32, "3", Value::Float32(3.0));
    reads(Prim::Decimal, "90071992547409.93", Value::Int(9_007_199_254_740_993));
    reads(Prim::Decimal, "4", Value::Int(400));
    reads(Prim::Duration, "\"0:30:00\"", Value::Int(1_800_000_000));
    reads(Prim::Text, "\u{feff} \"a\" ", Value::Text("a".into()));
}

#[test]
fn options_of_options() {
    let mut types = TypeTable::new();
    let int = types.prim(Prim::Int64);
    let once = types.option(int);
    let framed = types.push(Type::Framed { name: "Maybe".into(), field: None, inner: once });
    for inner in [once, framed] {
        let twice = types.option(inner);
        same(&types, twice, &Value::none(), "null");
        same(&types, twice, &Value::some(Value::none()), "\"none\"");
        same(&types, twice, &Value::some(Value::some(Value::Int(1))), "{\"some\":1}");
    }
    let twice = types.option(once);
    let thrice = types.option(twice);
    same(&types, thrice, &Value::some(Value::some(Value::none())), "{\"some\":\"none\"}");
    fails(
        &types,
        twice,
        "1",
        "line 1, column 1: expected one of \"none\", {\"some\": Int64}, found the number 1",
    );
}

#[test]
fn tuples() {
    let mut types = TypeTable::new();
    let (int, text) = (types.prim(Prim::Int64), types.prim(Prim::Text));
    let option = types.option(int);
    let row = named(&mut types, &[("a", int), ("b", option), ("c", text)]);
    let value = |b| Value::Tuple(vec![Value::Int(1), b, Value::Text("x".into())]);
    same(&types, row, &value(Value::none()), r#"{"a":1,"b":null,"c":"x"}"#);
    let bytes = wire::encode(&types, row, &value(Value::none())).unwrap();
    for json in [r#"{"a":1,"c":"x"}"#, r#"{"c":"x","a":1}"#, r#"{"c":"x","b":null,"a":1}"#] {
        assert_eq!(read(&types, row, json.as_bytes()).as_deref(), Ok(&*bytes), "{json}");
    }
    fails(&types, row, r#"{"a":1}"#, "line 1, column 7: missing field `c` of {a: Int64, b: Int64?, c: Text}");
    fails(&types, row, r#"{"a":1,"d":1}"#, "line 1, column 10: unknown field `d`, known are: a, b, c");
    fails(&types, row, r#"{"a":1,"a":1}"#, "line 1, column 10: field `a` is there twice");
    fails(
        &types,
        row,
        "[1]",
        "line 1, column 1: expected an object for {a: Int64, b: Int64?, c: Text}, found an array",
    );

    let pair = types.tuple([int, text]);
    same(&types, pair, &Value::Tuple(vec![Value::Int(1), Value::Text("x".into())]), r#"[1,"x"]"#);
    fails(
        &types,
        pair,
        "[1]",
        "line 1, column 3: expected an array of 2 for {Int64, Text}, found an array of 1",
    );
    fails(
        &types,
        pair,
        "[1,\"x\",3]",
        "line 1, column 9: expected an array of 2 for {Int64, Text}, found a longer array",
    );
    let twice = named(&mut types, &[("a", int), ("a", int)]);
    same(&types, twice, &Value::Tuple(vec![Value::Int(1), Value::Int(2)]), "[1,2]");
    let unit = types.unit();
    same(&types, unit, &Value::unit(), "{}");
}

#[test]
fn enums() {
    let mut types = TypeTable::new();
    let (int, unit) = (types.prim(Prim::Int64), types.unit());
    let status = variants(&mut types, &[("done", unit), ("pending", int)]);
    same(&types, status, &Value::Variant(0, Box::new(Value::unit())), "\"done\"");
    same(&types, status, &Value::Variant(1, Box::new(Value::Int(513))), "{\"pending\":513}");
    let forms = "one of \"done\", {\"pending\": Int64}";
    fails(
        &types,
        status,
        "\"pending\"",
        &format!("line 1, column 9: expected {forms}, found the text \"pending\""),
    );
    fails(&types, status, "{\"x\":1}", "line 1, column 4: unknown variant `x`, known are: done, pending");
    fails(&types, status, "{}", &format!("line 1, column 2: expected {forms}, found an empty object"));
}

#[test]
fn mistakes_have_a_path() {
    let mut types = TypeTable::new();
    let (price, text) = (types.prim(Prim::Decimal), types.prim(Prim::Text));
    let item = named(&mut types, &[("price", price), ("unit price", text)]);
    let items = types.array(item);
    let order = named(&mut types, &[("items", items)]);
    fails(
        &types,
        order,
        "{\"items\": [\n  {\"price\": 1, \"unit price\": \"\"},\n  {\"price\": 4.205}]}",
        "line 3, column 18: at `$.items[1].price`: expected Decimal with two digits after the point, such as \"4.20\", found the number 4.205",
    );
    fails(
        &types,
        order,
        "{\"items\": [{\"unit price\": null}]}",
        "line 1, column 30: at `$.items[0][\"unit price\"]`: expected Text, found null",
    );
    fails(&types, order, "{\"items\": [", "line 1, column 11: at `$.items[0]`: EOF while parsing a list");
    fails(&types, order, "{\"items\": []} x", "line 1, column 15: trailing characters");
    fails(&types, text, "", "line 1, column 0: EOF while parsing a value");
    let date = types.prim(Prim::Date);
    fails(
        &types,
        date,
        "\"2025-02-30\"",
        "line 1, column 12: expected Date as text, such as \"2025-11-14\", found the text \"2025-02-30\"",
    );
    let float = types.prim(Prim::Float64);
    fails(&types, float, "1e999", "line 1, column 5: number out of range");
    let int = types.prim(Prim::Int64);
    fails(&types, int, "1.5", "line 1, column 3: expected Int64, found the number 1.5");
    for number in ["9007199254740990.9", "1.0000000000000000000001", "9223372036854775808.0", "1e19"] {
        let error = read(&types, int, number.as_bytes()).unwrap_err();
        assert!(error.message().contains("expected Int64, found the number"), "{error}");
    }
    fails(
        &types,
        int,
        "9223372036854775808",
        "line 1, column 19: expected Int64, found the number 9223372036854775808",
    );
}

#[test]
fn depth_is_bounded() {
    let mut types = TypeTable::new();
    let tree = types.push(Type::Tuple(Vec::new()));
    types.set(tree, Type::Array(tree));
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(read(&types, tree, deep(200).as_bytes()).is_ok());
    let error = read(&types, tree, deep(100_000).as_bytes()).unwrap_err();
    assert!(error.message().contains("nests deeper than 256 levels"), "{error}");
}

/// Looked for one by one this would be a thousand million comparisons.
#[test]
fn keys_in_any_order_of_a_large_tuple() {
    let mut types = TypeTable::new();
    let int = types.prim(Prim::Int8);
    let fields = (0..40_000).map(|index| Field { name: Some(format!("f{index}")), ty: int });
    let ty = types.push(Type::Tuple(fields.collect()));
    let pairs: Vec<String> = (0..40_000).map(|index| format!("\"f{index}\": {}", index % 100)).collect();
    let in_order = format!("{{{}}}", pairs.join(","));
    let backwards = format!("{{{}}}", pairs.into_iter().rev().collect::<Vec<_>>().join(","));
    let bytes = read(&types, ty, in_order.as_bytes()).unwrap();
    assert_eq!(read(&types, ty, backwards.as_bytes()).unwrap(), bytes);
    assert_eq!(bytes.len(), 40_000);
}

/// A few bytes for each object would make as many as it has fields.
#[test]
fn fields_that_are_left_out_are_bounded() {
    let mut types = TypeTable::new();
    let int = types.prim(Prim::Int8);
    let option = types.option(int);
    let fields = (0..4_096).map(|index| Field { name: Some(format!("f{index}")), ty: option });
    let tuple = types.push(Type::Tuple(fields.collect()));
    let ty = types.array(tuple);
    let document = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
    assert_eq!(read(&types, ty, document(4).as_bytes()).unwrap().len(), 1 + 4 * 4_096);
    let error = read(&types, ty, document(5_000).as_bytes()).unwrap_err();
    assert!(error.message().contains("fields are left out"), "{error}");
}
