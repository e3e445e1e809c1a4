//! Programs on DuckDB, in memory and on a file.

use runner_duckdb::{Config, DuckDb};

use crate::support::Folder;

const TABLES: &str = "
CREATE TABLE albums (id BIGINT PRIMARY KEY, title VARCHAR NOT NULL, released DATE);
INSERT INTO albums VALUES (1, 'Kind of Blue', '1959-08-17'), (2, 'Blue Train', NULL);
COMMENT ON TABLE albums IS 'What is for sale.';
CREATE SCHEMA \"my shop\";
CREATE TABLE \"my shop\".\"order\" (\"user\" VARCHAR NOT NULL, place INTERVAL);
";

const SOURCE: &str = "
type Album: {id: Int64, title: Text, released: Date?}

func album(id: Int64): Album? -> (sql::from(\"albums\"): [Album]) | find(a -> a.id == id)
func titles(): [Text] -> (sql::from(\"albums\"): [Album]) | sort(a -> a.title) | map(a -> a.title)
func add(album: Album) -> sql::insert([album], \"albums\")
func double(x: Int64) -> 2 * x
";

/// A folder with the source, and a database of these tables in `shop.db`.
fn folder(tables: &str) -> Folder {
    let folder = Folder::with(&[("shop.lt", SOURCE)]);
    change(&folder, tables);
    folder
}

fn change(folder: &Folder, sql: &str) {
    DuckDb::open(Config::file(folder.path().join("shop.db")).setup(sql)).unwrap();
}

#[test]
fn a_program_runs_in_memory() {
    let folder = folder(TABLES);
    let double = ["run", "shop.lt", "--runner", "duckdb", "--program", "double", "--arg", "x=21"];
    assert_eq!(folder.run(&double).fine(), "42\n");
    assert_eq!(folder.run(&[&double[..], &["--memory-limit", "100MB"]].concat()).fine(), "42\n");
    folder.run(&[&double[..], &["--steps-limit", "100"]].concat()).failed(2, &["steps"]);
    let titles = folder.run(&["run", "shop.lt", "--runner", "duckdb", "--program", "titles"]);
    titles.failed(2, &["there is no table `albums`"]);
}

#[test]
fn flags_bound_a_database() {
    let folder = folder(TABLES);
    let run = |args: &[&str]| folder.run(&[&["run", "shop.lt", "--runner", "duckdb:shop.db"], args].concat());
    let read = ["--read-only", "--pool-size", "2", "--temp-dir", ".", "--temp-limit", "1GB"];
    assert!(run(&[&read[..], &["--program", "titles"]].concat()).fine().contains("Blue Train"));
    let add = run(&[&read[..], &["--program", "add", "--arg", "album={3, \"New\", none}"]].concat());
    add.failed(2, &["PREPARE_ERROR", "only reads"]);
    run(&["--program", "titles", "--work-mem", "1MB"]).failed(2, &["--work-mem", "duckdb"]);
}

#[test]
fn a_program_runs_on_a_file_which_keeps_what_it_did() {
    let folder = folder(TABLES);
    let run = |args: &[&str]| folder.run(&[&["run", "shop.lt", "--runner", "duckdb:shop.db"], args].concat());

    let album = run(&["--program", "album", "--arg", "id=1", "--output-format", "json"]);
    let lines = ["{", r#"  "id": 1,"#, r#"  "title": "Kind of Blue","#, r#"  "released": "1959-08-17""#, "}"];
    assert_eq!(album.fine().lines().collect::<Vec<_>>(), lines);
    let added = run(&["--program", "add", "--arg", "album={3, \"A Love Supreme\", .some(@1965-01-01)}"]);
    assert_eq!(added.fine(), "{}\n");
    let titles = run(&["--program", "titles"]);
    assert_eq!(titles.fine(), "[\n  \"A Love Supreme\",\n  \"Blue Train\",\n  \"Kind of Blue\",\n]\n");
    run(&["--program", "add", "--arg", "album={3, \"Again\", none}"]).failed(1, &["id: 3"]);
}

#[test]
fn the_interface_is_source_that_checks() {
    let folder = folder(TABLES);
    let interface = folder.run(&["interface", "--runner", "duckdb:shop.db"]);
    for part in ["## What is for sale.", "func albums_by_id(", "module `my shop` {", "place (INTERVAL)"] {
        assert!(interface.fine().contains(part), "{part} is not in\n{}", interface.fine());
    }
    folder.write("tables.lt", &interface.stdout);
    assert_eq!(folder.run(&["check", "tables.lt"]).fine(), "");
    assert_eq!(folder.run(&["check", "tables.lt", "--runner", "duckdb:shop.db"]).fine(), "");
}

#[test]
fn a_check_compares_the_source_with_the_tables() {
    let folder = folder(TABLES);
    let check = || folder.run(&["check", "shop.lt", "--runner", "duckdb:shop.db"]);
    assert_eq!(check().fine(), "");
    change(&folder, "ALTER TABLE albums ALTER COLUMN title TYPE BLOB");
    check().failed(2, &["album: ", "titles: ", "add: ", "title", "BLOB", "Text"]);
    change(&folder, "DROP TABLE albums");
    check().failed(2, &["there is no table `albums`"]);
}

#[test]
fn a_file_that_is_no_database_is_not_opened() {
    let folder = folder(TABLES);
    let run = |url: &str| folder.run(&["run", "shop.lt", "--program", "titles", "--runner", url]);
    run("duckdb:shops.db").failed(2, &["shops.db"]);
    assert!(!folder.names().contains(&"shops.db".to_owned()));
    run("duckdb:shop.lt").failed(3, &["shop.lt"]);
    run("duckdb:").failed(2, &["duckdb:"]);
}

#[test]
fn sql_is_printed_for_people() {
    let folder = folder(TABLES);
    let sql = folder.run(&["compile", "shop.lt", "--program", "album", "--sql", "duckdb"]);
    let sql = sql.fine();
    assert!(
        sql.contains("FROM \"main\".\"albums\" AS t1\nWHERE (t1.\"id\" = $p1::BIGINT)\nLIMIT 1"),
        "{sql}"
    );
    assert!(sql.ends_with(";\n"), "{sql}");
}

#[test]
fn a_program_is_explained() {
    let folder = folder(TABLES);
    let without = folder.run(&["explain", "shop.lt", "--program", "titles", "--sql", "duckdb"]);
    let without = without.fine();
    assert!(
        without.contains("  scan albums ") && without.contains("FROM \"main\".\"albums\" AS t1"),
        "{without}"
    );
    let with = folder.run(&["explain", "shop.lt", "--program", "titles", "--runner", "duckdb:shop.db"]);
    let with = with.fine();
    for part in
        ["  scan albums ", "ORDER BY t1.\"title\";\n", "-- as the database executes it\n", "main.albums"]
    {
        assert!(with.contains(part), "{part} is not in\n{with}");
    }
    // Parameters are zeros, of which DuckDB may know that no row matches.
    folder.run(&["explain", "shop.lt", "--program", "album", "--runner", "duckdb:shop.db"]).fine();
}
