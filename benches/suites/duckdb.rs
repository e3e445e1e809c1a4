//! Programs on DuckDB beside hand-written Rust on the bare driver: a large result as structs, and a question of
//! `examples/flights` beside the SQL that an expert writes for it.

use std::time::Duration;

use duckdb::{
    Connection, Row,
    arrow::{
        array::{AsArray, RecordBatch},
        datatypes::{Float64Type, Int32Type, Int64Type},
    },
};
use postcard_schema::Schema;
use runner_benches::{Album, flights, group, in_turns};
use runner_core::{Cancel, RunSync, TypedProgram};
use runner_duckdb::{Config, DuckDb, Prepared};
use runner_lang::{Project, compile};
use serde::{Deserialize, Serialize};

/// Rows of the table, all of which are read at once.
const ROWS: usize = 1_000_000;

const FILL: &str = "CREATE TABLE albums (id BIGINT PRIMARY KEY, artist INTEGER NOT NULL, title VARCHAR NOT NULL, \
    rating DOUBLE NOT NULL, sold BOOLEAN NOT NULL); \
    INSERT INTO albums SELECT n, (n % 1000)::INTEGER, 'album ' || n, n / 7.0, n % 2 = 0 FROM range(1, 1000001) t(n);";

const ALL: &str = "SELECT id, artist, title, rating, sold FROM albums";

const ALBUMS: &str = "
type Album: {id: Int64, artist: Int32, title: Text, rating: Float64, sold: Bool}
func albums(): [Album] -> sql::from(\"albums\")
";

/// `worst_routes` of `examples/flights`, by hand.
const WORST_ROUTES: &str = "
SELECT coalesce(a.name, r.carrier), r.origin, r.dest, r.flights, r.mean_delay
FROM (
  SELECT carrier, origin, dest, count(*) AS flights, avg(arr_delay) AS mean_delay
  FROM flights WHERE arr_delay IS NOT NULL
  GROUP BY ALL HAVING count(*) >= (SELECT count(*) // 1000 FROM flights)
) AS r LEFT JOIN airlines AS a ON a.carrier = r.carrier
ORDER BY r.mean_delay DESC LIMIT 10";

const QUESTION: &str = "worst_routes(sql::from(\"flights\"), sql::from(\"airlines\"))";

const BUDGET: Duration = Duration::from_secs(5);

#[derive(Debug, PartialEq, Serialize, Deserialize, Schema)]
struct Route {
    airline: String,
    origin: String,
    dest: String,
    flights: i64,
    mean_delay: f64,
}

fn main() {
    group("1,000,000 rows of 5 columns to structs", || {
        let (connection, runner, _folder) = databases(FILL);
        let (typed, prepared) = prepare::<Vec<Album>>(&runner, ALBUMS, "albums");
        let run = || typed.decode(&runner.execute(&prepared, &[]).unwrap()).unwrap();
        let rows_of = || {
            let mut albums = Vec::new();
            let push = |album| {
                albums.push(album);
                Ok(())
            };
            runner.for_each_row(&typed, &prepared, &(), &Cancel::new(), push).unwrap();
            albums
        };
        let mut arrow = connection.prepare(ALL).unwrap();
        let mut rows = connection.prepare(ALL).unwrap();
        let mut stream = connection.prepare(ALL).unwrap();
        assert_eq!(run(), by_arrow(&mut arrow));
        assert_eq!(run(), rows_of());
        in_turns(
            BUDGET,
            &mut [
                ("duckdb by hand, Arrow stream", &mut || assert_eq!(by_stream(&mut stream).len(), ROWS)),
                ("duckdb by hand, Arrow", &mut || assert_eq!(by_arrow(&mut arrow).len(), ROWS)),
                ("duckdb by hand, rows", &mut || assert_eq!(by_rows(&mut rows).len(), ROWS)),
                ("runner, rows", &mut || assert_eq!(rows_of().len(), ROWS)),
                ("runner, as bytes", &mut || assert_eq!(run().len(), ROWS)),
            ],
        )
    });
    let Some(flights) = flights() else { return };
    group("336,776 flights, worst_routes", || {
        let table = |name: &str| {
            let file = flights.join(format!("{name}.parquet"));
            format!("CREATE TABLE {name} AS FROM read_parquet('{}');", file.display())
        };
        let (connection, runner, _folder) = databases(&(table("flights") + &table("airlines")));
        let source = include_str!("../../examples/flights/flights.lt");
        let (typed, prepared) = prepare::<Vec<Route>>(&runner, source, QUESTION);
        let run = || typed.decode(&runner.execute(&prepared, &[]).unwrap()).unwrap();
        let mut statement = connection.prepare(WORST_ROUTES).unwrap();
        let mut by_hand =
            || -> Vec<Route> { statement.query_map([], route).unwrap().map(Result::unwrap).collect() };
        let same =
            |a: &Route, b: &Route| (&a.airline, &a.dest, a.flights) == (&b.airline, &b.dest, b.flights);
        assert!(run().iter().zip(by_hand()).all(|(a, b)| same(a, &b)));
        in_turns(
            BUDGET,
            &mut [
                ("SQL by hand", &mut || assert_eq!(by_hand().len(), 10)),
                ("runner", &mut || assert_eq!(run().len(), 10)),
            ],
        )
    });
}

/// The same database twice: one for the driver, one for the runner.
fn databases(setup: &str) -> (Connection, DuckDb, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["driver.db", "runner.db"].map(|name| folder.path().join(name));
    let connection = Connection::open(&one).unwrap();
    connection.execute_batch(&format!("{setup} CHECKPOINT;")).unwrap();
    connection.close().unwrap();
    std::fs::copy(&one, &other).unwrap();
    (Connection::open(&one).unwrap(), DuckDb::open(Config::file(other)).unwrap(), folder)
}

fn prepare<O: Schema>(runner: &DuckDb, source: &str, function: &str) -> (TypedProgram<(), O>, Prepared) {
    let program = compile(&Project::from_source("main.lt", source), function).unwrap().program;
    let prepared = runner.prepare(&program).unwrap();
    (TypedProgram::new(program).unwrap(), prepared)
}

fn by_arrow(statement: &mut duckdb::Statement<'_>) -> Vec<Album> {
    let mut albums = Vec::new();
    statement.query_arrow([]).unwrap().for_each(|batch| read(&batch, &mut albums));
    albums
}

fn by_stream(statement: &mut duckdb::Statement<'_>) -> Vec<Album> {
    let mut albums = Vec::new();
    statement.stream_arrow([]).unwrap().for_each(|batch| read(&batch.unwrap(), &mut albums));
    albums
}

fn by_rows(statement: &mut duckdb::Statement<'_>) -> Vec<Album> {
    let album = |row: &Row<'_>| {
        Ok(Album {
            id: row.get(0)?,
            artist: row.get(1)?,
            title: row.get(2)?,
            rating: row.get(3)?,
            sold: row.get(4)?,
        })
    };
    statement.query_map([], album).unwrap().map(Result::unwrap).collect()
}

fn read(batch: &RecordBatch, albums: &mut Vec<Album>) {
    let (id, artist) =
        (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_primitive::<Int32Type>());
    let (title, rating) = (batch.column(2).as_string::<i32>(), batch.column(3).as_primitive::<Float64Type>());
    let sold = batch.column(4).as_boolean();
    albums.extend((0..batch.num_rows()).map(|row| Album {
        id: id.value(row),
        artist: artist.value(row),
        title: title.value(row).into(),
        rating: rating.value(row),
        sold: sold.value(row),
    }));
}

fn route(row: &Row<'_>) -> duckdb::Result<Route> {
    Ok(Route {
        airline: row.get(0)?,
        origin: row.get(1)?,
        dest: row.get(2)?,
        flights: row.get(3)?,
        mean_delay: row.get(4)?,
    })
}
