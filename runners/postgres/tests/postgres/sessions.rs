//! Settings of roles and databases can't change an answer.

use runner_core::Run;
use runner_postgres::Postgres;

use crate::database::{Database, run};

/// What a role may be set to, each strange in its own way.
const SETTINGS: &[(&str, &str)] = &[
    ("search_path", "evil, pg_catalog, public"),
    ("TimeZone", "'Asia/Kathmandu'"),
    ("DateStyle", "'German, DMY'"),
    ("IntervalStyle", "'iso_8601'"),
    ("standard_conforming_strings", "off"),
    ("escape_string_warning", "on"),
    ("backslash_quote", "on"),
    ("quote_all_identifiers", "on"),
    ("bytea_output", "escape"),
    ("extra_float_digits", "-15"),
    ("transform_null_equals", "on"),
    ("array_nulls", "off"),
    ("lc_numeric", "'C.UTF-8'"),
    ("client_encoding", "'LATIN1'"),
    ("client_min_messages", "debug1"),
    ("default_transaction_isolation", "'serializable'"),
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_hashjoin", "off"),
    ("enable_indexscan", "off"),
    ("enable_hashagg", "off"),
    ("enable_sort", "off"),
    ("parallel_setup_cost", "0"),
    ("parallel_tuple_cost", "0"),
    ("min_parallel_table_scan_size", "0"),
    ("work_mem", "'64kB'"),
    ("xmloption", "document"),
    ("check_function_bodies", "on"),
    ("row_security", "on"),
    ("synchronize_seqscans", "on"),
    ("timezone_abbreviations", "'Australia'"),
];

/// Tables, and what somebody may put in the way of what statements call.
const SCHEMA: &str = r"
CREATE TABLE t (id int8 PRIMARY KEY, name text NOT NULL, at timestamp NOT NULL, took interval NOT NULL,
    f float8 NOT NULL, price numeric(18, 2) NOT NULL, extra jsonb NOT NULL, missing int4);
INSERT INTO t SELECT n, chr(60 + n::int) || 'ä\' || n, '2025-03-30 01:30:00'::timestamp + n * interval '1 hour',
    n * interval '25 hours 1 microsecond', n / 3.0, n / 7.0, jsonb_build_object('at', '2025-11-14', 'x', ARRAY[n, 2]),
    nullif(n % 3, 0) FROM generate_series(1, 40) n;
CREATE SCHEMA evil;
CREATE FUNCTION evil.count(anyelement) RETURNS int8 LANGUAGE sql AS 'SELECT 666::int8';
CREATE FUNCTION evil.eq(int8, int8) RETURNS bool LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR evil.= (LEFTARG = int8, RIGHTARG = int8, FUNCTION = evil.eq);
CREATE FUNCTION evil.plus(int8, int8) RETURNS int8 LANGUAGE sql AS 'SELECT 666::int8';
CREATE OPERATOR evil.+ (LEFTARG = int8, RIGHTARG = int8, FUNCTION = evil.plus);
CREATE FUNCTION evil.to_jsonb(anyelement) RETURNS jsonb LANGUAGE sql AS $$SELECT '666'::jsonb$$;
CREATE TYPE evil.text AS (a int4);
CREATE DOMAIN evil.numeric AS int4;
";

const PROGRAMS: &[&str] = &[
    "func main() -> rows() | sort(r -> r.name)",
    "func main() -> rows() | sort(r -> r.id) | map(r -> {to_text(r.at), to_text(r.took), to_text(r.f), to_text(r.price)})",
    "func main() -> rows() | filter(r -> r.missing == .none) | map(r -> r.id) | sort(x -> x)",
    "func main() -> rows() | group(r -> r.missing) | sort(g -> g.key ?? 9) | map(g -> {g.key, g.values | map(v -> v.price) | sum, g.values | map(v -> v.id) | sort(x -> x)})",
    "func main() -> rows() | map(r -> {r.id + 1, (rows() | filter(s -> s.id == r.id + 1) | map(s -> s.name))}) | sort(x -> x.0)",
    r#"func main() -> {"\\n'\"", text::upper("äß"), @2025-11-14, to_text(@2025-11-14), 0.1 + 0.2, 1.0e300 * 10.0}"#,
    "func main() -> date::to_timestamp(@2025-03-30, \"Europe/Vienna\")",
    "func main() -> [\"b\", \"B\", \"ä\", \"a\", \"Z\", \"_\", \"1\", \"\"] | sort(x -> x)",
    "func main() -> [[.none, .some(1)], [.some(2)]: [Int64?]] | map(x -> x | count)",
];

const TYPES: &str = "type Row: {id: Int64, name: Text, at: Timestamp, took: Duration, f: Float64, price: Decimal, \
    extra: {at: Date, x: [Int64]}, missing: Int32?}\nfunc rows(): [Row] -> sql::from(\"public/t\")\n";

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_the_same_whatever_a_role_is_set_to() {
    let database = Database::start(SCHEMA).await;
    let answers = async |runner: &Postgres| {
        let mut answers = Vec::new();
        for source in PROGRAMS {
            let answer = run(runner, &format!("{TYPES}{source}"), "{}").await;
            answers.push(answer.unwrap_or_else(|error| format!("{source}: {error}")));
        }
        answers
    };
    let expected = answers(&database.runner).await;
    assert!(
        !expected.iter().any(|answer| answer.contains("ERROR") || answer.contains("INTERNAL")),
        "{expected:#?}"
    );
    let (mut one, mut all) = (Vec::new(), String::from("CREATE ROLE strange SUPERUSER LOGIN;"));
    for (n, (name, value)) in SETTINGS.iter().enumerate() {
        one.push(format!(
            "CREATE ROLE strange{n} SUPERUSER LOGIN; ALTER ROLE strange{n} SET {name} = {value}"
        ));
        all.push_str(&format!("ALTER ROLE strange SET {name} = {value};"));
    }
    for (n, create) in one.iter().enumerate() {
        database.client.batch_execute(create).await.unwrap();
        let url = database.server.url().replace("test@", &format!("strange{n}@"));
        let runner = Postgres::connect(&url).await.unwrap();
        assert_eq!(answers(&runner).await, expected, "{create}");
        runner.shutdown().await.unwrap();
    }
    database.client.batch_execute(&all).await.unwrap();
    let runner = Postgres::connect(&database.server.url().replace("test@", "strange@")).await.unwrap();
    assert_eq!(answers(&runner).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_a_schema_is_found_as_the_role_says() {
    let schema = "CREATE TABLE t (x int8); INSERT INTO t VALUES (1); CREATE SCHEMA other; \
        CREATE TABLE other.t (x int8); INSERT INTO other.t VALUES (2); \
        CREATE ROLE else_where SUPERUSER LOGIN; ALTER ROLE else_where SET search_path = other, public";
    let database = Database::start(schema).await;
    let source = "func main() -> (sql::from(\"t\"): [{x: Int64}]) | map(t -> t.x) | sum";
    assert_eq!(database.run(source, "{}").await, "1");
    let url = database.server.url().replace("test@", "else_where@");
    let runner = Postgres::connect(&url).await.unwrap();
    assert_eq!(run(&runner, source, "{}").await.unwrap(), "2");
    let named = "func main() -> (sql::from(\"public/t\"): [{x: Int64}]) | map(t -> t.x) | sum";
    assert_eq!(run(&runner, named, "{}").await.unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_of_any_collation_agree() {
    let database = Database::start("").await;
    let source = "func main() -> {(sql::from(\"t\"): [{x: Text}]) | sort(t -> t.x), \
        (sql::from(\"t\"): [{x: Text}]) | filter(t -> t.x < \"b\") | count, \
        (sql::from(\"t\"): [{x: Text}]) | group(t -> t.x) | count, \
        (sql::from(\"t\"): [{x: Text}]) | map(t -> t.x) | max}";
    let mut answers = Vec::new();
    for (n, locale) in [
        "LOCALE_PROVIDER libc LOCALE 'C'",
        "LOCALE_PROVIDER libc LOCALE 'C.UTF-8'",
        "LOCALE_PROVIDER icu ICU_LOCALE 'de-u-kn' LOCALE 'C.UTF-8'",
        "LOCALE_PROVIDER icu ICU_LOCALE 'sv' LOCALE 'C.UTF-8'",
    ]
    .iter()
    .enumerate()
    {
        let create = format!("CREATE DATABASE d{n} TEMPLATE template0 ENCODING 'UTF8' {locale}");
        database.client.batch_execute(&create).await.unwrap();
        let url = database.server.url().replace("/postgres", &format!("/d{n}"));
        let (own, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let schema = "CREATE TABLE t (x text NOT NULL); CREATE INDEX ON t (x); \
            INSERT INTO t VALUES ('b'), ('B'), ('a'), ('ä'), ('Z'), ('10'), ('9'), (''), ('_'), (E'e\\u0301'), ('é'), ('𝄞')";
        own.batch_execute(schema).await.unwrap();
        let runner = Postgres::connect(&url).await.unwrap();
        answers.push(run(&runner, source, "{}").await.unwrap());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_in_which_other_texts_are_equal_agrees() {
    let schema = "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false); \
        CREATE TABLE t (x text COLLATE loose PRIMARY KEY, n int8 NOT NULL); CREATE TABLE s (x text NOT NULL); \
        INSERT INTO t VALUES ('a', 1), ('b', 2), ('ü', 3); INSERT INTO s VALUES ('a'), ('A'), ('Ä'), ('u'), ('ü')";
    let database = Database::start(schema).await;
    let types = "type T: {x: Text, n: Int64}\nfunc ts(): [T] -> sql::from(\"t\")\n\
        func ss(): [{x: Text}] -> sql::from(\"s\")\n";
    let cases = [
        ("func main() -> ts() | filter(t -> t.x == \"A\") | count", "0"),
        ("func main() -> ts() | find(t -> t.x == \"B\") | option::is_some", "false"),
        ("func main() -> ts() | filter(t -> [\"A\", \"b\"] | contains(t.x)) | map(t -> t.n)", "[2,]"),
        (
            "func main() -> ss() | map(s -> ts() | find(t -> t.x == s.x) | option::map(t -> t.n)) | filter(n -> option::is_some(n)) | count",
            "2",
        ),
        ("func main() -> ts() | map(t -> ss() | filter(s -> s.x == t.x) | count) | sort(n -> n)", "[0,1,1,]"),
        ("func main() -> append(ts() | map(t -> t.x), ss() | map(s -> s.x)) | group(x -> x) | count", "6"),
        ("func main() -> sql::delete(\"t\", func (t: T) -> t.x == \"U\")", "{}"),
        ("func main() -> ts() | count", "3"),
    ];
    for (source, expected) in cases {
        let output = database.run(&format!("{types}{source}"), "{}").await.replace(char::is_whitespace, "");
        assert_eq!(output, expected, "{source}");
    }
}
