//! Columns of every type: what is written is read back, by the program and by the database.

use runner_core::{Code, Run};

use crate::database::Database;

const SCHEMA: &str = r#"
CREATE TYPE address AS (street text, "House No" int4, tags text[]);
CREATE TYPE mood AS ENUM ('sad', 'so so', 'happy');
CREATE DOMAIN small AS int4 CHECK (VALUE < 100);
CREATE DOMAIN smaller AS small CHECK (VALUE < 10);
"#;

/// How the client that looks at tables sees them; the server's defaults are not usual.
const USUAL: &str =
    "SET DateStyle = ISO; SET IntervalStyle = postgres; SET extra_float_digits = 1; SET array_nulls = on";

/// A column's type, the field's type, values of it in Lutra, and each as the database prints the column.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

const SCALARS: &[Case<'_>] = &[
    ("bool NOT NULL", "Bool", &[("true", "true"), ("false", "false")]),
    ("int2 NOT NULL", "Int8", &[("-128", "-128"), ("127", "127")]),
    ("int2 NOT NULL", "Int16", &[("-32768", "-32768"), ("32767", "32767")]),
    ("int4 NOT NULL", "Int32", &[("-2147483648", "-2147483648"), ("2147483647", "2147483647")]),
    ("int8 NOT NULL", "Int64", &[("-9223372036854775808", "-9223372036854775808")]),
    ("int2 NOT NULL", "Uint8", &[("0", "0"), ("255", "255")]),
    ("int4 NOT NULL", "Uint16", &[("0", "0"), ("65535", "65535")]),
    ("int8 NOT NULL", "Uint32", &[("0", "0"), ("4294967295", "4294967295")]),
    ("numeric(20) NOT NULL", "Uint64", &[("0", "0"), ("18446744073709551615", "18446744073709551615")]),
    (
        "float4 NOT NULL",
        "Float32",
        &[("0.1", "0.1"), ("NaN", "NaN"), ("-inf", "-Infinity"), ("1e-45", "1e-45")],
    ),
    ("float8 NOT NULL", "Float64", &[("0.1", "0.1"), ("inf", "Infinity"), ("5e-324", "5e-324")]),
    ("text NOT NULL", "Text", &[("\"\"", ""), ("\"a\\\\'\\\"ü𝄞\"", "a\\'\"ü𝄞")]),
    ("varchar(3) NOT NULL", "Text", &[("\"abc\"", "abc")]),
    ("text COLLATE \"C\" NOT NULL", "Text", &[("\"Z\"", "Z")]),
    ("date NOT NULL", "Date", &[("@1600-02-29", "1600-02-29"), ("@+10000-01-01", "10000-01-01")]),
    ("time NOT NULL", "Time", &[("@00:00:00.000000", "00:00:00"), ("@23:59:59.999999", "23:59:59.999999")]),
    (
        "timestamp NOT NULL",
        "Timestamp",
        &[
            ("@2025-12-29T16:07:44.123456", "2025-12-29 16:07:44.123456"),
            ("@1500-01-01T00:00:00.000001", "1500-01-01 00:00:00.000001"),
            ("@9999-12-31T23:59:59.999999", "9999-12-31 23:59:59.999999"),
        ],
    ),
    ("int8 NOT NULL", "Duration", &[("@-01:00:00.000001", "-3600000001")]),
    (
        "interval NOT NULL",
        "Duration",
        &[
            ("@-01:00:00.000001", "-01:00:00.000001"),
            ("@100000:00:00.000000", "100000:00:00"),
            ("@2000000000:00:00.123457", "2000000000:00:00.123457"),
        ],
    ),
    (
        "numeric(18, 2) NOT NULL",
        "Decimal",
        &[("-4.20", "-4.20"), ("9999999999999999.99", "9999999999999999.99")],
    ),
    ("numeric NOT NULL", "Decimal", &[("0.10", "0.10")]),
    ("int4", "Int32?", &[("none", "NULL"), ("some(5)", "5")]),
    ("text", "Text?", &[("none", "NULL"), ("some(\"\")", "")]),
    ("date", "Date?", &[("none", "NULL"), ("some(@2025-01-01)", "2025-01-01")]),
    ("interval", "Duration?", &[("none", "NULL"), ("some(@00:00:01.000000)", "00:00:01")]),
    ("numeric(20)", "Uint64?", &[("none", "NULL"), ("some(18446744073709551615)", "18446744073709551615")]),
    ("smaller NOT NULL", "Int32", &[("5", "5")]),
    ("mood NOT NULL", "Text", &[("\"so so\"", "so so")]),
];

const NESTED: &[Case<'_>] = &[
    ("mood NOT NULL", "enum {sad, `so so`, happy}", &[("`so so`", "so so"), ("sad", "sad")]),
    ("text NOT NULL", "enum {sad, `so so`, happy}", &[("`so so`", "so so"), ("happy", "happy")]),
    ("text", "Mood?", &[("none", "NULL"), ("some(happy)", "happy")]),
    (
        "jsonb NOT NULL",
        "{a: Int64, b: Text}",
        &[("{a = 9223372036854775807, b = \"x\\\"\"}", r#"{"a": 9223372036854775807, "b": "x\""}"#)],
    ),
    ("jsonb NOT NULL", "{Int64, Text?}", &[("{1, none}", "[1, null]"), ("{1, some(\"\")}", "[1, \"\"]")]),
    (
        "jsonb NOT NULL",
        "[Int64]",
        &[("[]", "[]"), ("[1, -9223372036854775808]", "[1, -9223372036854775808]")],
    ),
    ("json NOT NULL", "[Text]", &[("[\"a\", \"\"]", "[\"a\", \"\"]")]),
    (
        "jsonb NOT NULL",
        "{d: Date, t: Time, u: Duration, s: Timestamp, m: Decimal}",
        &[(
            "{d = @2025-11-14, t = @16:07:44.000001, u = @-05:00:00.000000, s = @2025-11-14T00:00:00.000001, m = 4.20}",
            r#"{"d": "2025-11-14", "m": "4.20", "s": "2025-11-14T00:00:00.000001", "t": "16:07:44.000001", "u": "-05:00:00.000000"}"#,
        )],
    ),
    ("jsonb NOT NULL", "[Float64]", &[("[0.1, NaN, inf, 1e300]", "")]),
    ("jsonb NOT NULL", "[Uint64]", &[("[18446744073709551615]", "[18446744073709551615]")]),
    (
        "jsonb NOT NULL",
        "enum {a, b: Int64, c: {x: Text}}",
        &[("a", "\"a\""), ("b(3)", "{\"b\": 3}"), ("c({x = \"y\"})", "{\"c\": {\"x\": \"y\"}}")],
    ),
    (
        "jsonb NOT NULL",
        "[Int64??]",
        &[("[none, some(none), some(some(1))]", "[null, \"none\", {\"some\": 1}]")],
    ),
    ("jsonb", "[Int64]?", &[("none", "NULL"), ("some([])", "[]"), ("some([1])", "[1]")]),
    ("jsonb", "{a: Int64}?", &[("none", "NULL"), ("some({a = 1})", "{\"a\": 1}")]),
    (
        "jsonb NOT NULL",
        "Tree",
        &[(
            "node({left = leaf(1), right = node({left = leaf(2), right = leaf(3)})})",
            r#"{"node": {"left": {"leaf": 1}, "right": {"node": {"left": {"leaf": 2}, "right": {"leaf": 3}}}}}"#,
        )],
    ),
    ("int8[] NOT NULL", "[Int64]", &[("[]", "{}"), ("[3, 1, 2]", "{3,1,2}")]),
    ("text[] NOT NULL", "[Text?]", &[("[none, some(\"a,\\\"b\")]", "{NULL,\"a,\\\"b\"}")]),
    ("date[] NOT NULL", "[Date]", &[("[@2025-11-14]", "{2025-11-14}")]),
    ("int2[] NOT NULL", "[Uint8]", &[("[255]", "{255}")]),
    ("float8[] NOT NULL", "[Float64]", &[("[NaN, 0.1]", "{NaN,0.1}")]),
    ("mood[] NOT NULL", "[Text]", &[("[\"so so\"]", "{\"so so\"}")]),
    ("int8[]", "[Int64]?", &[("none", "NULL"), ("some([])", "{}"), ("some([1])", "{1}")]),
    (
        "address NOT NULL",
        "{street: Text?, `House No`: Int32?, tags: [Text]?}",
        &[
            ("{street = some(\"x\"), `House No` = some(3), tags = some([\"a\"])}", "(x,3,{a})"),
            ("{street = none, `House No` = none, tags = none}", "(,,)"),
        ],
    ),
    (
        "address",
        "{street: Text, `House No`: Int32}?",
        &[("none", "NULL"), ("some({street = \"x\", `House No` = 3})", "(x,3,)")],
    ),
    (
        "address[] NOT NULL",
        "[{street: Text, `House No`: Int32}]",
        &[("[{street = \"x\", `House No` = 3}]", "{\"(x,3,)\"}")],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn scalars_come_back_and_stand_in_the_table_as_themselves() {
    check(SCALARS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nested_values_come_back_and_stand_in_the_table_as_themselves() {
    check(NESTED).await;
}

async fn check(cases: &[Case<'_>]) {
    let database = Database::start(SCHEMA).await;
    database.client.batch_execute(USUAL).await.unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        check_column(&database, case, &mut wrong).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn check_column(database: &Database, (column, field, values): &Case<'_>, wrong: &mut Vec<String>) {
    let mut expect = |found: &str, expected: &str, what: &str| {
        if found != expected {
            wrong.push(format!("{what} {column}: {found}, not {expected}"));
        }
    };
    let table = format!("DROP TABLE IF EXISTS t; CREATE TABLE t (id int8, c {column})");
    database.client.batch_execute(&table).await.unwrap();
    let types = format!(
        "type Mood: enum {{sad, happy}}\ntype Tree: enum {{leaf: Int64, node: {{left: Tree, right: Tree}}}}\ntype Row: {{id: Int64, c: {field}}}\n\
         func rows(): [Row] -> sql::from(\"t\")\n"
    );
    for (n, (value, text)) in values.iter().enumerate() {
        let insert = format!("func main(c: {field}) -> sql::insert([{{{n}, c}}: Row], \"t\")");
        let filter =
            format!("func main(c: {field}) -> rows() | filter(r -> r.id == {n} && r.c == c) | count");
        let array = format!(
            "func main(c: {field}) -> \
             if (rows() | filter(r -> r.id == {n}) | map(r -> r.c)) == [c] then 1 else 0"
        );
        let update = format!(
            "func main() -> sql::update(\"t\", func (r: Row): Row? -> if r.id == {n} then .some(r) else .none)"
        );
        let query = format!("SELECT coalesce(c::text, 'NULL') FROM t WHERE id = {n}");
        for (source, input, expected) in [
            (&insert, *value, "{}"),
            (&filter, *value, "1"),
            (&array, *value, "1"),
            (&update, "{}", "{}"),
            (&filter, *value, "1"),
        ] {
            let found = database.run(&format!("{types}{source}"), input).await;
            expect(&found, expected, &format!("{source} of {value} in"));
        }
        let found = database.client.query_opt(&query, &[]).await.unwrap();
        let found = found.map_or_else(String::new, |row| row.get(0));
        if !text.is_empty() {
            expect(&found, text, "the text in");
        }
    }
    let all = values.len().to_string();
    for source in [
        "func main(): [Row] -> rows()",
        "func main(): [Row] -> sql::raw(\"SELECT c, id FROM public.t ORDER BY id\")",
    ] {
        let found = database.run(&format!("{types}{source}"), "{}").await;
        let count = found.matches("id = ").count().to_string();
        expect(&count, &all, &format!("{found}: {source} from"));
    }
    let delete = "func main() -> sql::delete(\"t\", func (r: Row) -> r.id < 100)";
    expect(&database.run(&format!("{types}{delete}"), "{}").await, "{}", delete);
    expect(&database.number("SELECT count(*) FROM t").await.to_string(), "0", "the rows left in");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enum_takes_a_column_for_each_payload() {
    let schema = "CREATE TABLE t (id int8, state text NOT NULL, \"state.since\" date, \"state.by\" jsonb, \
        \"state.n\" numeric(20))";
    let database = Database::start(schema).await;
    let types = "type State: enum {open, since: Date, by: {name: Text, age: Int64?}, n: Uint64}\n\
        type Row: {id: Int64, state: State}\n";
    let rows = "[{1, open}, {2, since(@2025-11-14)}, {3, by({name = \"a\", age = none})}, {4, n(18446744073709551615)}]";
    let insert = format!("{types}func main(rows: [Row]) -> sql::insert(rows, \"t\")");
    assert_eq!(database.run(&insert, rows).await, "{}");
    let texts: String = database
        .client
        .query_one("SELECT string_agg(to_jsonb(t)::text, '; ' ORDER BY id) FROM t", &[])
        .await
        .unwrap()
        .get(0);
    assert!(
        texts.contains(r#""state": "since", "state.n": null, "state.by": null, "state.since": "2025-11-14""#),
        "{texts}"
    );
    let read = format!(
        "{types}func main(rows: [Row]) -> if ((sql::from(\"t\"): [Row]) | sort(r -> r.id)) == rows then 1 else 0"
    );
    assert_eq!(database.run(&read, rows).await, "1");
    let count = format!(
        "{types}func main() -> (sql::from(\"t\"): [Row]) \
         | filter(r -> match r.state {{ .since(d) => d == @2025-11-14, .n(n) => n > 5, _ => false }}) | count"
    );
    assert_eq!(database.run(&count, "{}").await, "2");
    database.client.batch_execute("INSERT INTO t VALUES (5, 'closed')").await.unwrap();
    let wrong = database.run(&read, rows).await;
    assert!(wrong.starts_with("EXECUTION_ERROR: the column \"state\" names a variant"), "{wrong}");
    database
        .client
        .batch_execute("DELETE FROM t WHERE id = 5; INSERT INTO t VALUES (5, 'since')")
        .await
        .unwrap();
    let wrong = database.run(&read, rows).await;
    assert!(wrong.starts_with("EXECUTION_ERROR: the column \"state.since\" holds a NULL"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_column_holds_and_its_field_can_not_is_an_error_of_the_program() {
    let database = Database::start(SCHEMA).await;
    let mut wrong = Vec::new();
    for (column, field, value, words) in [
        ("int4", "Int32", "NULL", "the column \"c\" holds a NULL"),
        ("text", "Text", "NULL", "the column \"c\" holds a NULL"),
        ("jsonb", "[Int64]", "NULL", "the column \"c\" holds a NULL"),
        ("int8[]", "[Int64]", "NULL", "the column \"c\" holds a NULL"),
        ("int8[]", "[Int64]", "ARRAY[1, NULL]", "the column \"c\" holds a NULL"),
        ("int8[]", "[Int64]", "'{{1},{2}}'", "an array of arrays"),
        ("address", "{street: Text?}", "NULL", "the column \"c\" holds a NULL"),
        ("address", "{street: Text}", "ROW(NULL, 1, NULL)::address", "the column \"c\" holds a NULL"),
        ("text", "enum {a, b}", "'c'", "names a variant that does not exist"),
        ("int2", "Uint8", "-1", "out of the range of Uint8"),
        ("int2", "Int8", "200", "out of the range of Int8"),
        ("int8", "Uint32", "4294967296", "out of the range of Uint32"),
        ("numeric(20)", "Uint64", "18446744073709551616", "out of the range of Uint64"),
        ("numeric", "Uint64", "1.5", "out of the range of Uint64"),
        ("numeric", "Uint64", "'NaN'", "out of the range of Uint64"),
        ("numeric", "Decimal", "1.005", "more than two digits"),
        ("numeric", "Decimal", "'NaN'", "NaN"),
        ("numeric", "Decimal", "1e30", "overflow"),
        ("date", "Date", "'infinity'", "infinite"),
        ("timestamp", "Timestamp", "'infinity'", "infinity"),
        ("interval", "Duration", "'1 month'", "has months"),
        ("jsonb", "{a: Int64}", "'{\"b\": 1}'", "an object without \"a\""),
        ("jsonb", "{a: Int64}", "'{\"a\": \"1\"}'", "where Int64 is expected"),
        ("jsonb", "{a: Int64}", "'{\"a\": 1.5}'", "where Int64 is expected"),
        ("jsonb", "{a: Uint8}", "'{\"a\": 256}'", "where Uint8 is expected"),
        ("jsonb", "[Text]", "'[null]'", "where Text is expected"),
        ("jsonb", "{a: Date}", "'{\"a\": \"never\"}'", "invalid input syntax for type date"),
    ] {
        let table =
            format!("DROP TABLE IF EXISTS t; CREATE TABLE t (c {column}); INSERT INTO t VALUES ({value})");
        database.client.batch_execute(&table).await.unwrap();
        let source = format!("func main(): [{{c: {field}}}] -> sql::from(\"t\")");
        let found = database.run(&source, "{}").await;
        if !found.starts_with("EXECUTION_ERROR: ") || !found.contains(words) {
            wrong.push(format!("{value} in {column} as {field}: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_at_prepare_with_both_sides() {
    let database = Database::start(SCHEMA).await;
    for (column, field) in [
        ("int8", "Int32"),
        ("int4", "Int64"),
        ("float4", "Float64"),
        ("int4", "Text"),
        ("text", "Int64"),
        ("timestamptz", "Timestamp"),
        ("uuid", "Text"),
        ("bytea", "Text"),
        ("point", "{Float64, Float64}"),
        ("int4range", "Text"),
        ("money", "Decimal"),
        ("int8[]", "[Int32]"),
        ("int8[]", "Text"),
        ("address", "{street: Int64}"),
        ("address", "{other: Text}"),
        ("text", "enum {a, b: Int64}"),
        ("text", "[Text]"),
        ("interval", "Time"),
    ] {
        let table = format!("DROP TABLE IF EXISTS t; CREATE TABLE t (c {column} NOT NULL)");
        database.client.batch_execute(&table).await.unwrap();
        for source in [
            format!("func main(): [{{c: {field}}}] -> sql::from(\"t\")"),
            format!("func main(c: {field}) -> sql::insert([{{c = c}}], \"t\")"),
        ] {
            let error =
                database.runner.prepare(&crate::database::program(&source)).await.map(drop).unwrap_err();
            assert_eq!(error.code(), Code::PrepareError, "{error}");
            let words = format!("the field is {}", field.split(' ').next().unwrap());
            let is_both = error.message().contains("the column `c` is") && error.message().contains(&words);
            assert!(is_both && error.place().is_some(), "{error}");
        }
    }
}
