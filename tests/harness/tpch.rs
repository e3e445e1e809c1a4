//! `examples/tpch`: its data, its queries, and the same in SQL.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::Command,
};

use bytes::Bytes;
use futures_util::{SinkExt, pin_mut};
use runner_core::Value;
use runner_lang::Project;
use tokio_postgres::Client;
use walkdir::WalkDir;

/// By how much two floats may differ, beside their size: SQL adds them in any order.
const TOLERANCE: f64 = 1e-9;

/// Bytes of a file that are sent at a time.
const CHUNK: u64 = 1 << 20;

/// The tables of TPC-H.
pub const TABLES: [&str; 8] =
    ["region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"];

/// Where the queries take their tables from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Tables of a database.
    Database,
    /// Parquet files of the runner's folder.
    Files,
}

/// The example with the tables of a source.
///
/// # Panics
/// If a file of the example can't be read.
#[must_use]
pub fn project(source: Source) -> Project {
    let root = folder();
    let sources = WalkDir::new(&root).sort_by_file_name().into_iter();
    let sources = sources.map(|entry| entry.expect("the example can be listed").into_path());
    let files =
        sources.filter(|path| path.extension().is_some_and(|extension| extension == "lt")).map(|path| {
            let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("a source can be read");
            let is_choice = name == "tables.lt" && source == Source::Files;
            (
                name,
                if is_choice {
                    text.replace("import project::database", "import project::files")
                } else {
                    text
                },
            )
        });
    Project::from_files(files.map(|(name, text)| (name, text.into_bytes())))
}

/// The names of the queries: `q01` to `q22`.
pub fn queries() -> impl Iterator<Item = String> {
    (1..=22).map(|number| format!("q{number:02}"))
}

/// The program of a query: an array of rows, also where the query gives one row alone.
#[must_use]
pub fn program(query: &str) -> String {
    match scalar(query) {
        Some(_) => format!("[{query}()]"),
        None => format!("{query}()"),
    }
}

/// The program that asks the view of [`official_views`] for the same rows.
#[must_use]
pub fn official_program(query: &str) -> String {
    let row = match scalar(query) {
        Some(field) => format!("{{{field}: Float64}}"),
        None => query.to_uppercase(),
    };
    format!("(std::sql::raw(\"SELECT * FROM official.{query}\"): [{row}])")
}

/// The field of a query's only row.
fn scalar(query: &str) -> Option<&'static str> {
    match query {
        "q06" | "q19" => Some("revenue"),
        "q14" => Some("promo_revenue"),
        "q17" => Some("avg_yearly"),
        _ => None,
    }
}

/// Whether two values are the same but for the rounding of floats.
#[must_use]
pub fn is_close(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float64(a), Value::Float64(b)) => a == b || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()),
        (Value::Tuple(a), Value::Tuple(b)) | (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_close(a, b))
        }
        _ => a == b,
    }
}

/// What makes a view of each query in SQL, in the schema `official`, on a database that has the tables.
#[must_use]
pub fn official_views() -> String {
    let view = |query: String| format!("CREATE VIEW official.{query} AS {};", sql(&format!("{query}.sql")));
    "CREATE SCHEMA official;".to_owned() + &queries().map(view).collect::<String>()
}

/// The folder of the tables at a scale, which are made if they are not there.
///
/// # Errors
/// What `make.sh` says if it fails.
pub fn data(scale: &str) -> Result<PathBuf, String> {
    let made =
        Command::new(folder().join("make.sh")).arg(scale).output().map_err(|error| error.to_string())?;
    if !made.status.success() {
        return Err(format!("make.sh: {}", String::from_utf8_lossy(&made.stderr)));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&made.stdout).trim()))
}

/// A file of the folder `sql`: a query, `schema.sql`, or `keys.sql`.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn sql(name: &str) -> String {
    let path = folder().join("sql").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What makes the tables of DuckDB, from Parquet files in a folder.
#[must_use]
pub fn duckdb_tables(data: &Path) -> String {
    let fill = |table: &str| {
        let file = data.join(format!("{table}.parquet")).display().to_string().replace('\'', "''");
        format!("INSERT INTO {table} FROM read_parquet('{file}');")
    };
    sql("schema.sql") + &TABLES.map(fill).concat()
}

/// Makes the tables of PostgreSQL from CSV files in a folder, with keys, indexes and statistics.
///
/// # Panics
/// If a file can't be read, or the database refuses something.
pub async fn make_postgres_tables(client: &Client, data: &Path) {
    client.batch_execute(&sql("schema.sql")).await.expect("tables are made");
    for table in TABLES {
        let copy = format!("COPY {table} FROM STDIN (FORMAT csv, HEADER)");
        let sink = client.copy_in::<_, Bytes>(&copy).await.expect("rows are taken");
        pin_mut!(sink);
        let mut file = File::open(data.join(format!("{table}.csv"))).expect("the file is there");
        loop {
            let mut chunk = Vec::new();
            file.by_ref().take(CHUNK).read_to_end(&mut chunk).expect("the file can be read");
            if chunk.is_empty() {
                break;
            }
            sink.send(chunk.into()).await.expect("rows are taken");
        }
        sink.finish().await.expect("rows are taken");
    }
    client.batch_execute(&sql("keys.sql")).await.expect("keys are made");
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/tpch")
}
