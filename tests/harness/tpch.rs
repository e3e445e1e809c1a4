//! `examples/tpch`: its data, its queries, and the same in SQL.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use runner_lang::Project;
use walkdir::WalkDir;

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

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/tpch")
}
