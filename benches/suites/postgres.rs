//! Programs on PostgreSQL beside hand-written Rust on the bare driver: a look-up by primary key, a large result, a
//! large parameter.
//!
//! A look-up takes about as long as waking a process on another processor, and which of two backends wakes where is the
//! system's whim: `taskset -c 0 cargo bench --bench postgres -- look-ups` leaves it no choice.

use std::{pin::Pin, time::Duration};

use postcard_schema::Schema;
use runner_benches::{Album, Measured, Turns, group, timed};
use runner_core::{Run, TypedProgram};
use runner_lang::{Project, compile};
use runner_postgres::{Postgres, Prepared};
use runner_test_server::Server;
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;
use tokio_postgres::{Client, NoTls, Statement};

/// Rows of the table, all of which are read at once.
const ROWS: i64 = 1_000_000;

/// Look-ups of one measurement, each after the answer to the one before.
const LOOKUPS: i64 = 500;

/// How often look-ups are measured.
const LOOKUP_ROUNDS: i64 = 41;

/// Tuples of the array that is a parameter.
const TUPLES: i64 = 100_000;

/// How often everything is measured, in turns, so that a slow moment of the machine hits all.
const ROUNDS: usize = 9;

const TABLE: &str = "CREATE TABLE albums (id int8 PRIMARY KEY, artist int4 NOT NULL, title text NOT NULL, \
    rating float8 NOT NULL, sold bool NOT NULL)";

const FILL: &str = "INSERT INTO albums SELECT n, (n % 1000)::int4, 'album ' || n, n / 7.0, n % 2 = 0 \
    FROM generate_series(1, 1000000) n";

const SOURCE: &str = "
type Album: {id: Int64, artist: Int32, title: Text, rating: Float64, sold: Bool}
type Tuple: {id: Int64, name: Text, weight: Float64}
func albums(): [Album] -> sql::from(\"albums\")
func find_one(id: Int64): Album? -> albums() | find(a -> a.id == id)
func total(tuples: [Tuple]): Int64 -> tuples | filter(t -> t.weight > 0.5) | map(t -> t.id) | sum
";

const COLUMNS: &str = "id, artist, title, rating, sold";

#[derive(Debug, Serialize, Deserialize, Schema)]
struct Tuple {
    id: i64,
    name: String,
    weight: f64,
}

fn main() {
    // One thread: how tasks come to lie on several has nothing to do with what is measured, and outweighs it.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let bench = runtime.block_on(Bench::start());
    let bench: &'static Bench = Box::leak(Box::new(bench));
    let measure = |measuring: Measuring| runtime.block_on(runtime.spawn(measuring)).unwrap();
    group("500 look-ups by primary key, one after the other", || measure(Box::pin(bench.lookups())));
    group("1,000,000 rows of 5 columns to structs", || measure(Box::pin(bench.rows())));
    group("an array of 100,000 tuples as a parameter", || measure(Box::pin(bench.parameter())));
    runtime.block_on(bench.runner.shutdown()).unwrap();
    bench.server.stop();
}

type Measuring = Pin<Box<dyn Future<Output = Vec<Measured>> + Send>>;

struct Bench {
    client: Client,
    runner: Postgres,
    server: Server,
}

impl Bench {
    async fn start() -> Self {
        let server = Server::start();
        let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(TABLE).await.unwrap();
        client.batch_execute(FILL).await.unwrap();
        client.batch_execute("VACUUM ANALYZE albums").await.unwrap();
        let runner = Postgres::connect(&server.url()).await.unwrap();
        Self { client, runner, server }
    }

    async fn prepare<I: Schema, O: Schema>(&self, function: &str) -> (TypedProgram<I, O>, Prepared) {
        let program = compile(&Project::from_source("main.lt", SOURCE), function).unwrap().program;
        let prepared = self.runner.prepare(&program).await.unwrap();
        (TypedProgram::new(program).unwrap(), prepared)
    }

    async fn lookups(&self) -> Vec<Measured> {
        let (typed, prepared) = self.prepare::<i64, Option<Album>>("find_one").await;
        let query = format!("SELECT {COLUMNS} FROM albums WHERE id = $1");
        let statement = self.client.prepare(&query).await.unwrap();
        let mut turns = Turns::new(["tokio-postgres by hand", "runner"]);
        for round in 0..LOOKUP_ROUNDS {
            let mut times = [Duration::ZERO; 2];
            // One after the other, so that both find processors and caches alike.
            for (n, id) in ids(round).enumerate() {
                for turn in n..n + 2 {
                    times[turn % 2] += match turn % 2 {
                        0 => timed(self.by_hand(&statement, id)).await,
                        _ => timed(self.by_runner(&typed, &prepared, id)).await,
                    };
                }
            }
            times.into_iter().enumerate().for_each(|(index, time)| turns.add(index, time));
        }
        turns.measured()
    }

    async fn by_hand(&self, statement: &Statement, id: i64) {
        let row = self.client.query_opt(statement, &[&id]).await.unwrap();
        assert_eq!(row.map(|row| album(&row)).unwrap().id, id);
    }

    async fn by_runner(&self, typed: &TypedProgram<i64, Option<Album>>, prepared: &Prepared, id: i64) {
        let input = typed.encode(&id).unwrap();
        let output = self.runner.execute(prepared, input.into()).await.unwrap();
        assert_eq!(typed.decode(&output).unwrap().unwrap().id, id);
    }

    async fn rows(&self) -> Vec<Measured> {
        let (typed, prepared) = self.prepare::<(), Vec<Album>>("albums").await;
        let statement = self.client.prepare(&format!("SELECT {COLUMNS} FROM albums")).await.unwrap();
        let mut turns = Turns::new(["tokio-postgres by hand", "runner"]);
        for _ in 0..ROUNDS {
            let time = timed(async {
                let rows = self.client.query(&statement, &[]).await.unwrap();
                let albums: Vec<_> = rows.iter().map(album).collect();
                assert_eq!(albums.len() as i64, ROWS);
            })
            .await;
            turns.add(0, time);
            let time = timed(async {
                let output = self.runner.execute(&prepared, Vec::new().into()).await.unwrap();
                let albums = typed.decode(&output).unwrap();
                assert_eq!(albums.len() as i64, ROWS);
            })
            .await;
            turns.add(1, time);
        }
        turns.measured()
    }

    async fn parameter(&self) -> Vec<Measured> {
        let (typed, prepared) = self.prepare::<Vec<Tuple>, i64>("total").await;
        let query = "SELECT sum(id)::int8 FROM jsonb_to_recordset($1::text::jsonb) \
            AS t(id int8, name text, weight float8) WHERE weight > 0.5";
        let statement = self.client.prepare(query).await.unwrap();
        let tuples: Vec<_> = (0..TUPLES)
            .map(|id| Tuple { id, name: format!("tuple {id}"), weight: (id % 10) as f64 / 10.0 })
            .collect();
        let expected: i64 = tuples.iter().filter(|tuple| tuple.weight > 0.5).map(|tuple| tuple.id).sum();
        let mut turns = Turns::new(["runner", "JSON text by hand"]);
        for _ in 0..ROUNDS {
            let time = timed(async {
                let json = serde_json::to_string(&tuples).unwrap();
                let row = self.client.query_one(&statement, &[&json]).await.unwrap();
                assert_eq!(row.get::<_, i64>(0), expected);
            })
            .await;
            turns.add(1, time);
            let time = timed(async {
                let input = typed.encode(&tuples).unwrap();
                let output = self.runner.execute(&prepared, input.into()).await.unwrap();
                assert_eq!(typed.decode(&output).unwrap(), expected);
            })
            .await;
            turns.add(0, time);
        }
        turns.measured()
    }
}

/// Keys all over the table.
fn ids(round: i64) -> impl Iterator<Item = i64> {
    (1..=LOOKUPS).map(move |n| (round * LOOKUPS + n) * 7919 % ROWS + 1)
}

fn album(row: &tokio_postgres::Row) -> Album {
    Album { id: row.get(0), artist: row.get(1), title: row.get(2), rating: row.get(3), sold: row.get(4) }
}
