//! Tables: what programs read from them and change in them, and the plans that PostgreSQL makes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod server;

use runner_core::{Run, Value, value, wire};
use runner_lang::{Project, compile};
use runner_postgres::Postgres;
use server::Server;
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
        let program = compile(&project, "main").unwrap_or_else(|errors| panic!("{source}: {errors:#?}")).program;
        let prepared = self.runner.prepare(&program).await.unwrap();
        let sql = prepared.sql();
        self.client.batch_execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
        self.client.batch_execute(&format!("PREPARE p AS {sql}")).await.unwrap();
        let params = program.types().as_tuple(program.input()).map_or(1, <[_]>::len);
        let arguments = if params == 0 { String::new() } else { format!("({})", vec!["NULL"; params].join(", ")) };
        let explain = format!("EXPLAIN (VERBOSE, COSTS OFF) EXECUTE p{arguments}");
        let lines = self.client.query(&explain, &[]).await.unwrap();
        self.client.batch_execute("DEALLOCATE p").await.unwrap();
        let lines: Vec<String> = lines.iter().map(|row| row.get(0)).collect();
        format!("{sql}\n\n{}", lines.join("\n"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn explore() {
    let database = Database::start().await;
    for source in [
        "func main(id: Int64) -> albums() | filter(a -> a.id == id)",
        "func main(id: Int64) -> albums() | find(a -> a.id == id) | option::map(a -> a.title)",
        "func main(year: Int32) -> albums() | filter(a -> a.year >= year && a.year < 1960) | map(a -> a.title)",
        "func main() -> albums() | sort(a -> a.year) | slice(0, 10)",
        "func main() -> albums() | group(a -> a.year) | map(g -> {g.key, count(g.values), sum(g.values | map(v -> v.price))})",
        "func main() -> albums() | map(a -> {a.title, artist = artists() | find(r -> r.id == a.artist_id)})",
        "func main() -> artists() | map(r -> {r.name, albums = albums() | filter(a -> a.artist_id == r.id) | map(a -> a.title)})",
        "func main() -> artists() | map(r -> {r.name, n = albums() | filter(a -> a.artist_id == r.id) | count})",
    ] {
        println!("{source}\n{}\n", database.plan(source).await);
    }
    let _ = Value::unit();
}
