//! Tables: what programs read from them and change in them, and the plans that PostgreSQL makes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use runner_core::{Run, Value, value, wire};
use runner_lang::{Project, compile};
use runner_postgres::Postgres;
use runner_test_server::Server;
use tokio_postgres::{Client, NoTls};

const SCHEMA: &str = r#"
CREATE TABLE artists (id int8 PRIMARY KEY, name text NOT NULL, country text);
CREATE TABLE albums (id int8 PRIMARY KEY, artist_id int8 NOT NULL, title text NOT NULL, year int4 NOT NULL,
    price numeric(18, 2) NOT NULL, released date, notes text);
CREATE INDEX ON albums (artist_id);
CREATE INDEX ON albums (year);
INSERT INTO artists SELECT n, 'artist ' || n, CASE WHEN n % 3 = 0 THEN NULL ELSE 'country ' || n % 7 END
    FROM generate_series(1, 2000) n;
INSERT INTO albums SELECT n, 1 + n % 2000, 'album ' || n, 1950 + n % 70, n / 100.0, '1950-01-01'::date + n % 20000, NULL
    FROM generate_series(1, 20000) n;
CREATE SCHEMA "my shop";
CREATE TABLE "my shop"."order" ("user" int8 PRIMARY KEY, "a ""b"" c" text NOT NULL, "Größe" float4 NOT NULL);
INSERT INTO "my shop"."order" VALUES (1, 'x', 1.5), (2, 'it''s', 'NaN');
CREATE TABLE kinds (a bool NOT NULL, b int2 NOT NULL, c int2 NOT NULL, d int4 NOT NULL, e int8 NOT NULL,
    f int2 NOT NULL, g int4 NOT NULL, h int8 NOT NULL, i numeric(20) NOT NULL, j float4 NOT NULL, k float8 NOT NULL,
    l text NOT NULL, m date NOT NULL, n time NOT NULL, o timestamp NOT NULL, p int8 NOT NULL, q numeric(18, 2) NOT NULL,
    r int4);
CREATE TABLE holes (id int8, name text NOT NULL);
INSERT INTO holes VALUES (1, 'one'), (NULL, 'none');
ANALYZE;
"#;

const TYPES: &str = "
type Artist: {id: Int64, name: Text, country: Text?}
type Album: {id: Int64, artist_id: Int64, title: Text, year: Int32, price: Decimal}
type Order: {user: Int64, `a \"b\" c`: Text, `Größe`: Float32}
func artists(): [Artist] -> sql::from(\"artists\")
func albums(): [Album] -> sql::from(\"albums\")
";

/// A server with the tables, a client to look at them, and a runner.
struct Database {
    client: Client,
    runner: Postgres,
    _server: Server,
}

impl Database {
    async fn start() -> Self {
        let server = Server::start();
        let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(SCHEMA).await.unwrap();
        let runner = Postgres::connect(&server.url()).await.unwrap();
        Self { client, runner, _server: server }
    }

    /// Runs `main` of a source and prints its output, or its error.
    async fn run(&self, source: &str, input: &str) -> String {
        let project = Project::from_source("main.lt", format!("{TYPES}{source}"));
        let compiled = compile(&project, "main");
        let program = compiled.unwrap_or_else(|errors| panic!("{source}: {errors:#?}")).program;
        let types = program.types();
        let input = value::read(types, program.input(), input).unwrap();
        let input = wire::encode(types, program.input(), &input).unwrap();
        let prepared = match self.runner.prepare(&program).await {
            Ok(prepared) => prepared,
            Err(error) => return error.to_string(),
        };
        match self.runner.execute(&prepared, input.into()).await {
            Ok(output) => {
                let output = wire::decode(types, program.output(), &output).unwrap();
                value::print(types, program.output(), &output).unwrap()
            }
            Err(error) => error.to_string(),
        }
    }

    /// The SQL of `main`, and PostgreSQL's plan for it.
    async fn plan(&self, source: &str) -> String {
        let project = Project::from_source("main.lt", format!("{TYPES}{source}"));
        let program =
            compile(&project, "main").unwrap_or_else(|errors| panic!("{source}: {errors:#?}")).program;
        let prepared = self.runner.prepare(&program).await.unwrap();
        let sql = prepared.sql();
        self.client.batch_execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
        self.client.batch_execute(&format!("PREPARE p AS {sql}")).await.unwrap();
        let params = program.types().as_tuple(program.input()).map_or(1, <[_]>::len);
        let arguments =
            if params == 0 { String::new() } else { format!("({})", vec!["NULL"; params].join(", ")) };
        let explain = format!("EXPLAIN (VERBOSE, COSTS OFF) EXECUTE p{arguments}");
        let lines = self.client.query(&explain, &[]).await.unwrap();
        self.client.batch_execute("DEALLOCATE p").await.unwrap();
        let lines: Vec<String> = lines.iter().map(|row| row.get(0)).collect();
        format!("{sql}\n\n{}", lines.join("\n"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_read_and_changed() {
    let database = Database::start().await;
    let cases = [
        (
            "func main(id: Int64) -> albums() | find(a -> a.id == id) | option::map(a -> a.title)",
            "7",
            "some(\"album 7\")",
        ),
        (
            "func main(id: Int64) -> albums() | find(a -> a.id == id) | option::map(a -> a.title)",
            "-7",
            "none",
        ),
        (
            "func main() -> albums() | filter(a -> a.id < 3) | sort(a -> a.id) | map(a -> a.price)",
            "{}",
            "[\n  0.01,\n  0.02,\n]",
        ),
        ("func main() -> artists() | filter(a -> a.id == 3) | map(a -> a.country)", "{}", "[\n  none,\n]"),
        ("func main() -> artists() | filter(a -> a.country == .some(\"country 1\")) | count", "{}", "191"),
        (
            "func main() -> (sql::from(\"my shop/order\"): [Order]) | sort(o -> o.user) | map(o -> {o.`a \"b\" c`, o.`Größe`})",
            "{}",
            "[\n  {\n    `a \"b\" c` = \"x\",\n    Größe = 1.5,\n  },\n  {\n    `a \"b\" c` = \"it's\",\n    Größe = NaN,\n  },\n]",
        ),
        (
            "func main(): [{id: Int64, name: Text}] -> sql::from(\"holes\")",
            "{}",
            "EXECUTION_ERROR: the column \"id\" holds a NULL, but its type is not an option",
        ),
        (
            "func main(): [{id: Int64?}] -> sql::from(\"holes\")",
            "{}",
            "[\n  {\n    id = some(1),\n  },\n  {\n    id = none,\n  },\n]",
        ),
        (
            "func main(): [{id: Text}] -> sql::from(\"holes\")",
            "{}",
            "PREPARE_ERROR: the table `holes` does not fit: the column `id` is int8, the field is Text; \
             its columns are (id int8, name text)",
        ),
        (
            "func main(): [{id: Int64}] -> sql::from(\"nothing\")",
            "{}",
            "PREPARE_ERROR: there is no table `nothing`",
        ),
        (
            "func main(rows: [Artist]) -> sql::insert(rows, \"artists\")",
            "[{id = 9001, name = \"'; DROP TABLE artists; --\", country = none}, {id = 9002, name = \"\\\\\", country = some(\"x\")}]",
            "{}",
        ),
        (
            "func main() -> artists() | filter(a -> a.id > 9000) | sort(a -> a.id) | map(a -> a.name)",
            "{}",
            "[\n  \"'; DROP TABLE artists; --\",\n  \"\\\\\",\n]",
        ),
        (
            "func main() -> sql::update(\"artists\", func (a: Artist): Artist? -> if a.id > 9000 then .some({a.id + 1, text::concat(a.name, \"!\"), .none}) else .none)",
            "{}",
            "EXECUTION_ERROR: duplicate key",
        ),
        (
            "func main() -> sql::update(\"artists\", func (a: Artist): Artist? -> if a.id > 9000 then .some({a.id, text::concat(a.name, \"!\"), .none}) else .none)",
            "{}",
            "{}",
        ),
        (
            "func main() -> artists() | filter(a -> a.id > 9000) | sort(a -> a.id) | map(a -> a.name)",
            "{}",
            "[\n  \"'; DROP TABLE artists; --!\",\n  \"\\\\!\",\n]",
        ),
        ("func main() -> sql::delete(\"artists\", func (a: Artist) -> a.id > 9000)", "{}", "{}"),
        ("func main() -> artists() | filter(a -> a.id > 9000) | count", "{}", "0"),
        (
            "type Kind: {a: Bool, b: Int8, c: Int16, d: Int32, e: Int64, f: Uint8, g: Uint16, h: Uint32, i: Uint64, j: Float32, k: Float64, l: Text, m: Date, n: Time, o: Timestamp, p: Duration, q: Decimal, r: Int32?}\nfunc main(rows: [Kind]) -> sql::insert(rows, \"kinds\")",
            "[{true, -128, -32768, -2147483648, -9223372036854775808, 255, 65535, 4294967295, 18446744073709551615, 0.1, NaN, \"ü\", @1600-02-29, @23:59:59.999999, @2025-12-29T16:07:44.123456, @-1:00:00, -92233720368547.58, none}]",
            "{}",
        ),
        (
            "type Kind: {a: Bool, b: Int8, c: Int16, d: Int32, e: Int64, f: Uint8, g: Uint16, h: Uint32, i: Uint64, j: Float32, k: Float64, l: Text, m: Date, n: Time, o: Timestamp, p: Duration, q: Decimal, r: Int32?}\nfunc main(): [Kind] -> sql::from(\"kinds\")",
            "{}",
            "[\n  {\n    a = true,\n    b = -128,\n    c = -32768,\n    d = -2147483648,\n    e = -9223372036854775808,\n    f = 255,\n    g = 65535,\n    h = 4294967295,\n    i = 18446744073709551615,\n    j = 0.1,\n    k = NaN,\n    l = \"ü\",\n    m = @1600-02-29,\n    n = @23:59:59.999999,\n    o = @2025-12-29T16:07:44.123456,\n    p = @-01:00:00.000000,\n    q = -92233720368547.58,\n    r = none,\n  },\n]",
        ),
    ];
    for (source, input, expected) in cases {
        let found = database.run(source, input).await;
        let is_right =
            if expected.contains("ERROR") { found.starts_with(expected) } else { found == expected };
        assert!(is_right, "{source}\nexpected\n{expected}\nfound\n{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_those_of_an_expert() {
    let database = Database::start().await;
    let cases: [(&str, &[&str], &[&str]); 8] = [
        (
            "func main(id: Int64) -> albums() | filter(a -> a.id == id)",
            &["Index Scan using albums_pkey"],
            &["WindowAgg"],
        ),
        (
            "func main(id: Int64) -> albums() | find(a -> a.id == id) | option::map(a -> a.title)",
            &["Index Scan using albums_pkey"],
            &["WindowAgg"],
        ),
        (
            "func main(year: Int32) -> albums() | filter(a -> a.year >= year && a.year < 1960) | map(a -> a.title)",
            &["Index Scan on albums_year_idx"],
            &["WindowAgg"],
        ),
        ("func main() -> albums() | sort(a -> a.title) | slice(0, 10)", &["Limit", "Sort"], &["WindowAgg"]),
        (
            "func main() -> albums() | group(a -> a.year) | map(g -> {g.key, count(g.values), sum(g.values | map(v -> v.price))})",
            &["HashAggregate", "Group Key: t1.year"],
            &["jsonb", "SubPlan"],
        ),
        (
            "func main() -> albums() | map(a -> {a.title, artist = artists() | find(r -> r.id == a.artist_id)})",
            &["Hash Left Join", "Inner Unique: true"],
            &["SubPlan"],
        ),
        (
            "func main() -> artists() | map(r -> {r.name, albums = albums() | filter(a -> a.title == r.name) | map(a -> a.year)})",
            &["Hash", "Left Join", "Group Key: t3.title"],
            &["SubPlan"],
        ),
        (
            "func main(xs: [Int64], ys: [Int64]) -> xs | map(x -> ys | filter(y -> y == x) | count)",
            &["Join", "Group Key"],
            &["SubPlan"],
        ),
    ];
    for (source, wanted, unwanted) in cases {
        let plan = database.plan(source).await;
        for part in wanted {
            assert!(plan.contains(part), "no `{part}` in the plan of {source}\n{plan}");
        }
        for part in unwanted {
            assert!(!plan.contains(part), "`{part}` in the plan of {source}\n{plan}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interface_is_source_that_runs() {
    let database = Database::start().await;
    let interface = database.runner.get_interface().await.unwrap();
    let source = format!("{interface}\nfunc main(): Text? -> artists_by_id(5) | option::map(a -> a.name)");
    let project = Project::from_source("main.lt", source.as_str());
    let program = compile(&project, "main").unwrap_or_else(|errors| panic!("{source}\n{errors:#?}")).program;
    let prepared = database.runner.prepare(&program).await.unwrap();
    let output = database.runner.execute(&prepared, Vec::new().into()).await.unwrap();
    let output = wire::decode(program.types(), program.output(), &output).unwrap();
    assert_eq!(output, Value::some(Value::Text("artist 5".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_execute_is_cancelled_and_the_pool_goes_on() {
    let database = Database::start().await;
    let project = Project::from_source("main.lt", "func main() -> [1] | loop_until_empty(xs -> xs) | count");
    let program = compile(&project, "main").unwrap().program;
    let prepared = database.runner.prepare(&program).await.unwrap();
    let endless = database.runner.execute(&prepared, Vec::new().into());
    assert!(tokio::time::timeout(std::time::Duration::from_millis(300), endless).await.is_err());
    let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%RECURSIVE%' \
                   AND pid <> pg_backend_pid()";
    loop {
        let row = database.client.query_one(running, &[]).await.unwrap();
        if row.get::<_, i64>(0) == 0 {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(database.run("func main() -> 1 + 1", "{}").await, "2");
}
