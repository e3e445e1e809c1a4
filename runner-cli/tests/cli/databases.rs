//! Programs on a database, and what the executable tells about it.

use runner_test_server::Server;

use crate::support::Folder;

const TABLES: &str = "
CREATE TABLE albums (id int8 PRIMARY KEY, title text NOT NULL, released date);
INSERT INTO albums VALUES (1, 'Kind of Blue', '1959-08-17'), (2, 'Blue Train', NULL);
";

const SOURCE: &str = "
type Album: {id: Int64, title: Text, released: Date?}

func album(id: Int64): Album? -> (sql::from(\"albums\"): [Album]) | find(a -> a.id == id)
func titles(): [Text] -> (sql::from(\"albums\"): [Album]) | sort(a -> a.title) | map(a -> a.title)
func add(album: Album) -> sql::insert([album], \"albums\")
";

fn server() -> Server {
    let server = Server::start();
    server.execute(TABLES);
    server
}

#[test]
fn a_program_runs_on_a_database() {
    let (server, folder) = (server(), Folder::with(&[("shop.lt", SOURCE)]));
    let url = server.url();
    let run = |args: &[&str]| folder.run(&[&["run", "shop.lt", "--runner", &url], args].concat());

    let album = run(&["--program", "album", "--arg", "id=1", "--output-format", "json"]);
    let lines = ["{", r#"  "id": 1,"#, r#"  "title": "Kind of Blue","#, r#"  "released": "1959-08-17""#, "}"];
    assert_eq!(album.fine().lines().collect::<Vec<_>>(), lines);
    let added = run(&["--program", "add", "--arg", "album={3, \"A Love Supreme\", .some(@1965-01-01)}"]);
    assert_eq!(added.fine(), "{}\n");
    let titles = run(&["--program", "titles"]);
    assert_eq!(titles.fine(), "[\n  \"A Love Supreme\",\n  \"Blue Train\",\n  \"Kind of Blue\",\n]\n");
    run(&["--program", "add", "--arg", "album={3, \"Again\", none}"]).failed(1, &["albums_pkey"]);
}

#[test]
fn flags_bound_a_database() {
    let (server, folder) = (server(), Folder::with(&[("shop.lt", SOURCE)]));
    folder
        .write("slow.lt", "func main(): [Text] -> sql::raw(\"SELECT pg_catalog.pg_sleep(100000)::text\")\n");
    let url = server.url();
    let run = |args: &[&str]| folder.run(&[&["run", "--runner", &url], args].concat());
    let read = ["shop.lt", "--read-only", "--pool-size", "1", "--work-mem", "1MB", "--temp-limit", "1MB"];
    let titles = run(&[&read[..], &["--program", "titles"]].concat());
    assert_eq!(titles.fine(), "[\n  \"Blue Train\",\n  \"Kind of Blue\",\n]\n");
    let add = run(&[&read[..], &["--program", "add", "--arg", "album={3, \"New\", none}"]].concat());
    add.failed(2, &["PREPARE_ERROR", "only reads"]);
    run(&["slow.lt", "--statement-timeout", "100ms"]).failed(1, &["DEADLINE_EXCEEDED"]);
    // What a runner would not keep is refused.
    for flag in [&["--read-only"][..], &["--pool-size", "3"], &["--statement-timeout", "1s"]] {
        let args = [&["run", "shop.lt", "--program", "titles"], flag].concat();
        folder.run(&args).failed(2, &[flag[0], "interpreter"]);
    }
    run(&["shop.lt", "--program", "titles", "--temp-dir", "."]).failed(2, &["--temp-dir"]);
}

#[test]
fn the_interface_is_source_that_checks() {
    let (server, folder) = (server(), Folder::with(&[]));
    let interface = folder.run(&["interface", "--runner", &server.url()]);
    assert!(interface.fine().contains("albums"));
    folder.write("tables.lt", &interface.stdout);
    assert_eq!(folder.run(&["check", "tables.lt"]).fine(), "");
    assert_eq!(folder.run(&["check", "tables.lt", "--runner", &server.url()]).fine(), "");
}

#[test]
fn a_check_compares_the_source_with_the_tables() {
    let (server, folder) = (server(), Folder::with(&[("shop.lt", SOURCE)]));
    let check = || folder.run(&["check", "shop.lt", "--runner", &server.url()]);
    assert_eq!(check().fine(), "");
    server.execute("ALTER TABLE albums ALTER COLUMN title TYPE int8 USING 0");
    check().failed(2, &["album: ", "titles: ", "add: ", "title", "int8", "Text"]);
    server.execute("DROP TABLE albums");
    check().failed(2, &["there is no table `albums`"]);
}

#[test]
fn a_database_that_is_not_there_is_not_reached() {
    let folder = Folder::with(&[("shop.lt", SOURCE)]);
    let url = "postgres://somebody:secret@127.0.0.1:1/shop";
    let ended = folder.run(&["run", "shop.lt", "--program", "titles", "--runner", url]);
    ended.failed(3, &["PostgreSQL"]);
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
}

#[test]
fn sql_is_printed_for_people() {
    let folder = Folder::with(&[("shop.lt", SOURCE)]);
    let sql = folder.run(&["compile", "shop.lt", "--program", "album", "--sql", "postgres"]);
    let sql = sql.fine();
    assert!(sql.contains("FROM \"public\".\"albums\" AS t1\nWHERE (t1.\"id\" = $1::int8)\nLIMIT 1"), "{sql}");
    assert!(sql.ends_with(";\n"), "{sql}");
}

#[test]
fn a_program_is_explained() {
    let (server, folder) =
        (server(), Folder::with(&[("shop.lt", SOURCE), ("text.lt", "func main() -> \"x\"")]));
    let without = folder.run(&["explain", "shop.lt", "--program", "titles"]);
    let without = without.fine();
    for part in
        ["-- plan\nroot ", "  scan albums ", "-- plan, rewritten\n", "-- SQL\nSELECT t1.\"title\" AS c1\n"]
    {
        assert!(without.contains(part), "{part} is not in\n{without}");
    }
    assert!(!without.contains("executes"), "{without}");
    let url = server.url();
    let with = folder.run(&["explain", "shop.lt", "--program", "album", "--runner", &url]);
    let with = with.fine();
    for part in ["  scan albums ", "LIMIT 1;\n", "-- as the database executes it\nLimit", "albums_pkey"] {
        assert!(with.contains(part), "{part} is not in\n{with}");
    }
    folder
        .run(&["explain", "text.lt", "--runner", "interpreter"])
        .failed(2, &["`interpreter`", "postgres://"]);
    folder.run(&["explain", "shop.lt", "--program", "nothing"]).failed(2, &["nothing"]);
    server.execute("DROP TABLE albums");
    let gone = folder.run(&["explain", "shop.lt", "--program", "album", "--runner", &url]);
    gone.failed(2, &["there is no table `albums`"]);
}
