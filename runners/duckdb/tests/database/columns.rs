//! Every type of column that has a type in Lutra, and those that have none.

use runner_core::Code;

use crate::support::Database;

/// The type of a column, its type in Lutra, and values in SQL and as they print.
type Kind = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const KINDS: &[Kind] = &[
    ("BOOLEAN", "Bool", &[("true", "true"), ("false", "false")]),
    ("TINYINT", "Int8", &[("-128", "-128"), ("127", "127")]),
    ("SMALLINT", "Int16", &[("-32768", "-32768"), ("32767", "32767")]),
    ("INTEGER", "Int32", &[("-2147483648", "-2147483648"), ("2147483647", "2147483647")]),
    (
        "BIGINT",
        "Int64",
        &[("-9223372036854775808", "-9223372036854775808"), ("9223372036854775807", "9223372036854775807")],
    ),
    ("UTINYINT", "Uint8", &[("0", "0"), ("255", "255")]),
    ("USMALLINT", "Uint16", &[("65535", "65535")]),
    ("UINTEGER", "Uint32", &[("4294967295", "4294967295")]),
    ("UBIGINT", "Uint64", &[("18446744073709551615", "18446744073709551615")]),
    ("FLOAT", "Float32", &[("0.1", "0.1"), ("'NaN'", "NaN"), ("'-inf'", "-inf"), ("'-0.0'", "-0.0")]),
    ("DOUBLE", "Float64", &[("0.1", "0.1"), ("5e-324", "5e-324"), ("'NaN'", "NaN"), ("'inf'", "inf")]),
    (
        "VARCHAR",
        "Text",
        &[
            ("''", "\"\""),
            ("'it''s \\ \"'", "\"it's \\\\ \\\"\""),
            ("'\u{65}\u{301} 𝄞'", "\"\u{65}\u{301} 𝄞\""),
            ("'a' || chr(0)", "\"a\\x00\""),
        ],
    ),
    (
        "DATE",
        "Date",
        &[
            ("'1970-01-01'", "@1970-01-01"),
            ("'2024-02-29'", "@2024-02-29"),
            ("'0044-03-15 (BC)'", "@-0043-03-15"),
            ("'5881580-07-10'", "@+5881580-07-10"),
        ],
    ),
    ("TIME", "Time", &[("'00:00:00'", "@00:00:00.000000"), ("'23:59:59.999999'", "@23:59:59.999999")]),
    (
        "TIMESTAMP",
        "Timestamp",
        &[
            ("'1969-12-31 23:59:59.999999'", "@1969-12-31T23:59:59.999999"),
            ("'2025-12-29 16:07:44.12'", "@2025-12-29T16:07:44.120000"),
        ],
    ),
    ("BIGINT", "Duration", &[("-1", "@-00:00:00.000001"), ("3600000000", "@01:00:00.000000")]),
    ("DECIMAL(18,2)", "Decimal", &[("9999999999999999.99", "9999999999999999.99"), ("-0.05", "-0.05")]),
    ("DECIMAL(4,2)", "Decimal", &[("99.99", "99.99"), ("-0.05", "-0.05")]),
    ("STRUCT(a BIGINT, b VARCHAR)", "{a: Int64, b: Text?}", &[("{'a': 1, 'b': NULL}", "{a = 1, b = none}")]),
    (
        "STRUCT(\"A b\" BIGINT, \"order\" STRUCT(x DATE))",
        "{`A b`: Int64, order: {x: Date}}",
        &[("{'A b': 1, 'order': {'x': DATE '2000-01-01'}}", "{`A b` = 1, order = {x = @2000-01-01}}")],
    ),
    ("BIGINT[]", "[Int64]", &[("[1, 2]", "[1, 2]"), ("[]", "[]")]),
    ("BIGINT[]", "[Int64?]", &[("[1, NULL]", "[some(1), none]")]),
    ("DATE[][]", "[[Date]]", &[("[[], ['2000-01-01']]", "[[], [@2000-01-01]]")]),
    (
        "STRUCT(a DECIMAL(18,2), b TIME[])[]",
        "[{a: Decimal, b: [Time]}]",
        &[("[{'a': 1.25, 'b': ['12:00:00']}]", "[{a = 1.25, b = [@12:00:00.000000]}]")],
    ),
    (
        "UNION(num BIGINT, txt VARCHAR)",
        "enum {num: Int64, txt: Text}",
        &[("union_value(num := 7)", "num(7)"), ("union_value(txt := 'x')", "txt(\"x\")")],
    ),
    (
        "UNION(txt VARCHAR, num BIGINT)",
        "enum {num: Int64, txt: Text}",
        &[("union_value(num := 7)", "num(7)")],
    ),
];

#[test]
fn every_kind_is_read_and_written() {
    for (column, ty, values) in KINDS {
        let mut tables = format!(
            "CREATE TABLE t (n INTEGER NOT NULL, c {column} NOT NULL, o {column});
             CREATE TABLE copy (n INTEGER NOT NULL, c {column} NOT NULL, o {column});"
        );
        let mut expected = Vec::new();
        for (n, (sql, printed)) in values.iter().enumerate() {
            let rows = format!("({}, {sql}, {sql}), ({}, {sql}, NULL)", 2 * n, 2 * n + 1);
            tables += &format!("INSERT INTO t VALUES {rows};");
            expected.push(format!("{{n = {}, c = {printed}, o = some({printed})}}", 2 * n));
            expected.push(format!("{{n = {}, c = {printed}, o = none}}", 2 * n + 1));
        }
        let database = Database::with(&tables);
        let expected = format!("[{}]", expected.join(", "));
        let types = format!("type Row: {{n: Int32, c: {ty}, o: {ty}?}}\n");
        let read = |table: &str| {
            let source =
                format!("{types}func main(): [Row] -> (sql::from(\"{table}\"): [Row]) | sort(r -> r.n)");
            database.answer(&source, "").replace("some({ ", "some({").replace(" })", "})")
        };
        assert_eq!(read("t"), expected, "{column}");
        // From the input, and from another table.
        let program =
            crate::support::program(&format!("{types}func main(rows: [Row]) -> sql::insert(rows, \"copy\")"));
        let input = expected.replace("some(", ".some(").replace("none", ".none");
        let input = input.replace("num(", ".num(").replace("txt(", ".txt(");
        assert_eq!(database.run_program(&program, &input).unwrap(), "{}", "{column}");
        assert_eq!(read("copy"), expected, "{column}");
        let clear = format!("{types}func main() -> sql::delete(\"copy\", func (r: Row) -> true)");
        assert_eq!(database.answer(&clear, ""), "{}", "{column}");
        let copy = format!("{types}func main() -> sql::insert((sql::from(\"t\"): [Row]), \"copy\")");
        assert_eq!(database.answer(&copy, ""), "{}");
        assert_eq!(read("copy"), expected, "{column}");
        let update = format!(
            "{types}func main() -> sql::update(\"copy\", func (r: Row) -> .some({{n = r.n, c = r.c, o = .none}}))"
        );
        assert_eq!(database.answer(&update, ""), "{}", "{column}");
        let none = format!(
            "{types}func main() -> (sql::from(\"copy\"): [Row]) | filter(r -> option::is_some(r.o)) | count"
        );
        assert_eq!(database.answer(&none, ""), "0", "{column}");
        let delete = format!("{types}func main() -> sql::delete(\"copy\", func (r: Row) -> r.c == r.c)");
        assert_eq!(database.answer(&delete, ""), "{}", "{column}");
        assert_eq!(read("copy"), "[]", "{column}");
        let raw =
            format!("{types}func main(): [Row] -> sql::raw(\"SELECT * FROM t ORDER BY n DESC LIMIT 0\")");
        assert_eq!(database.answer(&raw, ""), "[]", "{column}");
    }
}

#[test]
fn names_may_be_awkward() {
    let database = Database::with(
        "CREATE SCHEMA \"My \"\"shop\"\"\";
         CREATE TABLE \"My \"\"shop\"\"\".\"order\" (\"user\" BIGINT NOT NULL, \"it's\" VARCHAR NOT NULL, \"Größe 😀\" REAL NOT NULL,
            \"a \"\"b\"\"\" BIGINT NOT NULL, \"SELECT\" BIGINT NOT NULL);
         INSERT INTO \"My \"\"shop\"\"\".\"order\" VALUES (1, 'x', 1.5, 2, 3);
         CREATE TABLE \"group\" (\"rowid\" BIGINT NOT NULL, \"Id\" BIGINT NOT NULL); INSERT INTO \"group\" VALUES (7, 8);",
    );
    let types =
        "type Row: {user: Int64, `it's`: Text, `Größe 😀`: Float32, `a \"b\"`: Int64, SELECT: Int64}\n";
    let table = "\"My \\\"shop\\\"/order\"";
    let run = |body: &str| database.answer(&format!("{types}func main() -> {body}"), "");
    let row = "{user = 1, `it's` = \"x\", `Größe 😀` = 1.5, `a \"b\"` = 2, SELECT = 3}";
    assert_eq!(run(&format!("(sql::from({table}): [Row])")), format!("[{row}]"));
    assert_eq!(run(&format!("sql::insert([{{9, \"y\", 2.5, 3, 4}}: Row], {table})")), "{}");
    assert_eq!(
        run(&format!("sql::update({table}, func (r: Row) -> if r.user == 1 then .some({{..r}}) else .none)")),
        "{}"
    );
    assert_eq!(run(&format!("sql::delete({table}, func (r: Row) -> r.`it's` == \"y\")")), "{}");
    assert_eq!(run(&format!("(sql::from({table}): [Row]) | map(r -> r.`a \"b\"`)")), "[2]");
    // A column that hides what DuckDB tells rows apart by.
    let group = "type G: {rowid: Int64, Id: Int64} func main() -> ";
    let change = format!("{group}sql::update(\"group\", func (g: G) -> .some({{g.rowid + 1, g.Id}}))");
    assert_eq!(database.answer(&change, ""), "{}");
    assert_eq!(database.answer(&format!("{group}(sql::from(\"group\"): [G])"), ""), "[{rowid = 8, Id = 8}]");
}

#[test]
fn a_mismatch_shows_both_sides() {
    let database = Database::with(
        "CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR); CREATE VIEW v AS SELECT id FROM t",
    );
    let from = |ty: &str| format!("func main(): [{ty}] -> sql::from(\"t\")");
    database.fails(&from("{id: Text}"), "", Code::PrepareError, &["id", "BIGINT", "Text"]);
    database.fails(&from("{id: Int32}"), "", Code::PrepareError, &["id", "BIGINT", "Int32"]);
    database.fails(&from("{id: Int64, title: Text}"), "", Code::PrepareError, &["title", "id", "name"]);
    database.fails(&from("{id: [Int64]}"), "", Code::PrepareError, &["BIGINT", "[Int64]"]);
    database.fails(
        "func main(): [{id: Int64}] -> sql::from(\"s/t\")",
        "",
        Code::PrepareError,
        &["`t`", "`s`"],
    );
    database.fails(
        "func main() -> sql::insert([{id = 1: Int8}], \"t\")",
        "",
        Code::PrepareError,
        &["id", "BIGINT", "Int8"],
    );
    database.fails("func main() -> sql::insert([{name = \"x\"}], \"t\")", "", Code::PrepareError, &["id"]);
    database.fails("func main() -> sql::insert([{id = 1}], \"v\")", "", Code::PrepareError, &["v"]);
    let raw = "func main(): [{id: Text}] -> sql::raw(\"SELECT id FROM t\")";
    database.fails(raw, "", Code::PrepareError, &["id", "BIGINT", "Text"]);
}

#[test]
fn a_null_that_is_not_expected_names_its_column() {
    let database = Database::with(
        "CREATE TABLE t (id BIGINT, list BIGINT[]); INSERT INTO t VALUES (1, [1, 2]), (NULL, [NULL])",
    );
    let fails = |source: &str, name| database.fails(source, "", Code::ExecutionError, &[name, "NULL"]);
    fails("func main() -> (sql::from(\"t\"): [{id: Int64}]) | map(r -> r.id) | sum", "\"id\"");
    fails("func main(): [{list: [Int64]}] -> sql::from(\"t\")", "\"list\"");
    // Of the keys of groups too, whether anything is made of them or not, and where a table is used twice.
    for of_groups in
        ["", "| map(g -> count(g.values))", "| count", "| filter(g -> count(g.values) >= count(t))"]
    {
        let source = format!(
            "func main() -> (let t: [{{id: Int64}}] = sql::from(\"t\"); t | group(r -> r.id) {of_groups})"
        );
        fails(&source, "\"id\"");
    }
    let unused = "func main() -> (let t: [{id: Int64, list: [Int64?]}] = sql::from(\"t\"); \
                  {count(t), t | filter(r -> count(r.list) > 1) | map(r -> r.id)})";
    assert_eq!(database.answer(unused, ""), "{2, [1]}");
    let twice = "func main() -> (let t: [{id: Int64, list: [Int64?]}] = sql::from(\"t\"); \
                 {t | filter(r -> count(r.list) > 1) | map(r -> r.id), t | filter(r -> count(r.list) > 2) | map(r -> r.id)})";
    assert_eq!(database.answer(twice, ""), "{[1], []}");
    fails("func main(): [{id: Int64}] -> sql::raw(\"SELECT id FROM t\")", "\"id\"");
    let some =
        "func main() -> (sql::from(\"t\"): [{id: Int64?}]) | filter(r -> option::is_none(r.id)) | count";
    assert_eq!(database.answer(some, ""), "1");
}

#[test]
fn values_that_no_column_holds_are_compared_all_the_same() {
    let database = Database::with(
        "CREATE TABLE t (d DATE NOT NULL, p DECIMAL(18,2) NOT NULL); INSERT INTO t VALUES ('2020-01-01', 1.25)",
    );
    let count = |condition: &str, input: &str| {
        let source = format!(
            "func main(n: Int32) -> (sql::from(\"t\"): [{{d: Date, p: Decimal}}]) | filter(t -> {condition}) | count"
        );
        database.answer(&source, input)
    };
    for (condition, input, found) in [
        ("t.d < Date(n)", "2147483647", "1"),
        ("t.d < Date(n)", "-2147483648", "0"),
        ("t.d == Date(n)", "18262", "1"),
        ("t.d < Date(2147483647) && t.d > Date(-2147483648)", "0", "1"),
        ("t.p < 92233720368547758.06", "0", "1"),
        ("t.p == 1.25 && t.p != 1.26", "0", "1"),
    ] {
        assert_eq!(count(condition, input), found, "{condition} for {input}");
    }
}

#[test]
fn what_no_type_holds_is_refused_or_fails() {
    let others = [
        "HUGEINT",
        "UHUGEINT",
        "UUID",
        "BLOB",
        "BIT",
        "INTERVAL",
        "DECIMAL(18,3)",
        "DECIMAL(5,0)",
        "TIMESTAMP WITH TIME ZONE",
        "TIME WITH TIME ZONE",
        "TIMESTAMP_S",
        "TIMESTAMP_MS",
        "TIMESTAMP_NS",
        "MAP(VARCHAR, BIGINT)",
        "BIGINT[3]",
        "ENUM('a', 'b')",
    ];
    for column in others {
        let database = Database::with(&format!("CREATE TABLE t (c {column})"));
        for ty in ["Int64", "Text", "Timestamp", "Decimal", "[Int64]", "Duration", "enum {a, b}", "Time"] {
            let source = format!("func main(): [{{c: {ty}?}}] -> sql::from(\"t\")");
            database.fails(&source, "", Code::PrepareError, &["c"]);
        }
    }
    // Values that a type of DuckDB has and the one of Lutra has not.
    let values = [
        ("DATE", "Date", "'infinity'"),
        ("DATE", "Date", "'-infinity'"),
        ("TIMESTAMP", "Timestamp", "'infinity'"),
        ("TIMESTAMP", "Timestamp", "'-infinity'"),
        ("DECIMAL(38,2)", "Decimal", "92233720368547758.08"),
        ("DECIMAL(38,2)", "Decimal", "-999999999999999999999999999999999999.99"),
        ("UNION(a BIGINT, b BIGINT)", "enum {a: Int64, b: Int64}", "union_value(a := NULL::BIGINT)"),
    ];
    for (column, ty, value) in values {
        let database =
            Database::with(&format!("CREATE TABLE t (c {column}); INSERT INTO t VALUES ({value})"));
        let source = format!("func main(): [{{c: {ty}}}] -> sql::from(\"t\")");
        database.fails(&source, "", Code::ExecutionError, &[]);
    }
    // And the reverse.
    let inputs = [
        ("TIME", "Time", "@24:00:00"),
        ("DATE", "Date", "@+5881580-07-11"),
        ("TIMESTAMP", "Timestamp", "@+294247-01-10T04:00:54.775807"),
        ("DECIMAL(4,2)", "Decimal", "100.00"),
        ("DECIMAL(18,2)", "Decimal", "92233720368547758.07"),
    ];
    for (column, ty, value) in inputs {
        let database = Database::with(&format!("CREATE TABLE t (c {column})"));
        let source = format!("func main(c: {ty}) -> sql::insert([{{c}}], \"t\")");
        database.fails(&source, value, Code::ExecutionError, &[]);
        assert_eq!(
            database.answer(&format!("func main() -> (sql::from(\"t\"): [{{c: {ty}}}]) | count"), ""),
            "0"
        );
    }
}
